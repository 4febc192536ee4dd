/** How many slots a ring has once it holds anything. */
const smallest = 8
/** A ring of no more slots than this keeps them when it runs empty: they are what the next burst needs. */
const keptWhenEmpty = 1024

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
 */
export class Ring<T> {
  /** As many as a power of two, or none at all. A slot that holds no value holds `undefined`. */
  private slots: (T | undefined)[] = []
  /** Where the first value is; any slot while there is none. */
  private head = 0
  /** How many values there are, from `head` on. */
  private count = 0
  /** Takes an index back into the ring: `slots.length - 1`. */
  private mask = -1

  /** How many values it holds. */
  get length(): number {
    return this.count
  }

  /** How many it could hold without growing. Never below `length`; 0 for a ring that never held anything. */
  get capacity(): number {
    return this.slots.length
  }

  /** Adds a value at the end. */
  push(value: T): void {
    if (this.count === this.slots.length) this.grow(this.count + 1)
    this.slots[(this.head + this.count) & this.mask] = value
    this.count++
  }

  /** Adds `values[from]` up to, not including, `values[to]` at the end, in their order. Default: all of them. */
  pushAll(values: readonly T[], from: number = 0, to: number = values.length): void {
    const needed = this.count + to - from
    if (needed > this.slots.length) this.grow(needed)
    const { slots, mask } = this
    let end = this.head + this.count
    for (let index = from; index < to; index++) slots[end++ & mask] = values[index]
    if (to > from) this.count = needed
  }

  /** Adds a value at the front, before all others. */
  unshift(value: T): void {
    if (this.count === this.slots.length) this.grow(this.count + 1)
    this.head = (this.head - 1) & this.mask
    this.slots[this.head] = value
    this.count++
  }

  /** Adds all values at the front, before all others, in their order. */
  unshiftAll(values: readonly T[]): void {
    const needed = this.count + values.length
    if (needed > this.slots.length) this.grow(needed)
    const { slots, mask } = this
    this.head = (this.head - values.length) & mask
    for (let index = 0; index < values.length; index++) slots[(this.head + index) & mask] = values[index]
    this.count = needed
  }

  /** Takes the first value out; `undefined` where there is none. */
  shift(): T | undefined {
    if (this.count === 0) return undefined
    const { slots, head } = this
    const value = slots[head]
    slots[head] = undefined
    this.head = (head + 1) & this.mask
    this.count--
    if (slots.length > keptWhenEmpty && this.count < slots.length >>> 2) this.shrink()
    return value
  }

  /** Takes the first `count` values out, or all where there are fewer, in a new array. */
  shiftMany(count: number): T[] {
    const taken = this.firstOnes(count)
    this.drop(taken.length)
    return taken
  }

  /** Lets go of the first `count` values, or of all where there are fewer. */
  drop(count: number): void {
    const { slots, head } = this
    const dropped = Math.min(count, this.count)
    const end = head + dropped
    if (end <= slots.length) slots.fill(undefined, head, end)
    else {
      slots.fill(undefined, head)
      slots.fill(undefined, 0, end - slots.length)
    }
    this.head = end & this.mask
    this.count -= dropped
    if (slots.length > keptWhenEmpty && this.count < slots.length >>> 2) this.shrink()
  }

  /** The first value, which stays; `undefined` where there is none. */
  peek(): T | undefined {
    return this.slots[this.head]
  }

  /** The value that `index` others stand before; `undefined` where there is none. */
  at(index: number): T | undefined {
    return index >= 0 && index < this.count ? this.slots[(this.head + index) & this.mask] : undefined
  }

  /** Lets go of everything, its memory too. */
  clear(): void {
    this.slots = []
    this.head = 0
    this.count = 0
    this.mask = -1
  }

  /** A copy of the first `count` values, or of all where there are fewer. */
  private firstOnes(count: number): T[] {
    const { slots, head } = this
    const end = head + Math.min(count, this.count)
    const values =
      end <= slots.length ? slots.slice(head, end) : slots.slice(head).concat(slots.slice(0, end & this.mask))
    return values as T[]
  }

  /** Makes room for `needed` values, which are more than there are slots. */
  private grow(needed: number): void {
    const { slots } = this
    let capacity = Math.max(smallest, slots.length)
    while (capacity < needed) capacity *= 2
    // The values that stand before `head`, for want of slots behind it, move to where the ring now goes on.
    const wrapped = this.head + this.count - slots.length
    for (let index = 0; index < wrapped; index++) {
      slots.push(slots[index])
      slots[index] = undefined
    }
    // One by one, for an array made with a length has holes, and beyond some millions is a hash table.
    while (slots.length < capacity) slots.push(undefined)
    this.mask = capacity - 1
  }

  /** Moves to fewer slots: twice as many as are needed now, so that the next shrinking or growing is far off. */
  private shrink(): void {
    const slots: (T | undefined)[] = this.firstOnes(this.count)
    let capacity = keptWhenEmpty
    while (capacity < 2 * this.count) capacity *= 2
    while (slots.length < capacity) slots.push(undefined)
    this.slots = slots
    this.head = 0
    this.mask = capacity - 1
  }
}
