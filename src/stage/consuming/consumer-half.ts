import { SubscriptionRefusedError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { quote } from '../../base/quote.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import { monitor, type ProcessMonitor } from '../../process/monitor.ts'
import { type ProcessReference, resolveReference } from '../../process/reference.ts'
import { nameOf } from '../../process/start/name-of.ts'
import type { ConsumingInspection, UpstreamInspection } from '../../telemetry/inspection.ts'
import { applyResult, applySubscribeResult, type ResultRule } from '../callback/apply-result.ts'
import { emitDemandSent, reportUnknown, runTimed, timeOrNull } from '../callback/timed-callback.ts'
import type { StageBehaviour } from '../kinds/stage-behaviour.ts'
import {
  type CancelledMessage,
  type EventsMessage,
  PROTOCOL_VERSION,
  sendAsk,
  sendCancel,
  sendSubscribe,
} from '../protocol.ts'
import { endForLateSubscriber, LateSubscription } from '../subscription/late-subscription.ts'
import type { ValidSubscribeOptions } from '../subscription/subscribe-options.ts'
import { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import type { Subscription } from '../types/subscription.ts'
import { DemandWindow } from './demand-window.ts'
import { countEvents, originsOf } from './mailbox-events.ts'

/** A stage that handles events: what its consumer half needs of it. */
export interface HandlingStage extends StageBehaviour {
  /** What its `handleEvents` may answer. */
  readonly handleEventsRule: ResultRule
  /** A subscription has ended; the stage reacts to it now, or when it has handled what came before. */
  scheduleCancel(cancellation: Cancellation): Progress
}

/** A subscription as the consumer keeps it. */
export interface Upstream {
  readonly handle: SubscriptionHandle
  readonly producer: ProcessReference
  readonly options: ValidSubscribeOptions
  readonly monitor: ProcessMonitor
  /** Demand and batch sizes; undefined in manual mode, where the user's code asks. */
  window: DemandWindow | undefined
  /** Who waits to hear whether the producer accepts; undefined once that is known, or nobody does. */
  confirming: PendingCall | undefined
}

/** A subscription that has ended, and how. */
export interface Cancellation {
  readonly upstream: Upstream
  readonly kind: 'cancel' | 'down'
  readonly reason: ExitReason
  readonly isRefused: boolean
  /** How the producer ended; undefined where the subscription was cancelled. */
  readonly cause: ExitCause | undefined
  /** Whether the stage had no other subscription left then. */
  readonly isLast: boolean
}

/** Whether a subscription has ended cleanly: all that was to come under it has come. */
export function isCleanEnd({ reason, cause }: Cancellation): boolean {
  return isCleanExit(reason) && (cause === undefined || cause.isClean)
}

/** What is asked for when a stage subscribes. */
export interface SubscribeRequest {
  readonly tag: string
  /** What the user's code already holds; undefined where it will be answered. */
  readonly handle: SubscriptionHandle | undefined
  /** A reference or a name token; a name is looked up when the request is handled. */
  readonly producer: unknown
  readonly valid: ValidSubscribeOptions
  /** The options as given, for the producer and the callbacks. */
  readonly options: Readonly<Record<string, unknown>>
  readonly cancelFirst: { readonly tag: string; readonly reason: ExitReason } | undefined
  /** Whether what is asked for under it is kept until `connect` lets it go. */
  readonly isHeld?: boolean
}

/**
 * The half of a stage that handles events: its subscriptions, and the demand on them.
 *
 * It obeys the consumer's part of the protocol.
 */
export class ConsumerHalf {
  private readonly stage: HandlingStage
  private readonly upstreams = new Map<string, Upstream>()
  /** Under which events came last: the next ones often come under the same. */
  private lastUpstream: Upstream | undefined
  private readonly cancelRule: ResultRule
  /** Set when the stage is about to end, and must ask for nothing more. */
  isDraining = false
  /** How many events of the delivery under way have not been handled: those in a callback's hands, and those behind. */
  handling = 0
  /** Whose batch is waited for that was a whole delivery, how much is to be asked for after it, and how many events it is. */
  private awaited: Upstream | undefined
  private awaitedAsk = 0
  private awaitedSize = 0
  /** Events and batches whose handling has begun, since the start. */
  private handled = 0
  private batches = 0
  /** When it last began to handle a batch, by the rough clock; not a number if it never has. */
  private lastHandled = Number.NaN

  constructor(stage: HandlingStage, cancelRule: ResultRule) {
    this.stage = stage
    this.cancelRule = cancelRule
  }

  /** Whether it has no subscription. */
  get hasNoSubscriptions(): boolean {
    return this.upstreams.size === 0
  }

  /** What the half tells of itself; `inbound` is what waits in its stage. */
  inspect(inbound: number): ConsumingInspection {
    const { handled, batches, handling, upstreams } = this
    return {
      handled,
      batches,
      handling,
      mailbox: countEvents(this.stage.process.mailbox),
      inbound,
      lastHandled: timeOrNull(this.lastHandled),
      subscriptions: Array.from(upstreams.values(), inspectUpstream),
    }
  }

  /** The producers of the events that the stage still holds. */
  origins(): string[] {
    const { mailbox } = this.stage.process
    return originsOf(
      mailbox,
      Array.from(this.upstreams.values(), ({ producer }) => producer),
    )
  }

  find(tag: string): Upstream | undefined {
    return this.upstreams.get(tag)
  }

  // ── Subscribing ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Subscribes to a producer; `call` is answered with the subscription. */
  subscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress {
    const { tag, valid, options } = request
    const { process, callbackTable, callbacks } = this.stage
    const producer = resolveReference(request.producer, process.runtime, 'a producer to subscribe to')
    if (producer === undefined) return this.failMissingProducer(request, call)

    const handle = request.handle ?? new SubscriptionHandle(tag, process.reference)
    if (request.isHeld === true) SubscriptionHandle.hold(handle)
    const watch = monitor(process, producer, 'producer-down', tag, endForLateSubscriber(process, producer))
    const confirm = valid.confirm !== false && call !== undefined
    const upstream: Upstream = {
      handle,
      producer,
      options: valid,
      monitor: watch,
      window: undefined,
      confirming: confirm ? call : undefined,
    }
    const cancelFirst = this.cancelAtOldProducer(request.cancelFirst, producer)
    sendSubscribe(producer, tag, process.reference, { version: PROTOCOL_VERSION, cancelFirst, options, confirm })
    SubscriptionHandle.connect(handle, producer)
    if (callbackTable.handleSubscribe === undefined)
      return this.afterHandleSubscribe('automatic', upstream, valid, call)
    process.callback = 'handleSubscribe'
    const seen = { ...options, maxDemand: valid.maxDemand, minDemand: valid.minDemand, cancel: valid.cancel }
    const result = callbackTable.handleSubscribe.call(callbacks, 'producer', seen, handle)
    if (isThenable(result)) {
      return process.park(result, (value) => this.afterHandleSubscribe(value, upstream, valid, call))
    }
    return this.afterHandleSubscribe(result, upstream, valid, call)
  }

  private afterHandleSubscribe(
    result: unknown,
    upstream: Upstream,
    valid: ValidSubscribeOptions,
    call: PendingCall | undefined,
  ): Progress {
    const { handle } = upstream
    if (result === undefined || result === 'automatic') {
      upstream.window = new DemandWindow(valid.maxDemand, valid.minDemand)
      if (SubscriptionHandle.isHeld(handle)) handle.ask(valid.maxDemand)
      else this.sendAsk(upstream, valid.maxDemand)
    } else if (result !== 'manual') {
      return applySubscribeResult(this.stage, result, "'automatic', 'manual', nothing or { stop }")
    }
    this.upstreams.set(handle.tag, upstream)
    if (upstream.confirming === undefined) call?.reply(handle)
    else if (valid.timeout === undefined) upstream.confirming.waitForever()
    // A stage that is draining takes nothing new.
    if (this.stage.isFinishing) sendCancel(upstream.producer, handle.tag, this.stage.process.reference, 'normal')
    return 'done'
  }

  /**
   * A subscription that is put in the place of another is cancelled by the producer, in one step, where it is the same.
   * Another producer does not know it, so it is cancelled where it belongs.
   */
  private cancelAtOldProducer(first: SubscribeRequest['cancelFirst'], producer: ProcessReference): typeof first {
    const former = first === undefined ? undefined : this.upstreams.get(first.tag)
    if (former !== undefined) SubscriptionHandle.markCancelled(former.handle)
    if (first === undefined || former === undefined || former.producer === producer) return first
    sendCancel(former.producer, first.tag, this.stage.process.reference, first.reason)
    return undefined
  }

  /**
   * No process has the name to subscribe to. The stage goes on if its subscription is temporary, or if the caller is told
   * and the subscription has no `cancel` of GenStage's.
   */
  private failMissingProducer({ tag, handle: given, producer, valid }: SubscribeRequest, call?: PendingCall): Progress {
    const { process } = this.stage
    const handle = given ?? new SubscriptionHandle(tag, process.reference)
    SubscriptionHandle.connect(handle, undefined)
    const name = quote(nameOf(producer))
    const message = `${process.label} subscribed to the name ${name}, and no process has that name`
    const isConfirmed = valid.confirm !== false && call !== undefined
    const settle = (): void => {
      if (isConfirmed)
        call.fail(new SubscriptionRefusedError(process.label, name, 'noproc', { message, cause: 'noproc' }))
      else call?.reply(handle)
    }
    if (valid.cancel === 'temporary' || (valid.cancel === 'with-last' && isConfirmed)) {
      settle()
      return 'done'
    }
    process.beforeExit(settle)
    return process.stop(
      new LateSubscription(process.label, `it subscribed to the name ${name}, and no process has that name`, undefined),
    )
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The subscription that events came under; undefined where there is none (any more), and the producer is told so. */
  receive(message: EventsMessage): Upstream | undefined {
    const upstream = this.lastUpstream?.handle.tag === message.tag ? this.lastUpstream : this.upstreams.get(message.tag)
    this.lastUpstream = upstream
    if (upstream === undefined) {
      const producer = message.from as ProcessReference
      sendCancel(producer, message.tag, this.stage.process.reference, 'unknown-subscription')
      reportUnknown(this.stage.process, producer, message.body.length)
    } else if (message.body.length === 0) {
      this.confirm(upstream)
    }
    return upstream
  }

  /** The producer has accepted the subscription. */
  private confirm(upstream: Upstream): void {
    upstream.confirming?.reply(upstream.handle)
    upstream.confirming = undefined
  }

  /** Has the stage handle a delivery, batch by batch, asking for more after each. */
  handle(upstream: Upstream, events: readonly unknown[]): Progress {
    const { window } = upstream
    if (window === undefined) return this.handleWithoutDemand(upstream.handle, events)
    this.handling = events.length
    if (window.takeWhole(events.length)) return this.handleSingleBatch(upstream, window.ask, events)
    window.begin(events.length)
    if (window.excess > 0) this.reportExcess(upstream, window.excess)
    return this.handleBatches(upstream, window, events, 0)
  }

  /** Has the stage handle a delivery that is one batch. */
  private handleSingleBatch(upstream: Upstream, ask: number, batch: readonly unknown[]): Progress {
    const result = this.callHandleEvents(upstream.handle, batch)
    if (!isThenable(result)) return this.afterOne(upstream, ask, batch.length, result)
    this.awaited = upstream
    this.awaitedAsk = ask
    this.awaitedSize = batch.length
    return this.stage.process.park(result, this.afterAwaited)
  }

  private readonly afterAwaited = (result: unknown): Progress => {
    const upstream = this.awaited as Upstream
    this.awaited = undefined
    return this.afterOne(upstream, this.awaitedAsk, this.awaitedSize, result)
  }

  private afterOne(upstream: Upstream, ask: number, size: number, result: unknown): Progress {
    const { process } = this.stage
    const progress = this.afterBatch(size, result)
    if (progress !== 'done') {
      return process.afterwards(progress, () => {
        this.ask(upstream, ask)
        return 'done'
      })
    }
    if (process.isKilled) return 'stopped'
    this.ask(upstream, ask)
    process.useBudget(size)
    return 'done'
  }

  /** Goes on with a delivery from `start`. One array that is exactly one batch is handed on as it is. */
  private handleBatches(upstream: Upstream, window: DemandWindow, events: readonly unknown[], start: number): Progress {
    const { process } = this.stage
    let next = start
    while (next < events.length) {
      const size = window.next()
      const { ask } = window
      const batch = size === events.length ? events : events.slice(next, next + size)
      next += size
      const progress = this.handleBatch(upstream.handle, batch)
      if (progress !== 'done') {
        return process.afterwards(progress, () => {
          this.ask(upstream, ask)
          return this.handleBatches(upstream, window, events, next)
        })
      }
      // Its own callback has ended it: what is left of the delivery stays in its hands, and is counted there.
      if (process.isKilled) return 'stopped'
      this.ask(upstream, ask)
      if (process.useBudget(size) && next < events.length) {
        return process.yield(() => this.handleBatches(upstream, window, events, next))
      }
    }
    return 'done'
  }

  /** Has the stage handle a delivery whole, asking for nothing: in manual mode, and when its subscription is no more. */
  handleWithoutDemand(handle: Subscription, events: readonly unknown[]): Progress {
    this.handling = events.length
    return this.handleBatch(handle, events)
  }

  private handleBatch(handle: Subscription, batch: readonly unknown[]): Progress {
    const result = this.callHandleEvents(handle, batch)
    if (!isThenable(result)) return this.afterBatch(batch.length, result)
    return this.stage.process.park(result, (value) => this.afterBatch(batch.length, value))
  }

  /** Calls the user's code. */
  private callHandleEvents(handle: Subscription, batch: readonly unknown[]): unknown {
    const { stage } = this
    const { process } = stage
    const { runtime } = process
    if (runtime.freezesBatches) Object.freeze(batch)
    process.callback = 'handleEvents'
    this.handled += batch.length
    this.batches++
    this.lastHandled = runtime.scheduler.cachedNow()
    return runtime.telemetry.hasListeners ? this.timedHandleEvents(handle, batch) : stage.handleEvents(batch, handle)
  }

  private timedHandleEvents(handle: Subscription, batch: readonly unknown[]): unknown {
    const { stage } = this
    const { telemetry } = stage.process.runtime
    if (!telemetry.hasListener('batch.handled')) return stage.handleEvents(batch, handle)
    const { identity: consumer } = stage.process
    return runTimed(
      stage.process,
      () => stage.handleEvents(batch, handle),
      (duration, error) => {
        const metadata = { consumer, tag: handle.tag, events: batch, error }
        telemetry.execute('batch.handled', { size: batch.length, duration }, metadata)
      },
    )
  }

  private afterBatch(size: number, result: unknown): Progress {
    this.handling -= size
    return applyResult(this.stage, 'handleEvents', result, this.stage.handleEventsRule)
  }

  private ask(upstream: Upstream, demand: number): void {
    if (demand === 0 || this.isDraining) return
    this.sendAsk(upstream, demand)
  }

  private sendAsk({ producer, handle }: Upstream, demand: number): void {
    const { process } = this.stage
    if (process.runtime.telemetry.hasListeners) emitDemandSent(process.reference, producer, handle.tag, demand)
    sendAsk(producer, handle.tag, process.reference, demand)
  }

  private reportExcess(upstream: Upstream, excess: number): void {
    const { process } = this.stage
    process.runtime.log('error', `${process.label} received ${excess} events more than it asked for`, {
      process: process.id,
      producer: upstream.producer.id,
      excess,
    })
  }

  // ── Ends ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A producer says that a subscription has ended. */
  onCancelled(message: CancelledMessage): Progress {
    const { reason, isRefused, message: why } = message.body
    return this.remove(message.tag, 'cancel', reason, isRefused, undefined, why)
  }

  /** A producer has ended. */
  onDown(watch: ProcessMonitor): Progress {
    return this.remove(watch.tag, 'down', watch.cause?.reason, false, watch.cause)
  }

  private remove(
    tag: string,
    kind: 'cancel' | 'down',
    reason: ExitReason,
    isRefused: boolean,
    cause: ExitCause | undefined,
    why?: string,
  ): Progress {
    const upstream = this.upstreams.get(tag)
    if (upstream === undefined) return 'done'
    this.upstreams.delete(tag)
    this.lastUpstream = undefined
    upstream.monitor.cancel()
    const isLast = this.upstreams.size === 0
    const cancellation: Cancellation = { upstream, kind, reason, isRefused, cause, isLast }
    const call = upstream.confirming
    if (call === undefined) return this.stage.scheduleCancel(cancellation)
    upstream.confirming = undefined
    const isClean = isCleanEnd(cancellation) && !isRefused
    if (isClean) call.reply(upstream.handle)
    else call.fail(this.refusal(cancellation, why))
    // The caller is told why there is no subscription; the stage need not fail of it as well.
    const isHandled = !isClean && upstream.options.cancel === 'with-last'
    return this.stage.scheduleCancel(isHandled ? { ...cancellation, isRefused: true } : cancellation)
  }

  private refusal({ upstream, reason, cause }: Cancellation, why: string | undefined): SubscriptionRefusedError {
    const { label } = this.stage.process
    const producer = upstream.producer.label
    if (why !== undefined) {
      const message = `${producer} refused the subscription of ${label}: ${why}`
      return new SubscriptionRefusedError(label, producer, reason, { message, cause: reason })
    }
    const late = LateSubscription.detailsOf(cause)
    const details = late && { message: `${label} could not subscribe: ${late.message}`, cause: late.cause }
    return new SubscriptionRefusedError(label, producer, reason, details)
  }

  /** Whether a cancellation will stop the stage once it is reacted to. */
  stopsStage(cancellation: Cancellation): boolean {
    const { upstream, reason, isRefused, isLast } = cancellation
    const { cancel } = upstream.options
    if (isRefused || cancel === 'temporary') return false
    const isClean = isCleanEnd(cancellation)
    // A stage that is draining ends by itself, when the last of its producers has ended and all is handled.
    if (this.stage.isFinishing && (isClean || reason === 'noproc')) return false
    if (cancel === 'permanent') return true
    if (cancel === 'transient') return !isCleanExit(reason)
    if (SubscriptionHandle.isCancelled(upstream.handle)) return false
    // It may have subscribed again since.
    return !isClean || (isLast && this.hasNoSubscriptions)
  }

  /** Reacts to the end of a subscription: by `handleCancel`, and by stopping where the subscription says so. */
  cancel(cancellation: Cancellation): Progress {
    const progress = this.callHandleCancel(cancellation)
    if (progress !== 'done') return this.stage.process.afterwards(progress, () => this.afterCancel(cancellation))
    return this.afterCancel(cancellation)
  }

  private afterCancel(cancellation: Cancellation): Progress {
    if (!this.stopsStage(cancellation)) return this.stage.stopIfDone()
    if (!isCleanEnd(cancellation)) return this.stopBecauseOf(cancellation)
    return this.stage.handleEnd('end', () => this.stopBecauseOf(cancellation))
  }

  /** The stage is asked to drain: cancels the subscriptions to producers that do not drain with it. */
  drain(drain: Drain): void {
    for (const { producer, handle } of this.upstreams.values()) {
      if (!drain.includes(producer.process)) handle.cancel('normal')
    }
  }

  /** Tells `handleCancel` of the end of a subscription. */
  callHandleCancel({ kind, reason, upstream, cause }: Cancellation): Progress {
    const { process, callbackTable, callbacks } = this.stage
    if (callbackTable.handleCancel === undefined) return 'done'
    process.noteCause(cause)
    process.callback = 'handleCancel'
    const result = callbackTable.handleCancel.call(callbacks, { [kind]: reason }, upstream.handle)
    return applyResult(this.stage, 'handleCancel', result, this.cancelRule)
  }

  /** Stops the stage because a subscription has ended. */
  stopBecauseOf({ upstream, reason, cause }: Cancellation): Progress {
    const { process } = this.stage
    const facts = { process: process.id, producer: upstream.producer.id, reason }
    process.runtime.log(
      'info',
      `${process.label} stops, as its subscription to ${upstream.producer.label} ended`,
      facts,
    )
    return process.stop(reason, cause)
  }
}

function inspectUpstream({ handle, producer, options, window }: Upstream): UpstreamInspection {
  const { maxDemand, minDemand, cancel } = options
  const mode = window === undefined ? 'manual' : 'automatic'
  return { tag: handle.tag, producer: producer.id, mode, maxDemand, minDemand, cancel }
}
