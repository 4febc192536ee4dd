import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partitionHash, partitionOf } from '../../src/dispatcher/partition-hash.ts'

const hashable = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value

/** How far the counts of partitions are from equal: chi-square, which chance makes `partitions - 1` on average. */
function unevenness(values: readonly unknown[], partitions: number): number {
  const counts = Array.from({ length: partitions }, () => 0)
  for (const value of values) {
    const partition = partitionHash(value) % partitions
    counts[partition] = (counts[partition] ?? 0) + 1
  }
  const expected = values.length / partitions
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

const many = Array.from({ length: 20_000 }, (_, index) => index)
const letters = 'abcdefghijklmnopqrstuvwxyz'

describe('partitionHash', () => {
  test.each([
    [0, 746_625_832],
    [1, 3_025_178_989],
    [-1, 1_402_742_702],
    [2 ** 31, 3_667_607_407],
    [-(2 ** 31), 3_182_480_281],
    [0.5, 1_358_600_153],
    [Number.NaN, 141_690_959],
    [Number.POSITIVE_INFINITY, 419_932_991],
    ['', 4_055_461_271],
    ['a', 577_014_999],
    ['word', 1_568_103_271],
    ['Grüße, 世界 😀', 2_847_542_653],
    [0n, 4_280_803_340],
    [-123456789012345678901234567890n, 2_002_678_295],
    [true, 3_348_608_247],
    [false, 2_919_677_203],
    [null, 2_299_990_997],
    [[], 2_584_790_571],
    [[1, 'a', null], 1_778_112_308],
    [{}, 3_930_192_022],
    [{ id: 7, tags: ['x', 'y'], nested: { on: true } }, 726_191_169],
  ])('of %o is always %i', (value, hash) => {
    expect(partitionHash(value)).toBe(hash)
  })

  test('is an unsigned integer of 32 bits, the same each time', () => {
    fc.assert(
      fc.property(hashable, (value) => {
        const hash = partitionHash(value)
        expect(hash >>> 0).toBe(hash)
        expect(partitionHash(structuredClone(value))).toBe(hash)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is the same for plain objects whose keys stand in another order', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), hashable, { maxKeys: 6 }), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse())
        expect(partitionHash(reversed)).toBe(partitionHash(object))
      }),
    )
  })

  test('distinguishes kinds of values and places in structures', () => {
    const values = [
      0,
      1,
      '0',
      '1',
      0n,
      1n,
      true,
      false,
      null,
      'true',
      'null',
      '',
      [],
      {},
      [0],
      ['0'],
      [[]],
      [[0]],
      [0, 0],
      [null],
      { a: 1 },
      { b: 1 },
      { a: '1' },
      { a: 1, b: 2 },
      { a: 2, b: 1 },
      [1, 2],
      [2, 1],
      [[1], 2],
      [1, [2]],
      'ab',
      'ba',
      ['a', 'b'],
      ['ab'],
      ['', 'ab'],
      0.5,
      -0.5,
      2 ** 40,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]
    expect(new Set(values.map((value) => partitionHash(value))).size).toBe(values.length)
  })

  test('takes 0 and -0 for one, and all objects without prototype for plain', () => {
    expect(partitionHash(-0)).toBe(partitionHash(0))
    expect(partitionHash([-0])).toBe(partitionHash([0]))
    expect(partitionHash(Object.assign(Object.create(null), { a: 1 }))).toBe(partitionHash({ a: 1 }))
  })

  test('takes all that is no number for one', () => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, 0xfff8_0000_0000_0123n)
    expect(view.getFloat64(0)).toBeNaN()
    expect(partitionHash(view.getFloat64(0))).toBe(partitionHash(Number.NaN))
  })

  test.each([
    ['integers', many],
    ['even integers', many.map((index) => index * 2)],
    ['multiples of 1024', many.map((index) => index * 1_024)],
    ['large integers', many.map((index) => 2 ** 40 + index)],
    ['fractions', many.map((index) => index / 8)],
    ['bigints', many.map((index) => BigInt(index))],
    ['numbered words', many.map((index) => `user-${index}`)],
    ['pairs of letters', Array.from(letters, (one) => Array.from(letters, (other) => one + other)).flat()],
    ['padded numbers', many.map((index) => String(index).padStart(12, '0'))],
    ['arrays', many.map((index) => ['key', index])],
    ['objects', many.map((index) => ({ id: index, kind: 'key' }))],
  ])('spreads %s evenly', (_, values) => {
    for (const partitions of [2, 3, 4, 7, 8, 16, 100]) {
      const byChance = partitions - 1
      // More than chance does in one case of some ten thousand; what is not spread gives hundreds and thousands.
      const most = byChance + 4 * Math.sqrt(2 * byChance) + 8
      expect(unevenness(values, partitions), `over ${partitions} partitions`).toBeLessThan(most)
    }
  })

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an instance of a class', new (class Point {})()],
    ['what holds one of these', { at: [new Date(0)] }],
    ['an array with a hole', Array.from({ length: 1 })],
    ['a promise', Promise.resolve(1)],
  ])('refuses %s, and states what to do', (_, value) => {
    expect(() => partitionHash(value)).toThrow(TypeError)
    expect(() => partitionHash(value)).toThrow(/: give it a `hash`$/)
  })

  test('refuses what is cyclic, and what is too deep', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    expect(() => partitionHash(cyclic)).toThrow(/is cyclic, or nested more than 100 deep/)
    let deep: unknown = 1
    for (let depth = 0; depth < 100; depth++) deep = [deep]
    expect(partitionHash(deep)).toBeTypeOf('number')
    expect(() => partitionHash([deep])).toThrow(TypeError)
  })

  test('names the partition as its remainder does', () => {
    fc.assert(
      fc.property(hashable, fc.integer({ min: 1, max: 1_000 }), (value, count) => {
        expect(partitionOf(value, count)).toBe(partitionHash(value) % count)
      }),
    )
  })
})
