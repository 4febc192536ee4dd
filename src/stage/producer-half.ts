import { BadReturnError } from '../base/errors.ts'
import { isThenable } from '../base/thenable.ts'
import type { Dispatched, Dispatcher, Served, Subscriber } from '../dispatcher/dispatcher.ts'
import type { ExitReason } from '../process/exit-reason.ts'
import { Message } from '../process/message.ts'
import { type Monitor, monitor } from '../process/monitor.ts'
import type { Progress } from '../process/process.ts'
import type { ProcessReference } from '../process/reference.ts'
import type { AnswerRule } from './answer.ts'
import { follow, followSubscribe } from './answer.ts'
import { Buffer, type BufferKeep } from './buffer.ts'
import { expectAddedDemand, expectDispatched, expectRecord } from './dispatcher-answers.ts'
import { type Ask, type Cancel, PROTOCOL_VERSION, type Subscribe, sendCancelled, sendEvents } from './protocol.ts'
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

/** A subscription as the producer keeps it; dispatchers and callbacks know it as a {@link Subscriber}. */
class ProducerSubscription implements Subscriber {
  readonly tag: string
  readonly consumer: string
  readonly #reference: ProcessReference
  readonly #monitor: Monitor
  /** Demand that the subscriber has sent and that no event has met. */
  #pending = 0
  /** Whether the dispatcher has taken it on. */
  #isAdmitted = false

  constructor(tag: string, reference: ProcessReference, watch: Monitor) {
    this.tag = tag
    this.consumer = reference.id
    this.#reference = reference
    this.#monitor = watch
  }

  static referenceOf(subscriber: ProducerSubscription): ProcessReference {
    return subscriber.#reference
  }

  static monitorOf(subscriber: ProducerSubscription): Monitor {
    return subscriber.#monitor
  }

  static pendingOf(subscriber: ProducerSubscription): number {
    return subscriber.#pending
  }

  static admit(subscriber: ProducerSubscription): void {
    subscriber.#isAdmitted = true
  }

  static isAdmitted(subscriber: ProducerSubscription): boolean {
    return subscriber.#isAdmitted
  }

  static addPending(subscriber: ProducerSubscription, demand: number): number {
    subscriber.#pending += demand
    return subscriber.#pending
  }
}

const { referenceOf, monitorOf, pendingOf, addPending } = ProducerSubscription

/** Whether a subscriber that has left was one: a dispatcher may have refused it. */
export function wasAdmitted(subscriber: Subscriber): boolean {
  return subscriber instanceof ProducerSubscription && ProducerSubscription.isAdmitted(subscriber)
}

/**
 * The half of a stage that emits: its subscribers, its dispatcher, its buffer.
 *
 * It obeys the producer's part of the protocol, and keeps the promise that nobody is sent more than was asked, also
 * where a dispatcher of somebody's own would not.
 */
export class ProducerHalf {
  private readonly stage: EmittingStage
  private readonly dispatcher: Dispatcher<unknown, unknown>
  private readonly buffer: Buffer<unknown>
  private readonly cancelRule: AnswerRule = 'events or nothing'
  private readonly subscribers = new Map<string, ProducerSubscription>()
  /** Events that the dispatcher is being given. At the end of the stage above zero only where the dispatcher threw. */
  private dispatching = 0
  /** Events that were dropped from the buffer, or with a partition's subscriber, since the start. */
  discarded = 0

  constructor(stage: EmittingStage, { dispatcher, bufferSize, bufferKeep }: EmittingOptions) {
    this.stage = stage
    this.dispatcher = dispatcher
    this.buffer = new Buffer(bufferSize, bufferKeep)
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
      return 'done'
    }
    if (this.subscribers.has(tag)) {
      this.log('error', `${process.label} received a second subscription under the tag ${tag}`, {
        consumer: consumer.id,
      })
      sendCancelled(consumer, tag, process.reference, 'duplicated-subscription', true)
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
    const subscriber = new ProducerSubscription(tag, consumer, watch)
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
      if (message.body.confirm) sendEvents(referenceOf(subscriber), subscriber.tag, process.reference, [])
      return this.stage.serve(demand)
    }
    const { refuse } = expectRecord('subscribe', 'the demand that it adds, or { refuse }', answer)
    this.log('warn', `${process.label} refused a subscription of ${referenceOf(subscriber).label}: ${refuse}`, {
      consumer: subscriber.consumer,
    })
    return this.cancel(subscriber.tag, 'cancel', refuse, true)
  }

  /** A subscription ends: because its consumer asked (or the stage did), or because that has ended. */
  cancel(tag: string, kind: 'cancel' | 'down', reason: ExitReason, isRefused = false): Progress {
    const subscriber = this.subscribers.get(tag)
    if (subscriber === undefined) return 'done'
    const { process, members, callbacks } = this.stage
    this.subscribers.delete(tag)
    monitorOf(subscriber).cancel()
    sendCancelled(referenceOf(subscriber), tag, process.reference, reason, isRefused)
    if (members.handleCancel === undefined) return this.afterCancel(subscriber)
    process.callback = 'handleCancel'
    const answer = members.handleCancel.call(callbacks, { [kind]: reason }, subscriber)
    const progress = follow(this.stage, 'handleCancel', answer, this.cancelRule)
    if (progress !== 'done') return process.andThen(progress, () => this.afterCancel(subscriber))
    return this.afterCancel(subscriber)
  }

  private afterCancel(subscriber: ProducerSubscription): Progress {
    return this.stage.serve(this.carryOut('cancel', this.dispatcher.cancel(subscriber)))
  }

  /** A consumer asks the stage to end its subscription. */
  onCancel(message: Cancel): Progress {
    return this.cancel(message.tag, 'cancel', message.body)
  }

  /** The end of one who was watched: a consumer of this stage? Undefined where it is none. */
  onDown(watch: Monitor): Progress {
    return this.cancel(watch.tag, 'down', watch.ending?.reason)
  }

  // ── Demand and events ─────────────────────────────────────────────────────────────────────────────────────────

  /** A consumer asks for more. */
  ask(message: Ask): Progress {
    const subscriber = this.subscribers.get(message.tag)
    if (subscriber === undefined) {
      const consumer = message.from as ProcessReference
      sendCancelled(consumer, message.tag, this.stage.process.reference, 'unknown-subscription', false)
      return 'done'
    }
    addPending(subscriber, message.body)
    const answer = this.dispatcher.ask(subscriber, message.body)
    return this.stage.serve(this.carryOut('ask', answer))
  }

  /** Sends what the dispatcher let go of, and answers the demand that remains. */
  private carryOut(method: 'ask' | 'cancel', answer: number | Served): number {
    if (typeof answer === 'number') return expectAddedDemand(method, answer)
    const { process } = this.stage
    expectRecord(method, 'the demand that it adds, or { demand, deliveries?, … }', answer)
    if (answer.warning !== undefined) this.log('warn', `${process.label}: ${answer.warning}`, {})
    if (answer.deliveries !== undefined) this.send(answer.deliveries)
    if (answer.infos !== undefined) for (const info of answer.infos) this.sendInfo(info)
    if (answer.discarded !== undefined && answer.discarded > 0) {
      this.discarded += answer.discarded
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
    this.dispatching = events.length
    const { deliveries, leftover, unwanted } = expectDispatched(this.dispatcher.dispatch(events))
    this.dispatching = 0
    this.send(deliveries)
    if (unwanted !== undefined) this.askAgain(unwanted)
    if (leftover.length > 0) this.store(leftover)
    return events.length - leftover.length
  }

  private send(deliveries: Dispatched['deliveries']): void {
    const self = this.stage.process.reference
    for (let next = 0; next < deliveries.length; next++) {
      const [subscriber, events] = deliveries[next] as (typeof deliveries)[number]
      if (!(subscriber instanceof ProducerSubscription)) {
        throw new BadReturnError('dispatch', 'deliveries to the very subscribers that it was told of', subscriber)
      }
      const owner = subscriber
      if (addPending(owner, -events.length) < 0) {
        const expected = `no more events for a subscriber than it asked for (${pendingOf(owner) + events.length})`
        throw new BadReturnError('dispatch', expected, events.length)
      }
      sendEvents(referenceOf(owner), owner.tag, self, events)
    }
  }

  /** Asks anew for what subscribers did not want: by a message, for their demand comes behind what is there already. */
  private askAgain(unwanted: NonNullable<Dispatched['unwanted']>): void {
    for (const [subscriber, count] of unwanted) {
      const owner = subscriber as ProducerSubscription
      addPending(owner, -count)
      this.stage.process.deliver(new Message('ask', owner.tag, referenceOf(owner), count))
    }
  }

  private store(events: readonly unknown[]): void {
    const { discarded, infos } = this.buffer.store(events)
    if (discarded > 0) this.reportDiscarded(discarded)
    for (const info of infos) this.deliverInfo(info)
  }

  private reportDiscarded(count: number): void {
    const { process, members, callbacks } = this.stage
    this.discarded += count
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
    while (unmet > 0) {
      const taken = this.buffer.take(unmet)
      if (taken === undefined) break
      unmet -= taken.events.length
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

  private log(level: 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void {
    const { process } = this.stage
    process.runtime.log(level, message, { process: process.id, ...facts })
  }
}
