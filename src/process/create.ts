import { defaultRuntime, expectRuntime, ProcessRuntime, type Runtime, type RuntimeOptions } from './runtime.ts'
import { inRuntimeOptions, runtimeOptions } from './runtime-options.ts'
import { OwnScope, type Scope } from './scope.ts'

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
 * Makes a scope: stages started in it stop together when one fails, and when it is disposed of.
 *
 * @param options `runtime`: where its stages run. Default: the program's own.
 */
export function createScope(options?: { readonly runtime?: Runtime }): Scope {
  const { runtime } = inRuntimeOptions.read(options, 'scope options')
  return new OwnScope(runtime === undefined ? defaultRuntime : expectRuntime(runtime))
}
