import type { SubscriptionSnapshot } from '../../snapshot/snapshot-types.ts'
import { type Indexed, waitingFor } from '../view.ts'

/** So few looks could show by chance what is not so. */
const FEW = 3

/** Counts, over some snapshots, how often consumers had nothing to do: whether they wait for somebody, or are just late. */
export class Idleness {
  private snapshots = 0
  private looks = 0
  private idle = 0

  /** Looks at the consumers of these subscriptions. */
  look({ stages }: Indexed, subscriptions: readonly SubscriptionSnapshot[]): void {
    this.snapshots++
    this.looks += subscriptions.length
    for (const { consumer } of subscriptions) if (waitingFor(stages.get(consumer)) === 0) this.idle++
  }

  /** Whether they had nothing to do half of the time; where there are few snapshots, whether they never had. */
  get isCertain(): boolean {
    return this.snapshots < FEW ? this.idle === this.looks : this.idle * 2 >= this.looks
  }
}
