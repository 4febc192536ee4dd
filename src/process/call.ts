import {
  CallingSelfError,
  DeadlockError,
  ExitError,
  NoProcessError,
  StageEndedError,
  TimeoutError,
} from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
import { callOptions, type ValidCallOptions } from './call-options.ts'
import type { ExitReason } from './exit/exit-reason.ts'
import { onAbort } from './host/on-abort.ts'
import { Message } from './message.ts'
import type { OpenCall, ProcessRecord } from './process-record.ts'
import type { CallOptions } from './process-ref.ts'
import type { ProcessReference } from './reference.ts'
import type { Deadline } from './schedule/timers.ts'

/** The body of a message that makes a request. */
export interface Request<Argument = unknown> {
  readonly call: PendingCall
  readonly argument: Argument
}

/**
 * A call that waits for its reply.
 *
 * It settles exactly once: by a reply, a timeout, the end of the callee or of the caller, or an abort. It then removes
 * its timer, listener and entries. If the reply is a promise, the call waits until that settles, or until one of the
 * other events happens.
 */
export class PendingCall implements OpenCall {
  /** What is requested, in words. */
  readonly operation: string
  private readonly target: ProcessReference
  /** Set while the call waits; cleared when it settles. */
  private waiting:
    | {
        readonly resolve: (value: never) => void
        readonly reject: (error: unknown) => void
        readonly callee: ProcessRecord
        readonly caller: ProcessRecord | undefined
        /** The message that the caller was handling when it made the call, as counted by `messagesBegun`. */
        readonly during: number | undefined
        deadline?: Deadline
        unlisten?: () => void
        /** Set once the reply is known to be the value of a promise; any other reply is dropped. */
        isPromised?: boolean
      }
    | undefined

  constructor(operation: string, target: ProcessReference) {
    this.operation = operation
    this.target = target
  }

  /** The process that is to reply; undefined once the call has settled. */
  get callee(): ProcessRecord | undefined {
    return this.waiting?.callee
  }

  /**
   * Whether the caller may be waiting for it right now. A call that was made while an earlier message was handled does
   * not block the caller: no callback waits for it any more.
   */
  get blocksCaller(): boolean {
    const { waiting } = this
    return waiting?.caller !== undefined && waiting.during === waiting.caller.messagesBegun
  }

  /** Begins to wait. Resolves with the reply. */
  wait<Reply>(callee: ProcessRecord, caller: ProcessRecord | undefined, options: ValidCallOptions): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const during = caller?.messagesBegun
      const waiting: NonNullable<typeof this.waiting> = { resolve, reject, callee, caller, during }
      this.waiting = waiting
      callee.incomingCalls ??= new Set()
      callee.incomingCalls.add(this)
      if (caller !== undefined) {
        caller.outgoingCalls ??= new Set()
        caller.outgoingCalls.add(this)
      }
      const { timeout, signal } = options
      waiting.deadline = callee.runtime.timers.add(timeout, () => this.fail(new TimeoutError(this.operation, timeout)))
      if (signal !== undefined) waiting.unlisten = onAbort(signal, (reason) => this.fail(reason))
    })
  }

  /** Removes the timeout. */
  waitForever(): void {
    this.waiting?.deadline?.cancel()
  }

  /** Replies to the call. A promise is awaited first. A reply to a call that has settled, or that has one, is dropped. */
  reply(value: unknown): void {
    const { waiting } = this
    const isFirst = waiting !== undefined && waiting.isPromised !== true
    if (isThenable(value)) this.replyLater(value, isFirst)
    else if (isFirst) this.settle()?.resolve(value as never)
  }

  private replyLater(reply: PromiseLike<unknown>, isFirst: boolean): void {
    // With an executor, because `Promise.resolve` may run code of the promise, which may throw.
    const promised = new Promise((resolve) => resolve(reply))
    // A reply that is dropped may still reject, and nothing else handles that.
    if (!isFirst) return void promised.catch(() => {})
    if (this.waiting !== undefined) this.waiting.isPromised = true
    promised.then(
      (value) => this.settle()?.resolve(value as never),
      (error: unknown) => this.fail(error),
    )
  }

  /** Rejects the call. */
  fail(error: unknown): void {
    this.settle()?.reject(error)
  }

  failCalleeExited(reason: ExitReason): void {
    this.fail(new ExitError(this.operation, this.target.label, reason))
  }

  failCallerExited(caller: ProcessRecord): void {
    this.fail(new StageEndedError(this.operation, caller.label, caller.reference.exitReason))
  }

  private settle(): { resolve(value: never): void; reject(error: unknown): void } | undefined {
    const { waiting } = this
    if (waiting === undefined) return undefined
    this.waiting = undefined
    waiting.callee.incomingCalls?.delete(this)
    waiting.caller?.outgoingCalls?.delete(this)
    waiting.deadline?.cancel()
    waiting.unlisten?.()
    return waiting
  }
}

/**
 * Makes a request to a process, and waits for the reply.
 *
 * @param operation What is requested, in words, for error messages: `call 'size' to producer numbers`.
 * @param caller The process that makes the request, if it is one. It must not wait for itself, not even through other
 *   processes.
 */
export async function request<Reply>(
  target: ProcessReference,
  kind: string,
  argument: unknown,
  operation: string,
  options?: CallOptions,
  caller?: ProcessRecord,
): Promise<Reply> {
  const validated = callOptions.read(options, 'call options')
  const callee = target.process
  if (callee === undefined) throw new NoProcessError(operation, target.label)
  if (validated.signal?.aborted) throw validated.signal.reason
  if (caller !== undefined) refuseCircles(operation, caller, callee)
  const call = new PendingCall(operation, target)
  const reply = call.wait<Reply>(callee, caller, validated)
  callee.deliver(new Message(kind, '', undefined, { call, argument } satisfies Request))
  return reply
}

/** Rejects a call that could never have a reply, because each process on the way waits for the next one. */
function refuseCircles(operation: string, caller: ProcessRecord, callee: ProcessRecord): void {
  if (caller === callee) throw new CallingSelfError(operation)
  const path = waitingPath(callee, caller)
  if (path !== undefined)
    throw new DeadlockError(
      operation,
      [caller, ...path].map((process) => process.label),
    )
}

/** The processes from `from` to `to`, without `to`, each of them in a callback that calls the next. */
function waitingPath(from: ProcessRecord, to: ProcessRecord): ProcessRecord[] | undefined {
  const callerOf = new Map<ProcessRecord, ProcessRecord | undefined>([[from, undefined]])
  // Iterates over the map while it grows: a chain of calls may be longer than the stack is deep.
  for (const process of callerOf.keys()) {
    if (!process.isBusy) continue
    for (const call of process.outgoingCalls ?? []) {
      const next = call.callee
      if (next === undefined || !call.blocksCaller) continue
      if (next === to) return chainOfCallers(process, callerOf)
      if (!callerOf.has(next)) callerOf.set(next, process)
    }
  }
  return undefined
}

function chainOfCallers(
  last: ProcessRecord,
  callerOf: ReadonlyMap<ProcessRecord, ProcessRecord | undefined>,
): ProcessRecord[] {
  const chain: ProcessRecord[] = []
  for (let each: ProcessRecord | undefined = last; each !== undefined; each = callerOf.get(each)) chain.push(each)
  return chain.reverse()
}
