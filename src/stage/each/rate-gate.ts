import { expectKey, type Key } from '../../base/key.ts'
import { TokenBuckets, type ValidRate } from '../../base/rate.ts'
import { Ring } from '../../base/ring.ts'
import type { Deadline, Timers } from '../../process/schedule/timers.ts'

/** Items of one bucket that wait for a token, in order. */
interface Lane<Item> {
  readonly key: Key | undefined
  readonly items: Ring<Item>
  deadline: Deadline | undefined
}

/**
 * Lets items begin no faster than a rate allows; those of other keys do not wait.
 *
 * An item that finds no token waits in the lane of its key. When the lane's next token comes, the lane is due, and `next`
 * takes an item out of it; a token is used when an item begins, not while it waits for a place.
 */
export class RateGate<Item> {
  private readonly buckets: TokenBuckets
  private readonly keyOf: ((event: unknown) => Key) | undefined
  private readonly timers: Timers
  private readonly now: () => number
  private readonly onDue: () => void
  private readonly lanes = new Map<Key | undefined, Lane<Item>>()
  private readonly due = new Ring<Lane<Item>>()
  /** How many items wait. */
  waiting = 0

  /** @param onDue Called when an item may begin again. */
  constructor(rate: ValidRate, timers: Timers, now: () => number, onDue: () => void) {
    this.buckets = new TokenBuckets(rate)
    this.keyOf = rate.key
    this.timers = timers
    this.now = now
    this.onDue = onDue
  }

  /**
   * Returns whether the item may begin now; otherwise it waits, and `next` will return it.
   *
   * @throws {TypeError} If the user's `key` does not return a key.
   */
  enter(event: unknown, item: Item): boolean {
    const key = this.keyOf === undefined ? undefined : expectKey('the key of rate', this.keyOf(event))
    const lane = this.lanes.get(key)
    if (lane !== undefined) {
      lane.items.push(item)
      this.waiting++
      return false
    }
    const wait = this.buckets.take(key, this.now())
    if (wait > 0) this.open(key, item, wait)
    return wait === 0
  }

  /** The next item whose token has come; `undefined` if there is none. */
  next(): Item | undefined {
    for (let lane = this.due.peek(); lane !== undefined; lane = this.due.peek()) {
      const wait = this.buckets.take(lane.key, this.now())
      if (wait === 0) {
        const item = lane.items.shift() as Item
        this.waiting--
        if (lane.items.length === 0) {
          this.due.shift()
          this.lanes.delete(lane.key)
        }
        return item
      }
      this.due.shift()
      this.wait(lane, wait)
    }
    return undefined
  }

  /** Lets go of the timers. */
  close(): void {
    for (const { deadline } of this.lanes.values()) deadline?.cancel()
  }

  private open(key: Key | undefined, item: Item, wait: number): void {
    const lane: Lane<Item> = { key, items: new Ring<Item>(), deadline: undefined }
    lane.items.push(item)
    this.waiting++
    this.lanes.set(key, lane)
    this.wait(lane, wait)
  }

  private wait(lane: Lane<Item>, ms: number): void {
    lane.deadline = this.timers.add(ms, () => {
      lane.deadline = undefined
      this.due.push(lane)
      this.onDue()
    })
  }
}
