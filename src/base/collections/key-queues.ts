import type { Key } from '../key.ts'
import { Ring } from './ring.ts'

/**
 * Items that must not overlap with others of their key: one of a key is active at a time, the next ones wait in order.
 *
 * Pure: it starts nothing. A key that is not in use costs nothing.
 */
export class KeyQueues<Item> {
  /** The keys that are active, each with the items that wait for it; `undefined` while none does. */
  private readonly active = new Map<Key, Ring<Item> | undefined>()
  /** How many items wait. */
  waiting = 0

  /** Returns whether `item` may begin, and then its key is active; otherwise the item waits. */
  enter(key: Key, item: Item): boolean {
    if (!this.active.has(key)) {
      this.active.set(key, undefined)
      return true
    }
    let queue = this.active.get(key)
    if (queue === undefined) {
      queue = new Ring<Item>()
      this.active.set(key, queue)
    }
    queue.push(item)
    this.waiting++
    return false
  }

  /** The active item of `key` is done: returns the next one, which is active now, or `undefined` if none waits. */
  leave(key: Key): Item | undefined {
    const next = this.active.get(key)?.shift()
    if (next === undefined) this.active.delete(key)
    else this.waiting--
    return next
  }
}
