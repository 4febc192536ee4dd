import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Allowance } from '../../../src/observe/snapshot/allowance.ts'
import { toJson } from '../../../src/observe/snapshot/to-json.ts'

class Point {
  readonly x = 1
  readonly #y = 2
  get y(): number {
    return this.#y
  }
}

/** So many objects in each other. */
const nested = (levels: number): object => (levels === 0 ? {} : { inner: nested(levels - 1) })

const circle: { self?: unknown } = {}
circle.self = circle

test.each([
  ['a string', 'a', 'a'],
  ['a long string', 'x'.repeat(600), `${'x'.repeat(500)}…`],
  ['numbers', [1, 0.5, -0, Number.NaN, Number.POSITIVE_INFINITY], [1, 0.5, 0, 'NaN', 'Infinity']],
  ['nothing', [undefined, null], ['undefined', null]],
  ['what JSON does not know', [12n, Symbol('s'), () => {}], ['12n', 'Symbol(s)', 'function (anonymous)']],
  ['an error', new RangeError('no'), 'RangeError: no'],
  ['a date', new Date(Number.NaN), 'Invalid Date'],
  ['the public fields of a class', new Point(), { x: 1 }],
  [
    'a map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: 3 }],
    ]),
    { a: 1, 2: { b: 3 } },
  ],
  ['a set', new Set([1, 'two']), [1, 'two']],
  ['a sparse array', Object.assign([1], { 2: 3 }), [1, 'undefined', 3]],
  ['a long array', Array.from({ length: 60 }, () => 0), [...Array.from({ length: 50 }, () => 0), '… and 10 more']],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['what is deep', nested(9), { inner: { inner: { inner: { inner: '{inner: {inner: {inner: {…}}}}' } } } }],
])('%s', (_name, value, expected) => {
  const shown = toJson(value)
  expect(shown).toEqual(expected)
  expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
})

test('what refers to itself ends where it is deep', () => {
  expect(JSON.stringify(toJson(circle))).toContain('circular')
})

test('an object with many entries is cut, and shows that', () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, index]))
  const shown = toJson(many) as Record<string, unknown>
  expect(Object.keys(shown)).toHaveLength(51)
  expect(shown['…']).toBe('and 10 more')
})

test('a getter that throws shows what it throws, and the others are shown', () => {
  const value = {
    get broken(): never {
      throw new Error('not now')
    },
    whole: 1,
  }
  expect(toJson(value)).toEqual({ broken: 'Error: not now', whole: 1 })
})

test('a key called __proto__ is a key', () => {
  const shown = toJson(JSON.parse('{ "__proto__": { "a": 1 } }'))
  expect(Object.getPrototypeOf(shown)).toBe(Object.prototype)
  expect(JSON.stringify(shown)).toBe('{"__proto__":{"a":1}}')
})

describe('of bytes only the number is shown', () => {
  const bytes = new ArrayBuffer(1 << 20)

  test.each([
    ['a Buffer', Buffer.alloc(10_000_000), 'Buffer(10000000 bytes)'],
    ['a typed array', new Float64Array(bytes), 'Float64Array(1048576 bytes)'],
    ['a view', new DataView(bytes, 16), 'DataView(1048560 bytes)'],
    ['a buffer', bytes, 'ArrayBuffer(1048576 bytes)'],
    ['a shared buffer', new SharedArrayBuffer(12), 'SharedArrayBuffer(12 bytes)'],
    ['a blob', new Blob(['four']), 'Blob(4 bytes)'],
    ['a file', new File(['fours'], 'name'), 'File(5 bytes)'],
    ['a view of another realm', runInNewContext('new Uint8Array(7)'), 'Uint8Array(7 bytes)'],
    ['a buffer of another realm', runInNewContext('new ArrayBuffer(7)'), 'ArrayBuffer(7 bytes)'],
  ])('%s', (_name, value, expected) => {
    expect(toJson(value)).toBe(expected)
    expect(toJson({ in: [value] })).toEqual({ in: [expected] })
    expect(toJson({ a: { b: { c: { d: { value } } } } })).toEqual({ a: { b: { c: { d: `{value: ${expected}}` } } } })
  })

  test('nor are the characters of a string object keys', () => {
    expect(toJson(new String('x'.repeat(1_000_000)))).toBe(`${'x'.repeat(500)}…`)
  })
})

describe('no more is read than is shown', () => {
  /** Counts what is read of `target`, and in which way. */
  const counted = <Target extends object>(target: Target) => {
    const reads = { get: 0, ownKeys: 0, getOwnPropertyDescriptor: 0 }
    const value = new Proxy(target, {
      get(...given) {
        reads.get++
        return Reflect.get(...given)
      },
      ownKeys(...given) {
        reads.ownKeys++
        return Reflect.ownKeys(...given)
      },
      getOwnPropertyDescriptor(...given) {
        reads.getOwnPropertyDescriptor++
        return Reflect.getOwnPropertyDescriptor(...given)
      },
    })
    return { value, reads }
  }

  test('of an array', () => {
    const { value, reads } = counted(Array.from({ length: 10_000 }))
    expect(toJson(value)).toHaveLength(51)
    expect(reads.get).toBeLessThan(200)
    expect(reads).toMatchObject({ ownKeys: 0, getOwnPropertyDescriptor: 0 })
  })

  test('and nothing runs that a subclass has instead', () => {
    let called = 0
    const instead = {
      size: {
        get: () => ++called,
      },
      [Symbol.iterator]: {
        value() {
          called++
          return [][Symbol.iterator]()
        },
      },
    }
    const numbers = Array.from({ length: 60 }, (_, index) => index)
    const map = Object.defineProperties(new Map(numbers.entries()), instead)
    const set = Object.defineProperties(new Set(numbers), instead)
    const list = Object.defineProperties([...numbers], { [Symbol.iterator]: instead[Symbol.iterator] })
    for (const value of [map, set, list]) expect(JSON.stringify(toJson(value))).toContain('and 10 more')
    expect(called).toBe(0)
  })

  test.each([
    ['a map', Map, 'entries', new Map(Array.from({ length: 1_000 }, (_, index) => [index, index]))],
    ['a set', Set, 'values', new Set(Array.from({ length: 1_000 }, (_, index) => index))],
  ] as const)('of %s', (_name, { prototype }, method, value) => {
    let taken = 0
    const iterate = prototype[method] as () => IterableIterator<unknown>
    const spy = vi.spyOn(prototype as Record<typeof method, () => unknown>, method)
    spy.mockImplementation(function* (this: unknown) {
      for (const item of Reflect.apply(iterate, this, [])) {
        taken++
        yield item
      }
    })
    const shown = JSON.stringify(toJson(value))
    spy.mockRestore()
    expect(shown).toContain('and 950 more')
    expect(taken).toBe(50)
  })

  test('of a long string, wherever it is, and of a big integer', () => {
    const long = 'x'.repeat(10_000_000)
    const value = { long, [long]: 1, error: new Error(long), symbol: Symbol(long), big: 1n << 10_000_000n }
    const shown = toJson(value) as Record<string, unknown>
    expect(JSON.stringify(shown).length).toBeLessThan(2_000)
    expect(Object.keys(shown)).toContain(`${'x'.repeat(500)}…`)
    expect(shown).toMatchObject({
      big: 'a bigint of more than 256 bits',
      error: expect.stringMatching(/^Error: x{70,80}…$/),
      symbol: expect.stringMatching(/^Symbol\(x{70,80}…$/),
    })
    expect(toJson([-(2n ** 255n), 2n ** 255n])).toEqual([`${-(2n ** 255n)}n`, 'a bigint of more than 256 bits'])
  })
})

describe('what cannot be read is shown as such, and the rest beside it', () => {
  const throwing = () => {
    throw new Error('no')
  }
  const hostile = (target: object) =>
    new Proxy(target, {
      get: throwing,
      ownKeys: throwing,
      getPrototypeOf: throwing,
      getOwnPropertyDescriptor: throwing,
    })
  const revoked = Proxy.revocable([], {})
  revoked.revoke()

  test.each([
    ['a proxy that throws', hostile({})],
    ['a revoked proxy', revoked.proxy],
    ['a proxy of a list', hostile([1])],
    ['a proxy of bytes', new Proxy(Buffer.alloc(10_000_000), {})],
    ['a proxy of a map', new Proxy(new Map([[1, 2]]), {})],
    ['what only looks like a map', Object.create(Map.prototype)],
    ['a tag that throws', Object.defineProperty({}, Symbol.toStringTag, { get: throwing })],
  ])('%s', (_name, value) => {
    expect(toJson(value)).toBe('[unreadable]')
    expect(toJson({ value, other: 1 })).toEqual({ value: '[unreadable]', other: 1 })
  })

  test('an item that throws, in a list', () => {
    const list = Object.defineProperty([1, 2, 3], 1, { get: throwing })
    expect(toJson(list)).toEqual([1, 'Error: no', 3])
  })

  test('whatever it is: it never throws, and is JSON', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withTypedArray: true,
          withMap: true,
          withSet: true,
          withDate: true,
          withNullPrototype: true,
          withSparseArray: true,
        }),
        (value) => {
          const shown = toJson(value)
          expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('one bound holds for all that is shown', () => {
  /** As wide as is shown, at each of so many levels. */
  const wide = (levels: number): unknown =>
    levels === 0
      ? 'x'.repeat(100)
      : Object.fromEntries(Array.from({ length: 50 }, (_, index) => [index, wide(levels - 1)]))

  test('in characters, however it branches', () => {
    const value = wide(3)
    const shown = JSON.stringify(toJson(value, new Allowance(() => 0, 20_000)))
    expect(shown.length).toBeGreaterThan(10_000)
    expect(shown.length).toBeLessThan(22_000)
    expect(shown).toMatch(/"…":"and \d+ more"\}$/)
    expect(JSON.stringify(toJson([value, value, value])).length).toBeLessThan(300_000)
  })

  test('in time, where each look takes long', () => {
    let now = 0
    const reads: number[] = []
    const slow = Object.defineProperties(
      {},
      Object.fromEntries(
        Array.from({ length: 50 }, (_, index) => [
          `key${index}`,
          {
            enumerable: true,
            get: () => {
              reads.push(index)
              now += 90
              return index
            },
          },
        ]),
      ),
    )
    expect(toJson(slow, new Allowance(() => now))).toEqual({ key0: 0, key1: 1, key2: 2, '…': 'and 47 more' })
    expect(reads).toEqual([0, 1, 2])
  })

  test('a part of it is spent earlier, and spends the whole', () => {
    const whole = new Allowance(() => 0, 100)
    const part = whole.part(10)
    part.use(10)
    expect([part.isUsedUp, whole.isUsedUp]).toEqual([true, false])
    whole.part(1_000).use(90)
    expect([whole.isUsedUp, whole.part(1_000).isUsedUp]).toEqual([true, true])
  })
})
