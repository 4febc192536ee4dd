import { expect, it } from 'vitest'
import { ChurningMap, ChurningSet } from '../../src/base/collections/churning.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

it('a map whose entries come and go holds what a Map would, in its order', () => {
  const random = seededRandom(1)
  const map = new ChurningMap<number, number>()
  const model = new Map<number, number>()
  for (let step = 0; step < 5_000; step++) {
    const key = random.below(150)
    if (random.fraction() < 0.5) {
      map.set(key, step)
      model.set(key, step)
    } else expect(map.delete(key)).toBe(model.delete(key))
    expect(map.size).toBe(model.size)
    expect(map.get(key)).toBe(model.get(key))
    expect(map.has(key)).toBe(model.has(key))
    if (step % 50 === 0) {
      expect([...map.keys()]).toEqual([...model.keys()])
      expect([...map.values()]).toEqual([...model.values()])
    }
  }
})

it('a set whose values come and go holds what a Set would, in its order', () => {
  const random = seededRandom(2)
  const set = new ChurningSet<number>()
  const model = new Set<number>()
  for (let step = 0; step < 5_000; step++) {
    const value = random.below(150)
    if (random.fraction() < 0.5) {
      set.add(value)
      model.add(value)
    } else expect(set.delete(value)).toBe(model.delete(value))
    expect(set.size).toBe(model.size)
    if (step % 50 === 0) expect([...set]).toEqual([...model])
  }
})
