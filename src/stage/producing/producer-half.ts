import { emptyArray } from '../../base/empty-array.ts'
import { BadReturnError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { DemandResult, Dispatcher, DispatchResult, Subscriber } from '../../dispatcher/dispatcher.ts'
import { SingleReceiver } from '../../dispatcher/single-receiver.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { Message } from '../../process/message.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { ProducingInspection } from '../../telemetry/inspection.ts'
import type { ResultRule } from '../callback/apply-result.ts'
import { applyResult, applySubscribeResult } from '../callback/apply-result.ts'
import { timeOrNull } from '../callback/timed-callback.ts'
import type { StageBehaviour } from '../kinds/stage-behaviour.ts'
import {
  type AskMessage,
  type CancelMessage,
  PROTOCOL_VERSION,
  type SubscribeMessage,
  sendCancelled,
  sendEvents,
} from '../protocol.ts'
import type { DemandMode } from '../types/references.ts'
import { Buffer, type BufferKeep } from './buffer.ts'
import { expectAddedDemand, expectDispatched, expectRecord, inspectDispatcher } from './dispatcher-results.ts'
import { OpenDemand } from './open-demand.ts'
import { ProducerSubscription } from './producer-subscription.ts'
import { emitCancelled, emitDemand, emitDiscarded, emitRefused, emitStarted } from './producer-telemetry.ts'

/** A stage that emits: where the demand ends up that its producer half takes. */
export interface EmittingStage extends StageBehaviour {
  /** Called when open demand may have changed: sends what is buffered and due, and asks upstream for the rest. */
  onDemand(): Progress
}

/** What decides how a stage emits. */
export interface EmittingOptions {
  readonly dispatcher: Dispatcher<unknown, unknown>
  readonly bufferSize: number
  readonly bufferKeep: BufferKeep
}

const { referenceOf, pendingOf, addPending, isAdmitted, hasExited } = ProducerSubscription

/**
 * The half of a stage that emits: its subscribers, its dispatcher, its buffer.
 *
 * It obeys the producer's part of the protocol, and keeps the promise that nobody is sent more than was asked, also
 * where a dispatcher of somebody's own would not.
 */
export class ProducerHalf {
  private readonly stage: EmittingStage
  private readonly dispatcher: Dispatcher<unknown, unknown>
  /** The dispatcher again, where it can give a whole batch to one subscriber without more ado. */
  private readonly whole: SingleReceiver | undefined
  private readonly buffer: Buffer<unknown>
  private readonly cancelRule: ResultRule = 'events or nothing'
  private readonly subscribers = new Map<string, ProducerSubscription>()
  /** Who asked last: the next one to ask is often the same. */
  private lastAsked: ProducerSubscription | undefined
  /** Whether the dispatcher has `openDemand`. */
  private readonly knowsOpenDemand: boolean
  /**
   * The demand that the dispatcher has returned, less the events that it has taken: read only if it has no `openDemand`.
   * Some of it may belong to subscribers that have left.
   */
  private announced = 0
  /** Subscriptions whose consumer has exited and whose DOWN was not handled yet. */
  private exitedCount = 0
  /** Those of them that are still to be removed from the dispatcher, in the order of their ends. */
  private readonly exited: ProducerSubscription[] = []
  /**
   * Events that upstream was asked for, or in a producer-consumer that it may take from its producers, and that have not
   * come. Some may have been asked for on behalf of subscribers that have left.
   */
  readonly outstanding: OpenDemand
  /** Events that the dispatcher is being given. At the end of the stage above zero only where the dispatcher threw. */
  private dispatching = 0
  /** Events that were dropped from the buffer, or with a partition's subscriber, since the start. */
  private discarded = 0
  /** Events that callbacks have emitted since the start, as far as they have come to the dispatcher. */
  private emitted = 0
  /** Events sent since the start. */
  private sent = 0
  /** Demand of all subscribers that no event has met. */
  private pending = 0
  /** When it last emitted, by the rough clock; not a number if it never has. */
  private lastEmitted = Number.NaN
  /** Since when demand has waited that nothing emitted has answered, by the rough clock; where none does, any time. */
  private demandSince = Number.NaN

  constructor(stage: EmittingStage, { dispatcher, bufferSize, bufferKeep }: EmittingOptions) {
    this.stage = stage
    this.dispatcher = dispatcher
    this.knowsOpenDemand = dispatcher.openDemand !== undefined
    this.whole = dispatcher instanceof SingleReceiver ? dispatcher : undefined
    this.buffer = new Buffer(bufferSize, bufferKeep)
    this.outstanding = new OpenDemand(stage.process.runtime)
  }

  /** Whether it has a subscriber. */
  get hasSubscribers(): boolean {
    return this.subscribers.size > 0
  }

  /** How many events and, where the buffer has no bound, infos wait in the buffer. */
  get estimatedCount(): number {
    return this.buffer.estimatedCount
  }

  /** How many events wait in the buffer. */
  get bufferedCount(): number {
    return this.buffer.eventCount
  }

  /** How many events it holds that no consumer has been sent. */
  get queuedCount(): number {
    return this.buffer.eventCount + (this.dispatcher.queuedCount?.() ?? 0)
  }

  held(): { readonly buffer: number; readonly dispatcher: number } {
    const { buffer, dispatcher, dispatching } = this
    return { buffer: buffer.eventCount, dispatcher: dispatching + (dispatcher.queuedCount?.() ?? 0) }
  }

  /** What the half tells of itself; the stage knows how it takes demand. */
  inspect(demandMode: DemandMode, accumulated: number): ProducingInspection {
    const { buffer, dispatcher, pending, emitted, sent, discarded } = this
    const size = Number.isFinite(buffer.size) ? buffer.size : null
    return {
      dispatcher: inspectDispatcher(dispatcher),
      demandMode,
      pending,
      buffer: { events: buffer.eventCount, size, keep: buffer.keep },
      accumulated,
      emitted: emitted + accumulated,
      sent,
      discarded,
      lastEmitted: timeOrNull(this.lastEmitted),
      demandSince: pending > 0 ? this.demandSince : null,
      demandTime: Math.round(this.outstanding.time(this.stage.process.runtime.clock.now())),
      subscribers: Array.from(this.subscribers.values(), ProducerSubscription.inspect),
    }
  }

  // ── Subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────

  /** A consumer subscribes. */
  subscribe(message: SubscribeMessage): Progress {
    const { tag, from, body } = message
    const consumer = from as ProcessReference
    const { process } = this.stage
    // It ended before its request was looked at. Its DOWN would lie behind the request of whoever was started in its
    // place, who would find its partition taken; and all that its ask brings would go to nobody.
    if (consumer.hasEnded) return 'done'
    if (body.version !== PROTOCOL_VERSION) {
      sendCancelled(consumer, tag, process.reference, 'bad-version', true)
      emitRefused(process, consumer, tag, 'bad-version', this.subscribers.size)
      return 'done'
    }
    if (this.subscribers.has(tag)) {
      this.log('error', `${process.label} received a second subscription under the tag ${tag}`, {
        consumer: consumer.id,
      })
      sendCancelled(consumer, tag, process.reference, 'duplicated-subscription', true)
      emitRefused(process, consumer, tag, 'duplicated-subscription', this.subscribers.size)
      return 'done'
    }
    if (body.cancelFirst === undefined) return this.accept(message)
    const progress = this.cancel(body.cancelFirst.tag, 'cancel', body.cancelFirst.reason)
    if (progress !== 'done') return process.afterwards(progress, () => this.accept(message))
    return this.accept(message)
  }

  private accept(message: SubscribeMessage): Progress {
    const { tag, from, body } = message
    const consumer = from as ProcessReference
    const { process, callbackTable } = this.stage
    const subscriber = new ProducerSubscription(tag, consumer, process.runtime.scheduler.cachedNow())
    ProducerSubscription.watch(subscriber, process, (ended) => {
      this.exitedCount++
      this.exited.push(ended)
    })
    this.subscribers.set(tag, subscriber)
    const { handleSubscribe } = callbackTable
    if (handleSubscribe === undefined) return this.admit(subscriber, message)
    process.callback = 'handleSubscribe'
    const result = handleSubscribe.call(this.stage.callbacks, 'consumer', body.options, subscriber)
    if (isThenable(result)) {
      return process.park(result, (value) => this.afterHandleSubscribe(value, subscriber, message))
    }
    return this.afterHandleSubscribe(result, subscriber, message)
  }

  private afterHandleSubscribe(result: unknown, subscriber: ProducerSubscription, message: SubscribeMessage): Progress {
    if (result === undefined || result === 'automatic') return this.admit(subscriber, message)
    return applySubscribeResult(this.stage, result, "'automatic', nothing or { stop } for a consumer")
  }

  /** Tells the dispatcher, and only now, as that may bring demand, and the stage must know the subscriber then. */
  private admit(subscriber: ProducerSubscription, message: SubscribeMessage): Progress {
    const { process } = this.stage
    const result = this.dispatcher.subscribe(subscriber, message.body.options)
    if (typeof result === 'number') {
      this.announced += expectAddedDemand('subscribe', result)
      ProducerSubscription.admit(subscriber)
      emitStarted(process, subscriber, message.body.options, this.subscribers.size)
      if (message.body.confirm) sendEvents(referenceOf(subscriber), subscriber.tag, process.reference, [])
      return this.stage.onDemand()
    }
    const { refuse, message: why } = expectRecord('subscribe', 'the demand that it adds, or { refuse }', result)
    this.log('warn', `${process.label} refused a subscription of ${referenceOf(subscriber).label}: ${why ?? refuse}`, {
      consumer: subscriber.consumer,
    })
    return this.cancel(subscriber.tag, 'cancel', refuse, true, why)
  }

  /** A subscription ends: because its consumer asked (or the stage did), or because that has ended. */
  cancel(tag: string, kind: 'cancel' | 'down', reason: ExitReason, isRefused = false, why?: string): Progress {
    const subscriber = this.subscribers.get(tag)
    if (subscriber === undefined) return 'done'
    const { process, callbackTable, callbacks } = this.stage
    if (this.exitedCount > 0) this.detachExited()
    if (hasExited(subscriber)) this.exitedCount--
    this.subscribers.delete(tag)
    this.lastAsked = undefined
    ProducerSubscription.unwatch(subscriber)
    // Before the callback, whose events would otherwise be handed to the one that has gone.
    this.detach(subscriber)
    sendCancelled(referenceOf(subscriber), tag, process.reference, reason, isRefused, why)
    if (isRefused) emitRefused(process, referenceOf(subscriber), tag, reason, this.subscribers.size)
    else if (isAdmitted(subscriber)) emitCancelled(process, subscriber, kind, reason, this.subscribers.size)
    if (callbackTable.handleCancel === undefined) return this.stage.onDemand()
    process.callback = 'handleCancel'
    const result = callbackTable.handleCancel.call(callbacks, { [kind]: reason }, subscriber)
    const progress = applyResult(this.stage, 'handleCancel', result, this.cancelRule)
    if (progress !== 'done') return process.afterwards(progress, () => this.stage.onDemand())
    return this.stage.onDemand()
  }

  /** Removes a subscriber from the dispatcher, unless that was done already. */
  private detach(subscriber: ProducerSubscription): void {
    if (!ProducerSubscription.detach(subscriber)) return
    this.reducePending(pendingOf(subscriber))
    this.applyDispatcherResult('cancel', this.dispatcher.cancel(subscriber))
  }

  /**
   * Removes consumers that have exited from the dispatcher. Must be called before anything is handed out.
   *
   * The DOWN of such a consumer may still wait in the mailbox, and events that it is sent until then would vanish.
   */
  private detachExited(): void {
    for (const subscriber of this.exited.splice(0)) {
      if (this.subscribers.get(subscriber.tag) === subscriber) this.detach(subscriber)
    }
  }

  /** A consumer asks the stage to end its subscription. */
  onCancel(message: CancelMessage): Progress {
    return this.cancel(message.tag, 'cancel', message.body)
  }

  /** The end of one who was watched: a consumer of this stage? Undefined where it is none. */
  onDown(watch: ProcessMonitor): Progress {
    this.stage.process.noteCause(watch.cause)
    return this.cancel(watch.tag, 'down', watch.cause?.reason)
  }

  // ── Demand and events ─────────────────────────────────────────────────────────────────────────────────────────

  /** A consumer asks for more. */
  ask(message: AskMessage): Progress {
    const subscriber = this.lastAsked?.tag === message.tag ? this.lastAsked : this.subscribers.get(message.tag)
    this.lastAsked = subscriber
    if (subscriber === undefined) {
      // Sent by the stage itself: for events that the dispatcher discarded, or for a subscriber that has left since.
      if (message.kind === 'ask-again') return this.stage.onDemand()
      const consumer = message.from as ProcessReference
      sendCancelled(consumer, message.tag, this.stage.process.reference, 'unknown-subscription', false)
      return 'done'
    }
    if (this.exitedCount > 0) {
      this.detachExited()
      // Its DOWN is in the mailbox: what it has asked for is void.
      if (hasExited(subscriber)) return 'done'
    }
    const { stage } = this
    const { runtime } = stage.process
    const demand = message.body
    const pending = addPending(subscriber, demand)
    if (this.pending === 0) this.demandSince = runtime.scheduler.cachedNow()
    this.pending += demand
    if (runtime.telemetry.hasListeners && message.kind === 'ask') emitDemand(stage.process, subscriber, demand, pending)
    const result = this.dispatcher.ask(subscriber, demand)
    if (typeof result !== 'number' || !this.knowsOpenDemand) this.applyDispatcherResult('ask', result)
    return stage.onDemand()
  }

  /** Time is about to be counted no longer. */
  keepDemandTime(now: number): void {
    this.outstanding.keepTime(now)
  }

  /** Sends what the dispatcher let go of, and notes the demand that it adds. */
  private applyDispatcherResult(method: 'ask' | 'cancel', result: number | DemandResult): void {
    if (typeof result === 'number') {
      if (!this.knowsOpenDemand) this.announced += expectAddedDemand(method, result)
      return
    }
    const { process } = this.stage
    expectRecord(method, 'the demand that it adds, or { demand, deliveries?, … }', result)
    if (result.warning !== undefined) this.log('warn', `${process.label}: ${result.warning}`, {})
    if (result.deliveries !== undefined) for (const delivery of result.deliveries) this.deliverHeld(...delivery)
    if (result.infos !== undefined) for (const info of result.infos) this.sendInfo(info)
    if (result.discarded !== undefined && result.discarded > 0) this.discardHeld(result.discarded)
    this.announced += expectAddedDemand(method, result.demand)
  }

  /** Sends events that the dispatcher held, unless their consumer has exited. */
  private deliverHeld(subscriber: Subscriber, events: readonly unknown[]): void {
    const isLost = subscriber instanceof ProducerSubscription && hasExited(subscriber)
    if (isLost) this.discardHeld(events.length)
    else this.deliver(subscriber, events)
  }

  /** Counts and logs events that the dispatcher held for a subscriber and that are lost with it. */
  private discardHeld(count: number): void {
    this.discarded += count
    emitDiscarded(this.stage.process, count, 'subscriber cancelled')
    const lost = `${count} events that it held for a subscriber that is gone`
    this.log('warn', `${this.stage.process.label} has discarded ${lost}`, { discarded: count })
  }

  /** How many events the dispatcher could hand out now; an estimate where it has no `openDemand`. */
  private get openDemand(): number {
    const { dispatcher } = this
    if (dispatcher.openDemand === undefined) return Math.min(this.announced, this.pending)
    return expectAddedDemand('openDemand', dispatcher.openDemand())
  }

  /** Open demand that no buffered event meets and that upstream was not asked for; below 0 where there is a surplus. */
  get unaskedDemand(): number {
    const { buffer } = this
    const openDemand = this.whole === undefined ? this.openDemand : this.pending
    const unasked = openDemand - this.outstanding.open
    return buffer.isEmpty ? unasked : unasked - buffer.eventCount
  }

  /** Sends new events to subscribers that have asked for them, and stores the rest after what is buffered already. */
  dispatch(events: readonly unknown[]): void {
    const { length } = events
    this.outstanding.meet(length)
    if (this.buffer.isEmpty || this.clearBuffer()) {
      const taker = this.whole === undefined ? undefined : this.takerOf(length)
      if (taker === undefined) this.dispatchFirst(events)
      else {
        this.emitted += length
        this.deliver(taker, events)
      }
    } else {
      this.emitted += length
      this.outstanding.close()
      this.store(events)
    }
  }

  private dispatchFirst(events: readonly unknown[]): void {
    const leftover = this.handOut(events)
    this.emitted += events.length
    if (leftover.length === 0) return
    this.outstanding.close()
    this.store(leftover)
  }

  /** The subscriber that gets all of `count` events, if there is one. */
  private takerOf(count: number): Subscriber | undefined {
    if (this.exitedCount > 0) this.detachExited()
    this.lastEmitted = this.stage.process.runtime.scheduler.cachedNow()
    this.demandSince = this.lastEmitted
    return this.whole?.dispatchToOne(count)
  }

  /**
   * Sends what is buffered, as far as it is asked for: after that the buffer is empty, or no demand is open.
   *
   * @returns How many events were sent.
   */
  dispatchBuffered(): number {
    const { buffer } = this
    let count = 0
    while (!buffer.isEmpty) {
      if (this.exitedCount > 0) this.detachExited()
      // Without `openDemand` it is offered as much as it could possibly hand out, and the rest is put back.
      const demand = this.knowsOpenDemand ? this.openDemand : this.pending
      if (demand === 0) break
      const events = buffer.takeEvents(demand)
      const leftover = events.length === 0 ? events : this.handOut(events)
      count += events.length - leftover.length
      if (leftover.length > 0) buffer.putBack(leftover)
      for (const info of buffer.takeInfos(events.length < demand)) this.deliverInfo(info)
      if (leftover.length > 0) break
    }
    return count
  }

  /** Sends what is buffered, and returns whether that was all. */
  private clearBuffer(): boolean {
    this.dispatchBuffered()
    return this.buffer.isEmpty
  }

  /** Sends events as the dispatcher decides, and returns those that it leaves over. */
  private handOut(events: readonly unknown[]): readonly unknown[] {
    const { dispatcher, whole } = this
    const { length } = events
    if (this.exitedCount > 0) this.detachExited()
    this.lastEmitted = this.stage.process.runtime.scheduler.cachedNow()
    this.demandSince = this.lastEmitted
    const taker = whole?.dispatchToOne(length)
    if (taker !== undefined) {
      this.deliver(taker, events)
      return emptyArray
    }
    this.dispatching = length
    const { deliveries, leftover, returnedDemand, filtered = 0 } = expectDispatched(dispatcher.dispatch(events))
    this.dispatching = 0
    this.announced = Math.max(0, this.announced - (length - leftover.length - filtered))
    for (let next = 0; next < deliveries.length; next++) {
      const delivery = deliveries[next] as (typeof deliveries)[number]
      this.deliver(delivery[0], delivery[1])
    }
    if (returnedDemand !== undefined) this.sendReturnedDemand(returnedDemand)
    if (filtered > 0) this.stage.process.deliver(new Message('ask-again', '', undefined, 0))
    return leftover
  }

  /**
   * Whether events, of which there are very many, are better dispatched in pieces. Not where one subscriber has asked for
   * all of them, and is to have them as they are, nor where the buffer will drop some, which is told once.
   */
  dispatchesInPieces(count: number): boolean {
    const { buffer } = this
    if (buffer.eventCount + count > buffer.size) return false
    for (const subscriber of this.subscribers.values()) if (pendingOf(subscriber) >= count) return false
    return true
  }

  /** Sends events to a subscriber, who must have asked for them. */
  private deliver(subscriber: Subscriber, events: readonly unknown[]): void {
    if (!(subscriber instanceof ProducerSubscription)) {
      throw new BadReturnError('dispatch', 'deliveries to the very subscribers that it was told of', subscriber)
    }
    const { length } = events
    if (ProducerSubscription.send(subscriber, length) < 0) {
      const expected = `no more events for a subscriber than it asked for (${pendingOf(subscriber) + length})`
      throw new BadReturnError('dispatch', expected, length)
    }
    this.sent += length
    this.pending -= length
    sendEvents(referenceOf(subscriber), subscriber.tag, this.stage.process.reference, events)
  }

  /** Asks anew for what subscribers did not want: by a message, for their demand comes behind what is there already. */
  private sendReturnedDemand(returnedDemand: NonNullable<DispatchResult['returnedDemand']>): void {
    for (const [subscriber, count] of returnedDemand) {
      const owner = subscriber as ProducerSubscription
      addPending(owner, -count)
      this.reducePending(count)
      this.stage.process.deliver(new Message('ask-again', owner.tag, referenceOf(owner), count))
    }
  }

  /** So much demand is no longer open, and no event has met it. */
  private reducePending(demand: number): void {
    this.pending -= demand
  }

  private store(events: readonly unknown[]): void {
    const { discarded, infos } = this.buffer.store(events)
    if (discarded > 0) this.reportDiscarded(discarded)
    for (const info of infos) this.deliverInfo(info)
  }

  private reportDiscarded(count: number): void {
    const { process, callbackTable, callbacks } = this.stage
    this.discarded += count
    emitDiscarded(process, count, 'buffer full')
    if (callbackTable.formatDiscarded !== undefined) {
      process.callback = 'formatDiscarded'
      const result: unknown = callbackTable.formatDiscarded.call(callbacks, count)
      // If a promise rejects besides, that is the same mistake, and not another failure.
      if (isThenable(result)) result.then(undefined, () => {})
      if (typeof result !== 'boolean') throw new BadReturnError('formatDiscarded', 'a boolean', result)
      if (!result) return
    }
    this.log('warn', `${process.label} has discarded ${count} events from its buffer`, { discarded: count })
  }

  // ── Infos ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Queues an info behind all that is buffered. */
  queueInfo(message: unknown): void {
    if (!this.buffer.queueInfo(message)) this.deliverInfo(message)
  }

  /** Delivers an info that has the buffer behind it: perhaps not yet, if the dispatcher holds events. */
  private deliverInfo(message: unknown): void {
    if (!this.dispatcher.queueInfo?.(message)) this.sendInfo(message)
  }

  private sendInfo(message: unknown): void {
    this.stage.process.deliver(new Message('message', '', undefined, message))
  }

  private log(level: 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void {
    const { process } = this.stage
    process.runtime.log(level, message, { process: process.id, ...facts })
  }
}
