import { type OptionTable, optionTable } from '../base/option-table.ts'
import { anything, callback, matching, oneOf } from '../base/option-type.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import type { Name, Stage } from '../process/start/start-types.ts'
import { type Shutdown, shutdownType } from './shutdown.ts'

/** When a child that has ended is started again: always, if it ended abnormally, or never. */
export type Restart = 'permanent' | 'transient' | 'temporary'

/**
 * What a supervisor knows of a child: the function that makes a new one for each start, and how to treat it.
 *
 * The function alone stands for a specification with all the defaults.
 */
export type ChildSpec =
  | (() => Stage<ProcessRef>)
  | {
      /** Makes the stage, a new one for each start. */
      readonly start: () => Stage<ProcessRef>
      /** What the child is known by to its supervisor. Default: its name, or else its place among the children. */
      readonly id?: string
      /** The name each start is given. Default: none. */
      // biome-ignore lint/suspicious/noExplicitAny: a name token for any kind of reference will do
      readonly name?: string | Name<any>
      /** Default: `'permanent'`. */
      readonly restart?: Restart
      /**
       * How long the child may take to end when told to, in milliseconds, before it is killed: 0 or more, `Infinity`, or
       * `'brutal-kill'`. Default: 5,000, and `Infinity` for a supervisor.
       */
      readonly shutdown?: Shutdown
    }

/** A child specification, complete but for what depends on the child's kind. */
export interface ValidChildSpec {
  readonly start: () => Stage<ProcessRef>
  readonly id: string | undefined
  readonly name: unknown
  readonly restart: Restart
  readonly shutdown: Shutdown | undefined
}

/** The options of a child specification. */
export const childOptions: OptionTable<ValidChildSpec> = optionTable({
  start: { type: callback<() => Stage<ProcessRef>>(), required: true, text: 'Makes the stage, anew for each start.' },
  id: {
    type: matching('a string', (value) => typeof value === 'string'),
    absent: 'its name, or else its place',
    text: 'What the child is known by to its supervisor.',
  },
  name: { type: anything(), text: 'The name each start is given: a string, or a token made by `named`.' },
  restart: {
    type: oneOf('permanent', 'transient', 'temporary'),
    default: 'permanent',
    text: 'When it is started again after it has ended: always, if it ended abnormally, never.',
  },
  shutdown: {
    type: shutdownType,
    unit: 'ms',
    absent: '5,000, and `Infinity` for a supervisor',
    text: 'How long it may take to end when told to, before it is killed.',
  },
})

/** Completes a child specification, or the function that stands for one. */
export function readChildSpec(given: unknown, subject: string): ValidChildSpec {
  return childOptions.read(typeof given === 'function' ? { start: given } : given, subject)
}
