// Iterables in, and streams out, by `for await`.
import { fromIterable, producerConsumer, start, startLink, stream } from 'genstage'
import { expectEqual } from './expect-equal.ts'

let pulled = 0
let isClosed = false
async function* endless(): AsyncGenerator<number> {
  try {
    for (;;) {
      await Promise.resolve()
      yield pulled++
    }
  } finally {
    isClosed = true
  }
}

const source = await startLink(fromIterable(endless()))
const double = await startLink(
  producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) }),
)
await double.subscribe(source, { maxDemand: 4 })
const seen: number[] = []
for await (const event of stream([double])) {
  seen.push(event)
  if (seen.length === 10) break
}
expectEqual(seen, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18], 'stream: the events')
expectEqual(pulled < 2_000, true, 'iterable: pulled on demand')
await double.stop()
await source.stop()
// `return()` is called at once, and not awaited.
await new Promise((resolve) => setTimeout(resolve, 10))
expectEqual(isClosed, true, 'iterable: closed')

const failure = new Error('broken')
async function* broken(): AsyncGenerator<number> {
  yield 1
  await Promise.resolve()
  throw failure
}
const before: number[] = []
let error: unknown
try {
  for await (const event of stream([await start(fromIterable(broken()))])) before.push(event)
} catch (reason) {
  error = reason
}
expectEqual(before, [1], 'stream: what came before the failure')
expectEqual((error as Error | undefined)?.cause === failure, true, 'stream: the failure')
console.log('ok')
