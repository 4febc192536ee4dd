import { Ring } from '../../base/collections/ring.ts'
import { expectKey, type Key } from '../../base/key.ts'
import { TokenBuckets, type ValidRate } from '../../base/options/rate.ts'

/** Items of one bucket that wait for a token, in order. */
interface Lane<Item> {
  readonly key: Key | undefined
  readonly items: Ring<Item>
}

/** What a gate needs of the place that it is in. */
interface GateClock {
  /** The time, in milliseconds. */
  now(): number
  /** Runs a function after so many milliseconds. */
  wait(ms: number, run: () => void): void
  /** Called when an item begins to wait, with the time until its bucket has a token, in milliseconds. */
  onWait(ms: number): void
  /** Called when an item that waited may begin. */
  onDue(): void
}

/**
 * Lets items begin no faster than a rate allows; those of other keys do not wait.
 *
 * An item that finds no token waits in the lane of its key. When the lane's next token comes, the lane is due, and `next`
 * takes an item out of it. A token is used when an item begins, not while the item waits for a place.
 */
export class RateGate<Item> {
  private readonly buckets: TokenBuckets
  private readonly keyOf: ((event: unknown) => Key) | undefined
  private readonly clock: GateClock
  private readonly lanes = new Map<Key | undefined, Lane<Item>>()
  private readonly due = new Ring<Lane<Item>>()
  /** How many items wait. */
  waiting = 0

  constructor(rate: ValidRate, clock: GateClock) {
    this.buckets = new TokenBuckets(rate)
    this.keyOf = rate.key
    this.clock = clock
  }

  /**
   * Returns whether the item may begin now; otherwise it waits, and `next` will return it.
   *
   * @throws {TypeError} If the user's `key` does not return a key.
   */
  enter(event: unknown, item: Item): boolean {
    const key = this.keyOf === undefined ? undefined : expectKey('the key of rate', this.keyOf(event))
    const lane = this.lanes.get(key)
    if (lane === undefined) {
      const wait = this.buckets.take(key, this.clock.now())
      if (wait === 0) return true
      const opened: Lane<Item> = { key, items: new Ring<Item>() }
      opened.items.push(item)
      this.lanes.set(key, opened)
      this.wait(opened, wait)
      this.clock.onWait(wait)
    } else {
      lane.items.push(item)
      this.clock.onWait(this.buckets.wait(key, this.clock.now()))
    }
    this.waiting++
    return false
  }

  /** The next item whose token has come; `undefined` if there is none. */
  next(): Item | undefined {
    for (let lane = this.due.peek(); lane !== undefined; lane = this.due.peek()) {
      const wait = this.buckets.take(lane.key, this.clock.now())
      if (wait > 0) {
        this.due.shift()
        this.wait(lane, wait)
        continue
      }
      if (lane.items.length === 1) {
        this.due.shift()
        this.lanes.delete(lane.key)
      }
      this.waiting--
      return lane.items.shift()
    }
    return undefined
  }

  private wait(lane: Lane<Item>, ms: number): void {
    this.clock.wait(ms, () => {
      this.due.push(lane)
      this.clock.onDue()
    })
  }
}
