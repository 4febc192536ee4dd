import { describe, expect, test } from 'vitest'
import { allowsRetry, type RetryPolicy, retryDelay, retryOptions } from '../../src/base/options/retry.ts'

const policy = (given: RetryPolicy = {}) => retryOptions.read(given)
const half = (): number => 0.5

describe('a retry policy', () => {
  test('allows as many attempts as `attempts`, the first one included', () => {
    const allowed = [1, 2, 3, 4, 5].map((failed) => allowsRetry(policy({ attempts: 3 }), failed, 'why'))
    expect(allowed).toEqual([true, true, false, false, false])
    expect(allowsRetry(policy({ attempts: 1 }), 1, 'why')).toBe(false)
    expect(allowsRetry(policy({ attempts: Number.POSITIVE_INFINITY }), 1e9, 'why')).toBe(true)
  })

  test('allows none for a failure that is not worth it', () => {
    const given = policy({ shouldRetry: (error) => error !== 'fatal' })
    expect(allowsRetry(given, 1, 'fatal')).toBe(false)
    expect(allowsRetry(given, 1, 'busy')).toBe(true)
  })

  test('doubles the delay, up to the longest', () => {
    const given = policy({ delay: '100ms', maxDelay: '1s', jitter: 'none' })
    expect([1, 2, 3, 4, 5, 6, 1_000_000].map((failed) => retryDelay(given, failed, half))).toEqual([
      100, 200, 400, 800, 1_000, 1_000, 1_000,
    ])
  })

  test('waits for a random part of the delay by default', () => {
    expect(retryDelay(policy(), 1, half)).toBe(100)
    expect(retryDelay(policy(), 3, () => 0)).toBe(0)
    expect(retryDelay(policy(), 100, () => 0.999)).toBeCloseTo(29_970)
  })

  test('keeps no delay at no delay, however many attempts have failed', () => {
    const given = policy({ delay: 0, factor: 10, jitter: 'none', maxDelay: Number.POSITIVE_INFINITY })
    expect(retryDelay(given, 5_000, half)).toBe(0)
  })

  test("takes the user's own delays, which maxDelay bounds", () => {
    const given = policy({ delay: (failed) => (failed === 1 ? '1s' : 60_000), jitter: 'none' })
    expect([1, 2].map((failed) => retryDelay(given, failed, half))).toEqual([1_000, 30_000])
    const wrong = policy({ delay: () => 'soon' as never })
    expect(() => retryDelay(wrong, 1, half)).toThrow('expected delay to return a duration of at least 0')
  })

  test.each([
    [{ attempts: 0 }, RangeError],
    [{ attempts: 1.5 }, RangeError],
    [{ delay: -1 }, RangeError],
    [{ delay: 'soon' as never }, TypeError],
    [{ factor: 0.5 }, RangeError],
    [{ maxDelay: '5 s' as never }, TypeError],
    [{ jitter: 'some' as never }, TypeError],
    [{ shouldRetry: true as never }, TypeError],
    [{ times: 3 } as never, TypeError],
  ])('refuses %o', (given, kind) => {
    expect(() => policy(given)).toThrow(kind)
  })
})
