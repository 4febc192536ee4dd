import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rateOptions, TokenBuckets } from '../../src/base/options/rate.ts'

const options = fc.record({ limit: fc.integer({ min: 1, max: 20 }), per: fc.integer({ min: 1, max: 5_000 }) })
const bursts = fc.integer({ min: 1, max: 30 })

/** The times at which tokens were taken, by a caller that tries again as soon as it may. */
function takenBy(buckets: TokenBuckets, pauses: readonly number[]): number[] {
  const times: number[] = []
  let now = 0
  for (const pause of pauses) {
    now += pause
    const wait = buckets.take(undefined, now)
    if (wait > 0) {
      now += wait
      expect(buckets.take(undefined, now), 'after the time that it returned').toBe(0)
    }
    times.push(now)
  }
  return times
}

describe('token buckets', () => {
  test('never give more than the burst and what comes in the time between', () => {
    fc.assert(
      fc.property(
        options,
        bursts,
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 60 }),
        (rate, burst, pauses) => {
          const times = takenBy(new TokenBuckets({ ...rate, burst }), pauses)
          times.forEach((from, first) => {
            times.slice(first).forEach((to, index) => {
              const most = burst + ((to - from) * rate.limit) / rate.per
              expect(index + 1).toBeLessThanOrEqual(most + 1e-3)
            })
          })
        },
      ),
    )
  })

  test('give a caller that always wants one the whole rate', () => {
    fc.assert(
      fc.property(options, bursts, (rate, burst) => {
        const times = takenBy(
          new TokenBuckets({ ...rate, burst }),
          Array.from({ length: 100 }, () => 0),
        )
        const expected = Math.max(0, (100 - burst) * (rate.per / rate.limit))
        expect(times.at(-1)).toBeCloseTo(expected, 3)
      }),
    )
  })

  test('are one for each key', () => {
    const buckets = new TokenBuckets({ limit: 1, per: 1_000, burst: 1 })
    expect([buckets.take('a', 0), buckets.take('b', 0), buckets.take(1, 0), buckets.take('1', 0)]).toEqual([0, 0, 0, 0])
    expect([buckets.take('a', 400), buckets.take('b', 1_000)]).toEqual([600, 0])
  })

  test('forget the buckets that are full again', () => {
    const buckets = new TokenBuckets({ limit: 10, per: 1_000, burst: 10 })
    for (let key = 0; key < 100_000; key++) buckets.take(key, key)
    expect(buckets.size).toBeLessThan(2_000)
  })

  test('keep those that are not, however many there are', () => {
    const buckets = new TokenBuckets({ limit: 1, per: 1_000_000, burst: 1 })
    for (let key = 0; key < 5_000; key++) buckets.take(key, key / 100)
    expect([0, 1_000, 4_999].map((key) => buckets.take(key, 50) > 0)).toEqual([true, true, true])
  })
})

describe('the options of a rate', () => {
  test('have a burst of the limit by default', () => {
    expect(rateOptions.read({ limit: 5, per: '1s' })).toEqual({ limit: 5, per: 1_000, burst: 5, key: undefined })
  })

  test.each([
    [{}, TypeError],
    [{ limit: 5 }, TypeError],
    [{ limit: 0, per: 1 }, RangeError],
    [{ limit: 1.5, per: 1 }, RangeError],
    [{ limit: 1, per: 0 }, RangeError],
    [{ limit: 1, per: Number.POSITIVE_INFINITY }, RangeError],
    [{ limit: 1, per: '1 second' }, TypeError],
    [{ limit: 1, per: 1, burst: 0 }, RangeError],
    [{ limit: 1, per: 1, interval: 5 }, TypeError],
  ])('refuse %o', (given, kind) => {
    expect(() => rateOptions.read(given)).toThrow(kind)
  })
})
