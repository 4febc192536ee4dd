import { setImmediate } from 'node:timers/promises'
import type { Timing } from './plan.ts'

/** Returns a result as a callback of some timing does; `whenKnown` runs when the result is available. */
export type TimedReturn = <Result>(result: () => Result, whenKnown?: (isSync: boolean) => void) => Result

const inTurn = ['sync', 'microtask', 'sync', 'macrotask'] as const

/**
 * Makes callbacks return immediately, after a microtask, after a turn of the event loop, or each in turn.
 *
 * The result is computed immediately in all cases, and an error is thrown or is the rejection. A promise is typed as
 * its result, because every callback may return either; so the types of test stages do not need to repeat it.
 */
export function timedReturn(timing: Timing): TimedReturn {
  let calls = 0
  return <Result>(result: () => Result, whenKnown: (isSync: boolean) => void = () => {}): Result => {
    const now = timing === 'mixed' ? (inTurn[calls++ % inTurn.length] as Timing) : timing
    if (now === 'sync') {
      const value = result()
      whenKnown(true)
      return value
    }
    const later = async (): Promise<Result> => {
      const value = result()
      if (now === 'microtask') await Promise.resolve()
      else await setImmediate()
      whenKnown(false)
      return value
    }
    return later() as Result
  }
}
