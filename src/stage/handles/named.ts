import { NoProcessError } from '../../base/errors.ts'
import { quote } from '../../base/quote.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import { type NameToken, nameTokenFor, nameTokenKey, type ProcessReference } from '../../process/reference.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../../process/runtime.ts'
import { inRuntimeOptions } from '../../process/start/runtime-options.ts'
import type { Name } from '../../process/start/start-types.ts'

/**
 * A reference by name: usable wherever a reference is, it finds its process anew at each use.
 *
 * So it still serves when a supervisor has started the stage again. It is the token that carries the type, and the
 * string that is looked up: two tokens of one name mean one stage. While nobody has the name, what waits for an answer
 * rejects with a `NoProcessError`, and what does not vanishes.
 *
 * @param options `runtime`: where to look when it is used from outside of a stage (a stage looks in its own).
 *   Default: the program's.
 * @throws {TypeError} If `name` is no string, or empty.
 *
 * @example A name that outlives a restart
 * ```ts
 * import assert from 'node:assert/strict'
 * import { type Callable, type ConsumerRef, consumer, named, startLink } from 'genstage'
 *
 * const total = named<ConsumerRef<number> & Callable<{ total(): number }>>('total')
 * const Total = () => consumer({ handleEvents(_events: readonly number[]) {}, handleCall: { total: () => ({ reply: 0 }) } })
 *
 * await assert.rejects(total.call('total'), { code: 'GENSTAGE_NO_PROCESS' })
 * const first = await startLink(Total(), { name: total })
 * assert.equal(await total.call('total'), 0)
 * await first.stop()
 *
 * await startLink(Total(), { name: total })
 * assert.equal(await total.call('total'), 0) // Another stage answers.
 * await total.stop()
 * ```
 */
export function named<Ref extends ProcessRef>(name: string, options?: { readonly runtime?: Runtime }): Ref & Name<Ref> {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`expected name to be a string that is not empty, got: ${quote(name)}`)
  }
  const { runtime } = inRuntimeOptions.read(options, 'the options of named')
  const home = runtime === undefined ? defaultRuntime : expectRuntime(runtime)
  return new NamedReference(name, home) as unknown as Ref & Name<Ref>
}

/** Where a name is looked up from outside of a stage; undefined for what is no name. */
export function runtimeOfName(value: unknown): ProcessRuntime | undefined {
  return value instanceof NamedReference ? NamedReference.runtimeOf(value) : undefined
}

/** Stands for whichever process has the name. Its operations are those of the reference that it finds. */
class NamedReference {
  readonly name: string
  readonly #runtime: ProcessRuntime
  // Declared only: a bundler must keep a class that has a field with a computed name.
  declare readonly [nameTokenKey]: NameToken[typeof nameTokenKey]

  constructor(name: string, runtime: ProcessRuntime) {
    this.name = name
    this.#runtime = runtime
    this[nameTokenKey] = nameTokenFor(name)
  }

  static runtimeOf(token: NamedReference): ProcessRuntime {
    return token.#runtime
  }

  static find(token: NamedReference): ProcessReference | undefined {
    return token.#runtime.names.get(token.name)?.reference
  }

  get id(): string {
    return NamedReference.find(this)?.id ?? ''
  }

  get exited(): Promise<ExitReason> {
    return NamedReference.find(this)?.exited ?? Promise.resolve('noproc')
  }

  async call(...args: unknown[]): Promise<unknown> {
    return ask(this, 'call', args)
  }

  async info(...args: unknown[]): Promise<unknown> {
    return ask(this, 'info', args)
  }

  async estimateBufferedCount(...args: unknown[]): Promise<unknown> {
    return ask(this, 'estimateBufferedCount', args)
  }

  async subscribe(...args: unknown[]): Promise<unknown> {
    return ask(this, 'subscribe', args)
  }

  async resubscribe(...args: unknown[]): Promise<unknown> {
    return ask(this, 'resubscribe', args)
  }

  async startChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'startChild', args)
  }

  async terminateChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'terminateChild', args)
  }

  async restartChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'restartChild', args)
  }

  async deleteChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'deleteChild', args)
  }

  async whichChildren(...args: unknown[]): Promise<unknown> {
    return ask(this, 'whichChildren', args)
  }

  async countChildren(...args: unknown[]): Promise<unknown> {
    return ask(this, 'countChildren', args)
  }

  exit(...args: unknown[]): unknown {
    return tell(this, 'exit', args)
  }

  send(...args: unknown[]): unknown {
    return tell(this, 'send', args)
  }

  cast(...args: unknown[]): unknown {
    return tell(this, 'cast', args)
  }

  demand(modeOrOptions?: unknown): unknown {
    const isSetting = typeof modeOrOptions === 'string'
    return isSetting ? tell(this, 'demand', [modeOrOptions]) : ask(this, 'demand', [modeOrOptions])
  }

  get done(): Promise<void> {
    const reference = NamedReference.find(this)
    return reference?.done ?? Promise.reject(new NoProcessError('done', `the process named ${quote(this.name)}`))
  }

  async stop(...args: unknown[]): Promise<void> {
    await tell(this, 'stop', args)
  }

  async drain(...args: unknown[]): Promise<unknown> {
    return NamedReference.find(this) === undefined ? { undone: [] } : tell(this, 'drain', args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await NamedReference.find(this)?.[Symbol.asyncDispose]()
  }
}

async function ask(token: NamedReference, name: string, args: unknown[]): Promise<unknown> {
  const reference = NamedReference.find(token)
  if (reference === undefined) throw new NoProcessError(name, `the process named ${quote(token.name)}`)
  return methodOf(reference, name).apply(reference, args)
}

function tell(token: NamedReference, name: string, args: unknown[]): unknown {
  const reference = NamedReference.find(token)
  return reference === undefined ? undefined : methodOf(reference, name).apply(reference, args)
}

function methodOf(reference: ProcessReference, name: string): (...args: unknown[]) => unknown {
  const method = (reference as unknown as Record<string, unknown>)[name]
  if (typeof method === 'function') return method as (...args: unknown[]) => unknown
  throw new TypeError(`expected a process that has ${name}, got ${reference.label}, which has not`)
}
