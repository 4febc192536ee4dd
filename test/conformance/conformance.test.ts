import { describe, expect, test } from 'vitest'
import { readAmended } from './differences.ts'
import { exceptionsFor } from './exceptions.ts'
import { firstFailure } from './judge.ts'
import type { Manner } from './replay.ts'

const scenarios = await readAmended()
const categories = [...new Set(scenarios.map(({ category }) => category))]

const manners: [title: string, manner: Manner][] = [
  ['under the fair schedule', { timing: 'direct' }],
  ['with frozen batches', { timing: 'direct', freezeBatches: true }],
  ['with callbacks that return after a microtask', { timing: 'microtask' }],
  ['with callbacks that return after a macrotask', { timing: 'macrotask' }],
]

describe.each(manners)('%s', (_title, manner) => {
  const exceptions = exceptionsFor(manner.timing ?? 'direct')

  test.each(categories)('%s is as recorded', async (category) => {
    const failures: string[] = []
    for (const scenario of scenarios) {
      if (scenario.category !== category) continue
      const failure = await firstFailure(scenario, [manner])
      if (exceptions.has(scenario.name)) {
        // Replayed like all others; a list of exceptions that are none would hide the next one.
        if (failure === undefined) failures.push(`${scenario.name} is as recorded: it is no exception`)
      } else if (failure !== undefined) failures.push(failure)
    }
    expect(failures.join('\n\n')).toBe('')
  })

  test('only what depends on the order of turns is excepted', () => {
    const independent = scenarios.filter(({ schedule }) => schedule === 'any').map(({ name }) => name)
    expect(independent.filter((name) => exceptions.has(name))).toEqual([])
  })
})
