import type { EventRun } from './event-run.ts'

/** The events that are being handled, in the order in which their attempts began. */
export class RunningList {
  /** The one that began first. */
  oldest: EventRun | undefined
  private newest: EventRun | undefined
  size = 0

  add(run: EventRun): void {
    run.earlier = this.newest
    if (this.newest === undefined) this.oldest = run
    else this.newest.later = run
    this.newest = run
    this.size++
  }

  remove(run: EventRun): void {
    const { earlier, later } = run
    if (earlier === undefined) this.oldest = later
    else earlier.later = later
    if (later === undefined) this.newest = earlier
    else later.earlier = earlier
    run.earlier = undefined
    run.later = undefined
    this.size--
  }
}
