import { BadReturnError } from '../../base/errors.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { Drain } from '../../process/drain.ts'
import { Message } from '../../process/message.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import type { CallbackTable } from '../callback/callback-table.ts'
import { ConsumerHalf } from '../consuming/consumer-half.ts'
import { countEvents } from '../consuming/mailbox-events.ts'
import { subscribeToAll } from '../consuming/subscribe-to-all.ts'
import type { SubscriptionEnd } from '../consuming/subscription-end.ts'
import type { Upstream } from '../consuming/upstream.ts'
import { EachHandling, type EachOwner } from '../each/each-handling.ts'
import type { ValidEachOptions } from '../each/valid-each-options.ts'
import { type EventsMessage, type SubscribeMessage, sendCancelled } from '../protocol.ts'
import type { SubscribeRequest } from '../subscription/subscribe-request.ts'
import { StageBehaviour } from './stage-behaviour.ts'
import type { StageMessage } from './stage-message.ts'

/** What a consumer does once it is set up. */
export interface ConsumerOptions {
  readonly subscribeTo: readonly SubscribeRequest[]
  /** The options of `handleEvent`; undefined for a stage with `handleEvents`. */
  readonly each: ValidEachOptions | undefined
}

/** A stage that handles events and emits none. */
export class ConsumerStage extends StageBehaviour implements EachOwner {
  readonly defaultRule = 'nothing'
  readonly concurrency: number | undefined
  readonly hasDemand = true
  private readonly half: ConsumerHalf
  /** Handles events one by one; undefined if the stage has `handleEvents`. */
  private readonly each: EachHandling | undefined
  private readonly subscribeTo: readonly SubscribeRequest[]

  constructor(process: Process, callbacks: object, callbackTable: CallbackTable, options: ConsumerOptions) {
    super(process, callbacks, callbackTable)
    this.concurrency = options.each?.concurrency
    this.half = new ConsumerHalf(this, 'nothing')
    this.each = options.each && new EachHandling(this, this.half, 'nothing', options.each)
    this.subscribeTo = options.subscribeTo
  }

  init(): Progress {
    return subscribeToAll(this.process, this.half, this.subscribeTo)
  }

  /** Receives events; its records are its subscriptions. */
  receiveDirect(target: object, body: unknown): Progress {
    const upstream = target as Upstream
    const events = body as readonly unknown[]
    if (!this.half.expects(upstream, events)) return 'done'
    return this.each === undefined ? this.half.batches.handle(upstream, events) : this.each.deliver(upstream, events)
  }

  override receive(message: StageMessage): Progress {
    switch (message.kind) {
      case 'events':
        return this.onEvents(message)
      default:
        return this.receiveControl(message)
    }
  }

  /** Receives what is rare: `receive` stays small enough to be inlined. */
  private receiveControl(message: StageMessage): Progress {
    switch (message.kind) {
      case 'cancelled':
        return this.half.onCancelled(message)
      case 'producer-down':
        return this.half.onDown(message.body)
      case 'subscribe-call':
        return this.half.subscribe(message.body.argument, message.body.call)
      case 'subscribe-self':
        return this.half.subscribe(message.body, undefined)
      case 'subscribe':
        return this.refuseSubscription(message)
      case 'each':
        return this.each === undefined ? 'done' : this.each.onTurn()
      default:
        return super.receive(message)
    }
  }

  private onEvents(message: EventsMessage): Progress {
    const upstream = this.half.find(message)
    if (upstream === undefined) return 'done'
    if (this.each !== undefined) return this.each.deliver(upstream, message.body)
    return this.half.batches.handle(upstream, message.body)
  }

  /** Only logged, as in GenStage, unless the subscriber waits to be accepted. */
  private refuseSubscription(message: SubscribeMessage): Progress {
    const { tag, from, body } = message
    if (body.confirm) {
      const { reference } = this.process
      sendCancelled(from as ProcessReference, tag, reference, 'not-a-producer', true, 'it emits no events')
    }
    return this.rejectMessage(message)
  }

  scheduleEnd(end: SubscriptionEnd): Progress {
    if (this.each === undefined) return this.half.onSubscriptionEnd(end)
    return this.each.afterEventsOf(end, () => this.half.onSubscriptionEnd(end))
  }

  get isEnding(): boolean {
    return this.isDraining
  }

  stopIfDrained(): Progress {
    return this.stopIfDone()
  }

  emitAtOnce(): boolean {
    return false
  }

  protected override startDraining(drain: Drain): Progress {
    this.half.drain(drain)
    return super.startDraining(drain)
  }

  protected isDone(): boolean {
    return this.half.hasNoSubscriptions && (this.each === undefined || this.each.size === 0)
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return { handling: this.each?.size ?? this.half.batches.handling, mailbox: countEvents(this.process.mailbox) }
  }

  origins(): string[] {
    return this.half.origins()
  }

  inspect(): Inspection {
    return { isBlocked: false, consuming: this.half.inspect(0, this.each) }
  }

  /** A consumer has no buffer, so an info is queued after what is in the mailbox. */
  protected queueInfo(message: unknown): void {
    this.process.deliver(new Message('message', '', undefined, message))
  }

  protected emit(events: readonly unknown[]): never {
    throw new BadReturnError(this.process.callback ?? 'a callback', 'no events, as a consumer emits none', events)
  }

  protected emitsInPieces(): boolean {
    return false
  }
}
