import { BadReturnError } from '../base/errors.ts'
import { isThenable } from '../base/thenable.ts'
import type { Dispatched, Dispatcher, Served, Subscriber } from '../dispatcher/dispatcher.ts'
import { WholeDispatcher } from '../dispatcher/whole-dispatcher.ts'
import type { ExitReason } from '../process/exit-reason.ts'
import { Message } from '../process/message.ts'
import { type Monitor, monitor } from '../process/monitor.ts'
import type { Progress } from '../process/process.ts'
import type { ProcessReference } from '../process/reference.ts'
import type { ProducingInspection } from '../telemetry/inspection.ts'
import type { AnswerRule } from './answer.ts'
import { follow, followSubscribe } from './answer.ts'
import { Buffer, type BufferKeep } from './buffer.ts'
import { expectAddedDemand, expectDispatched, expectRecord, inspectDispatcher } from './dispatcher-answers.ts'
import { timeOrNull } from './heard.ts'
import { OpenDemand } from './open-demand.ts'
import { ProducerSubscription } from './producer-subscription.ts'
import { type Ask, type Cancel, PROTOCOL_VERSION, type Subscribe, sendCancelled, sendEvents } from './protocol.ts'
import type { DemandMode } from './references.ts'
import type { Stage } from './stage.ts'

/** A stage that emits: where the demand ends up that its producer half takes. */
export interface EmittingStage extends Stage {
  /** Demand has come that the dispatcher does not serve by itself: at least 0, as a cancellation may bring none. */
  serve(demand: number): Progress
}

/** What decides how a stage emits. */
export interface EmittingOptions {
  readonly dispatcher: Dispatcher<unknown, unknown>
  readonly bufferSize: number
  readonly bufferKeep: BufferKeep
}

const { referenceOf, monitorOf, pendingOf, addPending, isAdmitted } = ProducerSubscription

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
  private readonly whole: WholeDispatcher | undefined
  private readonly buffer: Buffer<unknown>
  private readonly cancelRule: AnswerRule = 'events or nothing'
  private readonly subscribers = new Map<string, ProducerSubscription>()
  /** Who asked last: the next one to ask is often the same. */
  private lastAsked: ProducerSubscription | undefined
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
  private askedSince = Number.NaN
  /** What the dispatcher has passed on to the stage. */
  private readonly openDemand: OpenDemand

  constructor(stage: EmittingStage, { dispatcher, bufferSize, bufferKeep }: EmittingOptions) {
    this.stage = stage
    this.dispatcher = dispatcher
    this.whole = dispatcher instanceof WholeDispatcher ? dispatcher : undefined
    this.buffer = new Buffer(bufferSize, bufferKeep)
    this.openDemand = new OpenDemand(stage.process.runtime)
  }

  /** Whether it has any. */
  get hasSubscribers(): boolean {
    return this.subscribers.size > 0
  }

  /** How many events and, where the buffer has no bound, infos wait in the buffer. */
  get estimatedCount(): number {
    return this.buffer.estimatedCount
  }

  /** How many events it holds that no consumer has been sent. */
  get heldCount(): number {
    return this.buffer.eventCount + (this.dispatcher.heldCount?.() ?? 0)
  }

  held(): { readonly buffer: number; readonly dispatcher: number } {
    const { buffer, dispatcher, dispatching } = this
    return { buffer: buffer.eventCount, dispatcher: dispatching + (dispatcher.heldCount?.() ?? 0) }
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
      askedSince: pending > 0 ? this.askedSince : null,
      demandTime: Math.round(this.openDemand.time(this.stage.process.runtime.clock.now())),
      subscribers: Array.from(this.subscribers.values(), ProducerSubscription.inspect),
    }
  }

  // ── Subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────

  /** A consumer subscribes. */
  subscribe(message: Subscribe): Progress {
    const { tag, from, body } = message
    const consumer = from as ProcessReference
    const { process } = this.stage
    // It ended before its request was looked at. Its DOWN would lie behind the request of whoever was started in its
    // place, who would find its partition taken; and all that its ask brings would go to nobody.
    if (consumer.hasEnded) return 'done'
    if (body.version !== PROTOCOL_VERSION) {
      sendCancelled(consumer, tag, process.reference, 'bad-version', true)
      this.tellRefused(consumer, tag, 'bad-version')
      return 'done'
    }
    if (this.subscribers.has(tag)) {
      this.log('error', `${process.label} received a second subscription under the tag ${tag}`, {
        consumer: consumer.id,
      })
      sendCancelled(consumer, tag, process.reference, 'duplicated-subscription', true)
      this.tellRefused(consumer, tag, 'duplicated-subscription')
      return 'done'
    }
    if (body.cancelFirst === undefined) return this.accept(message)
    const progress = this.cancel(body.cancelFirst.tag, 'cancel', body.cancelFirst.reason)
    if (progress !== 'done') return process.andThen(progress, () => this.accept(message))
    return this.accept(message)
  }

  private accept(message: Subscribe): Progress {
    const { tag, from, body } = message
    const consumer = from as ProcessReference
    const { process, members } = this.stage
    const watch = monitor(process, consumer, 'subscriber-down', tag)
    const subscriber = new ProducerSubscription(tag, consumer, watch, process.runtime.scheduler.roughNow())
    this.subscribers.set(tag, subscriber)
    const { handleSubscribe } = members
    if (handleSubscribe === undefined) return this.admit(subscriber, message)
    process.callback = 'handleSubscribe'
    const answer = handleSubscribe.call(this.stage.callbacks, 'consumer', body.options, subscriber)
    if (isThenable(answer)) {
      return process.park(answer, (value) => this.afterHandleSubscribe(value, subscriber, message))
    }
    return this.afterHandleSubscribe(answer, subscriber, message)
  }

  private afterHandleSubscribe(answer: unknown, subscriber: ProducerSubscription, message: Subscribe): Progress {
    if (answer === undefined || answer === 'automatic') return this.admit(subscriber, message)
    return followSubscribe(this.stage, answer, "'automatic', nothing or { stop } for a consumer")
  }

  /** Tells the dispatcher, and only now, as that may bring demand, and the stage must know the subscriber then. */
  private admit(subscriber: ProducerSubscription, message: Subscribe): Progress {
    const { process } = this.stage
    const answer = this.dispatcher.subscribe(subscriber, message.body.options)
    if (typeof answer === 'number') {
      const demand = expectAddedDemand('subscribe', answer)
      ProducerSubscription.admit(subscriber)
      this.tellStarted(subscriber, message.body.options)
      if (message.body.confirm) sendEvents(referenceOf(subscriber), subscriber.tag, process.reference, [])
      return this.serve(demand)
    }
    const { refuse, message: why } = expectRecord('subscribe', 'the demand that it adds, or { refuse }', answer)
    this.log('warn', `${process.label} refused a subscription of ${referenceOf(subscriber).label}: ${why ?? refuse}`, {
      consumer: subscriber.consumer,
    })
    return this.cancel(subscriber.tag, 'cancel', refuse, true, why)
  }

  /** A subscription ends: because its consumer asked (or the stage did), or because that has ended. */
  cancel(tag: string, kind: 'cancel' | 'down', reason: ExitReason, isRefused = false, why?: string): Progress {
    const subscriber = this.subscribers.get(tag)
    if (subscriber === undefined) return 'done'
    const { process, members, callbacks } = this.stage
    this.subscribers.delete(tag)
    this.lastAsked = undefined
    monitorOf(subscriber).cancel()
    this.drop(pendingOf(subscriber))
    sendCancelled(referenceOf(subscriber), tag, process.reference, reason, isRefused, why)
    if (isRefused) this.tellRefused(referenceOf(subscriber), tag, reason)
    else if (isAdmitted(subscriber)) this.tellCancelled(subscriber, kind, reason)
    if (members.handleCancel === undefined) return this.afterCancel(subscriber)
    process.callback = 'handleCancel'
    const answer = members.handleCancel.call(callbacks, { [kind]: reason }, subscriber)
    const progress = follow(this.stage, 'handleCancel', answer, this.cancelRule)
    if (progress !== 'done') return process.andThen(progress, () => this.afterCancel(subscriber))
    return this.afterCancel(subscriber)
  }

  private afterCancel(subscriber: ProducerSubscription): Progress {
    return this.serve(this.carryOut('cancel', this.dispatcher.cancel(subscriber)))
  }

  /** A consumer asks the stage to end its subscription. */
  onCancel(message: Cancel): Progress {
    return this.cancel(message.tag, 'cancel', message.body)
  }

  /** The end of one who was watched: a consumer of this stage? Undefined where it is none. */
  onDown(watch: Monitor): Progress {
    this.stage.process.hear(watch.ending)
    return this.cancel(watch.tag, 'down', watch.ending?.reason)
  }

  // ── Demand and events ─────────────────────────────────────────────────────────────────────────────────────────

  /** A consumer asks for more. */
  ask(message: Ask): Progress {
    const subscriber = this.lastAsked?.tag === message.tag ? this.lastAsked : this.subscribers.get(message.tag)
    this.lastAsked = subscriber
    if (subscriber === undefined) {
      const consumer = message.from as ProcessReference
      sendCancelled(consumer, message.tag, this.stage.process.reference, 'unknown-subscription', false)
      return 'done'
    }
    const { runtime } = this.stage.process
    const demand = message.body
    const pending = addPending(subscriber, demand)
    if (this.pending === 0) this.askedSince = runtime.scheduler.roughNow()
    this.pending += demand
    if (runtime.telemetry.isHeard && message.kind === 'ask') this.tellDemand(subscriber, demand, pending)
    const answer = this.dispatcher.ask(subscriber, demand)
    return this.serve(this.carryOut('ask', answer))
  }

  /** Passes demand on to the stage. */
  private serve(demand: number): Progress {
    this.openDemand.add(demand)
    return this.stage.serve(demand)
  }

  /** Time is about to be counted no longer. */
  keepDemandTime(now: number): void {
    this.openDemand.keepTime(now)
  }

  /** Sends what the dispatcher let go of, and answers the demand that remains. */
  private carryOut(method: 'ask' | 'cancel', answer: number | Served): number {
    if (typeof answer === 'number') return expectAddedDemand(method, answer)
    const { process } = this.stage
    expectRecord(method, 'the demand that it adds, or { demand, deliveries?, … }', answer)
    if (answer.warning !== undefined) this.log('warn', `${process.label}: ${answer.warning}`, {})
    if (answer.deliveries !== undefined) for (const delivery of answer.deliveries) this.deliver(...delivery)
    if (answer.infos !== undefined) for (const info of answer.infos) this.sendInfo(info)
    if (answer.discarded !== undefined && answer.discarded > 0) {
      this.discarded += answer.discarded
      this.tellDiscarded(answer.discarded, 'subscriber gone')
      const lost = `${answer.discarded} events that it held for a subscriber that is gone`
      this.log('warn', `${process.label} has discarded ${lost}`, { discarded: answer.discarded })
    }
    return expectAddedDemand(method, answer.demand)
  }

  /**
   * Hands events to whoever has asked for them, and the rest to the buffer.
   *
   * @returns How many were handed out.
   */
  dispatch(events: readonly unknown[]): number {
    const { dispatcher, whole } = this
    const { length } = events
    this.lastEmitted = this.stage.process.runtime.scheduler.roughNow()
    this.askedSince = this.lastEmitted
    const taker = whole?.dispatchWhole(length)
    if (taker !== undefined) {
      this.emitted += length
      this.openDemand.meet(length)
      this.deliver(taker, events)
      return length
    }
    this.dispatching = length
    const { deliveries, leftover, unwanted } = expectDispatched(dispatcher.dispatch(events))
    this.dispatching = 0
    this.emitted += length
    for (let next = 0; next < deliveries.length; next++) {
      const delivery = deliveries[next] as (typeof deliveries)[number]
      this.deliver(delivery[0], delivery[1])
    }
    // What is left over shows that no demand is, whatever was counted: that of a subscriber that has left, for instance.
    if (leftover.length > 0) this.openDemand.close()
    else this.openDemand.meet(length)
    if (unwanted !== undefined) this.askAgain(unwanted)
    if (leftover.length > 0) this.store(leftover)
    return length - leftover.length
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
  private askAgain(unwanted: NonNullable<Dispatched['unwanted']>): void {
    for (const [subscriber, count] of unwanted) {
      const owner = subscriber as ProducerSubscription
      addPending(owner, -count)
      this.drop(count)
      this.stage.process.deliver(new Message('ask-again', owner.tag, referenceOf(owner), count))
    }
  }

  /** So much demand is no longer open, and no event has met it. */
  private drop(demand: number): void {
    this.pending -= demand
  }

  private store(events: readonly unknown[]): void {
    const { discarded, infos } = this.buffer.store(events)
    if (discarded > 0) this.reportDiscarded(discarded)
    for (const info of infos) this.deliverInfo(info)
  }

  private reportDiscarded(count: number): void {
    const { process, members, callbacks } = this.stage
    this.discarded += count
    this.tellDiscarded(count, 'buffer full')
    if (members.formatDiscarded !== undefined) {
      process.callback = 'formatDiscarded'
      const answer: unknown = members.formatDiscarded.call(callbacks, count)
      // If a promise rejects besides, that is the same mistake, and not another failure.
      if (isThenable(answer)) answer.then(undefined, () => {})
      if (typeof answer !== 'boolean') throw new BadReturnError('formatDiscarded', 'a boolean', answer)
      if (!answer) return
    }
    this.log('warn', `${process.label} has discarded ${count} events from its buffer`, { discarded: count })
  }

  /** Meets demand with what is buffered, and answers what is left of it. */
  takeFromBuffer(demand: number): number {
    let unmet = demand
    while (unmet > 0 && !this.buffer.isEmpty) {
      const taken = this.buffer.take(unmet)
      if (taken === undefined) break
      unmet -= taken.events.length
      // It is emitted once more; it was counted when it first was.
      this.emitted -= taken.events.length
      if (taken.events.length > 0) this.stage.emit(taken.events)
      for (const info of taken.infos) this.deliverInfo(info)
    }
    return unmet
  }

  // ── Infos ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Queues an info behind all that is buffered. */
  queueInfo(message: unknown): void {
    if (!this.buffer.holdInfo(message)) this.deliverInfo(message)
  }

  /** Delivers an info that has the buffer behind it: perhaps not yet, if the dispatcher holds events. */
  private deliverInfo(message: unknown): void {
    if (!this.dispatcher.holdInfo?.(message)) this.sendInfo(message)
  }

  private sendInfo(message: unknown): void {
    this.stage.process.deliver(new Message('message', '', undefined, message))
  }

  // ── Telling those who listen ──────────────────────────────────────────────────────────────────────────────────

  private tellStarted(subscriber: ProducerSubscription, options: Readonly<Record<string, unknown>>): void {
    const { runtime, identity: producer } = this.stage.process
    if (!runtime.telemetry.hears('subscription.started')) return
    const { tag } = subscriber
    const consumer = referenceOf(subscriber).identity
    const subscribers = this.subscribers.size
    runtime.telemetry.execute('subscription.started', { subscribers }, { producer, consumer, tag, options })
  }

  private tellCancelled(subscriber: ProducerSubscription, cause: 'cancel' | 'down', reason: ExitReason): void {
    const { runtime, identity: producer } = this.stage.process
    if (!runtime.telemetry.hears('subscription.cancelled')) return
    const { tag } = subscriber
    const consumer = referenceOf(subscriber).identity
    const numbers = { unmet: pendingOf(subscriber), subscribers: this.subscribers.size }
    runtime.telemetry.execute('subscription.cancelled', numbers, { producer, consumer, tag, cause, reason })
  }

  private tellRefused(by: ProcessReference, tag: string, reason: ExitReason): void {
    const { runtime, identity: producer } = this.stage.process
    if (!runtime.telemetry.hears('subscription.refused')) return
    const subscribers = this.subscribers.size
    runtime.telemetry.execute('subscription.refused', { subscribers }, { producer, consumer: by.identity, tag, reason })
  }

  private tellDemand(subscriber: ProducerSubscription, demand: number, pending: number): void {
    const { runtime, identity: producer } = this.stage.process
    if (!runtime.telemetry.hears('demand.received')) return
    const consumer = referenceOf(subscriber).identity
    runtime.telemetry.execute('demand.received', { demand, pending }, { producer, consumer, tag: subscriber.tag })
  }

  private tellDiscarded(count: number, cause: 'subscriber gone' | 'buffer full'): void {
    const { runtime, identity: stage } = this.stage.process
    if (runtime.telemetry.hears('events.discarded')) {
      runtime.telemetry.execute('events.discarded', { count }, { stage, cause })
    }
  }

  private log(level: 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void {
    const { process } = this.stage
    process.runtime.log(level, message, { process: process.id, ...facts })
  }
}
