import { ExitError, TimeoutError } from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
import { quote } from '../base/quote.ts'
import { version } from '../base/version.ts'
import type { StageIdentity } from '../telemetry/telemetry-events.ts'
import { drainOptions, stopOptions } from './call-options.ts'
import { askToDrain, Drain, type DrainResult } from './drain.ts'
import { ExitCause } from './exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from './exit/exit-reason.ts'
import { Message } from './message.ts'
import type { Process } from './process.ts'
import type { DrainOptions, ProcessRef, StopOptions } from './process-ref.ts'
import type { ProcessRuntime as Runtime } from './runtime.ts'
import { isDefinition } from './start/definition.ts'

/** How long a process that traps exits may take to end after the deadline of a drain, in milliseconds. */
const GRACE = 5_000

/** Marks references across copies and versions of this package in one program. */
const brand: unique symbol = Symbol.for('genstage.reference') as never
/** This copy of the package. */
const thisCopy = { version }

/**
 * The reference to a process of this thread.
 *
 * It is the one thing that outlives the process: once that has ended, it keeps the id, the name and the reason, and
 * lets go of everything else.
 */
export class ProcessReference implements ProcessRef {
  readonly id: string
  readonly name: string | undefined
  readonly #runtime: Runtime
  readonly #label: string
  readonly #kind: string
  #process: Process | undefined
  /** How the process ended; set when it has. */
  #cause: ExitCause | undefined
  #done: Promise<void> | undefined
  #exited: { readonly promise: Promise<ExitReason>; readonly resolve: (reason: ExitReason) => void } | undefined

  constructor(process: Process) {
    this.id = process.id
    this.name = process.name
    this.#runtime = process.runtime
    this.#label = process.label
    this.#kind = process.kind
    this.#process = process
  }

  /** @internal The process, while it lives. */
  get process(): Process | undefined {
    return this.#process
  }

  /** @internal Whether the process is known to have ended. */
  get hasEnded(): boolean {
    return this.#process === undefined
  }

  /** @internal Puts a message into its mailbox; once it has ended, the message vanishes. */
  deliver(message: Message): void {
    this.#process?.deliver(message)
  }

  /** @internal Its kind and its name, or its kind and its id. */
  get label(): string {
    return this.#label
  }

  /** @internal What telemetry calls the process, also when it has ended. */
  get identity(): StageIdentity {
    return { id: this.id, kind: this.#kind, name: this.name }
  }

  /** @internal */
  get runtime(): Runtime {
    return this.#runtime
  }

  /** @internal Why the process ended; only once it has. */
  get exitReason(): ExitReason {
    return this.#cause?.reason
  }

  /** @internal How the process ended; undefined while it lives. */
  get cause(): ExitCause | undefined {
    return this.#cause
  }

  get exited(): Promise<ExitReason> {
    if (this.#exited === undefined) {
      let resolve: (reason: ExitReason) => void = () => {}
      const promise = new Promise<ExitReason>((settle) => {
        resolve = settle
      })
      this.#exited = { promise, resolve }
      if (this.#process === undefined) resolve(this.exitReason)
    }
    return this.#exited.promise
  }

  get done(): Promise<void> {
    this.#done ??= this.exited.then(() => {
      const cause = this.#cause as ExitCause
      if (!cause.isClean) throw (cause.isFailure ? cause : cause.root).toFailure()
    })
    return this.#done
  }

  async drain(options?: DrainOptions): Promise<DrainResult> {
    const { deadline } = drainOptions.read(options, 'drain options')
    const process = this.#process
    if (process === undefined) return { undone: [] }
    askToDrain(process, new Drain(process))
    const { timers } = this.#runtime
    let cut = (): void => {}
    const isLate = timers.add(deadline, () => {
      const late = new ExitCause('shutdown', this.#label, undefined, true)
      // As its parent would end it: what traps exits ends through its terminate, and must not take it for a message.
      if (process.trapsExits)
        process.deliver(new Message('parent-exit', '', undefined, { from: undefined, cause: late }))
      else process.kill(late)
      const kill = (): void => process.kill(new ExitCause('killed', this.#label, undefined, true))
      const isHanging = timers.add(GRACE, kill)
      cut = () => isHanging.cancel()
    })
    await this.exited
    isLate.cancel()
    cut()
    return { undone: process.drain?.undoneIn(process) ?? [] }
  }

  async stop(reason: ExitReason = 'normal', options?: StopOptions): Promise<void> {
    const { timeout } = stopOptions.read(options, 'stop options')
    const process = this.#process
    if (process === undefined) return
    const operation = `stop ${this.#label}`
    await new Promise<void>((resolve, reject) => {
      const deadline = this.#runtime.timers.add(timeout, () => reject(new TimeoutError(operation, timeout)))
      process.stopWaiters ??= []
      process.stopWaiters.push((cause) => {
        deadline.cancel()
        if (cause.reason === reason || isCleanExit(cause.reason)) resolve()
        else reject(new ExitError(operation, this.#label, cause.reason))
      })
      process.deliver(
        new Message('stop', '', undefined, { cause: new ExitCause(reason, this.#label, undefined, true) }),
      )
    })
  }

  exit(reason: ExitReason): void {
    const isKill = reason === 'kill'
    const cause = new ExitCause(isKill ? 'killed' : reason, this.#label, undefined, true)
    if (isKill) this.#process?.kill(cause)
    else this.#process?.signalExit(undefined, cause, undefined)
  }

  send(message: unknown): void {
    this.deliver(new Message('message', '', undefined, message))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process === undefined) return
    await this.stop().catch((error: unknown) => {
      // Disposal asks for the end; that it came of another cause meanwhile has been reported where it began.
      if (!(error instanceof ExitError)) throw error
    })
  }

  /** @internal The process has ended: lets go of it. */
  detach(cause: ExitCause): void {
    this.#process = undefined
    this.#cause = cause
  }

  /** @internal Tells those who wait for `exited`. */
  resolveExited(): void {
    this.#exited?.resolve(this.exitReason)
  }
}

Object.defineProperty(ProcessReference.prototype, brand, { value: thisCopy })

/** Marks name tokens across copies, as references are. */
export const nameTokenKey: unique symbol = Symbol.for('genstage.name') as never

/** Something that finds its process anew at each use. */
export interface NameToken {
  readonly [nameTokenKey]: { readonly name: string; readonly copy: unknown }
}

/** What makes an object a name token of this copy. */
export function nameTokenFor(name: string): NameToken[typeof nameTokenKey] {
  return { name, copy: thisCopy }
}

/** Whether a value is a name token made by this copy. */
export function isNameToken(value: unknown): value is NameToken {
  return typeof value === 'object' && value !== null && (value as Partial<NameToken>)[nameTokenKey]?.copy === thisCopy
}

/**
 * Finds the process that a value refers to, a reference or a name token.
 *
 * @param expected What the value should be, for the message: `a producer to subscribe to`.
 * @returns `undefined` where a name belongs to nobody.
 * @throws {TypeError} If it is neither, or comes from another copy of this package, or another runtime.
 */
export function resolveReference(value: unknown, runtime: Runtime, expected: string): ProcessReference | undefined {
  if (isNameToken(value)) return runtime.names.get(value[nameTokenKey].name)?.reference
  if (typeof value === 'object' && value !== null) {
    const copy = (value as { [brand]?: unknown })[brand] ?? (value as Partial<NameToken>)[nameTokenKey]?.copy
    if (copy === thisCopy) return ofRuntime(value as ProcessReference, runtime, expected)
    if (copy !== undefined) {
      throw new TypeError(
        `expected ${expected}, got a reference that belongs to another copy of genstage in this program (version ` +
          `${String((copy as { version?: unknown }).version)}; this one is ${version}): install one copy, and use it to ` +
          'start all stages that are to meet',
      )
    }
  }
  throw new TypeError(`expected ${expected}, got: ${quote(value)}${hintFor(value)}`)
}

/** What to do where a value is nearly a reference. */
function hintFor(value: unknown): string {
  if (isDefinition(value)) return ', which has not been started: pass what `await startLink(stage)` returns'
  if (isThenable(value)) return ', a promise: await it first'
  if (typeof value === 'function')
    return ': pass what `await startLink(…)` returns, not the function that makes the stage'
  return ''
}

/** Whether a value is a reference made by this copy. */
export function isReference(value: unknown): value is ProcessReference {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === thisCopy
}

function ofRuntime(reference: ProcessReference, runtime: Runtime, expected: string): ProcessReference {
  if (reference.runtime === runtime || reference.process === undefined) return reference
  throw new TypeError(`expected ${expected} of the same runtime, got ${reference.label}, which runs in another one`)
}
