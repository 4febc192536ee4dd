import { defaultRuntime, expectRuntime, ProcessRuntime, type Runtime, type RuntimeOptions } from '../runtime.ts'
import { runInScope } from './run-in-scope.ts'
import { inRuntimeOptions, runtimeOptions } from './runtime-options.ts'
import { ProcessScope, type Scope } from './scope.ts'

/** Where a scope's stages run. */
export interface ScopeOptions {
  /** The runtime of its stages. Default: the program's own. */
  readonly runtime?: Runtime
}

/**
 * Makes a runtime of its own: with another logger or clock, or to keep some stages apart.
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
 * Calls a function with a new scope, and disposes of the scope when the function has returned or failed: as
 * `await using scope = createScope()` around the function's body would.
 *
 * Resolves with what the function returns, once the stages that still run have been stopped: await in the function what
 * is to be finished. A stage that fails stops the others, and the promise rejects with the `StageFailure` without
 * waiting for the function. Where both the function and a stage fail, the promise rejects with what came first, and the
 * other one is logged.
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
 * Makes a scope: stages started in it stop together when one fails, and when it is disposed of.
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
