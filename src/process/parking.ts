import type { Continuation, Progress } from './behaviour.ts'

/** A process, as far as its parking needs to know it. */
interface Parked {
  /** Whether an exit signal ends the process in this turn: then no further continuation runs. */
  readonly isKilled: boolean
  /** The promise that it waits for has settled, and `resume` is due. */
  onSettled(): void
}

/**
 * Wakes a process when the promise that it waits for settles.
 *
 * It is reused for one promise after the other. If the process gives up a promise, the waker stays with that promise.
 */
class Waker {
  readonly resolved: (value: unknown) => void
  readonly rejected: (error: unknown) => void

  constructor(parking: Parking) {
    this.resolved = (value) => parking.settle(this, 'resolved', value)
    this.rejected = (error) => parking.settle(this, 'rejected', error)
  }
}

/**
 * The promise that a process waits for, and the work that remains to be done after it.
 *
 * ```text
 *            wait               settle              resume
 *   running ──────> waiting ───────────> settled ──────────> running
 *      └────────────────── yield ──────────^
 * ```
 */
export class Parking {
  /** When the process last began to wait, in milliseconds on the runtime's clock. */
  since = 0
  private readonly process: Parked
  /** Belongs to the promise waited for; undefined unless the process is parked. */
  private waker: Waker | undefined
  /** A waker that is not in use, for the next promise. */
  private spareWaker: Waker | undefined
  /** How the promise settled; set when it does, and cleared when the process resumes. */
  private settled: 'resolved' | 'rejected' | undefined
  /** The value of the promise, or its error. */
  private outcome: unknown
  /** The work that remains once the promise has settled, innermost first. */
  private continuations: Continuation[] = []

  constructor(process: Parked) {
    this.process = process
  }

  /** Whether a promise is pending. */
  get isParked(): boolean {
    return this.waker !== undefined
  }

  /** Whether `resume` is due. */
  get isSettled(): boolean {
    return this.settled !== undefined
  }

  /** Waits for a promise; `next` receives its value. */
  wait(promise: PromiseLike<unknown>, next: Continuation, now: number): void {
    const waker = this.spareWaker ?? new Waker(this)
    this.spareWaker = undefined
    this.waker = waker
    this.since = now
    this.continuations.push(next)
    Promise.resolve(promise).then(waker.resolved, waker.rejected)
  }

  /** Resumes in the process's next turn, without a promise. */
  yield(next: Continuation): void {
    this.continuations.push(next)
    this.settled = 'resolved'
    this.outcome = undefined
  }

  /** Resumes in the process's next turn as if the promise had rejected with this error. */
  fail(error: unknown): void {
    this.waker = undefined
    this.settled = 'rejected'
    this.outcome = error
  }

  /** Adds work to do after all that remains. */
  add(next: Continuation): void {
    this.continuations.push(next)
  }

  /** Drops all work that remains. */
  dropContinuations(): void {
    this.continuations = []
  }

  /** Gives up the promise, and drops all work that remains. */
  clear(): void {
    this.waker = undefined
    this.continuations = []
  }

  /** The promise of a waker has settled. */
  settle(waker: Waker, settled: 'resolved' | 'rejected', outcome: unknown): void {
    // A process that was killed in the meantime has given the promise up: its outcome is dropped.
    if (this.waker !== waker) return
    this.waker = undefined
    this.spareWaker = waker
    this.settled = settled
    this.outcome = outcome
    this.process.onSettled()
  }

  /**
   * Does the work that remains.
   *
   * @throws The error of the promise, if it rejected.
   */
  resume(): Progress {
    const { settled, outcome, continuations } = this
    this.settled = undefined
    this.outcome = undefined
    if (settled === 'rejected') throw outcome
    const only = continuations.length === 1 ? continuations.pop() : undefined
    if (only !== undefined) return only(outcome)
    this.continuations = []
    for (let next = 0; next < continuations.length; next++) {
      const progress = (continuations[next] as Continuation)(outcome)
      if (progress === 'done' && !this.process.isKilled) continue
      // What the continuation itself left to do comes before what was left outside of it.
      if (progress === 'parked') for (const later of continuations.slice(next + 1)) this.continuations.push(later)
      return progress
    }
    return 'done'
  }
}
