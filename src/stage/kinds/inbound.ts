import { Ring } from '../../base/collections/ring.ts'
import type { SubscriptionEnd } from '../consuming/subscription-end.ts'
import type { Upstream } from '../consuming/upstream.ts'

/** What waits in a producer-consumer until its consumers have demand. */
export type InboundEntry =
  | { readonly kind: 'events'; readonly upstream: Upstream; readonly events: readonly unknown[] }
  | { readonly kind: 'info'; readonly message: unknown }
  | { readonly kind: 'cancellation'; readonly cancellation: SubscriptionEnd }

/**
 * The inbound queue of a producer-consumer: deliveries, infos and cancellations, in the order in which they arrived.
 *
 * It extends `Ring`, without another object in between, because it is looked at several times for each event.
 */
export class Inbound extends Ring<InboundEntry> {
  /** How many events its deliveries contain. */
  countEvents(): number {
    let count = 0
    for (let index = 0; index < this.length; index++) {
      const entry = this.at(index)
      if (entry?.kind === 'events') count += entry.events.length
    }
    return count
  }
}
