import type { Logger } from '../../base/logger.ts'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, boolean, integer, matching, type OptionType } from '../../base/options/option-type.ts'
import type { Schedule } from '../schedule/scheduler.ts'
import type { Clock } from '../schedule/timers.ts'

/** The options of a runtime, with those defaults applied that do not depend on the platform. */
interface ValidRuntimeOptions {
  readonly clock: Clock | undefined
  readonly logger: Logger | undefined
  readonly schedule: Schedule | undefined
  readonly turnsPerSlice: number | undefined
  readonly freezeBatches: boolean
}

/** The options of a runtime. */
export const runtimeOptions: OptionTable<ValidRuntimeOptions> = optionTable({
  clock: {
    type: having<Clock>('a clock', 'now', 'setTimer'),
    absent: "the platform's",
    text: 'Where time comes from.',
  },
  logger: {
    type: having<Logger>('a logger, as console is one', 'debug', 'info', 'warn', 'error'),
    absent: 'warnings and errors to the console',
    text: 'Where log messages go.',
  },
  schedule: {
    type: having<Schedule>('a schedule', 'add', 'next'),
    absent: 'first in, first out',
    text: 'Decides which process runs next.',
  },
  turnsPerSlice: {
    type: integer({ min: 1 }),
    unit: 'turns',
    absent: 'as many as fit into 2 ms',
    text: 'How many turns run before the event loop continues.',
  },
  freezeBatches: {
    type: boolean(),
    default: false,
    text: 'Whether each batch is frozen before a callback receives it.',
  },
})

/** The options of what is created in a runtime. */
export const inRuntimeOptions: OptionTable<{ readonly runtime: unknown }> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to use.' },
})

/** An object with these methods. */
// @__NO_SIDE_EFFECTS__
function having<Value extends object>(what: string, ...methods: readonly string[]): OptionType<Value> {
  return matching(what, (value): value is Value => {
    if (typeof value !== 'object' || value === null) return false
    return methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  })
}
