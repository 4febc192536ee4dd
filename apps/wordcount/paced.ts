import { setTimeout as sleep } from 'node:timers/promises'

/** Hands items on as they are asked for, so many in a second at most; `Infinity` for as fast as they come. */
export async function* paced<Item>(items: AsyncIterable<Item>, perSecond: number): AsyncGenerator<Item, void> {
  const started = performance.now()
  let count = 0
  for await (const item of items) {
    const due = started + (count++ * 1_000) / perSecond
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    yield item
  }
}
