import type { Logger } from '../../base/logger.ts'
import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, boolean, integer, matching, type OptionType } from '../../base/option-type.ts'
import type { Schedule } from '../schedule/scheduler.ts'
import type { Clock } from '../schedule/timers.ts'

/** The options of a runtime, complete but for what the platform gives. */
interface ValidRuntimeOptions {
  readonly clock: Clock | undefined
  readonly logger: Logger | undefined
  readonly schedule: Schedule | undefined
  readonly turnsPerSlice: number | undefined
  readonly freezeBatches: boolean
}

/** How a runtime is made. */
export const runtimeOptions: OptionTable<ValidRuntimeOptions> = optionTable({
  clock: {
    type: having<Clock>('a clock', 'now', 'setTimer'),
    absent: "the platform's",
    text: 'Where time comes from.',
  },
  logger: {
    type: having<Logger>('a logger, as console is one', 'debug', 'info', 'warn', 'error'),
    absent: 'warnings and errors to the console',
    text: 'Where messages go.',
  },
  schedule: {
    type: having<Schedule>('a schedule', 'add', 'next'),
    absent: 'first in, first out',
    text: 'Who runs next.',
  },
  turnsPerSlice: {
    type: integer({ min: 1 }),
    unit: 'turns',
    absent: 'as many as fit into 2 ms',
    text: 'How many turns are run before the event loop has its own.',
  },
  freezeBatches: {
    type: boolean(),
    default: false,
    text: 'Whether each batch is frozen before a callback sees it.',
  },
})

/** An option that creates something in a runtime: which one. */
export const inRuntimeOptions: OptionTable<{ readonly runtime: unknown }> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to use.' },
})

/** An object that has these methods. */
// @__NO_SIDE_EFFECTS__
function having<Value extends object>(what: string, ...methods: readonly string[]): OptionType<Value> {
  return matching(what, (value): value is Value => {
    if (typeof value !== 'object' || value === null) return false
    return methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  })
}
