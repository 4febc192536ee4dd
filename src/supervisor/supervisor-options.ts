import { mergeRows, type OptionTable, optionTable } from '../base/options/option-table.ts'
import { array, integer, matching, type OptionType, oneOf } from '../base/options/option-type.ts'
import { type ChildSpec, readChildSpec, type ValidChildSpec } from './child-spec.ts'

/** Which children are restarted when one has failed: only that one, all of them, or that one and those started after it. */
export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one'

/** The options of a supervisor. */
export interface SupervisorOptions {
  /** Which children are restarted when one has failed. */
  readonly strategy: Strategy
  /** The children, in the order in which they are started. */
  readonly children: readonly ChildSpec[]
  /** How many restarts are allowed within `maxSeconds`; one more ends the supervisor. Default: 3. */
  readonly maxRestarts?: number
  /** The time within which restarts are counted, in seconds. Default: 5. */
  readonly maxSeconds?: number
}

/** The options of a supervisor, with their defaults applied. */
export interface ValidSupervisorOptions {
  readonly strategy: Strategy
  readonly children: readonly ValidChildSpec[]
  readonly maxRestarts: number
  readonly maxSeconds: number
}

/** The options that all supervisors share: how many restarts are allowed within what time. */
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
    text: 'How many restarts are allowed within `maxSeconds`; one more ends the supervisor.',
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
        text: 'Which children are restarted when one has failed: that one, all, or that one and those started after it.',
      },
      children: {
        type: array<unknown>(),
        required: true,
        text: 'The children, in the order in which they are started.',
      },
    },
    restartRows,
  ),
)

/** Checks the options of a supervisor and the specifications of its children, and applies the defaults. */
export function readSupervisorOptions(given: unknown): ValidSupervisorOptions {
  const options = supervisorOptions.read(given, 'the options of a supervisor')
  const children = options.children.map((child, index) => readChildSpec(child, `child ${index} of a supervisor`))
  return { ...options, children }
}
