import {
  broadcastDispatcher,
  type ConsumerRef,
  connect,
  consumer,
  fromIterable,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  SubscriptionRefusedError,
  start,
} from 'genstage'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { range } from './test-stages.ts'

const numbers = (count: number, options = {}) => fromIterable(range(0, count), options)

/** Starts consumers that collect what they handle, each in a list of its own. */
async function collectors(runtime: TestRuntime, count: number) {
  const seen: number[][] = Array.from({ length: count }, () => [])
  const refs: ConsumerRef<number>[] = []
  for (const list of seen) {
    const stage = consumer({
      async handleEvents(events: readonly number[]) {
        await Promise.resolve()
        list.push(...events)
      },
    })
    refs.push(await start(stage, { runtime }))
  }
  return { refs, seen }
}

test('workers share a finite source, and end cleanly when it does', async () => {
  await shuffled(50, async (runtime) => {
    const source = await start(numbers(400), { runtime })
    const { refs, seen } = await collectors(runtime, 4)
    await runtime.settle(connect(source, refs))
    await runtime.settle(Promise.all(refs.map((ref) => ref.done)))
    expect(seen.flat().toSorted((one, other) => one - other)).toEqual(range(0, 400))
    for (const list of seen) expect(list.length).toBeGreaterThan(50)
  })
})

test('few events are shared as well: no worker holds an event that another one could handle', async () => {
  const runtime = testRuntime()
  const source = await start(numbers(8), { runtime })
  const { refs, seen } = await collectors(runtime, 4)
  await runtime.settle(connect(source, refs))
  await runtime.settle()
  expect(seen.map((list) => list.length)).toEqual([2, 2, 2, 2])
})

test('a given maxDemand applies to workers', async () => {
  const runtime = testRuntime()
  const source = await start(numbers(8), { runtime })
  const { refs, seen } = await collectors(runtime, 2)
  await runtime.settle(connect(source, refs, { maxDemand: 8 }))
  await runtime.settle()
  expect(seen.map((list) => list.length)).toEqual([8, 0])
})

test('all consumers of a broadcast receive all events', async () => {
  await shuffled(50, async (runtime) => {
    const source = await start(numbers(300, { dispatcher: broadcastDispatcher() }), { runtime })
    const { refs, seen } = await collectors(runtime, 3)
    await runtime.settle(connect(source, refs, { maxDemand: 10 }))
    await runtime.settle(Promise.all(refs.map((ref) => ref.done)))
    for (const list of seen) expect(list).toEqual(range(0, 300))
  })
})

test('each consumer of a partition dispatcher receives its partition', async () => {
  const runtime = testRuntime()
  const dispatcher = partitionDispatcher({
    partitions: ['even', 'odd'],
    hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'] as const,
  })
  const source = await start(fromIterable(range(0, 10), { dispatcher }), { runtime })
  const { refs, seen } = await collectors(runtime, 2)
  await runtime.settle(connect(source, refs, (index) => ({ partition: index === 0 ? 'even' : 'odd' })))
  await runtime.settle(Promise.all(refs.map((ref) => ref.done)))
  expect(seen).toEqual([
    [0, 2, 4, 6, 8],
    [1, 3, 5, 7, 9],
  ])
})

test('a chain passes all events on, in order', async () => {
  await shuffled(50, async (runtime) => {
    const a = await start(numbers(1_000), { runtime })
    const b = await start(producerConsumer({ handleEvents: (events: readonly number[]) => events.map((n) => n * 2) }), {
      runtime,
    })
    const { refs, seen } = await collectors(runtime, 1)
    await runtime.settle(connect(a, b, refs))
    await runtime.settle((refs[0] as ConsumerRef<number>).done)
    expect(seen[0]).toEqual(range(0, 1_000).map((n) => n * 2))
  })
})

test('several stages in the middle share the work, and the last one receives the events of all', async () => {
  await shuffled(50, async (runtime) => {
    const source = await start(numbers(100), { runtime })
    const Double = () => producerConsumer({ handleEvents: (events: readonly number[]) => events.map((n) => n * 2) })
    const middle = [await start(Double(), { runtime }), await start(Double(), { runtime })]
    const { refs, seen } = await collectors(runtime, 1)
    await runtime.settle(connect(source, middle, refs))
    await runtime.settle((refs[0] as ConsumerRef<number>).done)
    expect(seen.flat().toSorted((one, other) => one - other)).toEqual(range(0, 100).map((n) => n * 2))
  })
})

test('a consumer of several sources receives all events, however short the first sources are', async () => {
  await shuffled(50, async (runtime) => {
    const sources: ProducerRef<number>[] = []
    for (const count of [0, 1, 500]) sources.push(await start(numbers(count), { runtime }))
    const { refs, seen } = await collectors(runtime, 1)
    await runtime.settle(connect(sources, refs))
    await runtime.settle((refs[0] as ConsumerRef<number>).done)
    expect(seen.flat()).toHaveLength(501)
  })
})

test('no event is emitted before the last consumer has subscribed', async () => {
  const runtime = testRuntime()
  const demands: number[] = []
  const source = await start(
    producer({
      handleDemand(demand) {
        demands.push(demand)
        return []
      },
    }),
    { runtime },
  )
  const first = await start(consumer({ handleEvents(_events: readonly never[]) {} }), { runtime })
  let setUp: (callbacks: object) => void = () => {}
  const slow = new Promise<object>((resolve) => {
    setUp = resolve
  })
  const second = await start(
    consumer({
      handleEvents(_events: readonly never[]) {},
      handleSubscribe: async () => void (await slow),
    }),
    { runtime },
  )
  const connected = connect(source, [first, second])
  await runtime.settle()
  expect(demands).toEqual([])
  setUp({})
  await runtime.settle(connected)
  await runtime.settle()
  expect(demands).toEqual([1, 1])
})

describe('mistakes', () => {
  test('a refused subscription cancels the others, and stops no consumer', async () => {
    const runtime = testRuntime()
    const dispatcher = partitionDispatcher({ partitions: 2, hash: (event: number) => [event, 0] as const })
    const source = await start(fromIterable(range(0, 10), { dispatcher }), { runtime })
    const { refs, seen } = await collectors(runtime, 3)
    const failed = connect(source, refs, (index) => ({ partition: index }))
    await expect(runtime.settle(failed)).rejects.toThrow(SubscriptionRefusedError)
    await runtime.settle()
    expect(seen.flat()).toEqual([])
    const again = await collectors(runtime, 2)
    await runtime.settle(connect(source, again.refs, (index) => ({ partition: index })))
    await runtime.settle()
    expect(again.seen).toEqual([range(0, 10), []])
    for (const ref of refs) expect(await runtime.settle(ref.drain())).toEqual({ undone: [] })
  })

  test('the message names an argument that is not a stage or is in the wrong place', async () => {
    const runtime = testRuntime()
    const source = await start(numbers(1), { runtime })
    const { refs } = await collectors(runtime, 1)
    const untyped = connect as (...args: unknown[]) => Promise<unknown>
    await expect(untyped(source)).rejects.toThrow(/at least a producer and a consumer/)
    await expect(untyped(source, [])).rejects.toThrow(/at least a producer and a consumer/)
    await expect(untyped(refs[0], source)).rejects.toThrow(/expected a stage that handles events, got producer/)
    await expect(untyped(source, consumer({ handleEvents() {} }))).rejects.toThrow(/has not been started/)
    await expect(untyped(numbers(1), refs[0])).rejects.toThrow(/has not been started/)
    await expect(untyped(source, refs[0], { maxDemand: 0 })).rejects.toThrow(RangeError)
  })
})
