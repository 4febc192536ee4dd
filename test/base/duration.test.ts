import { describe, expect, test } from 'vitest'
import { duration, expectDuration, millisecondsOf } from '../../src/base/options/duration.ts'
import { optionTable } from '../../src/base/options/option-table.ts'

const table = optionTable({
  wait: { type: duration(), default: 5_000, text: '' },
  pause: { type: duration({ zero: true, infinity: false }), default: 0, text: '' },
  interval: { type: duration({ min: 50 }), default: 1_000, text: '' },
})

describe('a duration', () => {
  test.each([
    [200, 200],
    [0.5, 0.5],
    ['200ms', 200],
    ['5s', 5_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ])('%o is %i milliseconds', (value, milliseconds) => {
    expect(millisecondsOf(value)).toBe(milliseconds)
    expect(expectDuration('delay', value)).toBe(milliseconds)
  })

  test.each(['5', 's', '5 s', '-5s', '5sec', '1e3s', 'Infinityms', '', ' 5s', '5S', null, undefined, {}, [], 5n])(
    '%o is none',
    (value) => {
      expect(millisecondsOf(value)).toBeNaN()
      expect(() => expectDuration('delay', value)).toThrow(TypeError)
    },
  )

  test('that a function computed is not below 0', () => {
    expect(() => expectDuration('delay', -1)).toThrow(
      "expected delay to return a duration of at least 0, in milliseconds or as '200ms', '5s', got: -1",
    )
  })
})

describe('an option that is a duration', () => {
  test('is read as milliseconds', () => {
    expect(table.read({ wait: '5m', pause: '0ms', interval: '50ms' })).toEqual({
      wait: 300_000,
      pause: 0,
      interval: 50,
    })
    expect(table.read({ wait: Number.POSITIVE_INFINITY })).toEqual({
      wait: Number.POSITIVE_INFINITY,
      pause: 0,
      interval: 1_000,
    })
  })

  test.each([[{ wait: '5 s' }], [{ wait: true }], [{ pause: null }]])(
    'of another form is a TypeError: %o',
    (options) => {
      expect(() => table.read(options)).toThrow(TypeError)
    },
  )

  test.each([
    [
      { wait: 0 },
      "expected wait to be a duration above 0, in milliseconds or as '200ms', '5s', '2m', '1h' or '7d', or Infinity, got: 0",
    ],
    [{ wait: Number.NaN }, 'got: NaN'],
    [{ pause: Number.POSITIVE_INFINITY }, 'of at least 0, in milliseconds'],
    [{ pause: -1 }, 'got: -1'],
    [{ interval: '49ms' }, 'of at least 50 ms'],
  ])('out of range is a RangeError: %o', (options, message) => {
    expect(() => table.read(options)).toThrow(RangeError)
    expect(() => table.read(options)).toThrow(message)
  })
})
