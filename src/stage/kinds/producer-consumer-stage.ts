import { Ring } from '../../base/ring.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import type { Callback, CallbackTable } from '../callback/callback-table.ts'
import {
  type Cancellation,
  ConsumerHalf,
  type HandlingStage,
  isCleanEnd,
  type SubscribeRequest,
  type Upstream,
} from '../consuming/consumer-half.ts'
import { countEvents } from '../consuming/mailbox-events.ts'
import { subscribeToAll } from '../consuming/subscribe-to-all.ts'
import { type EmittingOptions, type EmittingStage, ProducerHalf } from '../producing/producer-half.ts'
import type { AskMessage, CancelledMessage, CancelMessage, EventsMessage, SubscribeMessage } from '../protocol.ts'
import type { DemandMode } from '../types/references.ts'
import type { Subscription } from '../types/subscription.ts'
import { StageBehaviour } from './stage-behaviour.ts'

/** What decides how a producer-consumer takes and emits. */
interface ProducerConsumerOptions extends EmittingOptions {
  readonly subscribeTo: readonly SubscribeRequest[]
  readonly onProducerEnd: 'drain' | 'stop'
  readonly subscribeAt: 'start' | 'first-consumer'
}

/** What waits for demand, in the order in which it came. */
type Inbound =
  | { readonly kind: 'events'; readonly upstream: Upstream; readonly events: readonly unknown[] }
  | { readonly kind: 'info'; readonly message: unknown }
  | { readonly kind: 'cancellation'; readonly cancellation: Cancellation }

/**
 * A stage that turns the events it takes into events it emits.
 *
 * What producers send waits in `inbound` while no consumer has demand; what it emits beyond the demand waits in the
 * buffer of its producer half. Cancellations and infos keep their places among the events.
 *
 * ```text
 *   producers ──events──> inbound ──handleEvents──> dispatcher ──events──> consumers
 *                       only while there is demand      └──> buffer ──┘
 * ```
 */
export class ProducerConsumerStage extends StageBehaviour implements EmittingStage, HandlingStage {
  readonly defaultRule = 'events or nothing'
  readonly handleEventsRule = 'events'
  private readonly producing: ProducerHalf
  private readonly consuming: ConsumerHalf
  private readonly handler: Callback
  private readonly options: ProducerConsumerOptions
  private readonly inbound = new Ring<Inbound>()
  /** The end of a producer that will stop the stage once it holds nothing any more; undefined unless it is draining. */
  private drainCause: Cancellation | undefined
  /** Whether `handleCancel` has been called for `lastEnd`; what it emitted is then still to be taken. */
  private drainCauseHandled = false
  /** Whether it has subscribed to what is in `subscribeTo`. */
  private hasBegun: boolean

  constructor(process: Process, callbacks: object, members: CallbackTable, options: ProducerConsumerOptions) {
    super(process, callbacks, members)
    this.options = options
    this.hasBegun = options.subscribeAt === 'start'
    this.producing = new ProducerHalf(this, options)
    this.consuming = new ConsumerHalf(this, 'events or nothing')
    this.handler = members.handleEvents as Callback
  }

  begin(): Progress {
    const { subscribeAt, subscribeTo } = this.options
    return subscribeAt === 'start' ? subscribeToAll(this.process, this.consuming, subscribeTo) : 'done'
  }

  handleEvents(batch: readonly unknown[], from: Subscription): unknown {
    return this.handler.call(this.callbacks, batch, from)
  }

  // ── Demand ────────────────────────────────────────────────────────────────────────────────────────────────────

  onDemand(): Progress {
    const { producing } = this
    const count = producing.dispatchBuffered()
    // Demand that the buffer has met needs no events any more. (`handleDemand` of a producer was asked for them already.)
    if (count > 0) producing.outstanding.meet(count)
    const unasked = producing.unaskedDemand
    if (unasked > 0) producing.outstanding.add(unasked)
    return this.takeInbound()
  }

  /** It may emit more than was asked: the rest is buffered, and taken from there when demand comes again. */
  emit(events: readonly unknown[]): void {
    this.producing.dispatch(events)
  }

  protected emitsInPieces(count: number): boolean {
    return this.producing.dispatchesInPieces(count)
  }

  private takeInbound(): Progress {
    const { inbound, process } = this
    while (this.isNextDue()) {
      const progress = this.handleInbound(inbound.shift() as Inbound)
      if (progress !== 'done') return process.afterwards(progress, () => this.takeInbound())
    }
    return this.stopIfDrained()
  }

  /** Whether the first of what waits is to be taken now: with demand, or without where it is the stage's own end. */
  private isNextDue(): boolean {
    const first = this.inbound.peek()
    if (first === undefined || this.producing.outstanding.open > 0) return first !== undefined
    // Nobody need ask for more than there is to see the end: that waits for the buffer, and no longer for demand.
    if (first.kind !== 'cancellation') return false
    const { cancellation } = first
    return this.isFinishing || cancellation.upstream.options.cancel === 'with-last' || this.drainsBefore(cancellation)
  }

  private handleInbound(entry: Inbound): Progress {
    switch (entry.kind) {
      case 'events': {
        const { handle } = entry.upstream
        // Nobody takes back what came under a subscription that has ended meanwhile; nothing is asked for it either.
        if (this.consuming.find(handle.tag) === undefined)
          return this.consuming.handleWithoutDemand(handle, entry.events)
        return this.consuming.handle(entry.upstream, entry.events)
      }
      case 'info':
        this.producing.queueInfo(entry.message)
        return 'done'
      case 'cancellation':
        return this.handleCancellation(entry.cancellation)
    }
  }

  // ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────

  protected onEvents(message: EventsMessage): Progress {
    const upstream = this.consuming.receive(message)
    if (upstream === undefined || message.body.length === 0) return 'done'
    if (this.inbound.length > 0 || this.producing.outstanding.open === 0) {
      this.inbound.push({ kind: 'events', upstream, events: message.body })
      return this.takeInbound()
    }
    const progress = this.consuming.handle(upstream, message.body)
    if (progress !== 'done') return this.process.afterwards(progress, () => this.takeInbound())
    return this.takeInbound()
  }

  protected onAsk(message: AskMessage): Progress {
    return this.producing.ask(message)
  }

  protected onSubscribe(message: SubscribeMessage): Progress {
    const progress = this.producing.subscribe(message)
    if (this.hasBegun) return progress
    return progress === 'done'
      ? this.subscribeIfAwaited()
      : this.process.afterwards(progress, () => this.subscribeIfAwaited())
  }

  /** Subscribes to its producers once a consumer is there that was not refused. */
  private subscribeIfAwaited(): Progress {
    if (this.hasBegun || !this.producing.hasSubscribers) return 'done'
    this.hasBegun = true
    return subscribeToAll(this.process, this.consuming, this.options.subscribeTo)
  }

  protected onCancel(message: CancelMessage): Progress {
    return this.producing.onCancel(message)
  }

  protected onCancelled(message: CancelledMessage): Progress {
    return this.consuming.onCancelled(message)
  }

  protected onProducerDown(watch: ProcessMonitor): Progress {
    return this.consuming.onDown(watch)
  }

  protected onSubscriberDown(watch: ProcessMonitor): Progress {
    return this.producing.onDown(watch)
  }

  protected subscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress {
    return this.consuming.subscribe(request, call)
  }

  protected queueInfo(message: unknown): void {
    if (this.inbound.length === 0) this.producing.queueInfo(message)
    else this.inbound.push({ kind: 'info', message })
  }

  protected estimatedCount(): number {
    return this.producing.estimatedCount
  }

  demandMode(): DemandMode {
    return 'forward'
  }

  /** Its demand comes from its consumers and goes to its producers; there is nothing to hold back. */
  protected setDemandMode(mode: DemandMode): Progress {
    const { process } = this
    if (mode !== 'forward') {
      process.runtime.log('error', `${process.label} is a producer-consumer: its demand mode is always 'forward'`, {
        process: process.id,
      })
    }
    return 'done'
  }

  // ── Ends of producers ─────────────────────────────────────────────────────────────────────────────────────────

  scheduleCancel(cancellation: Cancellation): Progress {
    if (this.inbound.length === 0) return this.handleCancellation(cancellation)
    this.inbound.push({ kind: 'cancellation', cancellation })
    return 'done'
  }

  /**
   * Reacts to a subscription's end, when all that came before it has been handled.
   *
   * An end that stops the stage waits until consumers have taken what the stage holds, be it clean or a failure: what came
   * before goes out before it. Here we differ from GenStage, which throws its buffer away. Producers that still run are
   * asked for nothing more in the meantime.
   */
  private handleCancellation(cancellation: Cancellation): Progress {
    if (!this.drainsBefore(cancellation)) return this.consuming.cancel(cancellation)
    this.consuming.isDraining = true
    const { drainCause } = this
    if (drainCause === undefined) {
      this.drainCause = cancellation
      return this.stopIfDrained()
    }
    // A failure must not be hidden by a clean end that came before it.
    const isWorse = isCleanEnd(drainCause) && !isCleanEnd(cancellation)
    if (isWorse) this.drainCause = cancellation
    const progress = this.consuming.callHandleCancel(isWorse ? drainCause : cancellation)
    return progress === 'done' ? this.stopIfDrained() : this.process.afterwards(progress, () => this.stopIfDrained())
  }

  /** Whether this is an end that stops the stage, but only when consumers have taken what it holds. */
  private drainsBefore(cancellation: Cancellation): boolean {
    return this.options.onProducerEnd === 'drain' && this.consuming.stopsStage(cancellation)
  }

  /** Ends a stage that is draining, once it holds nothing, nor anything that `handleCancel` emitted at last. */
  private stopIfDrained(): Progress {
    const { drainCause } = this
    if (drainCause === undefined) return this.stopIfDone()
    if (this.inbound.length > 0 || this.producing.queuedCount > 0) return 'done'
    if (!this.drainCauseHandled) {
      this.drainCauseHandled = true
      const progress = this.consuming.callHandleCancel(drainCause)
      return progress === 'done' ? this.stopIfDrained() : this.process.afterwards(progress, () => this.stopIfDrained())
    }
    if (this.endIsHandled || !isCleanEnd(drainCause)) return this.consuming.stopBecauseOf(drainCause)
    return this.handleEnd('end', () => this.stopIfDrained())
  }

  protected override finish(drain: Drain): Progress {
    this.consuming.drain(drain)
    return super.finish(drain)
  }

  protected isDone(): boolean {
    return this.consuming.hasNoSubscriptions && this.inbound.length === 0 && this.producing.queuedCount === 0
  }

  remainingEvents(): Readonly<Record<string, number>> {
    const { handling } = this.consuming
    const mailbox = countEvents(this.process.mailbox)
    const { unemitted } = this
    return { ...this.producing.held(), inbound: this.countInbound(), handling, mailbox, unemitted }
  }

  private countInbound(): number {
    let inbound = 0
    for (let index = 0; index < this.inbound.length; index++) {
      const entry = this.inbound.at(index)
      if (entry?.kind === 'events') inbound += entry.events.length
    }
    return inbound
  }

  keepDemandTime(now: number): void {
    this.producing.keepDemandTime(now)
  }

  inspect(): Inspection {
    const inbound = this.countInbound()
    return {
      isBlocked: inbound > 0 && this.producing.outstanding.open === 0,
      producing: this.producing.inspect('forward', 0),
      consuming: this.consuming.inspect(inbound),
    }
  }
}
