import { emptyArray } from '../../base/empty-array.ts'
import { describeReason } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { allowsRetry, retryDelay } from '../../base/options/retry.ts'
import type { Process } from '../../process/process.ts'
import { emitAttemptFailed, emitAttemptRetried, emitSkipped } from './each-telemetry.ts'
import type { EventRun } from './event-run.ts'
import type { ValidEachOptions } from './valid-each-options.ts'
import { waitIn } from './wait-in.ts'

/** What is done with an event whose attempt has failed. */
interface FailureActions {
  /** The delay before the next attempt is over. */
  repeat(run: EventRun): void
  /** The event is skipped: it is done, with a result that has no events. */
  finish(run: EventRun, result: unknown): void
  /** Something has happened outside of a turn: other events may begin. */
  resume(): void
  /** The stage fails. */
  fail(error: unknown): void
  /** Whether the stage still takes what settles. */
  isLive(): boolean
}

/** Decides about events whose attempt has failed: another attempt, `onError`, or the failure of the stage. */
export class Failures {
  /** Events that wait for the delay before their next attempt. */
  retrying = 0
  /** Events that `onError` is being called for; each takes a place, as a running one does. */
  reacting = 0
  /** Total of attempts that were repeated. */
  retried = 0
  /** Total of events that were skipped. */
  skipped = 0
  private readonly process: Process
  private readonly options: ValidEachOptions
  private readonly actions: FailureActions

  constructor(process: Process, options: ValidEachOptions, actions: FailureActions) {
    this.process = process
    this.options = options
    this.actions = actions
  }

  /** An attempt has failed. */
  handle(run: EventRun, error: unknown): void {
    const { retry, onError } = this.options
    const { process } = this
    emitAttemptFailed(process, run, error)
    try {
      if (retry !== undefined && allowsRetry(retry, run.attempt, error)) {
        this.repeat(
          run,
          retryDelay(retry, run.attempt, () => process.runtime.nextRandom()),
        )
      } else if (onError === 'fail') {
        this.actions.fail(error)
      } else if (onError === 'skip') {
        this.logSkip(run, error)
        this.skip(run, error)
      } else {
        this.react(run, error, onError(error, run.event))
      }
    } catch (mistake) {
      this.actions.fail(mistake)
    }
  }

  private repeat(run: EventRun, delay: number): void {
    run.attempt++
    this.retried++
    this.retrying++
    emitAttemptRetried(this.process, run, delay)
    waitIn(this.process, delay, () => {
      this.retrying--
      this.actions.repeat(run)
    })
  }

  /** Waits for the result of `onError`; the event keeps its place until then. */
  private react(run: EventRun, error: unknown, reaction: unknown): void {
    if (!isThenable(reaction)) {
      this.skip(run, error)
      return
    }
    this.reacting++
    Promise.resolve(reaction).then(
      () => {
        if (!this.actions.isLive()) return
        this.reacting--
        this.skip(run, error)
        this.actions.resume()
      },
      (mistake: unknown) => {
        if (this.actions.isLive()) this.actions.fail(mistake)
      },
    )
  }

  private skip(run: EventRun, error: unknown): void {
    this.skipped++
    emitSkipped(this.process, run, error)
    this.actions.finish(run, emptyArray)
  }

  private logSkip({ attempt }: EventRun, error: unknown): void {
    const { process } = this
    const attempts = attempt === 1 ? '1 attempt' : `${attempt} attempts`
    process.runtime.log('warn', `${process.label} skipped an event after ${attempts}: ${describeReason(error)}`, {
      process: process.id,
      error,
    })
  }
}
