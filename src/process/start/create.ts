import { defaultRuntime, expectRuntime, ProcessRuntime, type Runtime, type RuntimeOptions } from '../runtime.ts'
import { runInScope } from './run-in-scope.ts'
import { inRuntimeOptions, runtimeOptions } from './runtime-options.ts'
import { ProcessScope, type Scope } from './scope.ts'

/** The options of a scope. */
export interface ScopeOptions {
  /** The runtime of its stages. Default: the program's own. */
  readonly runtime?: Runtime
}

/**
 * Creates a runtime, for example to use another logger or clock, or to separate some stages from the rest.
 *
 * @throws {TypeError | RangeError} If an option is wrong.
 */
export function createRuntime(options?: RuntimeOptions): Runtime {
  const { clock, logger, schedule, turnsPerSlice, freezeBatches } = runtimeOptions.read(options, 'runtime options')
  return new ProcessRuntime({
    freezeBatches,
    ...(clock && { clock }),
    ...(logger && { logger }),
    ...(schedule && { schedule }),
    ...(turnsPerSlice && { turnsPerSlice }),
  })
}

/**
 * Calls a function with a new scope, and disposes of the scope once the function has returned or failed, like
 * `await using scope = createScope()` in the body of the function.
 *
 * Resolves with the result of the function, once the stages that are still running have been stopped. The function should
 * therefore await the work that is to be finished. If a stage fails, the other stages are stopped, and the promise rejects
 * with the `StageFailure` without waiting for the function. If both the function and a stage fail, the promise rejects
 * with the first error, and the other one is logged.
 *
 * @example The sum of a source, in a scope of its own
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createScope, fromIterable, stream } from 'genstage'
 *
 * const total = await createScope(async (scope) => {
 *   let sum = 0
 *   for await (const number of stream([await scope.startLink(fromIterable([1, 2, 3]))])) sum += number
 *   return sum
 * })
 * assert.equal(total, 6)
 * ```
 */
export function createScope<Value>(
  run: (scope: Scope) => Promise<Value> | Value,
  options?: ScopeOptions,
): Promise<Value>
/**
 * Creates a scope. Its stages are stopped together when one of them fails, and when the scope is disposed of.
 *
 * @param options `runtime`: where its stages run. Default: the program's own.
 */
export function createScope(options?: ScopeOptions): Scope
export function createScope(
  first?: ScopeOptions | ((scope: Scope) => unknown),
  second?: ScopeOptions,
): Scope | Promise<unknown> {
  return typeof first === 'function' ? runInNewScope(first, second) : newScope(first)
}

async function runInNewScope(run: (scope: Scope) => unknown, options: unknown): Promise<unknown> {
  return runInScope(newScope(options), run)
}

function newScope(options: unknown): ProcessScope {
  const { runtime } = inRuntimeOptions.read(options, 'scope options')
  return new ProcessScope(runtime === undefined ? defaultRuntime : expectRuntime(runtime))
}
