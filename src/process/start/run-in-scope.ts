import { describeReason, GenStageError } from '../../base/errors.ts'
import type { ProcessScope, Scope } from './scope.ts'

/** Runs a function with a scope, and disposes of the scope once the function has returned or failed. */
export async function runInScope<Value>(
  scope: ProcessScope,
  run: (scope: Scope) => Promise<Value> | Value,
): Promise<Value> {
  const returned = (async () => run(scope))()
  // Only the failure of a stage counts here, because the function may dispose of the scope itself.
  const failed = new Promise<never>((_resolve, reject) => {
    scope.done.catch(reject)
  })
  try {
    return await Promise.race([returned, failed])
  } finally {
    await scope[Symbol.asyncDispose]()
    await throwFailure(scope, returned)
  }
}

/** A stage that failed did so before the function: once the function has ended and closed the scope, no end is a failure. */
async function throwFailure(scope: ProcessScope, returned: Promise<unknown>): Promise<void> {
  try {
    await scope.done
  } catch (failure) {
    returned.catch((error: unknown) => {
      // An error about a stage that was stopped is a consequence of the failure.
      const level = error instanceof GenStageError ? 'debug' : 'error'
      scope.log(level, `the function of a scope failed after one of its stages had failed: ${describeReason(error)}`, {
        error,
      })
    })
    throw failure
  }
}
