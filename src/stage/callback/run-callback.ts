import { isThenable } from '../../base/is-thenable.ts'
import type { Process } from '../../process/process.ts'
import type { AnyStage } from './any-stage.ts'
import type { Callback } from './callback-table.ts'

/** The callbacks that are called as methods of the callbacks object, and not for each batch or demand. */
type OccasionalCallback =
  | 'handleSubscribe'
  | 'handleCancel'
  | 'handleEnd'
  | 'handleInfo'
  | 'formatDiscarded'
  | 'terminate'

/** Calls a callback of a stage and returns its result; `undefined` where the stage has no callback of this name. */
export function runCallback(stage: AnyStage, name: OccasionalCallback, ...args: readonly unknown[]): unknown {
  const callback = stage.callbackTable[name]
  return callback === undefined ? undefined : runNamed(stage.process, name, callback, stage.callbacks, ...args)
}

/** Calls user code under a name, which reports use where it throws or its promise is pending. */
export function runNamed(
  process: Process,
  name: string,
  callback: Callback,
  self: unknown,
  ...args: readonly unknown[]
): unknown {
  process.callback = name
  return callback.call(self, ...args)
}

/**
 * Runs a callback and measures how long it takes, until its promise settles where it returns one.
 *
 * Only for stages whose batches have a telemetry listener; the others do not read the clock.
 *
 * @param emit Receives the milliseconds, and what was thrown or `undefined`. Not called once the process has ended.
 */
export function runTimed(
  process: Process,
  run: () => unknown,
  emit: (duration: number, error: unknown) => void,
): unknown {
  const { clock } = process.runtime
  const begun = clock.now()
  const finish = (error: unknown): void => {
    if (process.status !== 'ended') emit(clock.now() - begun, error)
  }
  let result: unknown
  try {
    result = run()
  } catch (error) {
    finish(error)
    throw error
  }
  if (isThenable(result)) {
    result.then(() => finish(undefined), finish)
  } else {
    finish(undefined)
  }
  return result
}
