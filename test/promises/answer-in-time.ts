import { setImmediate } from 'node:timers/promises'
import type { Timing } from './plan.ts'

/** Gives an answer as a callback of some timing does; `whenKnown` runs as the answer is there to be taken. */
export type AnswerInTime = <Answer>(answer: () => Answer, whenKnown?: (isSync: boolean) => void) => Answer

const inTurn = ['sync', 'microtask', 'sync', 'macrotask'] as const

/**
 * Makes callbacks that answer at once, in a microtask, when the event loop has turned, or each in turn.
 *
 * The answer is made at once all the same, and what it throws is thrown, or is the rejection. A promise is passed off as
 * the answer itself: every callback may answer either, and the types of test stages need not say it each time.
 */
export function answerInTime(timing: Timing): AnswerInTime {
  let calls = 0
  return <Answer>(answer: () => Answer, whenKnown: (isSync: boolean) => void = () => {}): Answer => {
    const now = timing === 'mixed' ? (inTurn[calls++ % inTurn.length] as Timing) : timing
    if (now === 'sync') {
      const value = answer()
      whenKnown(true)
      return value
    }
    const later = async (): Promise<Answer> => {
      const value = answer()
      if (now === 'microtask') await Promise.resolve()
      else await setImmediate()
      whenKnown(false)
      return value
    }
    return later() as Answer
  }
}
