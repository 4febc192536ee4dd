import type { Runnable, Schedule } from '../process/schedule/scheduler.ts'
import { seededRandom } from './seeded-random.ts'

/**
 * A schedule that picks the next process at random, the same way for the same seed.
 *
 * It decides which process runs next and nothing else: messages from one process to another still arrive in the order in
 * which they were sent. What holds under every such schedule does not depend on the speed of any process.
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
      const index = random.below(waiting.length)
      const chosen = waiting[index] as Runnable
      const last = waiting.pop() as Runnable
      if (last !== chosen) waiting[index] = last
      return chosen
    },
  }
}
