import { LimitedAttempt } from './attempt.ts'
import { EventRun, type RunListener } from './event-run.ts'

/** The runs of an engine, which are reused. There are never more than there were events in the engine at one time. */
export class RunPool {
  private readonly listener: RunListener
  private readonly all: EventRun[] = []
  private readonly spares: EventRun[] = []

  constructor(listener: RunListener) {
    this.listener = listener
  }

  /** A run for another event. */
  take(): EventRun {
    const spare = this.spares.pop()
    if (spare !== undefined) return spare
    const run = new EventRun(this.listener)
    this.all.push(run)
    return run
  }

  /** The event of a run is done. */
  giveBack(run: EventRun): void {
    run.clear()
    this.spares.push(run)
  }

  /** When the attempt began that has been running for the longest time; `null` if none is running. */
  oldest(): number | null {
    let oldest: number | null = null
    for (const { current, startedAt } of this.all) {
      if (current !== undefined && (oldest === null || startedAt < oldest)) oldest = startedAt
    }
    return oldest
  }

  /** Aborts the signals of all attempts that have one of their own. */
  abortAll(reason: unknown): void {
    for (const { current } of this.all) if (current instanceof LimitedAttempt) current.abort(reason)
  }
}
