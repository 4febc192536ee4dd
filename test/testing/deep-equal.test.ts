import { describe, expect, test } from 'vitest'
import { deepEqual } from '../../src/testing/deep-equal.ts'

class Point {
  readonly x: number
  constructor(x: number) {
    this.x = x
  }
}

const circular = (): unknown => {
  const list: unknown[] = [1]
  list.push(list)
  return list
}

describe('what is alike in all that can be seen is the same:', () => {
  test.each<[string, unknown, unknown]>([
    ['numbers', Number.NaN, Number.NaN],
    ['arrays', [1, [2, 'three']], [1, [2, 'three']]],
    ['objects', { a: 1, b: { c: undefined } }, { b: { c: undefined }, a: 1 }],
    ['instances', new Point(1), new Point(1)],
    ['dates', new Date(5), new Date(5)],
    ['errors', new RangeError('far'), new RangeError('far')],
    ['maps', new Map([['a', { b: 1 }]]), new Map([['a', { b: 1 }]])],
    ['sets', new Set([{ a: 1 }]), new Set([{ a: 1 }])],
    ['bytes', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ['what holds itself', circular(), circular()],
    ['objects without a prototype', Object.create(null), Object.create(null)],
  ])('%s', (_name, one, other) => {
    expect(deepEqual(one, other)).toBe(true)
  })
})

describe('what differs is not:', () => {
  test.each<[string, unknown, unknown]>([
    ['types', 1, '1'],
    ['nothing and null', undefined, null],
    ['signs of 0', 0, -0],
    ['elements', [1, 2], [1, 3]],
    ['lengths', [1], [1, 2]],
    ['lengths where one is empty', [], [undefined]],
    ['keys', { a: 1 }, { b: 1 }],
    ['a key that is undefined and one that is not there', { a: 1, b: undefined }, { a: 1, c: undefined }],
    ['classes', new Point(1), { x: 1 }],
    ['dates', new Date(5), new Date(6)],
    ['messages of errors', new Error('a'), new Error('b')],
    ['classes of errors', new Error('a'), new RangeError('a')],
    ['values of maps', new Map([['a', 1]]), new Map([['a', 2]])],
    ['members of sets', new Set([1]), new Set([2])],
    ['bytes', new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    ['functions', () => 1, () => 1],
  ])('%s', (_name, one, other) => {
    expect(deepEqual(one, other)).toBe(false)
  })
})
