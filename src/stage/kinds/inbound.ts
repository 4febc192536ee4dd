import { Ring } from '../../base/ring.ts'
import type { Cancellation } from '../consuming/cancellation.ts'
import type { Upstream } from '../consuming/upstream.ts'

/** What waits in a producer-consumer until its consumers have demand. */
export type InboundEntry =
  | { readonly kind: 'events'; readonly upstream: Upstream; readonly events: readonly unknown[] }
  | { readonly kind: 'info'; readonly message: unknown }
  | { readonly kind: 'cancellation'; readonly cancellation: Cancellation }

/** The inbound queue of a producer-consumer: deliveries, infos and cancellations, in the order in which they arrived. */
export class Inbound {
  private readonly entries = new Ring<InboundEntry>()

  get isEmpty(): boolean {
    return this.entries.length === 0
  }

  /** The first entry, which stays in the queue. */
  peek(): InboundEntry | undefined {
    return this.entries.peek()
  }

  /** Takes the first entry out. */
  shift(): InboundEntry | undefined {
    return this.entries.shift()
  }

  push(entry: InboundEntry): void {
    this.entries.push(entry)
  }

  /** How many events its deliveries contain. */
  countEvents(): number {
    let count = 0
    for (let index = 0; index < this.entries.length; index++) {
      const entry = this.entries.at(index)
      if (entry?.kind === 'events') count += entry.events.length
    }
    return count
  }
}
