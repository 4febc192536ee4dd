import { Ring } from '../../base/collections/ring.ts'

/** How many entries a mailbox has slots for, once it holds one. */
const FEWEST = 8
/** The most entries that it keeps in slots, a power of two: no move touches more of them than this. */
const MOST = 512
/** How many entries make a mailbox long. */
const LONG = 10_000

/**
 * The messages that a process has not begun to handle, in the order in which they arrived.
 *
 * An entry is a pair: a target, and what was sent to it. Without a target, what was sent is a `Message`. Otherwise
 * the target is an object of the receiver itself, which it has given to the sender: see `Behaviour.receiveDirect`. So an
 * ask or a batch of events, of which almost all traffic consists, costs neither an object nor a look-up; and because both
 * are entries of one queue, they arrive in the order in which they were sent.
 *
 * ```text
 *   slots   [ target | body |   |   | target | body ]     then what does not fit: overflow
 *                             ^       ^
 *                             end     head
 * ```
 */
export class Mailbox {
  /** Two slots for each entry, used as a ring; `undefined` where there is no entry, and for an entry without a target. */
  private slots: unknown[] = []
  /** The index of the target of the first entry: an even number. */
  private head = 0
  /** How many entries there are, in the slots and in the overflow. A field, because it is read for each of them. */
  length = 0
  /** Wraps an index around the end of the slots: `slots.length - 1`. */
  private mask = -1
  /** How many entries `slots` may hold before the next one needs other room; 0 while there is an overflow. */
  private room = 0
  /** The entries that came when `MOST` were in the slots, target by body; undefined while there are none. */
  private overflow: Ring<unknown> | undefined
  /** How many entries there are in the overflow. While there are any, there is one in the slots, too. */
  private overflowLength = 0
  /** Called when the mailbox becomes long, with the number of entries; undefined afterwards. */
  private onLong: ((length: number) => void) | undefined

  constructor(onLong?: (length: number) => void) {
    this.onLong = onLong
  }

  /** Adds an entry at the end. */
  push(target: object | undefined, body: unknown): void {
    if (this.length >= this.room) this.pushElsewhere(target, body)
    else {
      const { slots } = this
      const end = (this.head + 2 * this.length) & this.mask
      slots[end] = target
      slots[end + 1] = body
      this.length++
    }
  }

  /** The target of the first entry; `undefined` if that is a message, or if there is no entry. */
  get nextTarget(): object | undefined {
    return this.slots[this.head] as object | undefined
  }

  /** Takes the first entry out, and returns what was sent: to `nextTarget`, which must be read before. */
  shift(): unknown {
    const { slots, head } = this
    if (this.length === 0) return undefined
    const body = slots[head + 1]
    slots[head] = undefined
    slots[head + 1] = undefined
    this.head = (head + 2) & this.mask
    this.length--
    if (this.length === this.overflowLength && this.overflow !== undefined) this.takeOverflow(this.overflow)
    return body
  }

  /** Calls a function with each entry, in order. */
  forEach(visit: (target: object | undefined, body: unknown) => void): void {
    const { slots, head, mask, overflow } = this
    const inSlots = this.length - this.overflowLength
    for (let index = 0; index < inSlots; index++) {
      const at = (head + 2 * index) & mask
      visit(slots[at] as object | undefined, slots[at + 1])
    }
    for (let index = 0; overflow !== undefined && index < overflow.length; index += 2) {
      visit(overflow.at(index) as object | undefined, overflow.at(index + 1))
    }
  }

  /** Removes all entries, and frees the memory. */
  clear(): void {
    this.slots = []
    this.head = 0
    this.length = 0
    this.mask = -1
    this.room = 0
    this.overflow = undefined
    this.overflowLength = 0
  }

  /** Adds an entry for which there are no slots: makes more of them, or adds it to the overflow. */
  private pushElsewhere(target: object | undefined, body: unknown): void {
    if (this.overflow === undefined && this.length < MOST) {
      this.grow()
      this.push(target, body)
    } else {
      this.overflow ??= new Ring<unknown>()
      this.overflow.push(target)
      this.overflow.push(body)
      this.overflowLength++
      this.length++
      this.room = 0
      if (this.length >= LONG) this.reportLong()
    }
  }

  private reportLong(): void {
    const { onLong } = this
    this.onLong = undefined
    onLong?.(this.length)
  }

  private grow(): void {
    const grown: unknown[] = []
    this.forEach((target, body) => void grown.push(target, body))
    this.place(grown, Math.max(FEWEST, 2 * this.length))
  }

  /** The slots are empty: fills them from the overflow. */
  private takeOverflow(overflow: Ring<unknown>): void {
    const taken = overflow.shiftMany(2 * MOST)
    if (overflow.length === 0) this.overflow = undefined
    this.overflowLength = overflow.length / 2
    this.place(taken, MOST)
  }

  /** Uses an array of entries, from the first slot on, as the slots, of which it has `capacity` pairs. */
  private place(slots: unknown[], capacity: number): void {
    // One by one, because an array made with a length has holes.
    while (slots.length < 2 * capacity) slots.push(undefined)
    this.slots = slots
    this.head = 0
    this.mask = slots.length - 1
    this.room = this.overflow === undefined ? capacity : 0
  }
}
