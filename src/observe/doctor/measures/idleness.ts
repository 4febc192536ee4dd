import type { SubscriptionSnapshot } from '../../snapshot/snapshot-types.ts'
import { type Indexed, unhandledOf } from '../view.ts'

/** With fewer snapshots than this, an idle consumer may be a coincidence. */
const FEW = 3

/** Counts how often consumers had nothing to do: whether another one holds them back, or whether they are just late. */
export class Idleness {
  private snapshots = 0
  private looks = 0
  private idle = 0

  /** Counts the consumers of these subscriptions in one more snapshot. */
  look({ stages }: Indexed, subscriptions: readonly SubscriptionSnapshot[]): void {
    this.snapshots++
    this.looks += subscriptions.length
    for (const { consumer } of subscriptions) if (unhandledOf(stages.get(consumer)) === 0) this.idle++
  }

  /** Whether they had nothing to do half of the time, or, with few snapshots, all the time. */
  get isCertain(): boolean {
    return this.snapshots < FEW ? this.idle === this.looks : this.idle * 2 >= this.looks
  }
}
