import { describe, expect, test } from 'vitest'
import { estimate, geometricMean, median, outerRank, quantile, spread } from '../../bench/statistics.ts'

/** The numbers from 1 to `count`, out of order. */
function figures(count: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index * 7) % count) + 1)
}

describe('an estimate of a median', () => {
  test('lies between the fourth and the twelfth of 15, wherein it is with more than 95 %', () => {
    expect(estimate(figures(15))).toEqual({ median: 8, low: 4, high: 12 })
  })

  test('lies between the smallest and the biggest of six', () => {
    expect(estimate([3, 1, 6, 2, 5, 4])).toEqual({ median: 3.5, low: 1, high: 6 })
  })

  test('is not sure at all of fewer', () => {
    expect(estimate([5, 4, 3, 2, 1])).toEqual({ median: 3 })
  })

  test('leaves at most 2.5 % out at either end', () => {
    for (let count = 6; count <= 60; count++) {
      const rank = outerRank(count)
      expect(chanceOfFewerHeads(count, rank), `${rank} of ${count}`).toBeLessThanOrEqual(0.025)
      expect(chanceOfFewerHeads(count, rank + 1), `${rank + 1} of ${count}`).toBeGreaterThan(0.025)
    }
  })
})

test('quantiles are interpolated, and the spread is that of the middle half', () => {
  expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(spread([1, 2, 3, 4, 5])).toBe(2 / 3)
})

test('the geometric mean of a half and a double is one', () => {
  expect(geometricMean(0.5, 2)).toBe(1)
})

/** By Pascal's triangle. */
function chanceOfFewerHeads(throws: number, heads: number): number {
  let row = [1]
  for (let each = 0; each < throws; each++) {
    row = Array.from({ length: row.length + 1 }, (_, index) => (row[index - 1] ?? 0) + (row[index] ?? 0))
  }
  return row.slice(0, heads).reduce((sum, ways) => sum + ways, 0) / 2 ** throws
}
