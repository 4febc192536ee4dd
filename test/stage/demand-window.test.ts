import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DemandWindow } from '../../src/stage/consuming/demand-window.ts'

interface Batch {
  readonly size: number
  readonly ask: number
}

/**
 * GenStage's way: the whole delivery is cut, and each batch is held against what is left of the old and the new demand.
 */
function naiveSplit(length: number, pending: number, min: number, max: number) {
  const batches: Batch[] = []
  let old = pending
  let open = pending
  let excess = 0
  for (let left = length; left > 0; left -= Math.min(left, max - min)) {
    const size = Math.min(left, max - min)
    const counted = Math.min(old, size)
    excess += size - counted
    old -= counted
    open -= counted
    const ask = open <= min ? max - open : 0
    open += ask
    batches.push({ size, ask })
  }
  return { batches, pending: open, excess }
}

function split(window: DemandWindow, length: number): Batch[] {
  const batches: Batch[] = []
  window.begin(length)
  for (let size = window.next(); size > 0; size = window.next()) batches.push({ size, ask: window.ask })
  return batches
}

describe('DemandWindow', () => {
  test('splits batches and asks as GenStage does, delivery after delivery', () => {
    const limits = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(29)).map(([max, min]) => [max, min % max] as const)
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 30 }), ([max, min], lengths) => {
        const window = new DemandWindow(max, min)
        let pending = max
        for (const length of lengths) {
          const naive = naiveSplit(length, pending, min, max)
          expect(split(window, length)).toEqual(naive.batches)
          expect([window.pending, window.excess]).toEqual([naive.pending, naive.excess])
          pending = naive.pending
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('asks for more once half of what was asked for is handled', () => {
    const window = new DemandWindow(10, 5)
    expect(split(window, 3)).toEqual([{ size: 3, ask: 0 }])
    expect(window.pending).toBe(7)
    expect(split(window, 7)).toEqual([
      { size: 5, ask: 8 },
      { size: 2, ask: 0 },
    ])
    expect(window.pending).toBe(8)
  })

  test('asks after each event when the maximum is one', () => {
    const window = new DemandWindow(1, 0)
    expect(split(window, 1)).toEqual([{ size: 1, ask: 1 }])
  })

  test('handles events beyond its demand, and asks for nothing in return', () => {
    const window = new DemandWindow(4, 2)
    expect(split(window, 9)).toEqual([
      { size: 2, ask: 2 },
      { size: 2, ask: 2 },
      { size: 2, ask: 0 },
      { size: 2, ask: 0 },
      { size: 1, ask: 0 },
    ])
    expect(window.excess).toBe(5)
    expect(window.pending).toBe(4)
    split(window, 4)
    expect(window.excess).toBe(0)
  })

  test('knows the excess before the first batch', () => {
    const window = new DemandWindow(4, 2)
    window.begin(7)
    expect(window.excess).toBe(3)
    expect(window.ask).toBe(0)
    window.next()
    expect(window.ask).toBe(2)
    window.begin(1)
    expect(window.ask).toBe(0)
  })

  test('never has more than the maximum in flight, and never as little as the minimum', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (lengths) => {
        const window = new DemandWindow(10, 3)
        for (const length of lengths) {
          split(window, length)
          expect(window.pending).toBeGreaterThan(3)
          expect(window.pending).toBeLessThanOrEqual(10)
        }
      }),
    )
  })

  test.each([
    [1, 1],
    [10, 11],
    [0, 0],
    [10, -1],
    [Number.NaN, 0],
    [10, Number.NaN],
  ])('refuses a maximum of %d and a minimum of %d', (max, min) => {
    expect(() => new DemandWindow(max, min)).toThrow(RangeError)
  })
})
