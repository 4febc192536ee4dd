import { Ring } from '../../base/collections/ring.ts'
import { TimeoutError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { signalOf } from '../../process/abort-signal.ts'
import type { Progress } from '../../process/behaviour.ts'
import { onAbort } from '../../process/host/on-abort.ts'
import { Message } from '../../process/message.ts'
import type { EachInspection } from '../../telemetry/inspection.ts'
import type { Upstream } from '../consuming/upstream.ts'
import { Admission } from './admission.ts'
import { Attempt, LimitedAttempt } from './attempt.ts'
import { Barriers } from './barriers.ts'
import type { EachStage } from './each-stage.ts'
import { emitHandled } from './each-telemetry.ts'
import type { EventRun, RunListener } from './event-run.ts'
import { Failures } from './failures.ts'
import { gateIn } from './gate-in.ts'
import { Releases } from './releases.ts'
import { RunPool } from './run-pool.ts'
import type { ValidEachOptions } from './valid-each-options.ts'
import { waitIn } from './wait-in.ts'

/**
 * Handles events one by one, up to `concurrency` at the same time.
 *
 * ```text
 *   add ──> Admission ──> running ──> done ──> Releases ──> acceptResult, eventDone
 *             ^             │  ^
 *             │   a delay   │  │ the next one, in the same microtask
 *             └──  failed <─┴──┘
 * ```
 *
 * It runs beside the turns of its process: when an attempt settles, the next event begins in the same microtask. What
 * needs a turn (a stop, very many events, the user's `onError` after a timeout, whatever waits for events before it) is
 * left for one, which the process gets by the message `'each'` to itself.
 */
export class EachEngine implements RunListener {
  private readonly stage: EachStage
  private readonly options: ValidEachOptions
  private readonly admission: Admission
  private readonly releases: Releases
  private readonly failures: Failures
  /** How many attempts are running. */
  private running = 0
  /** Runs whose results need a turn, and those that are released after them. */
  private readonly finished = new Ring<EventRun>()
  /** Runs whose attempt has timed out, until the next turn. */
  private readonly expired = new Ring<EventRun>()
  private readonly barriers = new Barriers()
  private readonly runs = new RunPool(this)
  /** Events that are in the engine, wherever. */
  size = 0
  /** Set when the stage fails because of an event: nothing begins any more, and what settles is dropped. */
  private hasFailed = false
  private isFilling = false
  private isTurnRequested = false

  constructor(stage: EachStage, options: ValidEachOptions) {
    const { process } = stage
    this.stage = stage
    this.options = options
    this.releases = new Releases(options.ordered)
    this.failures = new Failures(process, options, {
      repeat: (run) => {
        this.admission.addRetry(run)
        this.requestTurn()
      },
      finish: (run, result) => this.finish(run, result),
      resume: () => this.beginAll(),
      fail: (error) => this.fail(error),
      isLive: () => this.isLive(),
    })
    const gate = options.rate && gateIn(process, options.rate, () => this.requestTurn())
    if (options.timeout !== Number.POSITIVE_INFINITY) {
      onAbort(signalOf(process), (reason) => this.runs.abortAll(reason))
    }
    this.admission = new Admission(options.orderBy, gate, () => {
      const run = this.runs.take()
      this.releases.begin(run)
      return run
    })
  }

  /** Adds a delivery, in a turn, and begins as many of its events as may run. */
  add(source: Upstream, events: readonly unknown[]): Progress {
    this.admission.add(source, events)
    this.size += events.length
    source.inEngine += events.length
    return this.fill()
  }

  /** Begins as many events as may run, in a turn: there is new demand. */
  fill(): Progress {
    this.beginAll()
    return 'done'
  }

  /**
   * Runs `action` once all events that are here now are done, or those of one subscription; at once if there is none.
   *
   * Events that come later do not delay it. It runs in a turn.
   */
  afterEvents(source: Upstream | undefined, action: () => Progress): Progress {
    const left = source === undefined ? this.size : source.inEngine
    if (left === 0) return action()
    this.barriers.add(source, this.admission.total, left, action)
    return 'done'
  }

  /** The process has got the turn that was requested. */
  onTurn(): Progress {
    this.isTurnRequested = false
    for (let run = this.expired.shift(); run !== undefined; run = this.expired.shift()) {
      this.failures.handle(run, this.timeoutError())
    }
    return this.applyFinished()
  }

  /** Whether all that its events wait for is demand. */
  get isBlocked(): boolean {
    return this.size > 0 && this.running + this.failures.reacting === 0 && !this.stage.hasDemand
  }

  /** What it is doing, for a snapshot. */
  inspect(): EachInspection {
    const { admission, running, failures } = this
    const { retrying, reacting, retried, skipped } = failures
    return {
      concurrency: this.options.concurrency,
      running: running + reacting,
      queued: admission.queued,
      waitingForKey: admission.waitingForKey,
      waitingForRate: admission.waitingForRate,
      waitingForRetry: retrying + this.expired.length,
      waitingForOrder: this.releases.countWaiting() + this.finished.length,
      oldest: this.runs.oldest(),
      retried,
      skipped,
    }
  }

  // ── Beginning ─────────────────────────────────────────────────────────────────────────────────────────────────

  private beginAll(): void {
    if (this.isFilling) return
    this.isFilling = true
    const { process } = this.stage
    try {
      while (this.mayBegin()) {
        const run = this.admission.next()
        if (run === undefined) break
        this.begin(run)
        if (process.useBudget(1)) {
          this.requestTurn()
          break
        }
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.isFilling = false
    }
  }

  private mayBegin(): boolean {
    const { running, failures, options, stage } = this
    return running + failures.reacting < options.concurrency && this.isLive() && stage.hasDemand
  }

  private begin(run: EventRun): void {
    const { stage, options } = this
    const { process } = stage
    run.startedAt = process.runtime.telemetry.hasListeners
      ? process.runtime.clock.now()
      : process.runtime.scheduler.cachedNow()
    const { handle } = run.source as Upstream
    if (options.timeout === Number.POSITIVE_INFINITY) {
      run.current = new Attempt(process, run.attempt, handle)
    } else {
      run.current = new LimitedAttempt(process, run.attempt, handle)
      run.deadline = waitIn(process, options.timeout, () => this.expire(run))
    }
    this.running++
    if (run.attempt === 1) stage.eventBegun()
    process.callback = 'handleEvent'
    let result: unknown
    try {
      result = stage.handleEvent(run.event, run.current)
    } catch (error) {
      this.endAttempt(run, error)
      this.failures.handle(run, error)
      return
    }
    if (isThenable(result)) {
      run.follow(result)
    } else {
      this.endAttempt(run, undefined)
      this.finish(run, result)
    }
  }

  // ── Settling ──────────────────────────────────────────────────────────────────────────────────────────────────

  onResolved(run: EventRun, result: unknown): void {
    if (!this.isLive()) return
    this.endAttempt(run, undefined)
    try {
      this.finish(run, result)
    } catch (error) {
      this.fail(error)
    }
    this.beginAll()
  }

  onRejected(run: EventRun, error: unknown): void {
    if (!this.isLive()) return
    this.endAttempt(run, error)
    this.failures.handle(run, error)
    this.beginAll()
  }

  /** Whether the stage still takes what settles: it neither has failed nor is about to end. */
  private isLive(): boolean {
    const { process } = this.stage
    return !this.hasFailed && process.status === 'alive' && !process.isKilled && process.stopCause === undefined
  }

  private endAttempt(run: EventRun, error: unknown): void {
    this.running--
    if (run.deadline !== undefined) {
      run.deadline.cancel()
      run.deadline = undefined
    }
    run.current = undefined
    if (this.stage.process.runtime.telemetry.hasListeners) emitHandled(this.stage.process, run, error)
  }

  /** The time of an attempt is over. A timer runs outside of the stage's context, so what follows waits for a turn. */
  private expire(run: EventRun): void {
    const { current } = run
    const error = this.timeoutError()
    run.abandon()
    this.endAttempt(run, error)
    this.expired.push(run)
    this.requestTurn()
    if (current instanceof LimitedAttempt) current.abort(error)
  }

  private timeoutError(): TimeoutError {
    return new TimeoutError(`handleEvent of ${this.stage.process.label}`, this.options.timeout)
  }

  /** The stage fails, once: what still runs is aborted when it ends, and what that returns is dropped. */
  private fail(error: unknown): void {
    if (this.hasFailed) return
    this.hasFailed = true
    this.stage.process.fail(error)
  }

  // ── Releasing ─────────────────────────────────────────────────────────────────────────────────────────────────

  private finish(run: EventRun, result: unknown): void {
    run.result = result
    this.admission.leaveKey(run)
    this.releases.done(run, this.release)
  }

  private readonly release = (run: EventRun): void => {
    if (this.finished.length === 0 && this.stage.acceptResult(run.result)) {
      this.leave(run)
    } else {
      this.finished.push(run)
      this.requestTurn()
    }
  }

  /** Acts on the results that need a turn, then on what waited for events, then begins what may run. */
  private applyFinished(): Progress {
    const { finished, barriers } = this
    const { process } = this.stage
    for (let run = finished.peek(); run !== undefined; run = finished.peek()) {
      const progress = this.stage.applyResult(run.result)
      finished.shift()
      this.leave(run)
      if (progress !== 'done') return process.afterwards(progress, () => this.applyFinished())
    }
    for (let action = barriers.due.shift(); action !== undefined; action = barriers.due.shift()) {
      const progress = action()
      if (progress !== 'done') return process.afterwards(progress, () => this.applyFinished())
    }
    return this.fill()
  }

  /** An event is done, and leaves the engine. */
  private leave(run: EventRun): void {
    const { sequence } = run
    const source = run.source as Upstream
    this.runs.giveBack(run)
    this.size--
    source.inEngine--
    const needsTurn = this.stage.eventDone(source)
    if (needsTurn || (!this.barriers.isEmpty && this.barriers.eventDone(source, sequence))) this.requestTurn()
  }

  private requestTurn(): void {
    if (this.isTurnRequested) return
    this.isTurnRequested = true
    this.stage.process.deliver(new Message('each', '', undefined, undefined))
  }
}
