import { describeReason, StartIgnoredError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { ShortLivedMap } from '../../base/short-lived.ts'
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
import type { ChildrenCount } from '../types/references.ts'
import type { Stop } from '../types/results.ts'
import type { From, Subscription } from '../types/subscription.ts'

/** What decides how children are treated. */
interface PoolOptions {
  readonly restart: 'temporary' | 'transient'
  readonly maxRestarts: number
  readonly maxSeconds: number
  readonly shutdown: Shutdown
}

/** Where a child comes from. */
interface PoolOrigin {
  readonly event: unknown
  /** The subscription it came by; undefined for a child started by hand, which counts for no producer. */
  readonly from: Subscription | undefined
}

/** A child that was started. When it is started again, that is another one. */
interface PoolChild extends PoolOrigin {
  readonly reference: ProcessReference
  readonly kind: string
  /** Whether it has ended, and starting it again has failed and is to be tried again. */
  isRestarting: boolean
  /** Whether it was told to end: then it is not started again. */
  isTerminating: boolean
}

/** Demand on one producer. */
interface PoolUpstream {
  readonly handle: Subscription
  /** Children that run for it. */
  count: number
  /** Children that have ended and whose place was not offered again yet: below `min`, but for a moment. */
  freed: number
  /** Children that could not be started, which a message under way to this stage is about to count as freed. */
  failed: number
  readonly min: number
  readonly max: number
}

/** How a start went; `wasTold` where it failed because the child was told to end meanwhile. */
type Outcome = PoolChild | 'ignored' | { readonly error: unknown; readonly wasTold?: boolean }

/** What starting a child by hand is answered. */
export type StartReply = ProcessReference | 'ignored' | { readonly error: unknown }

/** What the pool sends to itself; a class, so that nobody else can send it. */
class PoolMessage {
  readonly act: () => void | Stop

  constructor(act: () => void | Stop) {
    this.act = act
  }
}

/**
 * The children of a consumer supervisor, and the demand that their number allows.
 *
 * Its methods are the callbacks of a consumer in manual mode. None of them waits: starting and ending children goes on
 * beside, so that one that is slow to start or to end holds nobody back.
 */
export class ChildPool {
  private readonly process: Process
  private readonly makeChild: (event: unknown) => Stage<ProcessRef>
  private readonly options: PoolOptions
  private readonly intensity: RestartIntensity
  private readonly children = new ShortLivedMap<ProcessReference, PoolChild>()
  private readonly upstreams = new Map<string, PoolUpstream>()
  /** How often a child was started again, since the start. */
  private restarts = 0
  /** Set when the supervisor drains: no child is started again. */
  private isFinishing = false
  /** Children that would have been started again, and were not because the supervisor drained. */
  private givenUp = 0
  /** Children that were running when the supervisor ended; undefined before. */
  private cutOff: number | undefined

  constructor(process: Process, makeChild: (event: unknown) => Stage<ProcessRef>, options: PoolOptions) {
    this.process = process
    this.makeChild = makeChild
    this.options = options
    this.intensity = new RestartIntensity(options.maxRestarts, options.maxSeconds)
  }

  /** Events that came to nothing, once the supervisor has ended: of children that it cut off or did not start again. */
  held(): { readonly children: number; readonly failed: number } {
    return { children: this.cutOff ?? this.countUnfinished(), failed: this.givenUp }
  }

  /** Children whose work is not done; what was told to end by hand is as it was wanted. */
  private countUnfinished(): number {
    const isUnfinished = ({ reference, isRestarting, isTerminating }: PoolChild): boolean =>
      !isTerminating && (isRestarting || !reference.hasEnded)
    return [...this.children.values()].filter(isUnfinished).length
  }

  /** The supervisor drains: what runs is in flight and finishes, and what fails is not started again. */
  finish(): void {
    this.isFinishing = true
  }

  /** Whether it has no child. */
  get isIdle(): boolean {
    return this.children.size === 0
  }

  // ── Callbacks ─────────────────────────────────────────────────────────────────────────────────────────────────

  handleSubscribe(_role: 'producer', options: { maxDemand: number; minDemand: number }, from: Subscription): 'manual' {
    const { maxDemand: max, minDemand: min } = options
    this.upstreams.set(from.tag, { handle: from, count: 0, freed: 0, failed: 0, min, max })
    from.ask(options.maxDemand)
    return 'manual'
  }

  /** The producer is gone; its children go on, and count for nobody. */
  handleCancel(_reason: unknown, from: Subscription): void {
    this.upstreams.delete(from.tag)
  }

  /** Starts a child for each event. Places of those that fail at the same time are offered again together. */
  handleEvents(events: readonly unknown[], from: Subscription): void {
    let failed = 0
    for (const event of events) {
      const outcome = this.launch({ event, from })
      if (isThenable(outcome)) void outcome.then((late) => isFailure(late) && this.freeFailed(from))
      else if (isFailure(outcome)) failed++
    }
    this.take(from, events.length)
    this.free(from, failed)
  }

  handleInfo(message: unknown): void | Stop {
    if (message instanceof PoolMessage) return message.act()
    if (typeof message === 'object' && message !== null) {
      const { exit, reason } = message as { readonly exit?: ProcessReference; readonly reason: ExitReason }
      const child = exit === undefined ? undefined : this.children.get(exit)
      if (child !== undefined) return this.onExit(child, this.process.causeFor(reason))
    }
    this.process.runtime.log('warn', `${this.process.label} received a message that it does not know`, { message })
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
    countChildren: () => ({ reply: this.count() }),
  }

  inspect(): SupervisingInspection {
    const { restart } = this.options
    const children = Array.from(this.children.values(), ({ reference, kind, isRestarting }) => ({
      id: reference.id,
      process: isRestarting ? null : reference.id,
      kind,
      restart,
      state: isRestarting ? ('restarting' as const) : ('running' as const),
    }))
    return { strategy: 'per-event', restarts: this.restarts, children }
  }

  // ── Starting ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts a child; answers how that went, at once where it is known.
   *
   * A child counts as running from here on. One that fails to start sends no exit signal: it is taken out again.
   */
  private launch(origin: PoolOrigin): Outcome | Promise<Outcome> {
    const { process } = this
    try {
      const definition = expectDefinition(this.makeChild(origin.event))
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
      // A task is as good as started, unless it is ended before its first turn.
      started.catch((error: unknown) => {
        this.failStart(child, error)
        if (child.from !== undefined) this.freeFailed(child.from)
      })
      return child
    } catch (error) {
      return this.explainStart(error)
    }
  }

  private failStart(child: PoolChild, error: unknown): Outcome {
    this.children.delete(child.reference)
    return child.isTerminating ? { error, wasTold: true } : this.explainStart(error)
  }

  private explainStart(error: unknown): Outcome {
    if (error instanceof StartIgnoredError) return 'ignored'
    const { process } = this
    process.runtime.log('error', `${process.label} could not start a child: ${describeReason(error)}`, {
      process: process.id,
      reason: error,
    })
    return { error }
  }

  private startByHand(event: unknown, from: From<StartReply>): void {
    const reply = (outcome: Outcome): void => {
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

  /** Starts a child again, as a new process. If that fails it is tried again, which counts as another restart. */
  private restart(child: PoolChild, cause: ExitCause): void | Stop {
    const { process, options } = this
    if (this.isFinishing) {
      this.givenUp++
      this.remove(child)
      return
    }
    if (!this.intensity.add(process.runtime.clock.now())) {
      this.remove(child)
      const limit = `more than ${options.maxRestarts} restarts within ${options.maxSeconds} seconds`
      return { stop: new RestartLimitReached(process.label, limit, cause) }
    }
    // From here on the new one stands in its place, also while it is being set up.
    this.children.delete(child.reference)
    const outcome = this.launch(child)
    if (isThenable(outcome)) {
      void outcome.then((settled) => this.sendSelf(() => this.afterRestart(child, settled, cause)))
    } else this.afterRestart(child, outcome, cause)
  }

  private afterRestart(child: PoolChild, outcome: Outcome, cause: ExitCause): void {
    if (!isFailure(outcome)) {
      this.tellRestarted(outcome, cause)
      return
    }
    if (outcome === 'ignored' || outcome.wasTold) {
      if (child.from !== undefined) this.free(child.from, 1)
      return
    }
    child.isRestarting = true
    this.children.set(child.reference, child)
    this.sendSelf(() => (this.has(child) ? this.restart(child, cause) : undefined))
  }

  private tellRestarted({ reference }: PoolChild, { reason }: ExitCause): void {
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

  /** Forgets a child that has ended, and offers its place again. */
  private remove(child: PoolChild): void {
    if (!this.has(child)) return
    this.children.delete(child.reference)
    if (child.from !== undefined) this.free(child.from, 1)
  }

  // ── Demand ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** So many events have come, each of which takes a place. */
  private take(from: Subscription, count: number): void {
    const upstream = this.upstreams.get(from.tag)
    if (upstream === undefined) return
    upstream.count += count
    const excess = upstream.count - upstream.max
    if (excess <= 0) return
    const { process } = this
    process.runtime.log('error', `${process.label} received ${excess} events more than it asked for`, { excess })
  }

  /** A child could not be started, as one hears when others may be heard of as well: their places are freed together. */
  private freeFailed(from: Subscription): void {
    const upstream = this.upstreams.get(from.tag)
    if (upstream === undefined) return
    upstream.failed++
    if (upstream.failed > 1) return
    this.sendSelf(() => {
      const { failed } = upstream
      upstream.failed = 0
      this.free(from, failed)
    })
  }

  /** So many places are free again; they are offered to the producer once there are enough of them. */
  private free(from: Subscription, count: number): void {
    const upstream = this.upstreams.get(from.tag)
    if (upstream === undefined) return
    upstream.count -= count
    upstream.freed += count
    if (upstream.freed < upstream.min) return
    const { freed } = upstream
    upstream.freed = 0
    from.ask(freed)
  }

  private count(): ChildrenCount {
    const children = [...this.children.values()]
    const supervisors = children.filter(({ kind }) => kind.endsWith('supervisor')).length
    const active = children.filter(({ isRestarting }) => !isRestarting).length
    return { specs: 1, active, supervisors, workers: children.length - supervisors }
  }

  private sendSelf(act: () => void | Stop): void {
    this.process.deliver(new Message('message', '', undefined, new PoolMessage(act)))
  }
}

function isFailure(outcome: Outcome): outcome is Exclude<Outcome, PoolChild> {
  return outcome === 'ignored' || 'error' in outcome
}
