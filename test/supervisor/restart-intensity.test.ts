import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RestartIntensity } from '../../src/supervisor/restart-intensity.ts'

/** Whether each of these restarts is allowed. */
function judge(maxRestarts: number, maxSeconds: number, times: readonly number[]): boolean[] {
  const intensity = new RestartIntensity(maxRestarts, maxSeconds)
  return times.map((time) => intensity.add(time))
}

describe('restart intensity', () => {
  test('allows as many restarts as specified, and not one more', () => {
    expect(judge(3, 5, [0, 0, 0, 0])).toEqual([true, true, true, false])
    expect(judge(1, 5, [0, 1])).toEqual([true, false])
    expect(judge(0, 5, [0])).toEqual([false])
  })

  test('counts a restart until the time is over: at its very end, too, and then no longer', () => {
    expect(judge(1, 5, [0, 5_000])).toEqual([true, false])
    expect(judge(1, 5, [0, 5_001])).toEqual([true, true])
    expect(judge(2, 0.5, [0, 0, 500])).toEqual([true, true, false])
    expect(judge(2, 0.5, [0, 0, 501, 501, 1_001])).toEqual([true, true, true, true, false])
  })

  test('forgets one by one', () => {
    expect(judge(2, 1, [0, 600, 1_200, 1_601, 1_800])).toEqual([true, true, true, true, false])
  })

  test('bears any number where there is no bound, and forgets none where the time has none', () => {
    expect(
      judge(
        Number.POSITIVE_INFINITY,
        5,
        Array.from({ length: 100 }, () => 0),
      ),
    ).not.toContain(false)
    expect(judge(2, Number.POSITIVE_INFINITY, [0, 1e12, 1e15])).toEqual([true, true, false])
  })

  test('is what one gets by counting', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(3_000), { maxLength: 40 }),
        (maxRestarts, maxSeconds, steps) => {
          let now = 0
          const times = steps.map((step) => (now += step))
          const expected = times.map(
            (time, index) =>
              times.slice(0, index + 1).filter((each) => each >= time - maxSeconds * 1_000).length <= maxRestarts,
          )
          expect(judge(maxRestarts, maxSeconds, times)).toEqual(expected)
        },
      ),
    )
  })
})
