import { mergeRows, type OptionTable, optionTable } from '../base/option-table.ts'
import { array, integer, matching, type OptionType, oneOf } from '../base/option-type.ts'
import { type ChildSpec, readChildSpec, type ValidChildSpec } from './child-spec.ts'

/** Which children start again with one that has failed: it alone, all of them, or it and those started after it. */
export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one'

/** What a supervisor is made of. */
export interface SupervisorOptions {
  /** Which children start again with one that has failed. */
  readonly strategy: Strategy
  /** In the order in which they are started. */
  readonly children: readonly ChildSpec[]
  /** How many restarts within `maxSeconds` are borne; one more ends the supervisor. Default: 3. */
  readonly maxRestarts?: number
  /** The time within which restarts are counted, in seconds. Default: 5. */
  readonly maxSeconds?: number
}

/** The options of a supervisor, complete. */
export interface ValidSupervisorOptions {
  readonly strategy: Strategy
  readonly children: readonly ValidChildSpec[]
  readonly maxRestarts: number
  readonly maxSeconds: number
}

/** How many restarts are borne within what time: the options that all supervisors share. */
export const restartRows: {
  readonly maxRestarts: { readonly type: OptionType<number>; readonly default: 3; readonly text: string }
  readonly maxSeconds: {
    readonly type: OptionType<number>
    readonly default: 5
    readonly unit: string
    readonly text: string
  }
} = {
  maxRestarts: {
    type: integer({ min: 0, infinity: true }),
    default: 3,
    text: 'How many restarts within `maxSeconds` are borne; one more ends the supervisor.',
  },
  maxSeconds: {
    type: matching(
      'a number of seconds above 0, or Infinity',
      (value) => typeof value === 'number',
      (value) => value > 0,
    ),
    default: 5,
    unit: 's',
    text: 'The time within which restarts are counted.',
  },
}

/** The options of a supervisor. */
export const supervisorOptions: OptionTable<
  Omit<ValidSupervisorOptions, 'children'> & { readonly children: readonly unknown[] }
> = optionTable(
  mergeRows(
    {
      strategy: {
        type: oneOf('one-for-one', 'one-for-all', 'rest-for-one'),
        required: true,
        text: 'Which children start again with one that has failed: it alone, all, or it and those started after it.',
      },
      children: { type: array<unknown>(), required: true, text: 'In the order in which they are started.' },
    },
    restartRows,
  ),
)

/** Checks and completes the options of a supervisor, and the specifications of its children. */
export function readSupervisorOptions(given: unknown): ValidSupervisorOptions {
  const options = supervisorOptions.read(given, 'the options of a supervisor')
  const children = options.children.map((child, place) => readChildSpec(child, `child ${place} of a supervisor`))
  return { ...options, children }
}
