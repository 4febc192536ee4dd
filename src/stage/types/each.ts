import type { Key } from '../../base/key.ts'
import type { Duration } from '../../base/options/duration.ts'
import type { Rate } from '../../base/options/rate.ts'
import type { RetryPolicy } from '../../base/options/retry.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { Subscription } from './subscription.ts'

/** What `handleEvent` gets beside the event: one attempt to handle it. */
export interface EachContext {
  /**
   * Aborted when the attempt has timed out, and when the stage ends: pass it to what the attempt waits for, as
   * `fetch(url, { signal })`.
   */
  readonly signal: AbortSignalLike
  /** Which attempt this is: 1 for the first one. */
  readonly attempt: number
  /** The subscription that the event came from. */
  readonly from: Subscription
}

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
   * `TimeoutError`; what it still returns is ignored. A handler that ignores its signal runs on beside the next attempts, and
   * beside other events of its key. Default: `Infinity`.
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
