import type { ProcessRuntime } from '../../process/runtime.ts'

/**
 * Demand that a stage has sent upstream and that no event has met, and the total time during which it was above 0.
 *
 * The time counts only while somebody observes: two looks at the clock for each event are too much for the others.
 */
export class OpenDemand {
  private readonly runtime: ProcessRuntime
  /** Whether the time counts: there is some, and it was not found to be void. */
  private isOpen = false
  /** How much there is, in events. */
  open = 0
  /** When it was last 0, if that was while time was counted; else some time before. */
  private since = 0
  /** Total of the stretches that are over, in milliseconds. */
  private counted = 0

  constructor(runtime: ProcessRuntime) {
    this.runtime = runtime
  }

  /** More demand has come. */
  add(demand: number): void {
    if (demand === 0) return
    this.open += demand
    if (this.isOpen) return
    this.isOpen = true
    if (this.runtime.telemetry.isTimed) this.since = this.runtime.clock.now()
  }

  /** So many events have met it, or more. */
  meet(events: number): void {
    if (this.open > events) {
      this.open -= events
      return
    }
    this.open = 0
    this.close()
  }

  /** No subscriber waits for it any more, whatever is still to come: that of one that has left, for instance. */
  close(): void {
    if (!this.isOpen) return
    if (this.runtime.telemetry.isTimed) this.keepTime(this.runtime.clock.now())
    this.isOpen = false
  }

  /** The total time during which demand was open, up to `now`, in milliseconds. */
  time(now: number): number {
    const { isTimed, timedSince } = this.runtime.telemetry
    return this.isOpen && isTimed ? this.counted + now - Math.max(this.since, timedSince) : this.counted
  }

  /** Keeps what was counted: the stretch is over, or time is about to be counted no longer. */
  keepTime(now: number): void {
    this.counted = this.time(now)
    this.since = now
  }
}
