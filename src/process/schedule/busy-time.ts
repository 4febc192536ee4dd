/** Whether time is measured, and since when; telemetry implements it. */
interface TimeMeasurement {
  readonly isTimed: boolean
  /** When the measurement began, in milliseconds on the runtime's clock. */
  readonly timedSince: number
}

/**
 * The time that a process has spent handling messages, in milliseconds, including the promises that it waited for.
 *
 * Counts only while time is measured. Pure: the time is an argument.
 */
export class BusyTime {
  private readonly measurement: TimeMeasurement
  private total = 0

  constructor(measurement: TimeMeasurement) {
    this.measurement = measurement
  }

  /** Adds a turn that was timed. */
  addTurn(begun: number, now: number): void {
    this.total += now - begun
  }

  /** Adds the wait for a promise, as far as it was measured. */
  addWait(parkedSince: number, now: number): void {
    this.total += this.measured(parkedSince, now)
  }

  /** The total at `now`, with the wait that has begun at `parkedSince`; undefined if no promise is pending. */
  at(now: number, parkedSince: number | undefined): number {
    return parkedSince === undefined ? this.total : this.total + this.measured(parkedSince, now)
  }

  /** Adds the wait so far, before the measurement ends. */
  keep(now: number, parkedSince: number | undefined): void {
    this.total = this.at(now, parkedSince)
  }

  private measured(begun: number, now: number): number {
    const { isTimed, timedSince } = this.measurement
    return isTimed ? now - Math.max(begun, timedSince) : 0
  }
}
