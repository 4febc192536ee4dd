import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quote } from '../../src/base/quote.ts'

class Account {
  readonly owner = 'me'
  get secret(): string {
    throw new Error('not readable')
  }
}

const cyclic: { name: string; self?: unknown } = { name: 'a' }
cyclic.self = cyclic
const throwing = () => {
  throw new Error('no')
}
const hostile = new Proxy({}, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing })
const revoked = Proxy.revocable([], {})
revoked.revoke()

describe('quote', () => {
  test.each([
    ['ten', "'ten'"],
    ['', "''"],
    ["it's", "'it\\'s'"],
    ['a "hi"', `'a "hi"'`],
    ['a\nb  c', "'a\\nb  c'"],
    [10, '10'],
    [-0, '-0'],
    [0, '0'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [10n, '10n'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('a'), 'Symbol(a)'],
    [throwing, 'function throwing'],
    [() => 1, 'function (anonymous)'],
    [Account, 'class Account'],
    [[], '[]'],
    [[1, 'a', [2]], "[1, 'a', [2]]"],
    [Object.assign([], { length: 2 }), '[empty, empty]'],
    [{}, '{}'],
    [{ a: 1, 'b c': 'x' }, "{a: 1, 'b c': 'x'}"],
    [Object.create(null), '{}'],
    [new Account(), "Account {owner: 'me'}"],
    [
      {
        get trap() {
          return throwing()
        },
      },
      '{trap: [getter]}',
    ],
    [new TypeError('boom'), 'TypeError: boom'],
    [new TypeError('two\n\u2028lines'), 'TypeError: two lines'],
    [Symbol('two\nlines'), 'Symbol(two lines)'],
    [new Map([[1, 2]]), 'Map(1)'],
    [new Set(), 'Set(0)'],
    [new Uint8Array(3), 'Uint8Array(3 bytes)'],
    [Promise.resolve(), 'Promise {}'],
    [/a b/, '/a b/'],
    [{ a: { b: { c: { d: 1 } } } }, '{a: {b: {c: {…}}}}'],
    [cyclic, "{name: 'a', self: [circular]}"],
  ])('shows %# as it is written', (value, text) => {
    expect(quote(value)).toBe(text)
  })

  test('shows that a value cannot be read', () => {
    expect(quote(hostile)).toBe('[unreadable]')
    expect(quote([hostile, 1])).toBe('[[unreadable], 1]')
    expect(quote({ inner: revoked.proxy })).toBe('{inner: [unreadable]}')
    expect(quote(Object.create(Map.prototype))).toBe('[unreadable]')
  })

  test('shows that there was more, and ends as it began', () => {
    const letters = quote('a'.repeat(1_000))
    expect(letters).toHaveLength(80)
    expect(letters).toMatch(/^'a+…'$/)
    expect(quote(Array.from({ length: 1_000 }, (_, index) => index))).toMatch(/^\[0, 1, 2, .*, \d+, …\]$/)
    expect(quote({ long: 'a'.repeat(1_000), next: 1 })).toMatch(/^\{long: 'a+…'?, …\}$/)
    expect(quote(new Error('a'.repeat(1_000)))).toMatch(/^Error: a+…$/)
  })

  test('does not look through what it does not show', () => {
    let looked = 0
    const many = new Proxy(Array.from({ length: 1_000_000 }), {
      getOwnPropertyDescriptor: (target, key) => {
        looked++
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
    })
    quote(many)
    expect(looked).toBeLessThan(50)
  })

  test('looks at the beginning of a long text only', () => {
    // Looked at whole, it is short: many controls in a row are one space.
    expect(quote(Symbol('\n'.repeat(10_000)))).toBe('Symbol( …')
    expect(quote(new Error('\n'.repeat(10_000)))).toBe('Error:  …')
    expect(quote(10n ** 100_000n)).toBe('a bigint of more than 256 bits')
    expect(quote(new String('a'.repeat(1_000)))).toMatch(/^'a+…'$/)
  })

  test.each([
    [new ArrayBuffer(3), 'ArrayBuffer(3 bytes)'],
    [new SharedArrayBuffer(3), 'SharedArrayBuffer(3 bytes)'],
    [new DataView(new ArrayBuffer(3), 1), 'DataView(2 bytes)'],
    [new Blob(['abc']), 'Blob(3 bytes)'],
    [new Proxy(new Uint8Array(3), {}), '[unreadable]'],
  ])('shows of bytes only how many there are: %#', (value, text) => {
    expect(quote(value)).toBe(text)
  })

  test('cuts no character in two', () => {
    for (let length = 60; length < 90; length++) {
      const text = quote(`${'a'.repeat(length)}😀😀😀`)
      expect(() => encodeURIComponent(text)).not.toThrow()
    }
  })

  test('never throws, and stays on one line of at most 80 characters', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true, withDate: true }),
        (value) => {
          const text = quote(value)
          expect(text.length).toBeLessThanOrEqual(80)
          expect(text).not.toMatch(/[\n\r\u2028\u2029]/)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('does not end in what is too deep', () => {
    let deep: unknown = 1
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    expect(quote(deep)).toBe('[[[[…]]]]')
  })
})
