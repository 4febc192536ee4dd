import { SubscriptionRefusedError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { quote } from '../../base/quote.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import { type ProcessReference, resolveReference } from '../../process/reference.ts'
import { nameOf } from '../../process/start/name-of.ts'
import { type ConsumingInspection, type EachInspection, timeOrNull } from '../../telemetry/inspection.ts'
import { applyResult, applySubscribeStop } from '../callback/apply-result.ts'
import type { EmitRule } from '../callback/emit-rule.ts'
import { runCallback } from '../callback/run-callback.ts'
import {
  type CancelledMessage,
  type EventsMessage,
  PROTOCOL_VERSION,
  sendAsk,
  sendCancel,
  sendSubscribe,
} from '../protocol.ts'
import { causeForLateSubscriber, LateSubscription } from '../subscription/late-subscription.ts'
import { type SubscribeRequest, withDefaultDemand } from '../subscription/subscribe-request.ts'
import { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import { Batches } from './batches.ts'
import { cancelUnknownSubscription } from './cancel-unknown-subscription.ts'
import { DemandWindow } from './demand-window.ts'
import type { HandlingStage } from './handling-stage.ts'
import { countEvents, originsOf } from './mailbox-events.ts'
import { stopsStage } from './stops-stage.ts'
import { isCleanEnd, type SubscriptionEnd } from './subscription-end.ts'
import { inspectUpstream, Upstream } from './upstream.ts'

/**
 * The half of a stage that handles events: its subscriptions, and the batches of what is delivered under them.
 *
 * It obeys the consumer's part of the protocol.
 */
export class ConsumerHalf {
  readonly batches: Batches
  private readonly stage: HandlingStage
  private readonly upstreams = new Map<string, Upstream>()

  /** @param rule What `handleEvents` may return. */
  constructor(stage: HandlingStage, rule: EmitRule) {
    this.stage = stage
    this.batches = new Batches(stage, rule)
  }

  /** Whether it has no subscription. */
  get hasNoSubscriptions(): boolean {
    return this.upstreams.size === 0
  }

  /** What a snapshot shows of this half; `inbound` is the number of events in the inbound queue of its stage. */
  inspect(inbound: number, each?: { readonly size: number; inspect(): EachInspection }): ConsumingInspection {
    const { handled, count, handling, lastHandled } = this.batches
    return {
      handled,
      batches: count,
      handling: each === undefined ? handling : each.size,
      mailbox: countEvents(this.stage.process.mailbox),
      inbound,
      lastHandled: timeOrNull(lastHandled),
      ...(each !== undefined && { each: each.inspect() }),
      subscriptions: Array.from(this.upstreams.values(), inspectUpstream),
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

  // ── Subscribing ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Subscribes to a producer; the reply to `call` is the subscription. */
  subscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress {
    const { tag, options } = request
    const valid = withDefaultDemand(request, this.stage.concurrency)
    const { process } = this.stage
    const producer = resolveReference(request.producer, process.runtime, 'a producer to subscribe to')
    if (producer === undefined) return this.failMissingProducer(request, call)

    const handle = request.handle ?? new SubscriptionHandle(tag, process.reference)
    if (request.isHeld === true) SubscriptionHandle.hold(handle)
    const endedAs = causeForLateSubscriber(process, producer)
    const upstream = new Upstream(process, handle, producer, valid, call, endedAs)
    const confirm = valid.confirm && call !== undefined
    const cancelFirst = this.cancelAtOldProducer(request.cancelFirst, producer)
    sendSubscribe(producer, tag, process.reference, {
      version: PROTOCOL_VERSION,
      cancelFirst,
      options,
      confirm,
      record: upstream,
    })
    SubscriptionHandle.connect(handle, producer)
    const { maxDemand, minDemand, cancel } = valid
    const shown = { ...options, maxDemand, minDemand, cancel }
    const result = runCallback(this.stage, 'handleSubscribe', 'producer', shown, handle)
    if (isThenable(result)) return process.park(result, (value) => this.afterHandleSubscribe(value, upstream))
    return this.afterHandleSubscribe(result, upstream)
  }

  private afterHandleSubscribe(result: unknown, upstream: Upstream): Progress {
    const { handle, producer, options, call } = upstream
    const { process } = this.stage
    if (result === undefined || result === 'automatic') {
      const window = new DemandWindow(options.maxDemand, options.minDemand)
      upstream.window = window
      if (SubscriptionHandle.isHeld(handle)) handle.ask(window.max)
      else sendAsk(producer, handle.tag, process.reference, window.max)
    } else if (result !== 'manual') {
      return applySubscribeStop(this.stage, result, "'automatic', 'manual', nothing or { stop }")
    }
    this.upstreams.set(handle.tag, upstream)
    if (!options.confirm) this.accept(upstream)
    else if (options.timeout === undefined) call?.waitForever()
    // A stage that is draining takes nothing new.
    if (this.stage.isDraining) sendCancel(producer, handle.tag, process.reference, 'normal')
    return 'done'
  }

  /** The subscription is accepted, or its caller does not wait for that: replies with it. */
  private accept(upstream: Upstream): void {
    upstream.call?.reply(upstream.handle)
    upstream.call = undefined
  }

  /**
   * Cancels the subscription that is to be replaced, where it has another producer than the new one.
   *
   * The same producer replaces it in one step. Another producer does not know it.
   */
  private cancelAtOldProducer(first: SubscribeRequest['cancelFirst'], producer: ProcessReference): typeof first {
    const former = first === undefined ? undefined : this.upstreams.get(first.tag)
    if (former !== undefined) SubscriptionHandle.markCancelled(former.handle)
    if (first === undefined || former === undefined || former.producer === producer) return first
    sendCancel(former.producer, first.tag, this.stage.process.reference, first.reason)
    return undefined
  }

  /**
   * No process has the name to subscribe to. The stage continues if the subscription is temporary, or if the caller
   * receives the error and `cancel` is the default, `'with-last'`.
   */
  private failMissingProducer({ tag, handle: given, producer, valid }: SubscribeRequest, call?: PendingCall): Progress {
    const { process } = this.stage
    const handle = given ?? new SubscriptionHandle(tag, process.reference)
    SubscriptionHandle.connect(handle, undefined)
    const name = quote(nameOf(producer))
    const isConfirmed = valid.confirm && call !== undefined
    const settle = (): void => {
      if (isConfirmed) {
        const message = `${process.label} could not subscribe: no process has the name ${name}`
        call.fail(new SubscriptionRefusedError(process.label, name, 'noproc', { message, cause: 'noproc' }))
      } else call?.reply(handle)
    }
    if (valid.cancel === 'temporary' || (valid.cancel === 'with-last' && isConfirmed)) {
      settle()
      return 'done'
    }
    process.beforeExit(settle)
    const message = `it could not subscribe: no process has the name ${name}`
    return process.stop(new LateSubscription(process.label, message, undefined))
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Finds the subscription of a delivery that is to be handled; undefined for an unknown tag or an empty batch. */
  find({ tag, from, body: events }: EventsMessage): Upstream | undefined {
    const upstream = this.upstreams.get(tag)
    if (upstream === undefined) {
      cancelUnknownSubscription(this.stage.process, from as ProcessReference, tag, events.length)
      return undefined
    }
    return this.expects(upstream, events) ? upstream : undefined
  }

  /** Whether a delivery under a subscription is to be handled. If not, does what it requires instead. */
  expects(upstream: Upstream, { length }: readonly unknown[]): boolean {
    if (!upstream.hasEnded && length > 0) return true
    // An empty batch confirms the subscription.
    if (!upstream.hasEnded) this.accept(upstream)
    else cancelUnknownSubscription(this.stage.process, upstream.producer, upstream.handle.tag, length)
    return false
  }

  // ── Ends ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A producer confirms that a subscription has ended. */
  onCancelled(message: CancelledMessage): Progress {
    const { reason, isRefused, message: details } = message.body
    return this.remove(message.tag, 'cancel', reason, isRefused, undefined, details)
  }

  /** A producer has exited. */
  onDown(watch: ProcessMonitor): Progress {
    if (!watch.isActive) return 'done'
    return this.remove(watch.tag, 'down', watch.cause?.reason, false, watch.cause)
  }

  private remove(
    tag: string,
    kind: 'cancel' | 'down',
    reason: ExitReason,
    isRefused: boolean,
    cause: ExitCause | undefined,
    details?: string,
  ): Progress {
    const upstream = this.upstreams.get(tag)
    if (upstream === undefined) return 'done'
    this.upstreams.delete(tag)
    upstream.end()
    const isLast = this.upstreams.size === 0
    const cancellation: SubscriptionEnd = { upstream, kind, reason, isRefused, cause, isLast }
    const { call } = upstream
    if (call === undefined) return this.stage.scheduleEnd(cancellation)
    upstream.call = undefined
    const isClean = isCleanEnd(cancellation) && !isRefused
    if (isClean) call.reply(upstream.handle)
    else call.fail(this.refusal(cancellation, details))
    // The caller receives the error, so the stage need not fail as well.
    const isHandled = !isClean && upstream.options.cancel === 'with-last'
    return this.stage.scheduleEnd(isHandled ? { ...cancellation, isRefused: true } : cancellation)
  }

  private refusal({ upstream, reason, cause }: SubscriptionEnd, details: string | undefined): SubscriptionRefusedError {
    const { label } = this.stage.process
    const producer = upstream.producer.label
    if (details !== undefined) {
      const message = `${producer} refused the subscription of ${label}: ${details}`
      return new SubscriptionRefusedError(label, producer, reason, { message, cause: reason })
    }
    const late = LateSubscription.detailsOf(cause)
    return new SubscriptionRefusedError(
      label,
      producer,
      reason,
      late && { message: `${label} could not subscribe: ${late.message}`, cause: late.cause },
    )
  }

  /** Whether the end of a subscription stops the stage. */
  stopsStage(end: SubscriptionEnd): boolean {
    return stopsStage(end, this.stage.isDraining, this.hasNoSubscriptions)
  }

  /** Reacts to the end of a subscription: calls `handleCancel`, and stops the stage where `cancel` requires it. */
  onSubscriptionEnd(cancellation: SubscriptionEnd): Progress {
    return this.stage.process.afterwards(this.callHandleCancel(cancellation), () => this.afterCancel(cancellation))
  }

  private afterCancel(cancellation: SubscriptionEnd): Progress {
    if (!this.stopsStage(cancellation)) return this.stage.stopIfDone()
    if (!isCleanEnd(cancellation)) return this.stopBecauseOf(cancellation)
    return this.stage.handleEnd('end', () => this.stopBecauseOf(cancellation))
  }

  /** Cancels the subscriptions to producers that do not drain together with this stage. */
  drain(drain: Drain): void {
    for (const { producer, handle } of this.upstreams.values()) {
      if (!drain.includes(producer.process)) handle.cancel('normal')
    }
  }

  /** Calls `handleCancel` for the end of a subscription. */
  callHandleCancel({ kind, reason, upstream, cause }: SubscriptionEnd): Progress {
    const { stage } = this
    if (stage.callbackTable.handleCancel !== undefined) stage.process.noteCause(cause)
    const result = runCallback(stage, 'handleCancel', { [kind]: reason }, upstream.handle)
    return applyResult(stage, 'handleCancel', result, stage.defaultRule)
  }

  /** Stops the stage because a subscription has ended. */
  stopBecauseOf({ upstream, reason, cause }: SubscriptionEnd): Progress {
    const { process } = this.stage
    const facts = { process: process.id, producer: upstream.producer.id, reason }
    process.runtime.log('info', `${process.label} stopped: its subscription to ${upstream.producer.label} ended`, facts)
    return process.stop(reason, cause)
  }
}
