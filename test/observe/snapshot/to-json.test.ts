import { expect, test } from 'vitest'
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

test('an object with many entries is cut, and says so', () => {
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
