import { Ring } from '../../base/collections/ring.ts'
import { emptyArray } from '../../base/empty-array.ts'
import { describeReason, TimeoutError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { allowsRetry, retryDelay } from '../../base/options/retry.ts'
import { signalOf } from '../../process/abort-signal.ts'
import type { Progress } from '../../process/behaviour.ts'
import { onAbort } from '../../process/host/on-abort.ts'
import { Message } from '../../process/message.ts'
import type { Process } from '../../process/process.ts'
import type { EachInspection } from '../../telemetry/inspection.ts'
import type { Upstream } from '../consuming/upstream.ts'
import { Admission } from './admission.ts'
import { Attempt, LimitedAttempt } from './attempt.ts'
import { Barriers } from './barriers.ts'
import { emitAttemptFailed, emitAttemptRetried, emitHandled, emitRateLimited, emitSkipped } from './each-telemetry.ts'
import { EventRun, type RunListener } from './event-run.ts'
import { RateGate } from './rate-gate.ts'
import { Releases } from './releases.ts'
import type { ValidEachOptions } from './valid-each-options.ts'
import { waitIn } from './wait-in.ts'

/** What the engine needs of the stage that it runs in. */
export interface EachStage {
  readonly process: Process
  /** Whether another event may begin: the consumers of a producer-consumer have demand. */
  readonly hasDemand: boolean
  /** Calls the user's `handleEvent`. */
  handleEvent(event: unknown, context: Attempt): unknown
  /**
   * Takes a result if that needs no turn of the process: nothing, or events that can be emitted at once.
   *
   * Called from a microtask, too. Returns `false`, and has done nothing, if a turn is needed.
   */
  acceptResult(result: unknown): boolean
  /** Acts on a result, in a turn. */
  applyResult(result: unknown): Progress
  /** The first attempt of an event begins. */
  eventBegun(): void
  /** An event of a subscription is done, and may earn new demand. Returns whether the stage needs a turn after it. */
  eventDone(source: Upstream): boolean
}

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
  /** How many attempts are running. */
  private running = 0
  /** Runs whose results need a turn, and those that are released after them. */
  private readonly finished = new Ring<EventRun>()
  /** Runs whose attempt has timed out, until the next turn. */
  private readonly expired = new Ring<EventRun>()
  private readonly barriers = new Barriers()
  /** All runs, of which `spares` are in no use. There are never more than events were in the engine at a time. */
  private readonly runs: EventRun[] = []
  private readonly spares: EventRun[] = []
  /** Events that are in the engine, wherever. */
  size = 0
  /** Events that wait for the delay before their next attempt. */
  private retrying = 0
  /** Events that `onError` is called for; each takes a place, as a running one does. */
  private reacting = 0
  /** Attempts that were repeated, ever. */
  private retried = 0
  /** Events that were skipped, ever. */
  private skipped = 0
  /** Set when the stage fails because of an event: nothing begins any more, and what settles is dropped. */
  private hasFailed = false
  private isFilling = false
  private isTurnRequested = false

  constructor(stage: EachStage, options: ValidEachOptions) {
    const { process } = stage
    const { runtime } = process
    this.stage = stage
    this.options = options
    this.releases = new Releases(options.ordered)
    const gate =
      options.rate === undefined
        ? undefined
        : new RateGate<EventRun>(options.rate, {
            now: () => runtime.clock.now(),
            wait: (ms, run) => void waitIn(process, ms, run),
            onWait: (ms) => emitRateLimited(process, ms),
            onDue: () => this.requestTurn(),
          })
    if (options.timeout !== Number.POSITIVE_INFINITY) {
      onAbort(signalOf(process), (reason) => this.abortAll(reason))
    }
    this.admission = new Admission(options.orderBy, gate, () => {
      const run = this.spares.pop() ?? this.newRun()
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
      this.attemptFailed(run, this.timeoutError())
    }
    return this.applyFinished()
  }

  /** Whether all that its events wait for is demand. */
  get isBlocked(): boolean {
    return this.size > 0 && this.running + this.reacting === 0 && !this.stage.hasDemand
  }

  /** What it is doing, for a snapshot. */
  inspect(): EachInspection {
    const { admission, running, retrying, retried, skipped } = this
    return {
      concurrency: this.options.concurrency,
      running: running + this.reacting,
      queued: admission.queued,
      waitingForKey: admission.waitingForKey,
      waitingForRate: admission.waitingForRate,
      waitingForRetry: retrying + this.expired.length,
      waitingForOrder: this.releases.countWaiting() + this.finished.length,
      oldest: this.oldest(),
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
    const { running, reacting, options, stage } = this
    return running + reacting < options.concurrency && this.isLive() && stage.hasDemand
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
      this.attemptFailed(run, error)
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
    this.attemptFailed(run, error)
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

  /** The stage has ended: aborts the signals of its attempts. */
  private abortAll(reason: unknown): void {
    for (const { current } of this.runs) if (current instanceof LimitedAttempt) current.abort(reason)
  }

  private timeoutError(): TimeoutError {
    return new TimeoutError(`handleEvent of ${this.stage.process.label}`, this.options.timeout)
  }

  private attemptFailed(run: EventRun, error: unknown): void {
    const { retry, onError } = this.options
    const { process } = this.stage
    emitAttemptFailed(process, run, error)
    try {
      if (retry !== undefined && allowsRetry(retry, run.attempt, error)) {
        this.repeat(
          run,
          retryDelay(retry, run.attempt, () => process.runtime.nextRandom()),
        )
      } else if (onError === 'fail') {
        this.fail(error)
      } else if (onError === 'skip') {
        const attempts = run.attempt === 1 ? '1 attempt' : `${run.attempt} attempts`
        process.runtime.log('warn', `${process.label} skipped an event after ${attempts}: ${describeReason(error)}`, {
          process: process.id,
          error,
        })
        this.skip(run, error)
      } else {
        this.react(run, error, onError(error, run.event))
      }
    } catch (mistake) {
      this.fail(mistake)
    }
  }

  private repeat(run: EventRun, delay: number): void {
    run.attempt++
    this.retried++
    this.retrying++
    emitAttemptRetried(this.stage.process, run, delay)
    waitIn(this.stage.process, delay, () => {
      this.retrying--
      this.admission.addRetry(run)
      this.requestTurn()
    })
  }

  /** Waits for what `onError` returned; the event keeps its place until then. */
  private react(run: EventRun, error: unknown, reaction: unknown): void {
    if (!isThenable(reaction)) {
      this.skip(run, error)
      return
    }
    this.reacting++
    Promise.resolve(reaction).then(
      () => {
        if (!this.isLive()) return
        this.reacting--
        this.skip(run, error)
        this.beginAll()
      },
      (mistake: unknown) => {
        if (this.isLive()) this.fail(mistake)
      },
    )
  }

  private skip(run: EventRun, error: unknown): void {
    this.skipped++
    emitSkipped(this.stage.process, run, error)
    this.finish(run, emptyArray)
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
    run.clear()
    this.spares.push(run)
    this.size--
    source.inEngine--
    const needsTurn = this.stage.eventDone(source)
    if (needsTurn || (!this.barriers.isEmpty && this.barriers.eventDone(source, sequence))) this.requestTurn()
  }

  private newRun(): EventRun {
    const run = new EventRun(this)
    this.runs.push(run)
    return run
  }

  /** When the attempt began that has been running for the longest time. */
  private oldest(): number | null {
    let oldest: number | null = null
    for (const { current, startedAt } of this.runs) {
      if (current !== undefined && (oldest === null || startedAt < oldest)) oldest = startedAt
    }
    return oldest
  }

  private requestTurn(): void {
    if (this.isTurnRequested) return
    this.isTurnRequested = true
    this.stage.process.deliver(new Message('each', '', undefined, undefined))
  }
}
