import { expect, test } from 'vitest'
import { paced } from './paced.ts'

async function* upTo(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number++) yield number
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = []
  for await (const item of items) taken.push(item)
  return taken
}

test('yields items without a delay if there is no limit', async () => {
  expect(await all(paced(upTo(1_000), Number.POSITIVE_INFINITY))).toEqual(await all(upTo(1_000)))
})

test('yields items no faster than the limit', async () => {
  const started = performance.now()
  expect(await all(paced(upTo(11), 100))).toHaveLength(11)
  // Timers may fire slightly early.
  expect(performance.now() - started).toBeGreaterThan(90)
})

test('ends the source when the iteration is stopped', async () => {
  let isEnded = false
  async function* endless(): AsyncGenerator<number> {
    try {
      for (;;) yield 1
    } finally {
      isEnded = true
    }
  }
  for await (const _one of paced(endless(), Number.POSITIVE_INFINITY)) break
  expect(isEnded).toBe(true)
})
