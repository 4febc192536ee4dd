/** Where time comes from. */
export interface Clock {
  /** Milliseconds; never goes back. */
  now(): number
  /** Runs once after `ms` milliseconds, at most 2³¹−1. `unref` has the program not wait for it, where that can be said. */
  setTimer(run: () => void, ms: number): { clear(): void; unref?(): void }
}

/** What platforms can wait for at most, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1

/** Something due at a time. */
export interface Deadline {
  /** Calls it off; nothing is left behind. */
  cancel(): void
}

/** State of one deadline. `place` ties it to its queue: where it stands in the heap, or -1 once it is not there. */
interface TimerEntry {
  due: number
  /** Among deadlines of one time, the earliest set is the first to run. */
  order: number
  place: number
  run: () => void
}

/**
 * The deadlines of a runtime, over one timer of the clock.
 *
 * A binary heap whose entries know their places, so that a deadline which is called off (nearly all are: they guard
 * calls that are answered) leaves the heap at once. The clock has a timer only while a deadline waits.
 */
export class Timers {
  private readonly clock: Clock
  private readonly heap: TimerEntry[] = []
  private order = 0
  private timer: { clear(): void } | undefined
  /** When `timer` fires; infinite while there is none. */
  private wakeAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** How many deadlines wait. */
  get size(): number {
    return this.heap.length
  }

  /** Runs once after `ms` milliseconds (`Infinity` for never). What runs must not throw. */
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
    this.takeOut(entry)
    // A timer that would wake for nothing is let go only with the last deadline: re-arming costs more than a wake-up.
    if (this.heap.length === 0) this.rearm()
  }

  private takeOut(entry: TimerEntry): void {
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
    // Platforms may fire a fraction of a millisecond early; what is due within it counts as due.
    for (let first = this.heap[0]; first !== undefined && first.due <= now + 0.5; first = this.heap[0]) {
      this.takeOut(first)
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
