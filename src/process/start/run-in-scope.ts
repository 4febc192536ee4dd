import { describeReason, GenStageError } from '../../base/errors.ts'
import type { ProcessScope, Scope } from './scope.ts'

/** Runs a function in a scope, and disposes of the scope whatever becomes of the function. */
export async function runInScope<Value>(
  scope: ProcessScope,
  run: (scope: Scope) => Promise<Value> | Value,
): Promise<Value> {
  const returned = (async () => run(scope))()
  // The function may dispose of the scope itself: only the failure of a stage counts here.
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

/** A stage that failed did so first, as nothing counts as a failure once the function's end has closed the scope. */
async function throwFailure(scope: ProcessScope, returned: Promise<unknown>): Promise<void> {
  try {
    await scope.done
  } catch (failure) {
    returned.catch((error: unknown) => {
      // What the function could not have of stages that were stopped follows from the failure.
      const level = error instanceof GenStageError ? 'debug' : 'error'
      scope.log(level, `the function of a scope failed, after a stage of it had: ${describeReason(error)}`, { error })
    })
    throw failure
  }
}
