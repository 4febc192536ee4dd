import type { AbortSignalLike } from '../../process/process-ref.ts'
import type { Subscription } from '../types/subscription.ts'

/** What `handleEvent` gets beside the event: one attempt to handle it. */
export interface EventContext {
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
