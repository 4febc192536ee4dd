import type { Behaviour, Progress } from '../../process/behaviour.ts'
import type { Request } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import type { AnyStage } from '../callback/any-stage.ts'
import { applyCallResult, applyResult } from '../callback/apply-result.ts'
import type { CallbackTable } from '../callback/callback-table.ts'
import type { EmitRule } from '../callback/emit-rule.ts'
import { findHandler, type UserRequest } from '../callback/find-handler.ts'
import { runCallback, runNamed } from '../callback/run-callback.ts'
import type { Down, Exit } from '../types/context.ts'
import type { StageMessage } from './stage-message.ts'

/** The most events that are emitted at once. */
const PIECE = 16_384

/**
 * A stage: what all kinds have in common. Each kind receives its own messages and passes the others to `super.receive`.
 *
 * The result of a callback is applied before the next message is handled. A callback that returns a promise parks the
 * stage in the middle of a message: the rest of the work for that message is a continuation of the process.
 */
export abstract class StageBehaviour implements Behaviour, AnyStage {
  readonly process: Process
  readonly callbacks: object
  readonly callbackTable: CallbackTable
  abstract readonly defaultRule: EmitRule
  /** Events of the current result that are not emitted yet: above 0 only while a large result is emitted in pieces. */
  protected unemitted = 0
  /** Set when the stage begins to drain. */
  isDraining = false
  /** Whether `handleEnd` was called; it is called once. */
  protected endIsHandled = false

  constructor(process: Process, callbacks: object, callbackTable: CallbackTable) {
    this.process = process
    this.callbacks = callbacks
    this.callbackTable = callbackTable
  }

  /** Begins once the callbacks are set up: consumers subscribe. */
  abstract init(): Progress
  abstract remainingEvents(): Readonly<Record<string, number>>
  abstract inspect(): Inspection
  /** Emits events, as far as there is demand. */
  protected abstract emit(events: readonly unknown[]): void
  /** Whether so many events should be emitted in pieces. */
  protected abstract emitsInPieces(count: number): boolean
  /** Queues an info after the events that the stage holds. */
  protected abstract queueInfo(message: unknown): void
  /** Whether a stage that is draining has nothing left to do. */
  protected abstract isDone(): boolean

  // ── Emitting ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Emits events; a very large number of them in pieces, between which the event loop has its turns, because copying and
   * dispatching them takes time.
   */
  emitAll(events: readonly unknown[]): Progress {
    if (events.length > PIECE && this.emitsInPieces(events.length)) return this.emitFrom(events, 0)
    this.emit(events)
    return 'done'
  }

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

  receive(message: StageMessage): Progress {
    switch (message.kind) {
      case 'message':
        return this.handleInfo(message.body)
      case 'call':
        return this.handleCall(message.body)
      case 'cast':
        return this.handleCast(message.body)
      case 'down':
        return this.onMonitoredDown(message.body)
      case 'exit':
        return this.onExit(message.body)
      case 'queue-info':
        this.queueInfo(message.body.argument)
        message.body.call.reply(undefined)
        return 'done'
      case 'queue-info-self':
        this.queueInfo(message.body)
        return 'done'
      case 'drain':
        return this.startDraining(message.body)
      case 'stop':
      case 'parent-exit':
        return this.process.receiveSystem(message)
      default:
        return this.rejectMessage(message)
    }
  }

  /** Reports a message that only another kind of stage can handle. */
  protected rejectMessage({ kind, from }: StageMessage): Progress {
    const { process } = this
    const sender = (from as ProcessReference | undefined)?.label ?? 'an unknown sender'
    process.runtime.log('error', `${process.label} rejected '${kind}' from ${sender}: not for a ${process.kind}`, {
      process: process.id,
    })
    return 'done'
  }

  /** Begins to drain: the stage takes nothing new, handles what it has, and exits. */
  protected startDraining(_drain: Drain): Progress {
    this.isDraining = true
    return this.stopIfDone()
  }

  /** Must be called whenever a stage that is draining may have become done. */
  stopIfDone(): Progress {
    if (!this.isDraining || !this.isDone()) return 'done'
    if (this.endIsHandled) return this.process.stop('shutdown')
    // It may emit events, and then the stage is not done.
    return this.handleEnd('drain', () => this.stopIfDone())
  }

  handleEnd(cause: 'end' | 'drain', next: () => Progress): Progress {
    this.endIsHandled = true
    const result = runCallback(this, 'handleEnd', cause)
    return this.process.afterwards(applyResult(this, 'handleEnd', result, this.defaultRule), next)
  }

  /** A process that user code monitors has exited. */
  private onMonitoredDown(watch: ProcessMonitor): Progress {
    if (!watch.isActive) return 'done'
    this.process.noteCause(watch.cause)
    return this.handleInfo({ down: watch.target, reason: watch.cause?.reason } satisfies Down)
  }

  /** A linked process has exited, or `exit` was called, and the stage traps exits. */
  private onExit({ from, cause }: { readonly from: ProcessRef | undefined; readonly cause: ExitCause }): Progress {
    this.process.noteCause(cause)
    return this.handleInfo({ exit: from, reason: cause.reason } satisfies Exit)
  }

  // ── Callbacks that all kinds have ─────────────────────────────────────────────────────────────────────────────

  private handleInfo(message: unknown): Progress {
    const { process } = this
    if (this.callbackTable.handleInfo === undefined) {
      process.runtime.log('warn', `${process.label} discarded a message: no handleInfo`, {
        process: process.id,
        message,
      })
      return 'done'
    }
    return applyResult(this, 'handleInfo', runCallback(this, 'handleInfo', message), this.defaultRule)
  }

  private handleCall({ call, argument }: Request<UserRequest>): Progress {
    const { handleCall } = this.callbackTable
    const { kind } = argument
    const handler = findHandler(handleCall, 'handleCall', kind)
    if (handler instanceof Error) {
      call.fail(handler)
      return 'done'
    }
    const name = `handleCall.${String(kind)}`
    const from = { reply: (value: unknown): void => call.reply(value) }
    const result = runNamed(this.process, name, handler, handleCall, argument.arguments[0], from)
    return applyCallResult(this, name, result, call)
  }

  private handleCast({ kind, arguments: request }: UserRequest): Progress {
    const { process } = this
    const { handleCast } = this.callbackTable
    const handler = findHandler(handleCast, 'handleCast', kind)
    if (handler instanceof Error) {
      process.runtime.log('error', `${process.label} discarded an unknown cast: ${handler.message}`, {
        process: process.id,
      })
      return 'done'
    }
    const name = `handleCast.${String(kind)}`
    return applyResult(this, name, runNamed(process, name, handler, handleCast, request[0]), this.defaultRule)
  }

  terminate(reason: ExitReason): Progress {
    // Its result is ignored, but the stage waits for it.
    return this.process.waitFor(runCallback(this, 'terminate', reason))
  }

  /** Returns the result of `inspect`; without it, a callbacks object that is an instance of a class, with its fields. */
  show(): unknown {
    const { callbackTable, callbacks } = this
    if (callbackTable.inspect !== undefined) return callbackTable.inspect.call(callbacks)
    const prototype: unknown = Object.getPrototypeOf(callbacks)
    return prototype === Object.prototype || prototype === null ? undefined : callbacks
  }
}
