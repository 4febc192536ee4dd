import type { Key } from '../../base/key.ts'
import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { boolean, callback, either, integer, nested, oneOf } from '../../base/option-type.ts'
import { duration, type Duration } from '../../base/duration.ts'
import { type Rate, rateOptions, type ValidRate } from '../../base/rate.ts'
import { type RetryPolicy, retryOptions, type ValidRetryPolicy } from '../../base/retry.ts'

/** How events are handled one by one: the options that go with `handleEvent`. */
export interface EachOptions<in Event> {
  /** The most events that are handled at the same time: an integer of at least 1. Default: 1. */
  readonly concurrency?: number
  /**
   * Whether results are emitted in the order of their events. Default: `true`.
   *
   * A result that is ready before those of earlier events waits for them, and its event counts as not handled until then.
   * Without effect on a consumer, which emits nothing.
   */
  readonly ordered?: boolean
  /**
   * Events of one key are handled one at a time, in the order in which they came; events of other keys do not wait for
   * them. Default: events are handled without regard to each other.
   */
  readonly orderBy?: (event: Event) => Key
  /** How many attempts may begin in a time, overall or by key. Default: no limit. */
  readonly rate?: Rate & { readonly key?: (event: Event) => Key }
  /**
   * The longest that one attempt may take. After that its `signal` is aborted, and the attempt has failed with a
   * `TimeoutError`; what it still returns is ignored. Default: `Infinity`.
   */
  readonly timeout?: Duration
  /** Whether and when an attempt that failed is repeated. Default: one attempt. */
  readonly retry?: RetryPolicy
  /**
   * What happens when the last attempt has failed. Default: `'fail'`.
   *
   * `'fail'`: the stage fails with the error. `'skip'`: the event is skipped, counted and logged. A function is called
   * with the error and the event, and awaited; then the event is skipped. If the function throws, the stage fails.
   */
  readonly onError?: 'fail' | 'skip' | ((error: unknown, event: Event) => void | PromiseLike<void>)
}

/** The options that go with `handleEvent`, complete. Times are in milliseconds. */
export interface ValidEachOptions {
  readonly concurrency: number
  readonly ordered: boolean
  readonly orderBy: ((event: unknown) => Key) | undefined
  readonly rate: ValidRate | undefined
  readonly timeout: number
  readonly retry: ValidRetryPolicy | undefined
  readonly onError: 'fail' | 'skip' | ((error: unknown, event: unknown) => unknown)
}

/** The rows of {@link EachOptions}, for the tables of the stages that have them. */
export const eachRows = {
  concurrency: { type: integer({ min: 1 }), default: 1, text: 'The most events that are handled at the same time.' },
  ordered: { type: boolean(), default: true, text: 'Whether results are emitted in the order of their events.' },
  orderBy: {
    type: callback<(event: unknown) => Key>(),
    absent: 'no order',
    text: 'Events of one key are handled one at a time, in order.',
  },
  rate: { type: nested('a rate', rateOptions), absent: 'no limit', text: 'How many attempts may begin in a time.' },
  timeout: {
    type: duration(),
    default: Number.POSITIVE_INFINITY,
    unit: 'ms',
    text: 'The longest that one attempt may take.',
  },
  retry: {
    type: nested('a retry policy', retryOptions),
    absent: 'one attempt',
    text: 'Whether and when an attempt that failed is repeated.',
  },
  onError: {
    type: either(oneOf('fail', 'skip'), callback<(error: unknown, event: unknown) => unknown>()),
    default: 'fail',
    text: 'What happens when the last attempt has failed.',
  },
} as const

/** The options that go with `handleEvent`. */
export const eachOptions: OptionTable<ValidEachOptions> = optionTable(eachRows)
