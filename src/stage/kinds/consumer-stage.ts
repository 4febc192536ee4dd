import { BadReturnError } from '../../base/errors.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import { Message } from '../../process/message.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import type { Callback, CallbackTable } from '../callback/callback-table.ts'
import {
  type Cancellation,
  ConsumerHalf,
  type HandlingStage,
  type SubscribeRequest,
} from '../consuming/consumer-half.ts'
import { countEvents } from '../consuming/mailbox-events.ts'
import { subscribeToAll } from '../consuming/subscribe-to-all.ts'
import { type CancelledMessage, type EventsMessage, type SubscribeMessage, sendCancelled } from '../protocol.ts'
import type { DemandMode } from '../types/references.ts'
import type { Subscription } from '../types/subscription.ts'
import { StageBehaviour } from './stage-behaviour.ts'

/** What a consumer does when it has been set up. */
export interface ConsumerOptions {
  readonly subscribeTo: readonly SubscribeRequest[]
}

/** A stage that handles events and emits none. */
export class ConsumerStage extends StageBehaviour implements HandlingStage {
  readonly defaultRule = 'nothing'
  readonly handleEventsRule = 'nothing'
  private readonly half: ConsumerHalf
  private readonly handler: Callback
  private readonly subscribeTo: readonly SubscribeRequest[]

  constructor(process: Process, callbacks: object, members: CallbackTable, options: ConsumerOptions) {
    super(process, callbacks, members)
    this.half = new ConsumerHalf(this, 'nothing')
    this.handler = members.handleEvents as Callback
    this.subscribeTo = options.subscribeTo
  }

  begin(): Progress {
    return subscribeToAll(this.process, this.half, this.subscribeTo)
  }

  handleEvents(batch: readonly unknown[], from: Subscription): unknown {
    return this.handler.call(this.callbacks, batch, from)
  }

  protected onEvents(message: EventsMessage): Progress {
    const upstream = this.half.receive(message)
    if (upstream === undefined || message.body.length === 0) return 'done'
    return this.half.handle(upstream, message.body)
  }

  protected onCancelled(message: CancelledMessage): Progress {
    return this.half.onCancelled(message)
  }

  protected onProducerDown(watch: ProcessMonitor): Progress {
    return this.half.onDown(watch)
  }

  scheduleCancel(cancellation: Cancellation): Progress {
    return this.half.cancel(cancellation)
  }

  protected override finish(drain: Drain): Progress {
    this.half.drain(drain)
    return super.finish(drain)
  }

  protected isDone(): boolean {
    return this.half.hasNoSubscriptions
  }

  protected subscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress {
    return this.half.subscribe(request, call)
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return { handling: this.half.handling, mailbox: countEvents(this.process.mailbox) }
  }

  origins(): string[] {
    return this.half.origins()
  }

  inspect(): Inspection {
    return { isBlocked: false, consuming: this.half.inspect(0) }
  }

  /** A consumer has no buffer, so an info is due behind what is in the mailbox. */
  protected queueInfo(message: unknown): void {
    this.process.deliver(new Message('message', '', undefined, message))
  }

  // A consumer emits nothing, so nobody can ask it for anything.

  emit(events: readonly unknown[]): void {
    throw new BadReturnError(this.process.callback ?? 'a callback', 'no events, as a consumer emits none', events)
  }

  protected emitsInPieces(): boolean {
    return false
  }

  protected estimatedCount(): number {
    this.refuse('count what is buffered')
    return 0
  }

  demandMode(): DemandMode {
    return 'forward'
  }

  protected setDemandMode(): Progress {
    this.refuse('set a demand mode')
    return 'done'
  }

  private refuse(what: string): void {
    const { process } = this
    process.runtime.log('error', `${process.label} is a consumer, and was asked to ${what}`, { process: process.id })
  }

  protected onAsk(message: Message): Progress {
    return this.rejectMessage(message)
  }

  /** Only logged, as in GenStage, unless the subscriber waits to be accepted. */
  protected onSubscribe(message: SubscribeMessage): Progress {
    const { tag, from, body } = message
    const { reference } = this.process
    if (body.confirm) {
      sendCancelled(from as ProcessReference, tag, reference, 'not-a-producer', true, 'it emits no events')
    }
    return this.rejectMessage(message)
  }

  protected onCancel(message: Message): Progress {
    return this.rejectMessage(message)
  }

  protected onSubscriberDown(): Progress {
    return 'done'
  }
}
