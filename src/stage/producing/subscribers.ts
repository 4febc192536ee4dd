import { isThenable } from '../../base/is-thenable.ts'
import type { Refusal } from '../../dispatcher/dispatcher.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { applyResult, applySubscribeStop } from '../callback/apply-result.ts'
import { runCallback } from '../callback/run-callback.ts'
import { type CancelMessage, PROTOCOL_VERSION, type SubscribeMessage, sendCancelled, sendEvents } from '../protocol.ts'
import type { EmittingStage } from './emitting-stage.ts'
import { ProducerSubscription } from './producer-subscription.ts'
import { emitCancelled, emitRefused, emitStarted, logRefused } from './producer-telemetry.ts'

/** What subscribers need of the half that serves them: it passes them to the dispatcher and accounts for their demand. */
export interface SubscriberDispatch {
  /** Adds a subscriber to the dispatcher. Returns `undefined`, or why the dispatcher refuses it. */
  admit(subscriber: ProducerSubscription, options: Readonly<Record<string, unknown>>): Refusal | undefined
  /** Removes a subscriber from the dispatcher. Called once for each. */
  detach(subscriber: ProducerSubscription): void
}

const { referenceOf, isAdmitted, hasEnded, hasExited, pendingOf } = ProducerSubscription

/** The subscribers of a stage: accepts and refuses them, and cancels their subscriptions. */
export class Subscribers {
  private readonly stage: EmittingStage
  private readonly dispatch: SubscriberDispatch
  private readonly byTag = new Map<string, ProducerSubscription>()
  /** How many have exited without their DOWN being handled yet. */
  exitedCount = 0
  /** Those of them that are still to be removed from the dispatcher, in the order of their exits. */
  private readonly exited: ProducerSubscription[] = []

  constructor(stage: EmittingStage, dispatch: SubscriberDispatch) {
    this.stage = stage
    this.dispatch = dispatch
  }

  /** How many there are. */
  get count(): number {
    return this.byTag.size
  }

  /** All of them, in the order in which they subscribed. */
  all(): IterableIterator<ProducerSubscription> {
    return this.byTag.values()
  }

  /** The subscriber with this tag, if there is one. */
  find(tag: string): ProducerSubscription | undefined {
    return this.byTag.get(tag)
  }

  /** Whether the demand of a subscriber counts: its subscription has not ended, and the consumer has not exited. */
  mayAsk(subscriber: ProducerSubscription): boolean {
    if (hasEnded(subscriber)) {
      this.cancelUnknown(referenceOf(subscriber), subscriber.tag)
      return false
    }
    if (this.exitedCount === 0) return true
    this.detachExited()
    // If it has exited, its DOWN is in the mailbox: its demand is void.
    return !hasExited(subscriber)
  }

  /** Replies to an ask under a tag that is unknown. */
  cancelUnknown(consumer: ProcessReference, tag: string): void {
    sendCancelled(consumer, tag, this.stage.process.reference, 'unknown-subscription', false)
  }

  /** Whether one of them has asked for so many events. */
  hasAskedFor(count: number): boolean {
    for (const subscriber of this.byTag.values()) if (pendingOf(subscriber) >= count) return true
    return false
  }

  /** A consumer subscribes. */
  onSubscribe(message: SubscribeMessage): Progress {
    const { tag, from, body } = message
    const consumer = from as ProcessReference
    // It has exited before its request was handled. Its DOWN would be handled only after the request of a consumer that
    // was started in its place, which would find its partition taken; and events that it asked for would be lost.
    if (consumer.hasEnded) return 'done'
    if (body.version !== PROTOCOL_VERSION) return this.refuse(consumer, tag, 'bad-version')
    if (this.byTag.has(tag)) {
      const { process } = this.stage
      process.runtime.log(
        'error',
        `${process.label} refused a subscription of ${consumer.label}: duplicate tag ${tag}`,
        {
          process: process.id,
          consumer: consumer.id,
        },
      )
      return this.refuse(consumer, tag, 'duplicated-subscription')
    }
    const { cancelFirst } = body
    if (cancelFirst === undefined) return this.accept(message)
    const progress = this.cancel(cancelFirst.tag, 'cancel', cancelFirst.reason)
    return this.stage.process.afterwards(progress, () => this.accept(message))
  }

  private refuse(consumer: ProcessReference, tag: string, reason: string): Progress {
    const { process } = this.stage
    sendCancelled(consumer, tag, process.reference, reason, true)
    emitRefused(process, consumer, tag, reason, this.byTag.size)
    return 'done'
  }

  private accept(message: SubscribeMessage): Progress {
    const { tag, from, body } = message
    const { process } = this.stage
    const since = process.runtime.scheduler.cachedNow()
    const subscriber = new ProducerSubscription(tag, from as ProcessReference, since, body.record)
    ProducerSubscription.watch(subscriber, process, this.onExit)
    this.byTag.set(tag, subscriber)
    const result = runCallback(this.stage, 'handleSubscribe', 'consumer', body.options, subscriber)
    if (isThenable(result)) {
      return process.park(result, (value) => this.afterHandleSubscribe(value, subscriber, message))
    }
    return this.afterHandleSubscribe(result, subscriber, message)
  }

  private afterHandleSubscribe(result: unknown, subscriber: ProducerSubscription, message: SubscribeMessage): Progress {
    if (result === undefined || result === 'automatic') return this.admit(subscriber, message)
    return applySubscribeStop(this.stage, result, "'automatic', nothing or { stop } for a consumer")
  }

  /** Adds a subscriber to the dispatcher: only now, because that may add demand, and the stage must know it by then. */
  private admit(subscriber: ProducerSubscription, { body }: SubscribeMessage): Progress {
    const { process } = this.stage
    const refusal = this.dispatch.admit(subscriber, body.options)
    if (refusal === undefined) {
      ProducerSubscription.admit(subscriber)
      body.record?.connect(subscriber)
      emitStarted(process, subscriber, body.options, this.byTag.size)
      if (body.confirm) sendEvents(referenceOf(subscriber), subscriber.tag, process.reference, [])
      return this.stage.onDemand()
    }
    const { refuse: reason, message } = refusal
    logRefused(process, referenceOf(subscriber), message ?? reason)
    return this.cancel(subscriber.tag, 'cancel', reason, true, message)
  }

  /** A consumer has exited. One function for all of them: made in `accept`, it would keep the message of each alive. */
  private readonly onExit = (exited: ProducerSubscription): void => {
    this.exitedCount++
    this.exited.push(exited)
  }

  /** A consumer asks the stage to cancel its subscription. */
  onCancel({ tag, body: reason }: CancelMessage): Progress {
    return this.cancel(tag, 'cancel', reason)
  }

  /** The exit of a consumer is to be handled. */
  onDown(watch: ProcessMonitor): Progress {
    if (!watch.isActive) return 'done'
    this.stage.process.noteCause(watch.cause)
    return this.cancel(watch.tag, 'down', watch.cause?.reason)
  }

  private cancel(
    tag: string,
    kind: 'cancel' | 'down',
    reason: ExitReason,
    isRefused = false,
    message?: string,
  ): Progress {
    const subscriber = this.byTag.get(tag)
    if (subscriber === undefined) return 'done'
    const { stage } = this
    const { process } = stage
    if (this.exitedCount > 0) this.detachExited()
    if (hasExited(subscriber)) this.exitedCount--
    this.byTag.delete(tag)
    ProducerSubscription.end(subscriber)
    // Before the callback: events that it emits must not go to this subscriber.
    this.detach(subscriber)
    sendCancelled(referenceOf(subscriber), tag, process.reference, reason, isRefused, message)
    if (isRefused) emitRefused(process, referenceOf(subscriber), tag, reason, this.byTag.size)
    else if (isAdmitted(subscriber)) emitCancelled(process, subscriber, kind, reason, this.byTag.size)
    const result = runCallback(stage, 'handleCancel', { [kind]: reason }, subscriber)
    const progress = applyResult(stage, 'handleCancel', result, stage.defaultRule)
    return process.afterwards(progress, () => stage.onDemand())
  }

  /**
   * Removes consumers that have exited from the dispatcher. Must be called before events are dispatched.
   *
   * The DOWN of such a consumer may still be in the mailbox, and events that are sent to it until then would be lost.
   */
  detachExited(): void {
    for (const subscriber of this.exited.splice(0)) {
      if (this.byTag.get(subscriber.tag) === subscriber) this.detach(subscriber)
    }
  }

  private detach(subscriber: ProducerSubscription): void {
    if (ProducerSubscription.detach(subscriber)) this.dispatch.detach(subscriber)
  }
}
