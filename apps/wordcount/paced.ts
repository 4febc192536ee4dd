import { setTimeout as sleep } from 'node:timers/promises'

/** Yields items on request, at most `perSecond` per second; `Infinity` for no limit. */
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
