import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { anything, callback, matching, oneOf } from '../base/options/option-type.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import type { Name, Stage } from '../process/start/start-types.ts'
import { type Shutdown, shutdownType } from './shutdown.ts'

/** When a child that has ended is restarted: always, if it did not exit cleanly, or never. */
export type Restart = 'permanent' | 'transient' | 'temporary'

/**
 * The specification of a child: the function that creates its stage, and when to restart and how to stop it.
 *
 * The function alone is a specification with all the defaults.
 */
export type ChildSpec =
  | (() => Stage<ProcessRef>)
  | {
      /** Creates the stage, a new one for each start. */
      readonly start: () => Stage<ProcessRef>
      /** Identifies the child to its supervisor. Default: its name, or else its index among the children. */
      readonly id?: string
      /** The name of the stage. Default: none. */
      // biome-ignore lint/suspicious/noExplicitAny: a name token for any kind of reference will do
      readonly name?: string | Name<any>
      /** Default: `'permanent'`. */
      readonly restart?: Restart
      /**
       * How long the child may take to end before it is killed, in milliseconds: 0 or more, `Infinity`, or `'brutal-kill'`.
       * Default: 5,000, and `Infinity` for a supervisor.
       */
      readonly shutdown?: Shutdown
    }

/** A child specification, with those defaults applied that do not depend on the kind of the child. */
export interface ValidChildSpec {
  readonly start: () => Stage<ProcessRef>
  readonly id: string | undefined
  readonly name: unknown
  readonly restart: Restart
  readonly shutdown: Shutdown | undefined
}

/** The options of a child specification. */
export const childOptions: OptionTable<ValidChildSpec> = optionTable({
  start: {
    type: callback<() => Stage<ProcessRef>>(),
    required: true,
    text: 'Creates the stage, a new one for each start.',
  },
  id: {
    type: matching('a string', (value) => typeof value === 'string'),
    absent: 'its name, or else its index',
    text: 'Identifies the child to its supervisor.',
  },
  name: { type: anything(), text: 'The name of the stage: a string, or a token made by `named`.' },
  restart: {
    type: oneOf('permanent', 'transient', 'temporary'),
    default: 'permanent',
    text: 'When it is restarted after its end: always, if it did not exit cleanly, never.',
  },
  shutdown: {
    type: shutdownType,
    unit: 'ms',
    absent: '5,000, and `Infinity` for a supervisor',
    text: 'How long it may take to end before it is killed.',
  },
})

/** Checks a child specification, or the function that stands for one, and applies the defaults. */
export function readChildSpec(given: unknown, subject: string): ValidChildSpec {
  return childOptions.read(typeof given === 'function' ? { start: given } : given, subject)
}
