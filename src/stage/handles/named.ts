import { NoProcessError } from '../../base/errors.ts'
import { quote } from '../../base/quote.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import { type NameToken, nameTokenFor, nameTokenKey, type ProcessReference } from '../../process/reference.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../../process/runtime.ts'
import { inRuntimeOptions } from '../../process/start/runtime-options.ts'
import type { Name } from '../../process/start/start-types.ts'

/**
 * Returns a reference by name, which looks up its process each time it is used.
 *
 * It can be used wherever a reference can, and stays valid when a supervisor restarts the stage. Its type argument
 * gives the type of the stage; two references with the same name refer to the same stage. While no process has the
 * name, operations that return a result reject with a `NoProcessError`, and messages are dropped.
 *
 * @param options `runtime`: the runtime in which the name is looked up outside of stages; a stage looks in its own.
 *   Default: the runtime of the program.
 * @throws {TypeError} If `name` is not a string, or is empty.
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
 * assert.equal(await total.call('total'), 0) // The reply of the second stage.
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

/** The runtime in which a reference by name is looked up outside of stages; undefined for any other value. */
export function runtimeOfName(value: unknown): ProcessRuntime | undefined {
  return value instanceof NamedReference ? NamedReference.runtimeOf(value) : undefined
}

/** A reference by name. Its operations are those of the reference that it finds. */
class NamedReference {
  readonly name: string
  readonly #runtime: ProcessRuntime
  // Only declared: a bundler cannot leave out a class that has a field with a computed name.
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
    return request(this, 'call', args)
  }

  async info(...args: unknown[]): Promise<unknown> {
    return request(this, 'info', args)
  }

  async estimateBufferedCount(...args: unknown[]): Promise<unknown> {
    return request(this, 'estimateBufferedCount', args)
  }

  async subscribe(...args: unknown[]): Promise<unknown> {
    return request(this, 'subscribe', args)
  }

  async resubscribe(...args: unknown[]): Promise<unknown> {
    return request(this, 'resubscribe', args)
  }

  async startChild(...args: unknown[]): Promise<unknown> {
    return request(this, 'startChild', args)
  }

  async terminateChild(...args: unknown[]): Promise<unknown> {
    return request(this, 'terminateChild', args)
  }

  async restartChild(...args: unknown[]): Promise<unknown> {
    return request(this, 'restartChild', args)
  }

  async deleteChild(...args: unknown[]): Promise<unknown> {
    return request(this, 'deleteChild', args)
  }

  async whichChildren(...args: unknown[]): Promise<unknown> {
    return request(this, 'whichChildren', args)
  }

  async countChildren(...args: unknown[]): Promise<unknown> {
    return request(this, 'countChildren', args)
  }

  exit(...args: unknown[]): unknown {
    return sendTo(this, 'exit', args)
  }

  send(...args: unknown[]): unknown {
    return sendTo(this, 'send', args)
  }

  cast(...args: unknown[]): unknown {
    return sendTo(this, 'cast', args)
  }

  demand(modeOrOptions?: unknown): unknown {
    const isSetting = typeof modeOrOptions === 'string'
    return isSetting ? sendTo(this, 'demand', [modeOrOptions]) : request(this, 'demand', [modeOrOptions])
  }

  get done(): Promise<void> {
    const reference = NamedReference.find(this)
    return reference?.done ?? Promise.reject(new NoProcessError('done', `the process named ${quote(this.name)}`))
  }

  async stop(...args: unknown[]): Promise<void> {
    await sendTo(this, 'stop', args)
  }

  async drain(...args: unknown[]): Promise<unknown> {
    return NamedReference.find(this) === undefined ? { undone: [] } : sendTo(this, 'drain', args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await NamedReference.find(this)?.[Symbol.asyncDispose]()
  }
}

async function request(token: NamedReference, name: string, args: unknown[]): Promise<unknown> {
  const reference = NamedReference.find(token)
  if (reference === undefined) throw new NoProcessError(name, `the process named ${quote(token.name)}`)
  return methodOf(reference, name).apply(reference, args)
}

function sendTo(token: NamedReference, name: string, args: unknown[]): unknown {
  const reference = NamedReference.find(token)
  return reference === undefined ? undefined : methodOf(reference, name).apply(reference, args)
}

function methodOf(reference: ProcessReference, name: string): (...args: unknown[]) => unknown {
  const method = (reference as unknown as Record<string, unknown>)[name]
  if (typeof method === 'function') return method as (...args: unknown[]) => unknown
  throw new TypeError(`expected a process that has ${name}, got ${reference.label}`)
}
