import type { Runnable, Schedule } from '../process/schedule/scheduler.ts'
import { seededRandom } from './seeded-random.ts'

/**
 * A schedule that picks the next process at random, the same way for the same seed.
 *
 * It decides who runs when and nothing else: messages from one process to another still arrive in the order in which
 * they were sent. Whatever holds under every such schedule does not depend on how fast anyone is.
 */
export function shuffledSchedule(seed: number): Schedule {
  const waiting: Runnable[] = []
  const random = seededRandom(seed)
  return {
    get size() {
      return waiting.length
    },
    add(process) {
      waiting.push(process)
    },
    next() {
      const place = random.below(waiting.length)
      const chosen = waiting[place] as Runnable
      const last = waiting.pop() as Runnable
      if (last !== chosen) waiting[place] = last
      return chosen
    },
  }
}
