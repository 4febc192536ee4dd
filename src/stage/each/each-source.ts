import type { Subscription } from '../types/subscription.ts'

/** A subscription, as far as the engine needs to know it. */
export interface EachSource {
  readonly handle: Subscription
  /** How many of its events are in the engine: queued, being handled, or with a result that waits. */
  inEngine: number
}
