import { broadcastDispatcher, consumer, partitionDispatcher, producer, producerConsumer, stream } from 'genstage'
import { observer, type StageSnapshot } from 'genstage/snapshot'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { atOnce, counting, emittingOnRequest, launch, range } from '../../stage/test-stages.ts'
import { look, lookAt } from './look.ts'

const sinking = () => consumer({ handleEvents(_events: readonly number[]) {} })
const hanging = () => consumer({ handleEvents: (_events: readonly number[]) => new Promise<void>(() => {}) })

test('an event that went through the buffer was emitted once, and sent once', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, emittingOnRequest(atOnce))
  await source.call('emit', range(0, 30))
  expect(lookAt(runtime, source).producing).toMatchObject({ emitted: 30, sent: 0, buffer: { events: 30 } })
  const sink = await launch(runtime, sinking())
  await sink.subscribe(source, { maxDemand: 7, minDemand: 0 })
  await runtime.settle()
  await source.call('emit', range(30, 35))
  await runtime.settle()
  expect(lookAt(runtime, source).producing).toMatchObject({ emitted: 35, sent: 35, buffer: { events: 0 } })
  expect(lookAt(runtime, sink).consuming).toMatchObject({ handled: 35 })
})

test('what is held back was emitted, and never less than before', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, emittingOnRequest(atOnce))
  await source.call('emit', range(0, 3))
  source.demand('accumulate')
  await source.call('emit', range(3, 8))
  const sink = await launch(runtime, sinking())
  expect(lookAt(runtime, source).producing).toMatchObject({
    demandMode: 'accumulate',
    emitted: 8,
    accumulated: 5,
    buffer: { events: 3 },
  })
  // What is buffered stays there: it is older than what is held back, and goes out before it.
  await sink.subscribe(source, { maxDemand: 10 })
  await runtime.settle()
  expect(lookAt(runtime, source).producing).toMatchObject({
    emitted: 8,
    accumulated: 5,
    buffer: { events: 3 },
    sent: 0,
    pending: 10,
  })
  source.demand('forward')
  await runtime.settle()
  expect(lookAt(runtime, source).producing).toMatchObject({
    demandMode: 'forward',
    emitted: 8,
    accumulated: 0,
    sent: 8,
  })
})

test('an event of a broadcast is emitted once, and sent to each subscriber that wants it', async () => {
  const runtime = testRuntime()
  let next = 0
  const source = await launch(
    runtime,
    producer({
      dispatcher: broadcastDispatcher<number>(),
      demand: 'accumulate',
      handleDemand(demand) {
        const first = next
        next = Math.min(first + demand, 100)
        return range(first, next)
      },
    }),
  )
  const [all, even] = [await launch(runtime, sinking()), await launch(runtime, sinking())]
  await all.subscribe(source, { maxDemand: 10 })
  await even.subscribe(source, { maxDemand: 10, selector: (event: number) => event % 2 === 0 })
  source.demand('forward')
  await runtime.settle()
  const { producing } = lookAt(runtime, source)
  expect(producing).toMatchObject({ dispatcher: { kind: 'broadcast' }, emitted: 100, sent: 150 })
  expect(producing?.subscribers.map(({ sent }) => sent)).toEqual([100, 50])
  expect(lookAt(runtime, all).consuming?.handled).toBe(100)
  expect(lookAt(runtime, even).consuming?.handled).toBe(50)
})

test('partitions have their subscriber and their queue; what is lost with a subscriber is discarded', async () => {
  const runtime = testRuntime()
  const source = await launch(
    runtime,
    producer({
      dispatcher: partitionDispatcher({
        partitions: ['odd', 'even'],
        hash: (event: number) => [event, event % 2 ? 'odd' : 'even'],
      }),
      handleDemand: () => [],
      handleCast: { emit: (events: readonly number[]) => events },
    }),
  )
  const sink = await launch(runtime, sinking())
  const { tag } = await sink.subscribe(source, { partition: 'even', maxDemand: 2, minDemand: 0, cancel: 'temporary' })
  source.cast('emit', range(0, 3))
  await runtime.settle()
  expect(lookAt(runtime, source).producing).toMatchObject({
    dispatcher: {
      kind: 'partition',
      queued: 1,
      partitions: [
        { partition: 'odd', subscriber: null, queued: 1 },
        { partition: 'even', subscriber: tag, queued: 0 },
      ],
    },
    emitted: 3,
    sent: 1,
    buffer: { events: 1 },
  })
  expect(look(runtime).subscriptions).toMatchObject([{ partition: 'even', queued: 0, sent: 1, pending: 1 }])
  const stuck = await launch(runtime, hanging())
  await stuck.subscribe(source, { partition: 'odd', maxDemand: 4, minDemand: 0, cancel: 'temporary' })
  source.cast('emit', [5, 7, 9, 11, 13, 15, 17])
  await runtime.settle()
  const before = { emitted: 10, sent: 6, discarded: 0, dispatcher: { queued: 2 }, buffer: { events: 2 } }
  expect(lookAt(runtime, source).producing).toMatchObject(before)
  stuck.exit('kill')
  await runtime.settle()
  const after = { emitted: 10, sent: 6, discarded: 2, dispatcher: { queued: 2 }, buffer: { events: 0 } }
  expect(lookAt(runtime, source).producing).toMatchObject(after)
})

test('what a full buffer drops is discarded, and was emitted', async () => {
  const runtime = testRuntime()
  const source = await launch(
    runtime,
    producer({
      bufferSize: 4,
      bufferKeep: 'first',
      handleDemand: () => [],
      handleCast: { emit: (events: readonly number[]) => events },
    }),
  )
  source.cast('emit', range(0, 10))
  await runtime.settle()
  expect(lookAt(runtime, source).producing).toMatchObject({
    emitted: 10,
    sent: 0,
    discarded: 6,
    buffer: { events: 4, size: 4, keep: 'first' },
  })
})

test('demand is open from the ask to the event, and so long is how long it waits', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, emittingOnRequest(atOnce))
  expect(lookAt(runtime, source).producing).toMatchObject({ pending: 0, demandSince: null, lastEmitted: null })
  await runtime.advance(100)
  await (await launch(runtime, sinking())).subscribe(source, { maxDemand: 10, minDemand: 0 })
  await runtime.advance(100)
  expect(lookAt(runtime, source).producing).toMatchObject({ pending: 10, demandSince: 100, lastEmitted: null })
  await source.call('emit', [1, 2, 3])
  await runtime.advance(100)
  expect(lookAt(runtime, source).producing).toMatchObject({ pending: 7, demandSince: 200, lastEmitted: 200 })
  expect(look(runtime).subscriptions).toMatchObject([{ pending: 7, sent: 3 }])
})

test('the time with open demand adds up, from when it reaches the stage until it is met', async () => {
  const runtime = testRuntime()
  const opened = (stage: { readonly id: string }): number | undefined => lookAt(runtime, stage).producing?.demandTime
  const source = await launch(runtime, emittingOnRequest(atOnce))
  const sink = await launch(runtime, sinking())
  await sink.subscribe(source, { maxDemand: 10, minDemand: 0 })
  await runtime.advance(70)
  // Without an observer it is not measured.
  expect(opened(source)).toBe(0)
  const watching = observer({ runtime })
  await runtime.advance(100)
  expect(opened(source)).toBe(100)
  await source.call('emit', range(0, 4))
  await runtime.advance(50)
  expect(opened(source)).toBe(150)
  // All that was asked for is met; the sink asks for ten more at once, and four too many wait in the buffer.
  await source.call('emit', range(0, 20))
  await runtime.advance(500)
  expect(lookAt(runtime, source).producing?.buffer.events).toBe(0)
  expect(opened(source)).toBe(650)
  await source.call('emit', range(0, 9))
  await sink.stop()
  await runtime.advance(500)
  await source.call('emit', range(0, 5))
  const before = opened(source)
  await runtime.advance(500)
  // What is left over shows that no demand is open.
  expect(opened(source)).toBe(before)
  watching.close()
  expect(opened(source)).toBe(before)
})

test('the time with open demand is a total: it does not go back when an observer leaves', async () => {
  const runtime = testRuntime()
  const opened = (stage: { readonly id: string }): number | undefined => lookAt(runtime, stage).producing?.demandTime
  const source = await launch(runtime, emittingOnRequest(atOnce))
  const middle = await launch(runtime, producerConsumer({ handleEvents: (events: readonly number[]) => events }))
  await (await launch(runtime, sinking())).subscribe(middle, { maxDemand: 10, minDemand: 0 })
  await middle.subscribe(source, { maxDemand: 10, minDemand: 0 })
  for (const [round, total] of [100, 200, 300].entries()) {
    const watching = observer({ runtime })
    await runtime.advance(100)
    watching.close()
    expect([round, opened(source), opened(middle)]).toEqual([round, total, total])
    await runtime.advance(50)
    expect([round, opened(source), opened(middle)]).toEqual([round, total, total])
  }
})

test('a broadcast has open demand once all have asked', async () => {
  const runtime = testRuntime()
  const dispatcher = broadcastDispatcher<number>()
  const emit = (events: readonly number[]) => ({ reply: 'ok' as const, events })
  const source = await launch(runtime, producer({ dispatcher, handleDemand: () => [], handleCall: { emit } }))
  await (await launch(runtime, hanging())).subscribe(source, { maxDemand: 5, minDemand: 0 })
  await (await launch(runtime, sinking())).subscribe(source, { maxDemand: 10, minDemand: 0 })
  const watching = observer({ runtime })
  await runtime.advance(100)
  await source.call('emit', range(0, 5))
  await runtime.advance(100)
  expect(lookAt(runtime, source).producing).toMatchObject({ pending: 5, demandTime: 100 })
  watching.close()
})

test('in every step of a run each event that was sent is handled, in flight, in a mailbox or in a queue', async () => {
  const runtime = testRuntime({ stepped: true, seed: 7 })
  const source = await runtime.settle(launch(runtime, counting(atOnce, 300)))
  const middle = await runtime.settle(
    launch(runtime, producerConsumer({ handleEvents: async (events: readonly number[]) => [...events, ...events] })),
  )
  const sink = await runtime.settle(launch(runtime, consumer({ async handleEvents(_events: readonly number[]) {} })))
  await runtime.settle(sink.subscribe(middle, { maxDemand: 7, minDemand: 3 }))
  await runtime.settle(middle.subscribe(source, { maxDemand: 11, minDemand: 5 }))
  let steps = 0
  for (let before = -1; steps !== before; ) {
    before = steps
    for (let idle = 0; idle < 20; idle++) {
      steps += runtime.step()
      const stages = look(runtime).stages
      const arrived = (stage: StageSnapshot | undefined) => {
        const { handled = 0, batches = 0, handling = 0, mailbox = 0, inbound = 0 } = stage?.consuming ?? {}
        return { handled, batches, waiting: handling + mailbox + inbound }
      }
      const [first, second, third] = stages
      for (const [from, to] of [
        [first, second],
        [second, third],
      ] as const) {
        const { handled, waiting } = arrived(to)
        const sent = from?.producing?.sent ?? 0
        // A batch counts as handled from when it is begun, and as in flight until its callback has returned.
        expect(handled + waiting).toBeGreaterThanOrEqual(sent)
        if (to?.state !== 'waiting') expect(handled + waiting).toBe(sent)
      }
      const { emitted, sent, buffer } = second?.producing ?? { emitted: 0, sent: 0, buffer: { events: 0 } }
      expect(emitted).toBe(sent + buffer.events)
      await Promise.resolve()
    }
  }
  await runtime.settle()
  const [first, second, third] = look(runtime).stages
  expect(first?.producing).toMatchObject({ emitted: 300, sent: 300 })
  expect(second?.producing).toMatchObject({ emitted: 600, sent: 600 })
  expect(third?.consuming).toMatchObject({ handled: 600, handling: 0, mailbox: 0 })
})

test('a stream counts what has come as handled, and what the loop has not taken as in flight', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, counting(atOnce, 10))
  const events = stream([source])
  await runtime.settle(events.next())
  await runtime.settle()
  const shown = look(runtime).stages.find(({ kind }) => kind === 'stream')
  expect(shown?.consuming).toMatchObject({ handled: 10, handling: 9, subscriptions: [{ producer: source.id }] })
  await events.return?.()
})
