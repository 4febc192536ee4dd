import { Ring } from '../base/ring.ts'

/**
 * Counts restarts within a time, to tell a stage that fails now and then from one that cannot run at all.
 *
 * Pure: it is handed the time.
 */
export class RestartIntensity {
  private readonly maxRestarts: number
  private readonly period: number
  /** When the restarts were that still count, the earliest first. */
  private readonly times = new Ring<number>()

  /**
   * @param maxRestarts How many are borne: at least 0.
   * @param maxSeconds Within how many seconds.
   */
  constructor(maxRestarts: number, maxSeconds: number) {
    this.maxRestarts = maxRestarts
    this.period = maxSeconds * 1_000
  }

  /** Counts a restart at `now`, in milliseconds; answers whether it is still borne. */
  add(now: number): boolean {
    const { times, period } = this
    times.push(now)
    for (let first = times.at(0); first !== undefined && first < now - period; first = times.at(0)) times.shift()
    return times.length <= this.maxRestarts
  }
}
