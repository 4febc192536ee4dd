import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyQueues } from '../../src/base/collections/key-queues.ts'
import { expectKey } from '../../src/base/key.ts'

interface Item {
  readonly key: string
  readonly number: number
}

/** Enters and leaves in a random order, and returns each key's items in the order in which they were active. */
function run(steps: readonly { readonly key: string; readonly leaves: boolean }[]) {
  const queues = new KeyQueues<Item>()
  const active = new Map<string, Item>()
  const order = new Map<string, number[]>()
  const begin = (item: Item): void => {
    expect(active.has(item.key), 'one of a key at a time').toBe(false)
    active.set(item.key, item)
    order.set(item.key, [...(order.get(item.key) ?? []), item.number])
  }
  const leave = (key: string): void => {
    active.delete(key)
    const next = queues.leave(key)
    if (next !== undefined) begin(next)
  }
  const entered: Item[] = []
  for (const { key, leaves } of steps) {
    if (leaves && active.has(key)) leave(key)
    const item = { key, number: entered.length }
    entered.push(item)
    const isFree = !active.has(key)
    expect(queues.enter(key, item), 'an item begins if nothing of its key is active').toBe(isFree)
    if (isFree) begin(item)
    expect(queues.waiting).toBe(entered.length - [...order.values()].flat().length)
  }
  for (let keys = [...active.keys()]; keys.length > 0; keys = [...active.keys()]) keys.forEach(leave)
  return { entered, order, waiting: queues.waiting }
}

describe('items that must not overlap with others of their key', () => {
  test('all begin, one of a key at a time, in the order in which they came', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), leaves: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { entered, order, waiting } = run(steps)
        expect(waiting).toBe(0)
        for (const [key, numbers] of order) {
          expect(numbers).toEqual(entered.filter((item) => item.key === key).map(({ number }) => number))
        }
        expect([...order.values()].flat()).toHaveLength(entered.length)
      }),
    )
  })

  test('keys are compared as those of a Map', () => {
    const queues = new KeyQueues<string>()
    expect([queues.enter(1, 'a'), queues.enter('1', 'b'), queues.enter(1n, 'c'), queues.enter(true, 'd')]).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect([queues.enter(Number.NaN, 'e'), queues.enter(Number.NaN, 'f')]).toEqual([true, false])
  })
})

describe('a key', () => {
  test.each(['', 'a', 0, Number.NaN, 5n, false])('%o is one', (key) => {
    expect(expectKey('orderBy', key)).toBe(key)
  })

  test.each([undefined, null, {}, [1], Symbol('a'), () => 1])('%o is none', (key) => {
    expect(() => expectKey('orderBy', key)).toThrow(
      /^expected orderBy to return a string, number, bigint or boolean, got: /,
    )
  })
})
