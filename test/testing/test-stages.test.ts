import { start, stream } from 'genstage'
import {
  collector,
  consumerProbe,
  counter,
  crashingCollector,
  hangingConsumer,
  hangingProducer,
  mapper,
  producerProbe,
  slowCollector,
  testRuntime,
} from 'genstage/testing'
import { expect, test } from 'vitest'

test('a counter emits as many numbers as are asked for, from its first one', async () => {
  const runtime = testRuntime()
  const probe = consumerProbe<number>(runtime)
  await probe.subscribe(await start(counter(5), { runtime }))
  probe.ask(3)
  await probe.expectEvents([5, 6, 7])
  probe.ask(1)
  await probe.expectEvents([8])
})

test('a counter with an end emits all its numbers before it ends', async () => {
  const runtime = testRuntime()
  const seen: number[] = []
  for await (const event of stream([await start(counter(1, 2_500), { runtime })])) seen.push(event)
  expect(seen).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1))
})

test('a counter of nothing ends when it is asked', async () => {
  const runtime = testRuntime()
  const probe = consumerProbe<number>(runtime)
  await probe.subscribe(await start(counter(1, 0), { runtime }))
  probe.ask(1)
  await probe.expectCancelled('normal')
})

test('a mapper emits what its function makes of each event', async () => {
  const runtime = testRuntime()
  const probe = consumerProbe<string>(runtime)
  const words = await start(
    mapper((event: number) => `number ${event}`),
    { runtime },
  )
  await probe.subscribe(words)
  await words.subscribe(await start(counter(0, 2), { runtime }))
  probe.ask(5)
  await probe.expectEvents(['number 0', 'number 1'])
})

test('a collector collects', async () => {
  const runtime = testRuntime()
  const seen: string[] = []
  const probe = producerProbe<string>(runtime)
  const sink = await start(collector(seen), { runtime })
  await sink.subscribe(probe.ref)
  probe.emit(['a', 'b'])
  probe.emit(['c'])
  await runtime.settle()
  expect(seen).toEqual(['a', 'b', 'c'])
})

test('a slow collector takes the time of the runtime for each batch', async () => {
  const runtime = testRuntime()
  const seen: number[] = []
  const sink = await start(slowCollector(runtime, 100, seen), { runtime })
  await sink.subscribe(await start(counter(), { runtime }), { maxDemand: 4, minDemand: 2 })
  await runtime.advance(99)
  expect(seen).toEqual([])
  await runtime.advance(1)
  expect(seen).toEqual([0, 1])
  await runtime.advance(250)
  expect(seen).toEqual([0, 1, 2, 3, 4, 5])
})

test('a crashing collector throws at the given event', async () => {
  const runtime = testRuntime()
  const seen: number[] = []
  const sink = await start(
    crashingCollector((event) => event === 3, seen),
    { runtime },
  )
  await sink.subscribe(await start(counter(), { runtime }))
  await runtime.settle()
  expect(await sink.exited).toEqual(new Error('crashed at 3, as intended'))
  expect(seen).toEqual([0, 1, 2])
})

test('hanging stages take one message and never come back', async () => {
  const runtime = testRuntime()
  const source = producerProbe<number>(runtime)
  const sink = await start(hangingConsumer<number>(), { runtime })
  await sink.subscribe(source.ref, { maxDemand: 2, minDemand: 1 })
  await source.expectSubscriber()
  await source.expectDemand(2)
  source.emit([1, 2])
  await source.expectNothing()

  const probe = consumerProbe<number>(runtime)
  await probe.subscribe(await start(hangingProducer<number>(), { runtime }))
  probe.ask(1)
  await probe.expectNothing()
})
