import { type Duration, duration, expectDuration } from './duration.ts'
import { type OptionTable, optionTable } from './option-table.ts'
import { callback, either, integer, matching, type OptionType, oneOf } from './option-type.ts'

/** How often something that failed is attempted again, and after how long. */
export interface RetryPolicy {
  /** Attempts in total, the first one included: an integer of at least 1, or `Infinity`. Default: 5. */
  readonly attempts?: number
  /** The delay before the second attempt, or a function of the number of attempts that have failed. Default: `'200ms'`. */
  readonly delay?: Duration | ((failed: number) => Duration)
  /** What the delay is multiplied by after each attempt: a number of at least 1. Default: 2. */
  readonly factor?: number
  /** The longest delay. Default: `'30s'`. */
  readonly maxDelay?: Duration
  /** `'full'` waits for a random part of the delay, so that many failures are not repeated at once. Default: `'full'`. */
  readonly jitter?: 'full' | 'none'
  /** Whether a failure is worth another attempt. Default: every failure is. */
  readonly shouldRetry?: (error: unknown) => boolean
}

/** A retry policy, complete; delays are in milliseconds. */
export interface ValidRetryPolicy {
  readonly attempts: number
  readonly delay: number | ((failed: number) => Duration)
  readonly factor: number
  readonly maxDelay: number
  readonly jitter: 'full' | 'none'
  readonly shouldRetry: ((error: unknown) => boolean) | undefined
}

const factorType: OptionType<number> = matching(
  'a number of at least 1',
  (value) => typeof value === 'number',
  (value) => value >= 1 && value < Number.POSITIVE_INFINITY,
)

/** The options of a retry policy. */
export const retryOptions: OptionTable<ValidRetryPolicy> = optionTable({
  attempts: {
    type: integer({ min: 1, infinity: true }),
    default: 5,
    text: 'Attempts in total, the first one included.',
  },
  delay: {
    type: either(duration({ zero: true, infinity: false }), callback<(failed: number) => Duration>()),
    default: 200,
    unit: 'ms',
    text: 'The delay before the second attempt, or a function of the number of attempts that have failed.',
  },
  factor: { type: factorType, default: 2, text: 'What the delay is multiplied by after each attempt.' },
  maxDelay: { type: duration({ zero: true }), default: 30_000, unit: 'ms', text: 'The longest delay.' },
  jitter: {
    type: oneOf('full', 'none'),
    default: 'full',
    text: '`full` waits for a random part of the delay.',
  },
  shouldRetry: {
    type: callback<(error: unknown) => boolean>(),
    absent: 'every failure is',
    text: 'Whether a failure is worth another attempt.',
  },
})

/** Whether a policy allows another attempt, after `failed` attempts (at least 1) of which the last failed with `error`. */
export function allowsRetry(policy: ValidRetryPolicy, failed: number, error: unknown): boolean {
  return failed < policy.attempts && (policy.shouldRetry === undefined || policy.shouldRetry(error))
}

/**
 * Returns how long to wait before the next attempt, in milliseconds.
 *
 * The delay grows by `factor` with each failed attempt, up to `maxDelay`; full jitter then takes a random part of it.
 *
 * @param failed How many attempts have failed: at least 1.
 * @param random Returns a number from 0 up to, and without, 1.
 * @throws {TypeError} If the user's `delay` does not return a duration.
 */
export function retryDelay(policy: ValidRetryPolicy, failed: number, random: () => number): number {
  const { delay, factor, maxDelay, jitter } = policy
  const grown =
    typeof delay === 'function' ? expectDuration('delay', delay(failed)) : delay * factor ** Math.min(failed - 1, 1_000)
  // 0 times infinity is not a number: no delay stays no delay.
  const bounded = Math.min(Number.isNaN(grown) ? 0 : grown, maxDelay)
  return jitter === 'full' ? bounded * random() : bounded
}
