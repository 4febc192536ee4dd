/** Where time comes from. */
export interface Clock {
  /** The time in milliseconds. Never decreases. */
  now(): number
  /** Runs once after `ms` milliseconds, at most 2³¹−1. `unref` lets the program end before, if the platform can do that. */
  setTimer(run: () => void, ms: number): { clear(): void; unref?(): void }
}

/** The longest timer that platforms support, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1

/** Something that runs at a certain time. */
export interface Deadline {
  /** Cancels it, and frees all that it holds. */
  cancel(): void
}

/** The state of one deadline. `place` is its index in the heap, or -1 once it was removed. */
interface TimerEntry {
  due: number
  /** Of deadlines that are due at the same time, the one that was added first runs first. */
  order: number
  place: number
  run: () => void
}

/**
 * The deadlines of a runtime, with a single timer of its clock.
 *
 * A binary heap whose entries know their indexes, so that a deadline can be removed as soon as it is cancelled. Nearly all
 * are cancelled, because most calls have a reply in time. The clock has a timer only while there are deadlines.
 */
export class Timers {
  private readonly clock: Clock
  private readonly heap: TimerEntry[] = []
  private order = 0
  private timer: { clear(): void } | undefined
  /** When `timer` fires; infinite if there is no timer. */
  private wakeAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** How many deadlines there are. */
  get size(): number {
    return this.heap.length
  }

  /** Runs a function once after `ms` milliseconds, or never for `Infinity`. The function must not throw. */
  add(ms: number, run: () => void): Deadline {
    if (ms === Number.POSITIVE_INFINITY) return { cancel() {} }
    const entry: TimerEntry = { due: this.clock.now() + ms, order: this.order++, place: this.heap.length, run }
    this.heap.push(entry)
    this.siftUp(entry)
    this.rearm()
    return { cancel: () => this.remove(entry) }
  }

  private remove(entry: TimerEntry): void {
    if (entry.place < 0) return
    this.removeFromHeap(entry)
    // A timer that would fire for nothing is cleared only with the last deadline: rearming costs more than a wake-up.
    if (this.heap.length === 0) this.rearm()
  }

  private removeFromHeap(entry: TimerEntry): void {
    const { heap } = this
    const last = heap.pop() as TimerEntry
    if (last !== entry) {
      last.place = entry.place
      heap[last.place] = last
      this.siftUp(last)
      this.siftDown(last)
    }
    entry.place = -1
  }

  private rearm(): void {
    const first = this.heap[0]
    if (first === undefined) {
      this.timer?.clear()
      this.timer = undefined
      this.wakeAt = Number.POSITIVE_INFINITY
    } else if (first.due < this.wakeAt) {
      this.timer?.clear()
      const wait = Math.min(Math.max(first.due - this.clock.now(), 0), LONGEST_WAIT)
      this.wakeAt = first.due
      this.timer = this.clock.setTimer(this.runDue, wait)
    }
  }

  private readonly runDue = (): void => {
    this.timer = undefined
    this.wakeAt = Number.POSITIVE_INFINITY
    const now = this.clock.now()
    // Platforms may fire a fraction of a millisecond early, so a deadline within that time counts as due.
    for (let first = this.heap[0]; first !== undefined && first.due <= now + 0.5; first = this.heap[0]) {
      this.removeFromHeap(first)
      first.run()
    }
    this.rearm()
  }

  private siftUp(entry: TimerEntry): void {
    const { heap } = this
    while (entry.place > 0) {
      const parent = heap[(entry.place - 1) >> 1] as TimerEntry
      if (isBefore(parent, entry)) return
      this.swap(parent, entry)
    }
  }

  private siftDown(entry: TimerEntry): void {
    const { heap } = this
    for (;;) {
      const left = heap[2 * entry.place + 1]
      const right = heap[2 * entry.place + 2]
      if (left === undefined) return
      const child = right !== undefined && isBefore(right, left) ? right : left
      if (isBefore(entry, child)) return
      this.swap(entry, child)
    }
  }

  private swap(upper: TimerEntry, lower: TimerEntry): void {
    const { place } = upper
    upper.place = lower.place
    lower.place = place
    this.heap[upper.place] = upper
    this.heap[lower.place] = lower
  }
}

function isBefore(one: TimerEntry, other: TimerEntry): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order)
}
