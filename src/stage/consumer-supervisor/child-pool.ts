import { ChurningMap } from '../../base/collections/churning.ts'
import { describeReason, StartIgnoredError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { type ExitCause, RestartLimitReached } from '../../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import { Message } from '../../process/message.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { expectDefinition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { RestartIntensity } from '../../supervisor/restart-intensity.ts'
import { type Shutdown, shutDown } from '../../supervisor/shutdown.ts'
import type { SupervisingInspection } from '../../telemetry/inspection.ts'
import type { Stop } from '../types/results.ts'
import type { From, Subscription } from '../types/subscription.ts'
import { ChildDemand } from './child-demand.ts'
import { countChildren, inspectChild, isUnfinished, type PoolChild, type PoolOrigin } from './pool-child.ts'

/** The options of a consumer supervisor that apply to its children. */
interface PoolOptions {
  readonly restart: 'temporary' | 'transient'
  readonly maxRestarts: number
  readonly maxSeconds: number
  readonly shutdown: Shutdown
}

/** The result of a start; `wasTerminated` if it failed because the child was terminated while it started. */
type StartOutcome = PoolChild | 'ignored' | { readonly error: unknown; readonly wasTerminated?: boolean }

/** The reply to `startChild`. */
export type StartReply = ProcessReference | 'ignored' | { readonly error: unknown }

/** A message of the supervisor to itself; a class, so that no other code can send one. */
class PoolMessage {
  readonly run: () => void | Stop

  constructor(run: () => void | Stop) {
    this.run = run
  }
}

/**
 * The children of a consumer supervisor: starts, restarts and terminates them.
 *
 * Its methods are the callbacks of a consumer in manual mode. None of them waits for a child, so that a child that is
 * slow to start or to exit does not block the others. Their results arrive later, as messages of the supervisor to
 * itself.
 */
export class ChildPool {
  private readonly process: Process
  private readonly createChild: (event: unknown) => Stage<ProcessRef>
  private readonly options: PoolOptions
  private readonly intensity: RestartIntensity
  private readonly children = new ChurningMap<ProcessReference, PoolChild>()
  /** Not `demand`: the pool is an object of callbacks, in which that is an option of producers. */
  private readonly childDemand: ChildDemand
  /** How many restarts there were since the supervisor started. */
  private restarts = 0
  /** Set when the supervisor drains: no child is restarted then. */
  private isFinishing = false
  /** Children that were not restarted because the supervisor drained. */
  private notRestarted = 0
  /** Children that were running when the supervisor terminated; undefined before. */
  private cutOff: number | undefined

  constructor(process: Process, createChild: (event: unknown) => Stage<ProcessRef>, options: PoolOptions) {
    this.process = process
    this.createChild = createChild
    this.options = options
    this.childDemand = new ChildDemand(process, (run) => this.sendSelf(run))
    this.intensity = new RestartIntensity(options.maxRestarts, options.maxSeconds)
  }

  /**
   * The events whose work is not done: of children that the supervisor's exit ends, and of those that failed in a
   * drain.
   */
  remainingEvents(): { readonly children: number; readonly failed: number } {
    return { children: this.cutOff ?? this.countUnfinished(), failed: this.notRestarted }
  }

  /** Children whose work is not done, except for those that `terminateChild` has terminated. */
  private countUnfinished(): number {
    return [...this.children.values()].filter(isUnfinished).length
  }

  /** Drains the supervisor: running children finish, and those that fail are not restarted. */
  finish(): void {
    this.isFinishing = true
  }

  /** Whether there are no children. */
  get isIdle(): boolean {
    return this.children.size === 0
  }

  // ── Callbacks ─────────────────────────────────────────────────────────────────────────────────────────────────

  handleSubscribe(_role: 'producer', options: { maxDemand: number; minDemand: number }, from: Subscription): 'manual' {
    this.childDemand.subscribe(from, options)
    return 'manual'
  }

  /** A subscription has ended. Its children continue, and occupy no places. */
  handleCancel(_reason: unknown, from: Subscription): void {
    this.childDemand.cancel(from)
  }

  /** Starts a child for each event. The places of those that fail at the same time are released together. */
  handleEvents(events: readonly unknown[], from: Subscription): void {
    let failed = 0
    for (const event of events) {
      const outcome = this.launch({ event, from })
      if (isThenable(outcome)) void outcome.then((late) => isFailure(late) && this.childDemand.releaseFailed(from))
      else if (isFailure(outcome)) failed++
    }
    this.childDemand.occupy(from, events.length)
    this.childDemand.release(from, failed)
  }

  handleInfo(message: unknown): void | Stop {
    if (message instanceof PoolMessage) return message.run()
    if (typeof message === 'object' && message !== null) {
      const { exit, reason } = message as { readonly exit?: ProcessReference; readonly reason: ExitReason }
      const child = exit === undefined ? undefined : this.children.get(exit)
      if (child !== undefined) return this.onExit(child, this.process.causeFor(reason))
    }
    this.process.runtime.log('warn', `${this.process.label} received an unknown message`, { message })
  }

  async terminate(): Promise<void> {
    const { process, options } = this
    this.cutOff = this.countUnfinished()
    const running = [...this.children.values()].filter(({ isRestarting }) => !isRestarting)
    for (const child of running) child.isTerminating = true
    const { stopCause } = process
    const because = stopCause === undefined || stopCause.isClean ? undefined : stopCause
    await Promise.all(running.map(({ reference }) => shutDown(process, reference, options.shutdown, because)))
  }

  /** The handlers of its calls. */
  readonly handleCall: object = {
    startChild: (event: unknown, from: From<StartReply>) => this.startByHand(event, from),
    terminateChild: (child: unknown, from: From<boolean>) => this.terminateChild(child, from),
    whichChildren: () => ({
      reply: [...this.children.values()].map(({ reference, isRestarting }) => ({
        ref: isRestarting ? 'restarting' : reference,
      })),
    }),
    countChildren: () => ({ reply: countChildren([...this.children.values()]) }),
  }

  inspect(): SupervisingInspection {
    const { restart } = this.options
    const children = Array.from(this.children.values(), (child) => inspectChild(child, restart))
    return { strategy: 'per-event', restarts: this.restarts, children }
  }

  // ── Starting ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts a child. Returns the outcome, or a promise of it if the child has a setup function to run.
   *
   * The child counts as running from here on. A child that fails to start sends no exit signal: it is removed here.
   */
  private launch(origin: PoolOrigin): StartOutcome | Promise<StartOutcome> {
    const { process } = this
    try {
      const definition = expectDefinition(this.createChild(origin.event))
      definition.claim()
      const { reference, started } = launchProcess(definition, process.runtime, { parent: process })
      const { event, from } = origin
      const child = { event, from, reference, kind: definition.kind, isRestarting: false, isTerminating: false }
      this.children.set(reference, child)
      if (definition.kind !== 'task')
        return started.then(
          () => child,
          (error: unknown) => this.failStart(child, error),
        )
      // A task counts as started, unless it is ended before its first turn.
      started.catch((error: unknown) => {
        this.failStart(child, error)
        if (child.from !== undefined) this.childDemand.releaseFailed(child.from)
      })
      return child
    } catch (error) {
      return this.reportFailedStart(error)
    }
  }

  private failStart(child: PoolChild, error: unknown): StartOutcome {
    this.children.delete(child.reference)
    return child.isTerminating ? { error, wasTerminated: true } : this.reportFailedStart(error)
  }

  private reportFailedStart(error: unknown): StartOutcome {
    if (error instanceof StartIgnoredError) return 'ignored'
    const { process } = this
    process.runtime.log('error', `${process.label} could not start a child: ${describeReason(error)}`, {
      process: process.id,
      reason: error,
    })
    return { error }
  }

  private startByHand(event: unknown, from: From<StartReply>): void {
    const reply = (outcome: StartOutcome): void => {
      from.reply(isFailure(outcome) ? outcome : outcome.reference)
    }
    const outcome = this.launch({ event, from: undefined })
    if (isThenable(outcome)) void outcome.then(reply)
    else reply(outcome)
  }

  // ── Ending ────────────────────────────────────────────────────────────────────────────────────────────────────

  private onExit(child: PoolChild, cause: ExitCause): void | Stop {
    if (this.options.restart === 'transient' && !isCleanExit(cause.reason) && !child.isTerminating) {
      return this.restart(child, cause)
    }
    this.remove(child)
  }

  /** Restarts a child, as a new process. If that fails it is tried again, which counts as another restart. */
  private restart(child: PoolChild, cause: ExitCause): void | Stop {
    const { process, options } = this
    if (this.isFinishing) {
      this.notRestarted++
      this.remove(child)
      return
    }
    if (!this.intensity.add(process.runtime.clock.now())) {
      this.remove(child)
      const limit = `more than ${options.maxRestarts} restarts within ${options.maxSeconds} seconds`
      return { stop: new RestartLimitReached(process.label, limit, cause) }
    }
    // From here on the new child has its place, even while it is being set up.
    this.children.delete(child.reference)
    const outcome = this.launch(child)
    if (isThenable(outcome)) {
      void outcome.then((settled) => this.sendSelf(() => this.afterRestart(child, settled, cause)))
    } else this.afterRestart(child, outcome, cause)
  }

  private afterRestart(child: PoolChild, outcome: StartOutcome, cause: ExitCause): void {
    if (!isFailure(outcome)) {
      this.emitRestarted(outcome, cause)
      return
    }
    if (outcome === 'ignored' || outcome.wasTerminated) {
      if (child.from !== undefined) this.childDemand.release(child.from, 1)
      return
    }
    child.isRestarting = true
    this.children.set(child.reference, child)
    this.sendSelf(() => (this.has(child) ? this.restart(child, cause) : undefined))
  }

  private emitRestarted({ reference }: PoolChild, { reason }: ExitCause): void {
    this.restarts++
    const { runtime, identity: supervisor } = this.process
    if (!runtime.telemetry.hasListener('process.restarted')) return
    const { id, identity: stage } = reference
    runtime.telemetry.execute(
      'process.restarted',
      { restarts: this.restarts },
      { supervisor, child: id, stage, reason },
    )
  }

  private terminateChild(target: unknown, from: From<boolean>): { readonly reply: boolean } | undefined {
    const child = this.children.get(target as ProcessReference)
    if (child === undefined) return { reply: false }
    if (child.isRestarting) {
      this.remove(child)
      return { reply: true }
    }
    child.isTerminating = true
    void shutDown(this.process, child.reference, this.options.shutdown, undefined).then(() =>
      this.sendSelf(() => {
        this.remove(child)
        from.reply(true)
      }),
    )
    return undefined
  }

  private has(child: PoolChild): boolean {
    return this.children.get(child.reference) === child
  }

  /** Removes a child that has exited, and releases its place. */
  private remove(child: PoolChild): void {
    if (!this.has(child)) return
    this.children.delete(child.reference)
    if (child.from !== undefined) this.childDemand.release(child.from, 1)
  }

  private sendSelf(run: () => void | Stop): void {
    this.process.deliver(new Message('message', '', undefined, new PoolMessage(run)))
  }
}

function isFailure(outcome: StartOutcome): outcome is Exclude<StartOutcome, PoolChild> {
  return outcome === 'ignored' || 'error' in outcome
}
