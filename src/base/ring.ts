/** How many slots a ring has once it holds anything. */
const smallest = 8
/** A ring of no more slots than this keeps them when it runs empty: they are what the next burst needs. */
const keptWhenEmpty = 1024
/** How many values stand in one array at most, a power of two: to grow or to shrink never moves more of them than this. */
const block = 8_192

/**
 * A queue with two ends that grows and shrinks by itself.
 *
 * Adding and removing cost the same whatever the length, at either end. What is taken out is let go at once, so that
 * nothing is kept alive by having been in a queue; and a ring that was long once gives its memory back. A new one holds
 * no memory but its own fields.
 *
 * ```
 *   slots    [ e | f |   |   | a | b | c | d ]     8 slots, 6 values
 *                      ^       ^
 *                      end     head              the first value is at `head`; after the last slot comes the first
 * ```
 *
 * What does not fit into a block of slots stands in `later`, block by block, the last one being filled. Only the first
 * block goes round; when it is empty the next one takes its place.
 */
export class Ring<T> {
  /** The first block: as many slots as a power of two, or none at all. One that holds no value holds `undefined`. */
  private slots: (T | undefined)[] = []
  /** Where the first value is; any slot while there is none. */
  private head = 0
  /** How many values there are in `slots`, from `head` on; 0 only where there are none at all. */
  private count = 0
  /** Takes an index back into the slots: `slots.length - 1`. */
  private mask = -1
  /** How many values `slots` may hold before one more must go elsewhere; 0 while there are other blocks. */
  private room = 0
  /**
   * The other blocks, in order; undefined while there are none. All but the last are full. While there are any, `slots`
   * has more than `keptWhenEmpty`, so that taking the last value out of it is noticed.
   */
  private later: Ring<T[]> | undefined
  /** The last of `later`. */
  private last: T[] | undefined
  /** How many values there are in `later`. */
  private laterCount = 0

  /** How many values it holds. */
  get length(): number {
    return this.count + this.laterCount
  }

  /** How many it could hold without growing. Never below `length`; 0 for a ring that never held anything. */
  get capacity(): number {
    return this.slots.length + this.laterCount
  }

  /** Adds a value at the end. */
  push(value: T): void {
    if (this.count >= this.room) this.pushElsewhere(value)
    else {
      this.slots[(this.head + this.count) & this.mask] = value
      this.count++
    }
  }

  /** Adds a value where there is no slot for it: in more slots, or in the last block. */
  private pushElsewhere(value: T): void {
    if (this.later === undefined && this.count < block) {
      this.grow(this.count + 1)
      this.push(value)
    } else {
      this.blockToFill().push(value)
      this.laterCount++
    }
  }

  /** The last of `later`, which has room. */
  private blockToFill(): T[] {
    if (this.last !== undefined && this.last.length < block) return this.last
    const added: T[] = []
    this.later ??= new Ring<T[]>()
    this.later.push(added)
    this.last = added
    this.room = 0
    return added
  }

  /** Adds `values[from]` up to, not including, `values[to]` at the end, in their order. Default: all of them. */
  pushAll(values: readonly T[], from: number = 0, to: number = values.length): void {
    let index = from
    if (this.later === undefined) {
      const fitting = Math.min(to - from, block - this.count)
      const needed = this.count + fitting
      if (needed > this.slots.length) this.grow(needed)
      const { slots, mask } = this
      let end = this.head + this.count
      for (; index < from + fitting; index++) slots[end++ & mask] = values[index]
      if (fitting > 0) this.count = needed
    }
    while (index < to) {
      const filled = this.blockToFill()
      const end = Math.min(to, index + block - filled.length)
      this.laterCount += end - index
      for (; index < end; index++) filled.push(values[index] as T)
    }
  }

  /** Adds a value at the front, before all others. */
  unshift(value: T): void {
    if (this.count === this.slots.length) {
      if (this.count === block) this.putOff()
      else this.grow(this.count + 1)
    }
    this.head = (this.head - 1) & this.mask
    this.slots[this.head] = value
    this.count++
  }

  /** Adds all values at the front, before all others, in their order. */
  unshiftAll(values: readonly T[]): void {
    for (let index = values.length - 1; index >= 0; index--) this.unshift(values[index] as T)
  }

  /** Puts the first block, which is full, before the others, so that there is room at the front. */
  private putOff(): void {
    const full = this.firstOnes(this.count)
    this.later ??= new Ring<T[]>()
    this.later.unshift(full)
    this.last ??= full
    this.laterCount += full.length
    this.head = 0
    this.count = 0
    this.place([], 2 * keptWhenEmpty)
  }

  /** Takes the first value out; `undefined` where there is none. */
  shift(): T | undefined {
    if (this.count === 0) return undefined
    const { slots, head } = this
    const value = slots[head]
    slots[head] = undefined
    this.head = (head + 1) & this.mask
    this.count--
    if (slots.length > keptWhenEmpty && this.count < slots.length >>> 2) this.tidy()
    return value
  }

  /** Takes the first `count` values out, or all where there are fewer, in a new array. */
  shiftMany(count: number): T[] {
    const taken = this.firstOnes(count)
    this.drop(taken.length)
    while (taken.length < count && this.count > 0) {
      const more = this.firstOnes(count - taken.length)
      this.drop(more.length)
      for (const value of more) taken.push(value)
    }
    return taken
  }

  /** Lets go of the first `count` values, or of all where there are fewer. */
  drop(count: number): void {
    let left = count
    while (this.later !== undefined && left >= this.count) {
      left -= this.count
      this.takeNextBlock()
    }
    const { slots, head } = this
    const dropped = Math.min(left, this.count)
    const end = head + dropped
    if (end <= slots.length) slots.fill(undefined, head, end)
    else {
      slots.fill(undefined, head)
      slots.fill(undefined, 0, end - slots.length)
    }
    this.head = end & this.mask
    this.count -= dropped
    if (slots.length > keptWhenEmpty && this.count < slots.length >>> 2) this.tidy()
  }

  /** The first value, which stays; `undefined` where there is none. */
  peek(): T | undefined {
    return this.slots[this.head]
  }

  /** The value that `index` others stand before; `undefined` where there is none. */
  at(index: number): T | undefined {
    if (index < this.count) return index >= 0 ? this.slots[(this.head + index) & this.mask] : undefined
    const beyond = index - this.count
    return this.later?.at(Math.floor(beyond / block))?.[beyond % block]
  }

  /** Lets go of everything, its memory too. */
  clear(): void {
    this.slots = []
    this.head = 0
    this.count = 0
    this.mask = -1
    this.room = 0
    this.later = undefined
    this.last = undefined
    this.laterCount = 0
  }

  /** A copy of the first `count` values of the first block, or of all of it where there are fewer. */
  private firstOnes(count: number): T[] {
    const { slots, head } = this
    const end = head + Math.min(count, this.count)
    const values =
      end <= slots.length ? slots.slice(head, end) : slots.slice(head).concat(slots.slice(0, end & this.mask))
    return values as T[]
  }

  /** Makes room for `needed` values in the first block, which are more than there are slots. */
  private grow(needed: number): void {
    const { slots } = this
    const capacity = capacityFor(needed, Math.max(smallest, slots.length))
    // The values that stand before `head`, for want of slots behind it, move to where the ring now goes on.
    const wrapped = this.head + this.count - slots.length
    for (let index = 0; index < wrapped; index++) {
      slots.push(slots[index])
      slots[index] = undefined
    }
    this.place(slots, capacity)
  }

  /** There are few values left in the first block: has the next one take its place, or moves to fewer slots. */
  private tidy(): void {
    if (this.later === undefined) this.shrink()
    else if (this.count === 0) this.takeNextBlock()
  }

  private takeNextBlock(): void {
    const { later } = this
    const next: (T | undefined)[] = later?.shift() ?? []
    this.head = 0
    this.count = next.length
    this.laterCount -= next.length
    if (this.laterCount === 0) {
      this.later = undefined
      this.last = undefined
    }
    this.place(next, capacityFor(next.length, smallest))
  }

  /** Moves to fewer slots: twice as many as are needed now, so that the next shrinking or growing is far off. */
  private shrink(): void {
    const first = this.firstOnes(this.count)
    this.head = 0
    this.place(first, capacityFor(2 * this.count, keptWhenEmpty))
  }

  private place(slots: (T | undefined)[], capacity: number): void {
    pad(slots, capacity)
    this.slots = slots
    this.mask = capacity - 1
    this.room = this.later === undefined ? capacity : 0
  }
}

/** The first power of two that is at least `needed`, from `least`, which is one, on. */
function capacityFor(needed: number, least: number): number {
  let capacity = least
  while (capacity < needed) capacity *= 2
  return capacity
}

/** Adds slots one by one, for an array made with a length has holes. */
function pad(slots: unknown[], capacity: number): void {
  while (slots.length < capacity) slots.push(undefined)
}
