import { emptyArray } from '../../base/empty-array.ts'
import { BadReturnError } from '../../base/errors.ts'
import type {
  DemandResult,
  Dispatcher,
  DispatcherInfo,
  DispatchResult,
  Refusal,
  Subscriber,
} from '../../dispatcher/dispatcher.ts'
import { SingleReceiver } from '../../dispatcher/single-receiver.ts'
import type { Progress } from '../../process/behaviour.ts'
import { Message } from '../../process/message.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { type ProducingInspection, timeOrNull } from '../../telemetry/inspection.ts'
import type { AskMessage } from '../protocol.ts'
import type { DemandMode } from '../types/references.ts'
import { Buffer, type BufferKeep } from './buffer.ts'
import { expectAddedDemand, expectDispatched, expectRecord, inspectDispatcher } from './dispatcher-results.ts'
import type { EmittingStage } from './emitting-stage.ts'
import { OutstandingDemand } from './outstanding-demand.ts'
import { ProducerSubscription } from './producer-subscription.ts'
import { emitDemand, logWarning, reportBufferFull, reportSubscriberCancelled } from './producer-telemetry.ts'
import { type SubscriberDispatch, Subscribers } from './subscribers.ts'

/** What decides how a stage emits. */
export interface EmittingOptions {
  readonly dispatcher: Dispatcher<unknown, unknown>
  readonly bufferSize: number
  readonly bufferKeep: BufferKeep
}

const { referenceOf, pendingOf, addPending, hasExited } = ProducerSubscription

/**
 * The half of a stage that emits events: its subscribers, its dispatcher and its buffer.
 *
 * It obeys the producer's part of the protocol. No subscriber is sent more events than it asked for, even if a custom
 * dispatcher tries to.
 */
export class ProducerHalf implements SubscriberDispatch {
  readonly subscribers: Subscribers
  private readonly stage: EmittingStage
  private readonly process: Process
  private readonly dispatcher: Dispatcher<unknown, unknown>
  /** The dispatcher again, if it can give a whole batch to one subscriber without a result object. */
  private readonly singleReceiver: SingleReceiver | undefined
  private readonly buffer: Buffer<unknown>
  /** Whether the dispatcher has `openDemand`. */
  private readonly knowsOpenDemand: boolean
  /**
   * The demand that the dispatcher has returned, less the events that it has taken: read only if it has no `openDemand`.
   * Some of it may belong to subscribers that were cancelled.
   */
  private announced = 0
  /**
   * Events that upstream was asked for, or that a producer-consumer may take from its producers, and that have not
   * arrived. Some may have been asked for on behalf of subscribers that were cancelled.
   */
  readonly outstanding: OutstandingDemand
  /** Events that the dispatcher is being given. Above zero when the stage has exited only if the dispatcher threw. */
  private dispatching = 0
  /** Total of events that were dropped: from the buffer, or with a subscriber that the dispatcher held them for. */
  private discarded = 0
  /** Total of events that callbacks have emitted and that were dispatched or stored. */
  private emitted = 0
  /** Total of events sent. */
  private sent = 0
  /** Demand of all subscribers that no event has met. */
  private pending = 0
  /** When it last emitted, by the cached clock; `NaN` if it never has. */
  private lastEmitted = Number.NaN
  /** Since when `pending` has been above 0 without an event, by the cached clock; any time while it is 0. */
  private demandSince = Number.NaN

  constructor(stage: EmittingStage, { dispatcher, bufferSize, bufferKeep }: EmittingOptions) {
    this.stage = stage
    this.process = stage.process
    this.dispatcher = dispatcher
    this.knowsOpenDemand = dispatcher.openDemand !== undefined
    this.singleReceiver = dispatcher instanceof SingleReceiver ? dispatcher : undefined
    this.buffer = new Buffer(bufferSize, bufferKeep)
    this.outstanding = new OutstandingDemand(stage.process.runtime)
    this.subscribers = new Subscribers(stage, this)
  }

  get dispatcherKind(): DispatcherInfo['kind'] {
    return inspectDispatcher(this.dispatcher).kind
  }

  /** How many events are in the buffer, and infos too if it has no limit. */
  get estimatedCount(): number {
    return this.buffer.estimatedCount
  }

  /** How many events are in the buffer. */
  get bufferedCount(): number {
    return this.buffer.eventCount
  }

  /** How many events it holds that were not sent to any consumer. */
  get queuedCount(): number {
    return this.buffer.eventCount + (this.dispatcher.queuedCount?.() ?? 0)
  }

  /** What it holds when the stage exits, in events. */
  remainingEvents(): { readonly buffer: number; readonly dispatcher: number } {
    const { buffer, dispatcher, dispatching } = this
    return { buffer: buffer.eventCount, dispatcher: dispatching + (dispatcher.queuedCount?.() ?? 0) }
  }

  /** What a snapshot shows of this half. The stage knows its demand mode and how much it has accumulated. */
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
      demandTime: Math.round(this.outstanding.time(this.process.runtime.clock.now())),
      subscribers: Array.from(this.subscribers.all(), ProducerSubscription.inspect),
    }
  }

  // ── Demand and events ─────────────────────────────────────────────────────────────────────────────────────────

  /** A consumer asks for more. */
  onAsk(message: AskMessage): Progress {
    const { tag, kind, from, body: demand } = message
    const subscriber = this.subscribers.find(tag)
    if (subscriber !== undefined) return this.addDemand(subscriber, demand, kind === 'ask')
    // From the stage itself: for events that the dispatcher discarded, or for a subscriber that was cancelled since.
    if (kind === 'ask-again') return this.stage.onDemand()
    this.subscribers.cancelUnknown(from as ProcessReference, tag)
    return 'done'
  }

  /** A consumer asks for more, by the record of its subscription. */
  onDirectAsk(subscriber: ProducerSubscription, demand: number): Progress {
    return this.addDemand(subscriber, demand, true)
  }

  /** Adds demand; `isNew` unless the dispatcher has returned it. */
  private addDemand(subscriber: ProducerSubscription, demand: number, isNew: boolean): Progress {
    if (!this.subscribers.mayAsk(subscriber)) return 'done'
    const { stage, process } = this
    const { runtime } = process
    const pending = addPending(subscriber, demand)
    if (this.pending === 0) this.demandSince = runtime.scheduler.cachedNow()
    this.pending += demand
    if (runtime.telemetry.hasListeners && isNew) emitDemand(process, subscriber, demand, pending)
    const result = this.dispatcher.ask(subscriber, demand)
    if (typeof result !== 'number' || !this.knowsOpenDemand) this.applyDispatcherResult('ask', result)
    return stage.onDemand()
  }

  admit(subscriber: ProducerSubscription, options: Readonly<Record<string, unknown>>): Refusal | undefined {
    const result = this.dispatcher.subscribe(subscriber, options)
    if (typeof result !== 'number') return expectRecord('subscribe', 'the demand that it adds, or { refuse }', result)
    this.announced += expectAddedDemand('subscribe', result)
    return undefined
  }

  detach(subscriber: ProducerSubscription): void {
    this.pending -= pendingOf(subscriber)
    this.applyDispatcherResult('cancel', this.dispatcher.cancel(subscriber))
  }

  /** Sends what the dispatcher released, and adds its demand. */
  private applyDispatcherResult(method: 'ask' | 'cancel', result: number | DemandResult): void {
    if (typeof result === 'number') {
      if (!this.knowsOpenDemand) this.announced += expectAddedDemand(method, result)
      return
    }
    expectRecord(method, 'the demand that it adds, or { demand, deliveries?, … }', result)
    if (result.warning !== undefined) logWarning(this.process, `${this.process.label}: ${result.warning}`)
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

  private discardHeld(count: number): void {
    this.discarded += count
    reportSubscriberCancelled(this.process, count)
  }

  /** How many events the dispatcher could dispatch now; an estimate if it has no `openDemand`. */
  private get openDemand(): number {
    const { dispatcher } = this
    if (dispatcher.openDemand === undefined) return Math.min(this.announced, this.pending)
    return expectAddedDemand('openDemand', dispatcher.openDemand())
  }

  /** Open demand that no buffered event meets and that upstream was not asked for; below 0 if there is a surplus. */
  get unaskedDemand(): number {
    const { buffer } = this
    const openDemand = this.singleReceiver === undefined ? this.openDemand : this.pending
    const unasked = openDemand - this.outstanding.open
    return buffer.isEmpty ? unasked : unasked - buffer.eventCount
  }

  /** Sends new events to subscribers that have asked for them, and stores the rest after what is buffered already. */
  dispatch(events: readonly unknown[]): void {
    const { length } = events
    this.outstanding.meet(length)
    this.emitted += length
    if (!this.buffer.isEmpty) this.dispatchBuffered()
    const leftover = this.buffer.isEmpty ? this.dispatchNow(events) : events
    if (leftover.length > 0) this.store(leftover)
  }

  /**
   * Sends buffered events as far as there is demand: afterwards the buffer is empty, or no demand is open.
   *
   * @returns How many events were sent.
   */
  dispatchBuffered(): number {
    const { buffer } = this
    let count = 0
    while (!buffer.isEmpty) {
      if (this.subscribers.exitedCount > 0) this.subscribers.detachExited()
      // Without `openDemand` it is given as much as it could possibly dispatch, and the rest is put back.
      const demand = this.knowsOpenDemand ? this.openDemand : this.pending
      if (demand === 0) break
      const events = buffer.takeEvents(demand)
      const leftover = events.length === 0 ? events : this.dispatchNow(events)
      count += events.length - leftover.length
      if (leftover.length > 0) buffer.putBack(leftover)
      for (const info of buffer.takeInfos(events.length < demand)) this.deliverInfo(info)
      if (leftover.length > 0) break
    }
    return count
  }

  /** Sends events as the dispatcher decides, and returns its leftover. */
  private dispatchNow(events: readonly unknown[]): readonly unknown[] {
    if (this.subscribers.exitedCount > 0) this.subscribers.detachExited()
    const now = this.process.runtime.scheduler.cachedNow()
    this.lastEmitted = now
    this.demandSince = now
    const receiver = this.singleReceiver?.dispatchToOne(events.length)
    if (receiver === undefined) return this.dispatchToMany(events)
    // A dispatcher of this library, which gives what it was given.
    this.send(receiver as ProducerSubscription, events)
    return emptyArray
  }

  private dispatchToMany(events: readonly unknown[]): readonly unknown[] {
    this.dispatching = events.length
    const { deliveries, leftover, returnedDemand, filtered = 0 } = expectDispatched(this.dispatcher.dispatch(events))
    this.dispatching = 0
    this.announced = Math.max(0, this.announced - (events.length - leftover.length - filtered))
    for (let next = 0; next < deliveries.length; next++) {
      const delivery = deliveries[next] as (typeof deliveries)[number]
      this.deliver(delivery[0], delivery[1])
    }
    if (returnedDemand !== undefined) this.sendReturnedDemand(returnedDemand)
    if (filtered > 0) this.process.deliver(new Message('ask-again', '', undefined, 0))
    return leftover
  }

  /**
   * Whether a very large batch of events should be dispatched in pieces. Not if one subscriber has asked for all of them,
   * which then receives them as one array, nor if the buffer will drop some, which is reported once.
   */
  dispatchesInPieces(count: number): boolean {
    const { buffer } = this
    return buffer.eventCount + count <= buffer.size && !this.subscribers.hasAskedFor(count)
  }

  /** Sends events to a subscriber that a dispatcher has named, which must have asked for them. */
  private deliver(subscriber: Subscriber, events: readonly unknown[]): void {
    if (!(subscriber instanceof ProducerSubscription)) {
      throw new BadReturnError('dispatch', 'deliveries to the very subscribers that it was given', subscriber)
    }
    this.send(subscriber, events)
  }

  private send(subscriber: ProducerSubscription, events: readonly unknown[]): void {
    const { length } = events
    if (!ProducerSubscription.send(subscriber, events, this.process.reference)) {
      const expected = `no more events for a subscriber than it asked for (${pendingOf(subscriber)})`
      throw new BadReturnError('dispatch', expected, length)
    }
    this.sent += length
    this.pending -= length
  }

  /** Asks again for what subscribers did not want: by a message, because it is queued after the demand that exists. */
  private sendReturnedDemand(returnedDemand: NonNullable<DispatchResult['returnedDemand']>): void {
    for (const [subscriber, count] of returnedDemand) {
      const owner = subscriber as ProducerSubscription
      addPending(owner, -count)
      this.pending -= count
      this.process.deliver(new Message('ask-again', owner.tag, referenceOf(owner), count))
    }
  }

  private store(events: readonly unknown[]): void {
    this.outstanding.close()
    const { discarded, infos } = this.buffer.store(events)
    if (discarded > 0) {
      this.discarded += discarded
      reportBufferFull(this.stage, discarded)
    }
    for (const info of infos) this.deliverInfo(info)
  }

  // ── Infos ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Queues an info after everything that is buffered. */
  queueInfo(message: unknown): void {
    if (!this.buffer.queueInfo(message)) this.deliverInfo(message)
  }

  /** Delivers an info that has passed the buffer; the dispatcher may hold it until the events that it holds are sent. */
  private deliverInfo(message: unknown): void {
    if (!this.dispatcher.queueInfo?.(message)) this.sendInfo(message)
  }

  private sendInfo(message: unknown): void {
    this.process.deliver(new Message('message', '', undefined, message))
  }
}
