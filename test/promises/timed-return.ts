import { setImmediate } from 'node:timers/promises'
import type { Timing } from './plan.ts'

/** Gives an answer as a callback of some timing does; `whenKnown` runs as the answer is there to be taken. */
export type TimedReturn = <Result>(result: () => Result, whenKnown?: (isSync: boolean) => void) => Result

const inTurn = ['sync', 'microtask', 'sync', 'macrotask'] as const

/**
 * Makes callbacks that answer at once, in a microtask, when the event loop has turned, or each in turn.
 *
 * The answer is made at once all the same, and what it throws is thrown, or is the rejection. A promise is passed off as
 * the answer itself: every callback may answer either, and the types of test stages need not say it each time.
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
