import { Ring } from '../base/collections/ring.ts'

/**
 * Counts restarts within a period, to distinguish a stage that fails now and then from one that cannot run at all.
 *
 * Pure: the time is an argument.
 */
export class RestartIntensity {
  private readonly maxRestarts: number
  private readonly period: number
  /** The times of the restarts that still count, the earliest first. */
  private readonly times = new Ring<number>()

  /**
   * @param maxRestarts How many restarts are allowed: at least 0.
   * @param maxSeconds The period, in seconds.
   */
  constructor(maxRestarts: number, maxSeconds: number) {
    this.maxRestarts = maxRestarts
    this.period = maxSeconds * 1_000
  }

  /** Counts a restart at `now`, in milliseconds. Returns whether it is allowed. */
  add(now: number): boolean {
    const { times, period } = this
    times.push(now)
    for (let first = times.at(0); first !== undefined && first < now - period; first = times.at(0)) times.shift()
    return times.length <= this.maxRestarts
  }
}
