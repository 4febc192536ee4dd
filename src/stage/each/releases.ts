import { Ring } from '../../base/collections/ring.ts'
import type { EventRun } from './event-run.ts'

/**
 * Puts results into the order in which they are released: that of their events, or that in which they are ready.
 */
export class Releases {
  /** All runs that are not released, in the order of their events; undefined unless that order counts. */
  private readonly order: Ring<EventRun> | undefined

  constructor(ordered: boolean) {
    this.order = ordered ? new Ring<EventRun>() : undefined
  }

  /** A run has been made for the next event. */
  begin(run: EventRun): void {
    this.order?.push(run)
  }

  /** A run is done. Calls `release` for it, and for all that waited for it, or leaves it waiting for earlier ones. */
  done(run: EventRun, release: (run: EventRun) => void): void {
    run.isDone = true
    const { order } = this
    if (order === undefined) {
      release(run)
      return
    }
    for (let first = order.peek(); first?.isDone === true; first = order.peek()) {
      order.shift()
      release(first)
    }
  }

  /** How many are done and wait for earlier ones. */
  countWaiting(): number {
    const { order } = this
    let count = 0
    if (order !== undefined) for (let index = 0; index < order.length; index++) if (order.at(index)?.isDone) count++
    return count
  }
}
