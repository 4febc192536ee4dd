import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type OptionTable, optionTable } from '../../src/base/options/option-table.ts'
import {
  anything,
  array,
  boolean,
  callback,
  computed,
  integer,
  matching,
  oneOf,
} from '../../src/base/options/option-type.ts'

const table = optionTable({
  maxDemand: { type: integer({ min: 1 }), default: 1_000, unit: 'events', text: 'The most that may be open.' },
  minDemand: {
    type: integer({ min: 0, max: computed('maxDemand - 1', (others: { maxDemand: number }) => others.maxDemand - 1) }),
    default: computed('half of maxDemand', (others: { maxDemand: number }) => Math.floor(others.maxDemand / 2)),
    unit: 'events',
    text: 'Asks again at this many.',
  },
  bufferSize: { type: integer({ min: 0, infinity: true }), default: Number.POSITIVE_INFINITY, text: 'A limit.' },
  level: { type: integer({ min: 1, max: 9 }), text: 'From 1 to 9.', absent: 'what came first' },
  cancel: { type: oneOf('permanent', 'transient', 'temporary'), default: 'permanent', text: 'What then.' },
  isLoud: { type: boolean(), default: false, text: 'Whether.' },
  onEnd: { type: callback<() => void>(), text: 'Called last.' },
  sources: { type: array<string>(), default: [], text: 'From where.' },
  metadata: { type: anything(), text: 'Anything.' },
})

const defaults = {
  maxDemand: 1_000,
  minDemand: 500,
  bufferSize: Number.POSITIVE_INFINITY,
  level: undefined,
  cancel: 'permanent',
  isLoud: false,
  onEnd: undefined,
  sources: [],
  metadata: undefined,
}

describe('reading options', () => {
  test('fills in what is not given, by itself or from other options', () => {
    expect(table.read(undefined)).toEqual(defaults)
    expect(table.read({})).toEqual(defaults)
    expect(table.read({ maxDemand: 7 })).toEqual({ ...defaults, maxDemand: 7, minDemand: 3 })
    expect(table.read({ maxDemand: 1 }).minDemand).toBe(0)
  })

  test('takes what is given', () => {
    const given = {
      maxDemand: 10,
      minDemand: 9,
      bufferSize: 0,
      level: 9,
      cancel: 'temporary',
      isLoud: true,
      onEnd: () => undefined,
      sources: ['a'],
      metadata: null,
    }
    expect(table.read(given)).toEqual(given)
  })

  test('counts undefined as not given', () => {
    expect(table.read(Object.fromEntries(table.names.map((name) => [name, undefined])))).toEqual(defaults)
  })

  test.each([
    [{ maxDemand: 'ten' }, TypeError, "expected maxDemand to be an integer of at least 1, got: 'ten'"],
    [{ maxDemand: '10' }, TypeError, "expected maxDemand to be an integer of at least 1, got: '10'"],
    [{ maxDemand: null }, TypeError, 'expected maxDemand to be an integer of at least 1, got: null'],
    [{ maxDemand: 10n }, TypeError, 'expected maxDemand to be an integer of at least 1, got: 10n'],
    [{ maxDemand: 0 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: 0'],
    [{ maxDemand: Number.NaN }, RangeError, 'expected maxDemand to be an integer of at least 1, got: NaN'],
    [{ maxDemand: 1.5 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: 1.5'],
    [{ maxDemand: 2 ** 53 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: 9007199254740992'],
    [
      { maxDemand: Number.POSITIVE_INFINITY },
      RangeError,
      'expected maxDemand to be an integer of at least 1, got: Infinity',
    ],
    [
      { maxDemand: 10, minDemand: 10 },
      RangeError,
      'expected minDemand to be an integer from 0 to 9 (maxDemand - 1), got: 10',
    ],
    [{ minDemand: 1_000 }, RangeError, 'expected minDemand to be an integer from 0 to 999 (maxDemand - 1), got: 1000'],
    [{ minDemand: -1 }, RangeError, 'expected minDemand to be an integer from 0 to 999 (maxDemand - 1), got: -1'],
    [{ bufferSize: -1 }, RangeError, 'expected bufferSize to be an integer of at least 0 or Infinity, got: -1'],
    [
      { bufferSize: Number.NEGATIVE_INFINITY },
      RangeError,
      'expected bufferSize to be an integer of at least 0 or Infinity, got: -Infinity',
    ],
    [{ level: 10 }, RangeError, 'expected level to be an integer from 1 to 9, got: 10'],
    [{ cancel: 'never' }, TypeError, "expected cancel to be 'permanent', 'transient' or 'temporary', got: 'never'"],
    [{ cancel: ['permanent'] }, TypeError, /^expected cancel to be .*, got: \['permanent'\]$/],
    [{ isLoud: 1 }, TypeError, 'expected isLoud to be true or false, got: 1'],
    [{ onEnd: {} }, TypeError, 'expected onEnd to be a function, got: {}'],
    [{ sources: 'a' }, TypeError, "expected sources to be an array, got: 'a'"],
    [{ sources: new Set() }, TypeError, 'expected sources to be an array, got: Set(0)'],
  ])('refuses %o', (given, error, message) => {
    expect(() => table.read(given)).toThrow(error)
    expect(() => table.read(given)).toThrow(message)
  })

  test.each([[null], [5], ['maxDemand'], [[]], [() => ({})], [true]])('refuses %o for options', (given) => {
    expect(() => table.read(given, 'options of subscribe')).toThrow(TypeError)
    expect(() => table.read(given, 'options of subscribe')).toThrow(
      /^expected options of subscribe to be an object, got: /,
    )
  })

  test('refuses a key it does not know, and names the nearest', () => {
    expect(() => table.read({ maxDemnad: 10 })).toThrow(TypeError)
    expect(() => table.read({ maxDemnad: 10 })).toThrow(/got: 'maxDemnad' \(did you mean maxDemand\?\)/)
    expect(() => table.read({ max_demand: undefined })).toThrow(/did you mean maxDemand/)
    expect(() => table.read({ [Symbol('maxDemand')]: 1 })).toThrow(/got: Symbol\(maxDemand\)/)
  })

  test('knows no options but its own', () => {
    for (const key of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
      const given = JSON.parse(`{ "${key}": 1 }`)
      expect(Object.keys(given)).toEqual([key])
      expect(() => table.read(given)).toThrow(TypeError)
    }
  })

  test('looks at own, enumerable keys only', () => {
    expect(table.read({ __proto__: { maxDemand: 'ten', unknown: 1 } })).toEqual(defaults)
    expect(table.read(Object.create({ maxDemand: 5 }))).toEqual(defaults)
    expect(table.read(Object.defineProperty({}, 'maxDemand', { value: 5 }))).toEqual(defaults)
    expect(table.read(Object.defineProperty({}, 'unknown', { value: 5 }))).toEqual(defaults)
    expect(table.read(Object.assign(Object.create(null), { maxDemand: 4 })).maxDemand).toBe(4)
    class Options {
      maxDemand = 6
    }
    expect(table.read(new Options()).maxDemand).toBe(6)
  })

  test('reads a property once', () => {
    let reads = 0
    const given = {
      get maxDemand() {
        reads++
        return reads
      },
    }
    expect(table.read(given).maxDemand).toBe(1)
  })

  test('reads its own options among others', () => {
    expect(table.readAmong({ maxDemand: 4, partition: 'odd' })).toEqual({ ...defaults, maxDemand: 4, minDemand: 2 })
    expect(() => table.readAmong({ maxDemand: 0, partition: 'odd' })).toThrow(RangeError)
    expect(() => table.readAmong(5)).toThrow(/expected options to be an object/)
  })

  test('demands what is required', () => {
    const demanding = optionTable({
      partitions: {
        type: matching(
          'a number of partitions',
          (value) => typeof value === 'number',
          (value) => value < 10,
        ),
        required: true,
        text: 'How many.',
      },
    })
    expect(demanding.read({ partitions: 4 })).toEqual({ partitions: 4 })
    expect(() => demanding.read({})).toThrow(new TypeError('expected partitions to be given: a number of partitions'))
    expect(() => demanding.read({ partitions: undefined })).toThrow(TypeError)
    expect(() => demanding.read({ partitions: 'x' })).toThrow(TypeError)
    expect(() => demanding.read({ partitions: 10 })).toThrow(RangeError)
  })

  test('returns complete options or throws a TypeError or RangeError that names one of them', () => {
    const given = fc.dictionary(
      fc.constantFrom(...table.names, 'unknown'),
      fc.oneof(fc.anything(), fc.integer(), fc.double(), fc.constantFrom('permanent', true, [], 5)),
    )
    fc.assert(
      fc.property(given, (options) => {
        try {
          expect(Object.keys(table.read(options))).toEqual(table.names)
        } catch (error) {
          expect(error instanceof TypeError || error instanceof RangeError).toBe(true)
          expect((error as Error).message).toMatch(new RegExp(`^expected (options|${table.names.join('|')}) to be `))
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the type of the options that come out', () => {
  test('has every option, with undefined only where there is no default', () => {
    expectTypeOf(table.read({})).toEqualTypeOf<{
      readonly maxDemand: number
      readonly minDemand: number
      readonly bufferSize: number
      readonly level: number | undefined
      readonly cancel: 'permanent' | 'transient' | 'temporary'
      readonly isLoud: boolean
      readonly onEnd: (() => void) | undefined
      readonly sources: readonly string[]
      readonly metadata: unknown
    }>()
  })

  test('is checked against the type that is written down', () => {
    const written: OptionTable<{ readonly size: number }> = optionTable({
      size: { type: integer({ min: 1 }), default: 1, text: 'x' },
    })
    expect(written.names).toEqual(['size'])
    // @ts-expect-error -- there is no default, so it may be undefined
    const wrong: OptionTable<{ readonly size: number }> = optionTable({
      size: { type: integer({ min: 1 }), text: 'x' },
    })
    expect(wrong.names).toEqual(['size'])
  })

  test('does not allow a default of another type, nor one from an option that is not there', () => {
    // @ts-expect-error -- none of the strings
    optionTable({ keep: { type: oneOf('first', 'last'), default: 'middle', text: 'x' } })
    const half = computed('half of size', (others: { size: number }) => others.size / 2)
    // @ts-expect-error -- there is no `size`
    optionTable({ least: { type: integer({ min: 1 }), default: half, text: 'x' } })
  })
})

test('the reference is written from the table', () => {
  expect(table.toMarkdown()).toBe(
    [
      '| option | type | default | meaning |',
      '| --- | --- | --- | --- |',
      '| `maxDemand` | integer, at least 1; events | `1000` | The most that may be open. |',
      '| `minDemand` | integer from 0 to maxDemand - 1; events | half of maxDemand | Asks again at this many. |',
      '| `bufferSize` | integer, at least 0 or Infinity | `Infinity` | A limit. |',
      '| `level` | integer from 1 to 9 | what came first | From 1 to 9. |',
      "| `cancel` | `'permanent'`, `'transient'`, `'temporary'` | `'permanent'` | What then. |",
      '| `isLoud` | boolean | `false` | Whether. |',
      '| `onEnd` | function | none | Called last. |',
      '| `sources` | array | `[]` | From where. |',
      '| `metadata` | any | none | Anything. |',
    ].join('\n'),
  )
})
