import { ExitError, TimeoutError } from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
import { quote } from '../base/quote.ts'
import { version } from '../base/version.ts'
import type { StageIdentity } from '../telemetry/telemetry-events.ts'
import { copyOf, definitionBrand, referenceBrand, thisCopy } from './brands.ts'
import { drainOptions, stopOptions } from './call-options.ts'
import { askToDrain, Drain } from './drain.ts'
import { ExitCause } from './exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from './exit/exit-reason.ts'
import { Message } from './message.ts'
import type { ProcessRecord } from './process-record.ts'
import type { DrainOptions, DrainResult, ProcessRef, StopOptions } from './process-ref.ts'
import type { ProcessRuntime as Runtime } from './runtime.ts'

/** How long a process that traps exits may take to end after the deadline of a drain, in milliseconds. */
const GRACE = 5_000

/**
 * The implementation of {@link ProcessRef}.
 *
 * It outlives the process: once that has ended, the reference keeps the id, the name and the cause, and nothing else.
 */
export class ProcessReference implements ProcessRef {
  readonly id: string
  readonly name: string | undefined
  readonly #runtime: Runtime
  readonly #label: string
  readonly #kind: string
  #process: ProcessRecord | undefined
  /** How the process ended; set when it has. */
  #cause: ExitCause | undefined
  #done: Promise<void> | undefined
  #exited: { readonly promise: Promise<ExitReason>; readonly resolve: (reason: ExitReason) => void } | undefined

  constructor(process: ProcessRecord) {
    this.id = process.id
    this.name = process.name
    this.#runtime = process.runtime
    this.#label = process.label
    this.#kind = process.kind
    this.#process = process
  }

  /** @internal The process, until it has ended. */
  get process(): ProcessRecord | undefined {
    return this.#process
  }

  /** @internal Whether the process is known to have ended. */
  get hasEnded(): boolean {
    return this.#process === undefined
  }

  /** @internal Puts a message into its mailbox; if the process has ended, the message is dropped. */
  deliver(message: Message): void {
    this.#process?.deliver(message)
  }

  /** @internal Puts an entry for one of its own objects into its mailbox, as `deliver` does with a message. */
  deliverDirect(target: object, body: unknown): void {
    this.#process?.deliverDirect(target, body)
  }

  /** @internal Its kind, and its name or else its id. */
  get label(): string {
    return this.#label
  }

  /** @internal How telemetry identifies the process, even after its end. */
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

  /** @internal How the process ended; undefined until it has. */
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
    let cancelKill = (): void => {}
    const isLate = timers.add(deadline, () => {
      const late = new ExitCause('shutdown', this.#label, undefined, true)
      // Like a shutdown by its parent: a process that traps exits runs its terminate, and must not handle it as a message.
      if (process.trapsExits)
        process.deliver(new Message('parent-exit', '', undefined, { from: undefined, cause: late }))
      else process.kill(late)
      const kill = (): void => process.kill(new ExitCause('killed', this.#label, undefined, true))
      const isHanging = timers.add(GRACE, kill)
      cancelKill = () => isHanging.cancel()
    })
    await this.exited
    isLate.cancel()
    cancelKill()
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
      // Disposal only requires the end. If the process failed in the meantime, that has already been reported.
      if (!(error instanceof ExitError)) throw error
    })
  }

  /** @internal The process has ended: drops it. */
  detach(cause: ExitCause): void {
    this.#process = undefined
    this.#cause = cause
  }

  /** @internal Resolves `exited`. */
  resolveExited(): void {
    this.#exited?.resolve(this.exitReason)
  }
}

Object.defineProperty(ProcessReference.prototype, referenceBrand, { value: thisCopy })

/** Marks name tokens, across all copies of the package. */
export const nameTokenKey: unique symbol = Symbol.for('genstage.name') as never

/** A value that looks its process up by name at each use. */
export interface NameToken {
  readonly [nameTokenKey]: { readonly name: string; readonly copy: unknown }
}

/** The property that makes an object a name token of this copy. */
export function nameTokenFor(name: string): NameToken[typeof nameTokenKey] {
  return { name, copy: thisCopy }
}

/** Whether a value is a name token of this copy. */
export function isNameToken(value: unknown): value is NameToken {
  return typeof value === 'object' && value !== null && (value as Partial<NameToken>)[nameTokenKey]?.copy === thisCopy
}

/**
 * Finds the reference of a process from a reference or a name token.
 *
 * @param expected What the value should be, for the message: `a producer to subscribe to`.
 * @returns `undefined` if no process has the name.
 * @throws {TypeError} If it is neither, or belongs to another copy of this package, or to another runtime.
 */
export function resolveReference(value: unknown, runtime: Runtime, expected: string): ProcessReference | undefined {
  if (isNameToken(value)) return runtime.names.get(value[nameTokenKey].name)?.reference
  if (typeof value === 'object' && value !== null) {
    const copy = copyOf(value, referenceBrand) ?? (value as Partial<NameToken>)[nameTokenKey]?.copy
    if (copy === thisCopy) return ofRuntime(value as ProcessReference, runtime, expected)
    if (copy !== undefined) {
      throw new TypeError(
        `expected ${expected}, got a reference that belongs to another copy of genstage in this program (version ` +
          `${String((copy as { version?: unknown }).version)}; this one is ${version}): install one copy, and start ` +
          'all connected stages with it',
      )
    }
  }
  throw new TypeError(`expected ${expected}, got: ${quote(value)}${hintFor(value)}`)
}

/** What to do with a value that is nearly a reference. */
function hintFor(value: unknown): string {
  if (copyOf(value, definitionBrand) === thisCopy)
    return ', which has not been started: pass what `await startLink(stage)` returns'
  if (isThenable(value)) return ', a promise: await it first'
  if (typeof value === 'function')
    return ': pass what `await startLink(…)` returns, not the function that creates the stage'
  return ''
}

/** Whether a value is a reference of this copy. */
export function isReference(value: unknown): value is ProcessReference {
  return copyOf(value, referenceBrand) === thisCopy
}

function ofRuntime(reference: ProcessReference, runtime: Runtime, expected: string): ProcessReference {
  if (reference.runtime === runtime || reference.process === undefined) return reference
  throw new TypeError(`expected ${expected} of the same runtime, got ${reference.label}, which runs in another one`)
}
