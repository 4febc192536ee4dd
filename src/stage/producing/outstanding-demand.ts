import type { ProcessRuntime } from '../../process/runtime.ts'

/**
 * The demand that a stage has sent upstream and that no event has met, and the total time during which it was above 0.
 *
 * Time is measured only while an observer is attached, because it takes two readings of the clock per event.
 */
export class OutstandingDemand {
  private readonly runtime: ProcessRuntime
  /** Whether time is counted: there is open demand, and `close` was not called since. */
  private isOpen = false
  /** The open demand, in events. */
  open = 0
  /** When it rose above 0, if time was measured then; otherwise any earlier time. */
  private since = 0
  /** Total of the periods that are over, in milliseconds. */
  private counted = 0

  constructor(runtime: ProcessRuntime) {
    this.runtime = runtime
  }

  /** Adds demand. */
  add(demand: number): void {
    if (demand === 0) return
    this.open += demand
    if (this.isOpen) return
    this.isOpen = true
    if (this.runtime.telemetry.isTimed) this.since = this.runtime.clock.now()
  }

  /** So many events have arrived; there may be more of them than demand. */
  meet(events: number): void {
    if (this.open > events) {
      this.open -= events
      return
    }
    this.open = 0
    this.close()
  }

  /** Stops counting time: no subscriber waits for the open demand any more, because it was cancelled, for instance. */
  close(): void {
    if (!this.isOpen) return
    if (this.runtime.telemetry.isTimed) this.keepTime(this.runtime.clock.now())
    this.isOpen = false
  }

  /** Returns the total time during which demand was open, up to `now`, in milliseconds. */
  time(now: number): number {
    const { isTimed, timedSince } = this.runtime.telemetry
    return this.isOpen && isTimed ? this.counted + now - Math.max(this.since, timedSince) : this.counted
  }

  /** Adds the current period to the total: it is over, or time is about to stop being measured. */
  keepTime(now: number): void {
    this.counted = this.time(now)
    this.since = now
  }
}
