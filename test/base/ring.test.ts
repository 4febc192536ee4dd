import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ring } from '../../src/base/collections/ring.ts'

type Move =
  | { readonly move: 'push' | 'unshift' | 'shift' | 'peek' | 'clear' }
  | { readonly move: 'unshiftAll'; readonly values: readonly number[] }
  | { readonly move: 'pushAll'; readonly values: readonly number[]; readonly from: number; readonly to: number }
  | { readonly move: 'shiftMany' | 'drop' | 'at'; readonly count: number }

const values = fc.array(fc.nat(), { maxLength: 40 })
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ move: fc.constantFrom('push' as const, 'shift' as const) }) },
    { weight: 2, arbitrary: fc.record({ move: fc.constantFrom('unshift' as const, 'peek' as const) }) },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('clear' as const) }) },
    { weight: 2, arbitrary: fc.record({ move: fc.constant('unshiftAll' as const), values }) },
    {
      weight: 3,
      arbitrary: values.chain((some) =>
        fc.tuple(fc.nat(some.length), fc.nat(some.length)).map(([one, other]) => ({
          move: 'pushAll' as const,
          values: some,
          from: Math.min(one, other),
          to: Math.max(one, other),
        })),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.record({ move: fc.constantFrom('shiftMany' as const, 'drop' as const), count: fc.nat(30) }),
    },
    { weight: 2, arbitrary: fc.record({ move: fc.constant('at' as const), count: fc.integer({ min: -2, max: 50 }) }) },
  ),
  { maxLength: 200, size: 'max' },
)

/** Makes the same move on a ring and on an array, and expects the same of both. */
function moveBoth(ring: Ring<number>, list: number[], move: Move, value: number): void {
  switch (move.move) {
    case 'push':
      ring.push(value)
      list.push(value)
      break
    case 'unshift':
      ring.unshift(value)
      list.unshift(value)
      break
    case 'unshiftAll':
      ring.unshiftAll(move.values)
      list.unshift(...move.values)
      break
    case 'shift':
      expect(ring.shift()).toBe(list.shift())
      break
    case 'peek':
      expect(ring.peek()).toBe(list[0])
      break
    case 'clear':
      ring.clear()
      list.splice(0)
      break
    case 'pushAll':
      ring.pushAll(move.values, move.from, move.to)
      list.push(...move.values.slice(move.from, move.to))
      break
    case 'shiftMany':
      expect(ring.shiftMany(move.count)).toEqual(list.splice(0, move.count))
      break
    case 'drop':
      ring.drop(move.count)
      list.splice(0, move.count)
      break
    case 'at':
      expect(ring.at(move.count)).toBe(move.count < 0 ? undefined : list[move.count])
      break
  }
  expect(ring.length).toBe(list.length)
}

/** Everything that can be reached from a ring, by whatever field. */
function reachable(ring: Ring<object>): unknown[] {
  return Object.values(ring).flat()
}

describe('Ring', () => {
  test('behaves as an array, whatever happens', () => {
    fc.assert(
      fc.property(moves, (sequence) => {
        const ring = new Ring<number>()
        const list: number[] = []
        for (const [index, move] of sequence.entries()) moveBoth(ring, list, move, index)
        expect(ring.shiftMany(Number.POSITIVE_INFINITY)).toEqual(list)
      }),
      { numRuns: 500 },
    )
  })

  test('keeps the order while it grows and shrinks through thousands', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5_000), fc.nat(5_000)), { maxLength: 12 }), (waves) => {
        const ring = new Ring<number>()
        let pushed = 0
        let shifted = 0
        for (const [count, taken] of waves) {
          for (let index = 0; index < count; index++) ring.push(pushed++)
          let inOrder = true
          for (let index = 0; index < taken && shifted < pushed; index++) inOrder &&= ring.shift() === shifted++
          expect(inOrder).toBe(true)
          ring.drop(taken >> 2)
          shifted = Math.min(pushed, shifted + (taken >> 2))
          expect(ring.length).toBe(pushed - shifted)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('behaves as an array when it is so long that it consists of several arrays', () => {
    const bulk = fc.record({
      move: fc.constantFrom('push', 'pushAll', 'unshift', 'shift', 'shiftMany', 'drop', 'at'),
      count: fc.nat(12_000),
    })
    fc.assert(
      fc.property(fc.array(bulk, { maxLength: 12, size: 'max' }), (bulks) => {
        const ring = new Ring<number>()
        let list: number[] = []
        let value = 0
        for (const { move, count } of bulks) {
          const some = Array.from({ length: count }, () => value++)
          if (move === 'push') {
            for (const each of some) ring.push(each)
            list = list.concat(some)
          } else if (move === 'pushAll') {
            ring.pushAll(some)
            list = list.concat(some)
          } else if (move === 'unshift') {
            for (const each of some) ring.unshift(each)
            list = some.reverse().concat(list)
          } else if (move === 'shift') {
            const taken = some.map(() => ring.shift())
            expect(taken.slice(0, list.length)).toEqual(list.splice(0, count))
          } else if (move === 'shiftMany') expect(ring.shiftMany(count)).toEqual(list.splice(0, count))
          else if (move === 'drop') {
            ring.drop(count)
            list.splice(0, count)
          } else expect(ring.at(count)).toBe(list[count])
          expect(ring.length).toBe(list.length)
          expect(ring.peek()).toBe(list[0])
          expect(ring.capacity).toBeGreaterThanOrEqual(list.length)
        }
        expect(ring.shiftMany(Number.POSITIVE_INFINITY)).toEqual(list)
        expect(ring.capacity).toBeLessThanOrEqual(1_024)
      }),
      { numRuns: 20 },
    )
  })

  test('holds values that are undefined', () => {
    const ring = new Ring<undefined>()
    ring.push(undefined)
    expect(ring.length).toBe(1)
    ring.shift()
    expect(ring.length).toBe(0)
  })

  test('lets go of what is taken out', () => {
    const ring = new Ring<object>()
    const objects = Array.from({ length: 40 }, () => ({}))
    ring.pushAll(objects)
    ring.shift()
    ring.shiftMany(10)
    ring.drop(10)
    // Over the end of the slots, where taking out is done in two parts.
    ring.pushAll(objects.slice(0, 40))
    ring.drop(17)
    ring.pushAll(objects.slice(0, 12))
    ring.shiftMany(30)
    const held = new Set(reachable(ring).filter((each) => objects.includes(each as object)))
    expect(held.size).toBe(ring.length)
    ring.clear()
    expect(reachable(ring)).not.toContainEqual({})
  })

  test('gives memory back when a burst is over, one by one or at once', () => {
    const ring = new Ring<number>()
    for (let index = 0; index < 100_000; index++) ring.push(index)
    expect(ring.capacity).toBeGreaterThanOrEqual(100_000)
    for (let index = 0; index < 99_000; index++) ring.shift()
    expect(ring.capacity).toBeLessThanOrEqual(4_096)
    ring.pushAll(Array.from({ length: 100_000 }, () => 0))
    ring.shiftMany(100_000)
    expect(ring.capacity).toBeLessThanOrEqual(2_048)
    expect(ring.shift()).toBe(0)
  })

  test('grows and shrinks to powers of two, and is not made again at every turn', () => {
    const ring = new Ring<number>()
    expect(ring.capacity).toBe(0)
    const capacities = new Set<number>()
    for (let index = 0; index < 5_000; index++) {
      ring.push(index)
      capacities.add(ring.capacity)
    }
    expect([...capacities]).toEqual([8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192])
    while (ring.length > 1_000) {
      const before = ring.capacity
      ring.shift()
      // Made smaller, it has room for as much again.
      if (ring.capacity < before) expect(ring.capacity).toBeGreaterThanOrEqual(2 * ring.length)
    }
    const { capacity } = ring
    for (let turn = 0; turn < 100; turn++) {
      for (let index = 0; index < 400; index++) ring.push(index)
      for (let index = 0; index < 400; index++) ring.shift()
    }
    expect(ring.capacity).toBe(capacity)
  })

  test('takes two million values at once and gives them back at once', () => {
    const ring = new Ring<number>()
    const many = Array.from({ length: 2_000_000 }, (_, index) => index)
    ring.push(-1)
    ring.shift()
    ring.pushAll(many)
    expect(ring.shiftMany(2_000_000)).toEqual(many)
  })
})
