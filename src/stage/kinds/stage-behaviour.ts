import type { Behaviour, Progress } from '../../process/behaviour.ts'
import type { PendingCall, Request } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Message } from '../../process/message.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import { applyCallResult, applyResult, type ResultRule } from '../callback/apply-result.ts'
import type { CallbackTable } from '../callback/callback-table.ts'
import { findHandler } from '../callback/find-handler.ts'
import type { SubscribeRequest } from '../consuming/consumer-half.ts'
import type { AskMessage, CancelledMessage, CancelMessage, EventsMessage, SubscribeMessage } from '../protocol.ts'
import type { Down, Exit } from '../types/context.ts'
import type { DemandMode } from '../types/references.ts'
import type { Subscription } from '../types/subscription.ts'

/** How many events are emitted at once at most. */
const PIECE = 16_384

/** What a call or a cast brings to its handler. */
export interface UserRequest {
  readonly kind: PropertyKey
  readonly arguments: readonly unknown[]
}

/**
 * A stage: what all kinds of it have in common. What makes it a producer, a consumer or both is answered by the kinds.
 *
 * Whatever a callback answers is acted on before the next message is looked at. A callback that answers a promise parks
 * the stage in the middle of a message: what is left of that message then waits as a continuation of the process.
 */
export abstract class StageBehaviour implements Behaviour {
  readonly process: Process
  /** The callbacks object: `this` in every callback. */
  readonly callbacks: object
  /** The callbacks that it has, read once. */
  readonly callbackTable: CallbackTable
  /** What callbacks may answer that emit on occasion. */
  abstract readonly defaultRule: ResultRule

  /** Events of the answer under way that are still to be emitted, where it has so many that they go out in pieces. */
  protected unemitted = 0
  /** Set when the stage was asked to drain: it takes nothing new, and ends once it has handed on what it holds. */
  isFinishing = false
  /** Whether `handleEnd` was called; it is called once. */
  protected endIsHandled = false

  constructor(process: Process, callbacks: object, members: CallbackTable) {
    this.process = process
    this.callbacks = callbacks
    this.callbackTable = members
  }

  // ── What the kinds answer ─────────────────────────────────────────────────────────────────────────────────────

  /** What the stage does once its callbacks are there: consumers subscribe. */
  abstract begin(): Progress
  /** Sends events out, as far as they are asked for. */
  abstract emit(events: readonly unknown[]): void
  /** Has the user's code handle a batch. */
  abstract handleEvents(batch: readonly unknown[], from: Subscription): unknown
  abstract demandMode(): DemandMode
  abstract remainingEvents(): Readonly<Record<string, number>>
  abstract inspect(): Inspection
  /** Whether nothing is left to do for a stage that is finishing. */
  protected abstract isDone(): boolean

  protected abstract onEvents(message: EventsMessage): Progress
  protected abstract onAsk(message: AskMessage): Progress
  protected abstract onSubscribe(message: SubscribeMessage): Progress
  protected abstract onCancel(message: CancelMessage): Progress
  protected abstract onCancelled(message: CancelledMessage): Progress
  protected abstract onProducerDown(watch: ProcessMonitor): Progress
  protected abstract onSubscriberDown(watch: ProcessMonitor): Progress
  /** Asked to subscribe to a producer; `call` is there if somebody waits. */
  protected abstract subscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress
  /** Queues an info behind the events that are there. */
  protected abstract queueInfo(message: unknown): void
  protected abstract setDemandMode(mode: DemandMode): Progress
  protected abstract estimatedCount(): number

  // ── Emitting ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends events out, and very many of them piece by piece: copying and distributing them takes time, and the event loop
   * has its turns in between.
   */
  emitAll(events: readonly unknown[]): Progress {
    if (events.length > PIECE && this.emitsInPieces(events.length)) return this.emitFrom(events, 0)
    this.emit(events)
    return 'done'
  }

  /** Whether so many events had better go out in pieces. */
  protected abstract emitsInPieces(count: number): boolean

  private emitFrom(events: readonly unknown[], from: number): Progress {
    const { process } = this
    for (let next = from; next < events.length; ) {
      const piece = events.slice(next, next + PIECE)
      next += piece.length
      this.unemitted = events.length - next
      this.emit(piece)
      const rest = next
      if (process.useBudget(PIECE) && this.unemitted > 0) return process.yield(() => this.emitFrom(events, rest))
    }
    return 'done'
  }

  // ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────

  init(): Progress {
    return this.begin()
  }

  receive(message: Message): Progress {
    switch (message.kind) {
      case 'events':
        return this.onEvents(message as EventsMessage)
      case 'ask':
      case 'ask-again':
        return this.onAsk(message as AskMessage)
      case 'message':
        return this.handleInfo(message.body)
      case 'call':
        return this.handleCall(message.body as Request<UserRequest>)
      case 'cast':
        return this.handleCast(message.body as UserRequest)
      case 'subscribe':
        return this.onSubscribe(message as SubscribeMessage)
      case 'cancel':
        return this.onCancel(message as CancelMessage)
      case 'cancelled':
        return this.onCancelled(message as CancelledMessage)
      default:
        return this.receiveControl(message)
    }
  }

  private receiveControl(message: Message): Progress {
    switch (message.kind) {
      case 'producer-down':
        return isActive(message) ? this.onProducerDown(message.body as ProcessMonitor) : 'done'
      case 'subscriber-down':
        return isActive(message) ? this.onSubscriberDown(message.body as ProcessMonitor) : 'done'
      case 'down':
        return isActive(message) ? this.onMonitoredDown(message.body as ProcessMonitor) : 'done'
      case 'exit':
        return this.onExit(message.body as { from: unknown; cause: ExitCause })
      case 'subscribe-call': {
        const { call, argument } = message.body as Request<SubscribeRequest>
        return this.subscribe(argument, call)
      }
      case 'subscribe-self':
        return this.subscribe(message.body as SubscribeRequest, undefined)
      case 'queue-info': {
        const { call, argument } = message.body as Request
        this.queueInfo(argument)
        call.reply(undefined)
        return 'done'
      }
      case 'queue-info-self':
        this.queueInfo(message.body)
        return 'done'
      case 'set-demand-mode':
        return this.setDemandMode(message.body as DemandMode)
      case 'read-demand-mode':
        ;(message.body as Request).call.reply(this.demandMode())
        return 'done'
      case 'read-dispatcher':
        ;(message.body as Request).call.reply(this.inspect().producing?.dispatcher.kind)
        return 'done'
      case 'count-buffered':
        ;(message.body as Request).call.reply(this.estimatedCount())
        return 'done'
      case 'finish':
        return this.finish(message.body as Drain)
      default:
        return this.process.receiveSystem(message)
    }
  }

  /** Asked to drain: to take nothing new, to finish what it has, and to end. */
  protected finish(_drain: Drain): Progress {
    this.isFinishing = true
    return this.stopIfDone()
  }

  /** Ends a stage that is draining, once nothing is left to do. To be asked whenever something was done. */
  stopIfDone(): Progress {
    if (!this.isFinishing || !this.isDone()) return 'done'
    if (this.endIsHandled) return this.process.stop('shutdown')
    // It may emit events, and then there is something left to do.
    return this.handleEnd('drain', () => this.stopIfDone())
  }

  /** Calls `handleEnd`, and goes on with `next` when that is done. */
  handleEnd(cause: 'end' | 'drain', next: () => Progress): Progress {
    const { process, callbackTable, callbacks } = this
    this.endIsHandled = true
    if (callbackTable.handleEnd === undefined) return next()
    process.callback = 'handleEnd'
    const progress = applyResult(this, 'handleEnd', callbackTable.handleEnd.call(callbacks, cause), this.defaultRule)
    return progress === 'done' ? next() : process.afterwards(progress, next)
  }

  /** A process that the stage monitors has ended. */
  private onMonitoredDown(watch: ProcessMonitor): Progress {
    this.process.noteCause(watch.cause)
    return this.handleInfo({ down: watch.target, reason: watch.cause?.reason } satisfies Down)
  }

  /** A linked process has ended, or somebody has called `exit`, and the stage traps that. */
  private onExit({ from, cause }: { readonly from: unknown; readonly cause: ExitCause }): Progress {
    this.process.noteCause(cause)
    return this.handleInfo({ exit: from as ProcessRef | undefined, reason: cause.reason } satisfies Exit)
  }

  // ── Callbacks that all kinds have ─────────────────────────────────────────────────────────────────────────────

  private handleInfo(message: unknown): Progress {
    const { process, callbackTable, callbacks } = this
    if (callbackTable.handleInfo === undefined) {
      process.runtime.log('warn', `${process.label} has no handleInfo, and received a message`, {
        process: process.id,
        message,
      })
      return 'done'
    }
    process.callback = 'handleInfo'
    return applyResult(this, 'handleInfo', callbackTable.handleInfo.call(callbacks, message), this.defaultRule)
  }

  private handleCall({ call, argument }: Request<UserRequest>): Progress {
    const { process, callbackTable } = this
    const { kind } = argument
    const handler = findHandler(callbackTable.handleCall, 'handleCall', kind)
    if (handler instanceof Error) {
      call.fail(handler)
      return 'done'
    }
    const name = `handleCall.${String(kind)}`
    process.callback = name
    const from = { reply: (value: unknown): void => call.reply(value) }
    const result = handler.call(callbackTable.handleCall, argument.arguments[0], from)
    return applyCallResult(this, name, result, call)
  }

  private handleCast({ kind, arguments: request }: UserRequest): Progress {
    const { process, callbackTable } = this
    const handler = findHandler(callbackTable.handleCast, 'handleCast', kind)
    if (handler instanceof Error) {
      process.runtime.log('error', `${process.label} received an unknown cast: ${handler.message}`, {
        process: process.id,
      })
      return 'done'
    }
    const name = `handleCast.${String(kind)}`
    process.callback = name
    return applyResult(this, name, handler.call(callbackTable.handleCast, request[0]), this.defaultRule)
  }

  terminate(reason: ExitReason): Progress {
    const { process, callbackTable, callbacks } = this
    if (callbackTable.terminate === undefined) return 'done'
    process.callback = 'terminate'
    const result = callbackTable.terminate.call(callbacks, reason)
    // Whatever it answers is of no interest, but it is waited for.
    return process.waitFor(result)
  }

  /** What its `inspect` answers, or else its callbacks object where that is an instance of a class: its fields are its state. */
  show(): unknown {
    const { callbackTable, callbacks } = this
    if (callbackTable.inspect !== undefined) return callbackTable.inspect.call(callbacks)
    const prototype: unknown = Object.getPrototypeOf(callbacks)
    return prototype === Object.prototype || prototype === null ? undefined : callbacks
  }

  // ── For messages that a stage of this kind should not get ─────────────────────────────────────────────────────

  /** Reports a message that only another kind of stage can handle. */
  protected rejectMessage(message: { readonly kind: string; readonly from: ProcessRef | undefined }): Progress {
    const { process } = this
    const sender = (message.from as ProcessReference | undefined)?.label ?? 'somebody'
    process.runtime.log('error', `${process.label} received '${message.kind}' from ${sender}, and cannot handle it`, {
      process: process.id,
    })
    return 'done'
  }
}

function isActive(message: Message): boolean {
  return (message.body as ProcessMonitor).isActive
}
