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
import type { Process } from './process.ts'
import type { CallOptions } from './process-ref.ts'
import type { ProcessReference } from './reference.ts'
import type { Deadline } from './schedule/timers.ts'

/** What a request brings to the process it is made to. */
export interface Request<Argument = unknown> {
  readonly call: PendingCall
  readonly argument: Argument
}

/**
 * A call that waits for its reply, on behalf of its caller.
 *
 * It settles exactly once: by a reply, a timeout, the end of the callee or of the caller, or an abort. Then it leaves
 * no timer, listener or entry behind. With a reply that is a promise it waits on, until that settles or anything else
 * of these happens.
 */
export class PendingCall {
  /** What is asked, in words. */
  readonly operation: string
  private readonly target: ProcessReference
  /** Set while the call waits; cleared, all together, when it settles. */
  private waiting:
    | {
        readonly resolve: (value: never) => void
        readonly reject: (error: unknown) => void
        readonly callee: Process
        readonly caller: Process | undefined
        /** The message in whose handling the caller made it. */
        readonly during: number | undefined
        deadline?: Deadline
        unlisten?: () => void
        /** Set once the reply is known to be what a promise gives: no other one counts. */
        isPromised?: boolean
      }
    | undefined

  constructor(operation: string, target: ProcessReference) {
    this.operation = operation
    this.target = target
  }

  /** The process that is to answer; undefined once it has. */
  get callee(): Process | undefined {
    return this.waiting?.callee
  }

  /**
   * Whether the caller may be waiting for it right now. One that was made while it handled a former message cannot hold
   * it up: nobody waits for that in a callback any more.
   */
  get blocksCaller(): boolean {
    const { waiting } = this
    return waiting?.caller !== undefined && waiting.during === waiting.caller.messagesBegun
  }

  /** Starts to wait; resolves with the reply. */
  wait<Reply>(callee: Process, caller: Process | undefined, options: ValidCallOptions): Promise<Reply> {
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

  /** From now on the call waits without a limit of time. */
  waitForever(): void {
    this.waiting?.deadline?.cancel()
  }

  /** Replies to the call. A second reply is dropped, and so is one to a call that was given up. A promise is awaited first. */
  reply(value: unknown): void {
    const { waiting } = this
    const isFirst = waiting !== undefined && waiting.isPromised !== true
    if (isThenable(value)) this.promise(value, isFirst)
    else if (isFirst) this.settle()?.resolve(value as never)
  }

  private promise(reply: PromiseLike<unknown>, isFirst: boolean): void {
    // By an executor, as `Promise.resolve` may run code of the promise's own, and throw.
    const promised = new Promise((resolve) => resolve(reply))
    // One that is dropped may reject: it was given away, and nobody else listens to it.
    if (!isFirst) return void promised.catch(() => {})
    if (this.waiting !== undefined) this.waiting.isPromised = true
    promised.then(
      (value) => this.settle()?.resolve(value as never),
      (error: unknown) => this.fail(error),
    )
  }

  /** Rejects the call with an error that is the caller's own mistake. */
  fail(error: unknown): void {
    this.settle()?.reject(error)
  }

  /** The callee has ended. */
  failCalleeExited(reason: ExitReason): void {
    this.fail(new ExitError(this.operation, this.target.label, reason))
  }

  /** The caller has ended. */
  failCallerExited(caller: Process): void {
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
 * Makes a request to a process and waits for the reply.
 *
 * @param operation What is asked, in words, for the errors: `call 'size' to producer numbers`.
 * @param caller The process that asks, where it is one: it may not wait for itself, nor in a circle.
 */
export async function request<Reply>(
  target: ProcessReference,
  kind: string,
  argument: unknown,
  operation: string,
  options?: CallOptions,
  caller?: Process,
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

/** Refuses a call that could never be answered, since every process on the way waits for the next one. */
function refuseCircles(operation: string, caller: Process, callee: Process): void {
  if (caller === callee) throw new CallingSelfError(operation)
  const path = waitingPath(callee, caller)
  if (path !== undefined)
    throw new DeadlockError(
      operation,
      [caller, ...path].map((process) => process.label),
    )
}

/** The processes from `from` up to, and without, `to`, each in the middle of a callback that calls the next. */
function waitingPath(from: Process, to: Process): Process[] | undefined {
  const callerOf = new Map<Process, Process | undefined>([[from, undefined]])
  // A map takes in what is added while it is gone through: a line of calls may be longer than the stack is deep.
  for (const process of callerOf.keys()) {
    if (!process.isBusy) continue
    for (const call of process.outgoingCalls ?? []) {
      const next = call.callee
      if (next === undefined || !call.blocksCaller) continue
      if (next === to) return lineOfCallers(process, callerOf)
      if (!callerOf.has(next)) callerOf.set(next, process)
    }
  }
  return undefined
}

function lineOfCallers(last: Process, callerOf: ReadonlyMap<Process, Process | undefined>): Process[] {
  const line: Process[] = []
  for (let each: Process | undefined = last; each !== undefined; each = callerOf.get(each)) line.push(each)
  return line.reverse()
}
