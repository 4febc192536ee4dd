import type { Progress } from '../../process/behaviour.ts'
import type { Drain } from '../../process/drain.ts'
import type { Process } from '../../process/process.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import type { CallbackTable } from '../callback/callback-table.ts'
import { ConsumerHalf } from '../consuming/consumer-half.ts'
import { countEvents } from '../consuming/mailbox-events.ts'
import { subscribeToAll } from '../consuming/subscribe-to-all.ts'
import { isCleanEnd, type SubscriptionEnd } from '../consuming/subscription-end.ts'
import type { Upstream } from '../consuming/upstream.ts'
import { EachHandling, type EachOwner } from '../each/each-handling.ts'
import type { ValidEachOptions } from '../each/valid-each-options.ts'
import type { EmittingStage } from '../producing/emitting-stage.ts'
import { type EmittingOptions, ProducerHalf } from '../producing/producer-half.ts'
import type { ProducerSubscription } from '../producing/producer-subscription.ts'
import type { EventsMessage, SubscribeMessage } from '../protocol.ts'
import type { SubscribeRequest } from '../subscription/subscribe-request.ts'
import type { DemandMode } from '../types/references.ts'
import { Inbound, type InboundEntry } from './inbound.ts'
import { replyToRead } from './reply-to-read.ts'
import { StageBehaviour } from './stage-behaviour.ts'
import type { StageMessage } from './stage-message.ts'

/** What decides how a producer-consumer takes and emits. */
interface ProducerConsumerOptions extends EmittingOptions {
  readonly subscribeTo: readonly SubscribeRequest[]
  readonly onProducerEnd: 'drain' | 'stop'
  readonly subscribeAt: 'start' | 'first-consumer'
  /** The options of `handleEvent`; undefined for a stage with `handleEvents`. */
  readonly each: ValidEachOptions | undefined
}

/**
 * A stage that handles events and emits others.
 *
 * Events from its producers wait in `inbound` while no consumer has demand. Events that it emits beyond the demand wait
 * in the buffer of its producer half. Cancellations and infos keep their places among the events.
 *
 * ```text
 *   producers ──events──> inbound ──handleEvents──> dispatcher ──events──> consumers
 *                       only while there is demand      └──> buffer ──┘
 * ```
 */
export class ProducerConsumerStage extends StageBehaviour implements EmittingStage, EachOwner {
  readonly defaultRule = 'events or nothing'
  readonly concurrency: number | undefined
  private readonly producing: ProducerHalf
  private readonly consuming: ConsumerHalf
  private readonly options: ProducerConsumerOptions
  private readonly inbound = new Inbound()
  /** Handles events one by one, and then nothing waits in `inbound`; undefined if the stage has `handleEvents`. */
  private readonly each: EachHandling | undefined
  /** The end of a subscription that stops the stage once it holds nothing more; set while the stage drains for it. */
  private drainCause: SubscriptionEnd | undefined
  /** Whether `handleCancel` was called for `drainCause`; the events that it emitted are then still to be sent. */
  private drainCauseHandled = false
  /** Whether it has subscribed to the producers in `subscribeTo`. */
  private hasBegun: boolean

  constructor(process: Process, callbacks: object, callbackTable: CallbackTable, options: ProducerConsumerOptions) {
    super(process, callbacks, callbackTable)
    this.options = options
    this.hasBegun = options.subscribeAt === 'start'
    this.producing = new ProducerHalf(this, options)
    this.concurrency = options.each?.concurrency
    this.consuming = new ConsumerHalf(this, 'events')
    this.each = options.each && new EachHandling(this, this.consuming, 'events', options.each)
  }

  init(): Progress {
    return this.hasBegun ? subscribeToAll(this.process, this.consuming, this.options.subscribeTo) : 'done'
  }

  /** Receives events and asks; its records are its subscriptions and its subscribers. */
  receiveDirect(target: object, body: unknown): Progress {
    // By the body, because `instanceof` would cost an eighth of an ask.
    if (typeof body === 'number') return this.producing.onDirectAsk(target as ProducerSubscription, body)
    const upstream = target as Upstream
    const events = body as readonly unknown[]
    return this.consuming.expects(upstream, events) ? this.takeEvents(upstream, events) : 'done'
  }

  override receive(message: StageMessage): Progress {
    switch (message.kind) {
      case 'events':
        return this.onEvents(message)
      case 'ask':
      case 'ask-again':
        return this.producing.onAsk(message)
      default:
        return this.receiveControl(message)
    }
  }

  /** Receives what is rare: `receive` stays small enough to be inlined. */
  private receiveControl(message: StageMessage): Progress {
    const { consuming, producing } = this
    switch (message.kind) {
      case 'subscribe':
        return this.onSubscribe(message)
      case 'cancel':
        return producing.subscribers.onCancel(message)
      case 'cancelled':
        return consuming.onCancelled(message)
      case 'producer-down':
        return consuming.onDown(message.body)
      case 'subscriber-down':
        return producing.subscribers.onDown(message.body)
      case 'subscribe-call':
        return consuming.subscribe(message.body.argument, message.body.call)
      case 'subscribe-self':
        return consuming.subscribe(message.body, undefined)
      case 'set-demand-mode':
        return this.setDemandMode(message.body)
      case 'each':
        return this.each === undefined ? 'done' : this.each.onTurn()
      default:
        return replyToRead(producing, 'forward', message) ? 'done' : super.receive(message)
    }
  }

  // ── Demand ────────────────────────────────────────────────────────────────────────────────────────────────────

  onDemand(): Progress {
    const { producing } = this
    const count = producing.dispatchBuffered()
    // Demand that the buffer has met needs no more events. (In a producer, `handleDemand` was called for it already.)
    if (count > 0) producing.outstanding.meet(count)
    const unasked = producing.unaskedDemand
    if (unasked > 0) producing.outstanding.add(unasked)
    if (this.each === undefined) return this.takeInbound()
    return this.process.afterwards(this.each.onDemand(), () => this.stopIfDrained())
  }

  get hasDemand(): boolean {
    return this.producing.outstanding.open > 0
  }

  /** Whether it exits once it holds no more events. */
  get isEnding(): boolean {
    return this.isDraining || this.drainCause !== undefined
  }

  emitAtOnce(events: readonly unknown[]): boolean {
    // Not in the middle of a larger result, whose pieces come first.
    if (this.unemitted > 0 || this.emitsInPieces(events.length)) return false
    this.emit(events)
    return true
  }

  /** It may emit more than was asked for: the rest is buffered until there is demand again. */
  protected emit(events: readonly unknown[]): void {
    this.producing.dispatch(events)
  }

  protected emitsInPieces(count: number): boolean {
    return this.producing.dispatchesInPieces(count)
  }

  /** One function for all continuations: a closure in `takeInbound` would cost every call of it a context. */
  private readonly resume = (): Progress => this.takeInbound()

  private takeInbound(): Progress {
    const { inbound, process } = this
    while (this.isNextDue()) {
      const progress = this.handleInbound(inbound.shift() as InboundEntry)
      if (progress !== 'done') return process.afterwards(progress, this.resume)
    }
    return this.stopIfDrained()
  }

  /** Whether the first entry is to be handled now: if there is demand, or if it may stop the stage. */
  private isNextDue(): boolean {
    const first = this.inbound.peek()
    if (first === undefined || this.producing.outstanding.open > 0) return first !== undefined
    // Consumers need not ask for more than there is to see the end: it waits for the buffer, but not for demand.
    if (first.kind !== 'cancellation') return false
    const { cancellation } = first
    return this.isDraining || cancellation.upstream.options.cancel === 'with-last' || this.drainsBefore(cancellation)
  }

  private handleInbound(entry: InboundEntry): Progress {
    switch (entry.kind) {
      case 'events': {
        const { upstream, events } = entry
        const { batches } = this.consuming
        // Events whose subscription has ended since are handled, too; nothing is asked for after them.
        if (upstream.hasEnded) return batches.handleWithoutDemand(upstream.handle, events)
        return batches.handle(upstream, events)
      }
      case 'info':
        this.producing.queueInfo(entry.message)
        return 'done'
      case 'cancellation':
        return this.handleSubscriptionEnd(entry.cancellation)
    }
  }

  // ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────

  private onEvents(message: EventsMessage): Progress {
    const upstream = this.consuming.find(message)
    return upstream === undefined ? 'done' : this.takeEvents(upstream, message.body)
  }

  private takeEvents(upstream: Upstream, events: readonly unknown[]): Progress {
    if (this.each !== undefined) return this.each.deliver(upstream, events)
    if (this.inbound.length > 0 || this.producing.outstanding.open === 0) {
      this.inbound.push({ kind: 'events', upstream, events })
      return this.takeInbound()
    }
    const progress = this.consuming.batches.handle(upstream, events)
    if (progress !== 'done') return this.process.afterwards(progress, this.resume)
    return this.takeInbound()
  }

  private onSubscribe(message: SubscribeMessage): Progress {
    const progress = this.producing.subscribers.onSubscribe(message)
    return this.hasBegun ? progress : this.process.afterwards(progress, () => this.subscribeOnFirstConsumer())
  }

  /** Subscribes to its producers once it has a consumer that was not refused. */
  private subscribeOnFirstConsumer(): Progress {
    if (this.hasBegun || this.producing.subscribers.count === 0) return 'done'
    this.hasBegun = true
    return subscribeToAll(this.process, this.consuming, this.options.subscribeTo)
  }

  protected queueInfo(message: unknown): void {
    const queue = (): Progress => {
      this.producing.queueInfo(message)
      return 'done'
    }
    if (this.each !== undefined) this.each.afterAllEvents(queue)
    else if (this.inbound.length === 0) queue()
    else this.inbound.push({ kind: 'info', message })
  }

  /** Its demand comes from its consumers and goes to its producers, so there is none to accumulate. */
  private setDemandMode(mode: DemandMode): Progress {
    const { label, runtime, id } = this.process
    const message = `${label} ignored the demand mode '${mode}': that of a producer-consumer is 'forward'`
    if (mode !== 'forward') runtime.log('error', message, { process: id })
    return 'done'
  }

  // ── Ends of producers ─────────────────────────────────────────────────────────────────────────────────────────

  scheduleEnd(end: SubscriptionEnd): Progress {
    if (this.each !== undefined) return this.each.afterEventsOf(end, () => this.handleSubscriptionEnd(end))
    if (this.inbound.length === 0) return this.handleSubscriptionEnd(end)
    this.inbound.push({ kind: 'cancellation', cancellation: end })
    return 'done'
  }

  /** Whether it has events, or what is queued among them, that it has received and not handled. */
  private get hasReceivedEvents(): boolean {
    return this.inbound.length > 0 || (this.each !== undefined && this.each.size > 0)
  }

  /**
   * Reacts to the end of a subscription, once everything that arrived before it is handled.
   *
   * An end that stops the stage, clean or not, takes effect once consumers have taken what the stage holds. GenStage
   * discards its buffer instead. Other producers are asked for nothing more in the meantime.
   */
  private handleSubscriptionEnd(cancellation: SubscriptionEnd): Progress {
    if (!this.drainsBefore(cancellation)) return this.consuming.onSubscriptionEnd(cancellation)
    this.consuming.batches.isEmptying = true
    const { drainCause } = this
    if (drainCause === undefined) {
      this.drainCause = cancellation
      return this.stopIfDrained()
    }
    // A failure must not be hidden by an earlier clean end.
    const isWorse = isCleanEnd(drainCause) && !isCleanEnd(cancellation)
    if (isWorse) this.drainCause = cancellation
    const progress = this.consuming.callHandleCancel(isWorse ? drainCause : cancellation)
    return this.process.afterwards(progress, () => this.stopIfDrained())
  }

  /** Whether this end stops the stage, but only once consumers have taken what it holds. */
  private drainsBefore(cancellation: SubscriptionEnd): boolean {
    return this.options.onProducerEnd === 'drain' && this.consuming.stopsStage(cancellation)
  }

  /** Stops a stage that is draining once it holds nothing, including what `handleCancel` has emitted. */
  stopIfDrained(): Progress {
    const { drainCause } = this
    if (drainCause === undefined) return this.stopIfDone()
    if (this.hasReceivedEvents || this.producing.queuedCount > 0) return 'done'
    if (!this.drainCauseHandled) {
      this.drainCauseHandled = true
      const progress = this.consuming.callHandleCancel(drainCause)
      return this.process.afterwards(progress, () => this.stopIfDrained())
    }
    if (this.endIsHandled || !isCleanEnd(drainCause)) return this.consuming.stopBecauseOf(drainCause)
    return this.handleEnd('end', () => this.stopIfDrained())
  }

  protected override startDraining(drain: Drain): Progress {
    this.consuming.drain(drain)
    return super.startDraining(drain)
  }

  protected isDone(): boolean {
    return this.consuming.hasNoSubscriptions && !this.hasReceivedEvents && this.producing.queuedCount === 0
  }

  remainingEvents(): Readonly<Record<string, number>> {
    const handling = this.each?.size ?? this.consuming.batches.handling
    const mailbox = countEvents(this.process.mailbox)
    const { unemitted } = this
    return { ...this.producing.remainingEvents(), inbound: this.inbound.countEvents(), handling, mailbox, unemitted }
  }

  keepDemandTime(now: number): void {
    this.producing.outstanding.keepTime(now)
  }

  inspect(): Inspection {
    const inbound = this.inbound.countEvents()
    return {
      isBlocked: this.each === undefined ? inbound > 0 && !this.hasDemand : this.each.isBlocked,
      producing: this.producing.inspect('forward', 0),
      consuming: this.consuming.inspect(inbound, this.each),
    }
  }
}
