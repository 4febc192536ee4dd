import { expect, test } from 'vitest'
import { amount, counted, duration, logarithmicShare, percent, rate } from '../../../src/observe/view/numbers.ts'

test.each([
  [0, '0'],
  [999, '999'],
  [1_204, '1,204'],
  [99_999, '99,999'],
  [100_000, '100k'],
  [999_499, '999k'],
  [999_600, '1.00M'],
  [1_234_567, '1.23M'],
  [45_678_901, '45.7M'],
  [9_999_999_999, '10.0G'],
  [2 ** 53, '9007T'],
])('%d events are written as %s, in six characters at most', (value, text) => {
  expect(amount(value)).toBe(text)
  expect(text.length).toBeLessThanOrEqual(6)
})

test.each([
  [null, '–'],
  [0, '0'],
  [0.01, '<0.1'],
  [0.5, '0.5'],
  [2, '2'],
  [9.96, '10'],
  [499.6, '500'],
])('%d events a second are written as %s', (value, text) => {
  expect(rate(value)).toBe(text)
})

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [1_250, '1.3 s'],
  [59_960, '1 min 0 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
])('%d ms are written as %s', (value, text) => {
  expect(duration(value)).toBe(text)
})

test('shares are whole percents, or unknown', () => {
  expect([0, 0.004, 0.995, 1, null].map(percent)).toEqual(['0%', '0%', '100%', '100%', '–'])
})

test('one is one, and others are several', () => {
  expect([0, 1, 2].map((count) => counted(count, 'event'))).toEqual(['0 events', '1 event', '2 events'])
})

test('a bar without a limit grows by digits and is never more than full', () => {
  const shares = [0, 1, 10, 1_000, 99_999, 1e9].map(logarithmicShare)
  expect(shares[0]).toBe(0)
  expect(shares.at(-1)).toBe(1)
  expect(shares).toEqual([...shares].sort((one, other) => one - other))
})
