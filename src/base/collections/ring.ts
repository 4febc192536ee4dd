/** How many slots a ring has at least, once it holds a value. */
const smallest = 8
/** A ring of no more slots than this keeps them when it runs empty, for the next burst. */
const keptWhenEmpty = 1024
/** The most values in one array, a power of two: growing or shrinking never moves more of them than this. */
const block = 8_192

/**
 * A queue with two ends that grows and shrinks by itself.
 *
 * Adding and removing cost the same for any length, at either end. A value that is taken out is not referenced any
 * longer, so a queue keeps nothing alive that it does not hold. A ring that was long and is short again frees memory. A
 * new ring uses no memory except its own fields.
 *
 * ```
 *   slots    [ e | f |   |   | a | b | c | d ]     8 slots, 6 values
 *                      ^       ^
 *                      end     head              the first value is at `head`; after the last slot comes the first
 * ```
 *
 * Values that do not fit into one block of slots are in `later`, block by block, of which the last one is being filled.
 * Only the first block is used as a ring; when it is empty the next one takes its place.
 */
export class Ring<T> {
  /** The first block; its length is a power of two, or 0. Slots without a value hold `undefined`. */
  private slots: (T | undefined)[] = []
  /** The index of the first value; any index while there is none. */
  private head = 0
  /** How many values there are in `slots`, from `head` on; 0 only if the ring is empty. */
  private count = 0
  /** Wraps an index around the end of the slots: `slots.length - 1`. */
  private mask = -1
  /** How many values `slots` may hold before the next one needs other room; 0 while there are other blocks. */
  private room = 0
  /**
   * The other blocks, in order; undefined while there are none. All but the last are full. While there are any, `slots`
   * has more than `keptWhenEmpty` slots, so that `shift` notices when it takes the last value out.
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

  /** How many it could hold without growing. Never below `length`; 0 for a ring that was never used. */
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

  /** Adds a value for which there is no slot: grows the slots, or adds it to the last block. */
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
      if (this.count === block) this.moveToLater()
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

  /** Moves the first block, which is full, to the front of the others, so that there is room at the front. */
  private moveToLater(): void {
    const full = this.firstOnes(this.count)
    this.later ??= new Ring<T[]>()
    this.later.unshift(full)
    this.last ??= full
    this.laterCount += full.length
    this.head = 0
    this.count = 0
    this.place([], 2 * keptWhenEmpty)
  }

  /** Takes the first value out; `undefined` if there is none. */
  shift(): T | undefined {
    if (this.count === 0) return undefined
    const { slots, head } = this
    const value = slots[head]
    slots[head] = undefined
    this.head = (head + 1) & this.mask
    this.count--
    if (slots.length > keptWhenEmpty && this.count < slots.length >>> 2) this.shrinkOrAdvance()
    return value
  }

  /** Takes the first `count` values out, or all if there are fewer, in a new array. */
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

  /** Removes the first `count` values, or all if there are fewer. */
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
    if (slots.length > keptWhenEmpty && this.count < slots.length >>> 2) this.shrinkOrAdvance()
  }

  /** The first value, which stays; `undefined` if there is none. */
  peek(): T | undefined {
    return this.slots[this.head]
  }

  /** The value at `index`, counted from the front; `undefined` if there is none. */
  at(index: number): T | undefined {
    if (index < this.count) return index >= 0 ? this.slots[(this.head + index) & this.mask] : undefined
    const beyond = index - this.count
    return this.later?.at(Math.floor(beyond / block))?.[beyond % block]
  }

  /** Removes all values, and frees the memory. */
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

  /** A copy of the first `count` values of the first block, or of all of it if there are fewer. */
  private firstOnes(count: number): T[] {
    const { slots, head } = this
    const end = head + Math.min(count, this.count)
    const values =
      end <= slots.length ? slots.slice(head, end) : slots.slice(head).concat(slots.slice(0, end & this.mask))
    return values as T[]
  }

  /** Makes room for `needed` values in the first block; `needed` is greater than the number of slots. */
  private grow(needed: number): void {
    const { slots } = this
    const capacity = capacityFor(needed, Math.max(smallest, slots.length))
    // The values that had wrapped around to the start move to the new slots at the end.
    const wrapped = this.head + this.count - slots.length
    for (let index = 0; index < wrapped; index++) {
      slots.push(slots[index])
      slots[index] = undefined
    }
    this.place(slots, capacity)
  }

  /** Called when few values are left in the first block: replaces it by the next one, or moves to fewer slots. */
  private shrinkOrAdvance(): void {
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

  /** Moves to fewer slots: twice as many as are needed now, so that it does not shrink or grow again soon. */
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

/** The smallest power of two that is at least `needed` and at least `least`, which is a power of two. */
function capacityFor(needed: number, least: number): number {
  let capacity = least
  while (capacity < needed) capacity *= 2
  return capacity
}

/** Adds slots one by one, because an array made with a length has holes. */
function pad(slots: unknown[], capacity: number): void {
  while (slots.length < capacity) slots.push(undefined)
}
