import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { matching, type OptionType } from '../base/options/option-type.ts'
import type { AbortSignalLike } from './host/abort-signal-like.ts'

/** A duration in milliseconds. */
export const milliseconds: OptionType<number> = matching(
  'a number of milliseconds above 0, or Infinity',
  (value) => typeof value === 'number',
  (value) => value > 0,
)

/** An option that is an `AbortSignal`. */
export const abortSignalType: OptionType<AbortSignalLike> = matching(
  'an AbortSignal',
  (value): value is AbortSignalLike =>
    typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
)

/** Call options with their defaults applied. */
export interface ValidCallOptions {
  readonly timeout: number
  readonly signal: AbortSignalLike | undefined
}

/** How long a call may take. */
export const callOptions: OptionTable<ValidCallOptions> = optionTable({
  timeout: { type: milliseconds, default: 5_000, unit: 'ms', text: 'After which the call is rejected.' },
  signal: { type: abortSignalType, text: 'Rejects the call when it is aborted.' },
})

/** How long a drain may take. */
export const drainOptions: OptionTable<{ readonly deadline: number }> = optionTable({
  deadline: {
    type: milliseconds,
    default: Number.POSITIVE_INFINITY,
    unit: 'ms',
    text: 'After which the process is stopped, and the events that it still holds are dropped.',
  },
})

/** How long a stop may take. */
export const stopOptions: OptionTable<{ readonly timeout: number }> = optionTable({
  timeout: {
    type: milliseconds,
    default: Number.POSITIVE_INFINITY,
    unit: 'ms',
    text: 'After which the promise rejects; the process still stops.',
  },
})
