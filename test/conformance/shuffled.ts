import { describe, expect, test } from 'vitest'
import { readAmended } from './differences.ts'
import { firstFailure, mannersFor } from './judge.ts'

/** Under how many shuffled schedules each scenario marked `any` is replayed. */
const schedules = 20

/**
 * Tests one of two halves of the scenarios under shuffled schedules; each is a test file of its own, so that they share
 * the workers.
 */
export async function describeShuffled(half: 0 | 1): Promise<void> {
  const scenarios = await readAmended()
  const mine = scenarios.filter(({ schedule }, index) => schedule === 'any' && index % 2 === half)
  const categories = [...new Set(mine.map(({ category }) => category))]

  describe(`under ${schedules} shuffled schedules each`, () => {
    test.each(categories)('%s is as recorded', { timeout: 60_000 }, async (category) => {
      const failures: string[] = []
      for (const scenario of mine) {
        if (scenario.category !== category) continue
        const failure = await firstFailure(scenario, mannersFor(scenario, schedules))
        if (failure !== undefined) failures.push(failure)
      }
      expect(failures.join('\n\n')).toBe('')
    })
  })
}
