// Stages, dispatchers, calls, timers and failures, by nothing but the core and what every runtime has.
import {
  broadcastDispatcher,
  consumer,
  createScope,
  fromIterable,
  partitionDispatcher,
  producer,
  producerConsumer,
  startLink,
  TimeoutError,
} from 'genstage'
import { expectEqual } from './expect-equal.ts'

const numbers = (count: number) => fromIterable(Array.from({ length: count }, (_, index) => index))

async function checkLinear(): Promise<void> {
  const asked: number[] = []
  const seen: number[] = []
  let next = 0
  const A = producer({
    handleDemand(demand) {
      asked.push(demand)
      return Array.from({ length: demand }, () => next++)
    },
  })
  const B = producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })
  const C = consumer({
    async handleEvents(events: readonly number[]) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      seen.push(...events)
      return seen.length >= 50 ? { stop: 'normal' } : undefined
    },
  })
  const [a, b, c] = [await startLink(A), await startLink(B), await startLink(C)]
  await c.subscribe(b, { maxDemand: 10, minDemand: 5 })
  await b.subscribe(a, { maxDemand: 10, minDemand: 5 })
  expectEqual(await c.exited, 'normal', 'linear: the end')
  expectEqual(seen.slice(0, 5), [0, 2, 4, 6, 8], 'linear: the first batch')
  expectEqual(
    seen,
    Array.from({ length: seen.length }, (_, index) => index * 2),
    'linear: the order',
  )
  expectEqual(asked.slice(0, 3), [10, 5, 5], 'linear: the demand')
  expectEqual(next <= seen.length + 20, true, 'linear: no more is made than is asked for')
  await b.stop()
  await a.stop()
}

async function checkBroadcast(): Promise<void> {
  const source = await startLink(
    fromIterable([1, 2, 3, 4], { dispatcher: broadcastDispatcher<number>(), demand: 'accumulate' }),
  )
  const seen: number[][] = [[], [], []]
  const sinks = await Promise.all(
    seen.map((into) => startLink(consumer({ handleEvents: (events: readonly number[]) => void into.push(...events) }))),
  )
  for (const sink of sinks) await sink.subscribe(source, { confirm: true, cancel: 'transient' })
  const ends = sinks.map((sink) => source.exited.then(() => sink.stop()))
  source.demand('forward')
  await Promise.all(ends)
  expectEqual(seen, Array(3).fill([1, 2, 3, 4]), 'broadcast: everything to everyone')
}

async function checkPartition(): Promise<void> {
  const hash = (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'] as const
  const dispatcher = partitionDispatcher({ partitions: ['even', 'odd'], hash })
  const source = await startLink(fromIterable([1, 2, 3, 4, 5], { dispatcher, demand: 'accumulate' }))
  const seen = { even: [] as number[], odd: [] as number[] }
  const ends: Promise<unknown>[] = []
  for (const partition of ['even', 'odd'] as const) {
    const sink = await startLink(
      consumer({ handleEvents: (events: readonly number[]) => void seen[partition].push(...events) }),
    )
    await sink.subscribe(source, { partition, confirm: true })
    ends.push(sink.exited)
  }
  source.demand('forward')
  await Promise.all(ends)
  expectEqual(seen, { even: [2, 4], odd: [1, 3, 5] }, 'partition: each key to its own')
}

async function checkCallsAndTimers(): Promise<void> {
  const counter = await startLink(
    producer(({ sendAfter }) => {
      let ticks = 0
      sendAfter('tick', 5)
      return {
        handleDemand: () => [],
        handleInfo: () => {
          ticks++
          sendAfter('tick', 5)
        },
        handleCall: { ticks: () => ({ reply: ticks }), never: () => {} },
      }
    }),
  )
  while ((await counter.call('ticks')) < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  const error: unknown = await counter.call('never', { timeout: 10 }).catch((reason: unknown) => reason)
  expectEqual(error instanceof TimeoutError, true, 'calls: a timeout')
  await counter.stop()
}

async function checkFailure(): Promise<void> {
  const failure = new Error('no more')
  const scope = createScope()
  const source = await scope.startLink(numbers(10))
  const sink = await scope.startLink(
    consumer({
      handleEvents(_events: readonly number[]) {
        throw failure
      },
    }),
  )
  await sink.subscribe(source)
  expectEqual((await sink.exited) === failure, true, 'failure: the reason is the same object')
  const done: unknown = await scope.done.catch((reason: unknown) => reason)
  expectEqual((done as Error).cause === failure, true, 'failure: the scope reports it')
  await source.exited
}

/** A pipeline that never waits leaves others their turn. */
async function checkEventLoop(): Promise<void> {
  let handled = 0
  const sink = await startLink(
    consumer({
      async handleEvents(events: readonly number[]) {
        handled += events.length
      },
    }),
  )
  await sink.subscribe(await startLink(producer({ handleDemand: (demand) => Array<number>(demand).fill(0) })))
  const start = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expectEqual(performance.now() - start < 5_000 && handled > 1_000, true, 'event loop: a timer has its turn')
  await sink.stop()
}

await checkLinear()
await checkBroadcast()
await checkPartition()
await checkCallsAndTimers()
await checkFailure()
await checkEventLoop()
console.log('ok')
