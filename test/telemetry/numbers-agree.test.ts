import {
  attachTelemetry,
  broadcastDispatcher,
  consumer,
  fromIterable,
  producer,
  producerConsumer,
  stream,
  to,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { Message } from '../../src/process/message.ts'
import type { ProcessReference } from '../../src/process/reference.ts'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import { atOnce, counting, gate, type LogRecord, launch, range, recording, timings } from '../stage/test-stages.ts'

// Compares the measurements of events and demand with what passed through the pipeline.

/** Adds up the measurements of a runtime. */
function sums(runtime: TestRuntime) {
  const total = { sent: 0, received: 0, handled: 0, discarded: 0, batches: 0 }
  const causes: string[] = []
  attachTelemetry(
    {
      'demand.sent'({ demand }) {
        total.sent += demand
      },
      'demand.received'({ demand }) {
        total.received += demand
      },
      'batch.handled'({ size }) {
        total.handled += size
        total.batches++
      },
      'events.discarded'({ count }, { cause }) {
        total.discarded += count
        causes.push(cause)
      },
    },
    { runtime },
  )
  return { total, causes }
}

const collecting = (seen: number[]) =>
  consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) })

test('where a selector rejects events, demand that is sent again is counted once', async () => {
  const runtime = testRuntime()
  const { total } = sums(runtime)
  let next = 0
  const source = await launch(
    runtime,
    producer({
      dispatcher: broadcastDispatcher<number>(),
      demand: 'accumulate',
      handleDemand(demand) {
        const first = next
        next = Math.min(first + demand, 200)
        return range(first, next)
      },
    }),
  )
  const [all, few]: [number[], number[]] = [[], []]
  await (await launch(runtime, collecting(all))).subscribe(source, { maxDemand: 10 })
  const selector = (event: number) => event % 10 === 0
  await (await launch(runtime, collecting(few))).subscribe(source, { maxDemand: 10, selector })
  source.demand('forward')
  await runtime.settle()
  expect([all.length, few.length]).toEqual([200, 20])
  expect(total.handled).toBe(220)
  expect(total.received).toBe(total.sent)
})

test('a stream and a manual consumer emit what they ask for, as others do', async () => {
  const runtime = testRuntime()
  const { total } = sums(runtime)
  const taken: number[] = []
  const source = await launch(runtime, counting(atOnce, 50))
  const looping = (async () => {
    for await (const event of stream([to(source, { maxDemand: 10 })])) if (taken.push(event) === 50) break
  })()
  await runtime.settle(looping)
  expect(taken).toHaveLength(50)
  expect(total.sent).toBeGreaterThanOrEqual(50)
  expect(total.received).toBe(total.sent)

  const before = total.sent
  const manual = consumer({
    handleSubscribe(_role, _options, from) {
      from.ask(3)
      return 'manual'
    },
    handleEvents(_events: readonly number[], from) {
      from.ask(2)
    },
  })
  await (await launch(runtime, manual)).subscribe(await launch(runtime, counting(atOnce, 6)))
  await runtime.settle()
  // Three, and then two after each of three batches: 3, 2 and 1.
  expect(total.sent - before).toBe(9)
  expect(total.received).toBe(total.sent)
})

test.each(timings)(
  'batches and demand of callbacks that throw are emitted with the error (%s)',
  async (_name, later) => {
    const runtime = testRuntime()
    const received: unknown[] = []
    attachTelemetry(
      {
        'batch.handled': ({ size }, { error }) => void received.push(['batch', size, error]),
        'demand.handled': ({ demand }, { error }) => void received.push(['demand', demand, error]),
      },
      { runtime },
    )
    const [noBatch, noDemand] = [new Error('no batch'), new Error('no demand')]
    const failing = consumer({
      handleEvents: later((_events: readonly number[]) => {
        throw noBatch
      }),
    })
    const sink = await launch(runtime, failing)
    await sink.subscribe(await launch(runtime, fromIterable([1, 2])), { cancel: 'temporary' })
    await sink.exited
    const empty = producer<number>({
      handleDemand: later((): number[] => {
        throw noDemand
      }),
    })
    const source = await launch(runtime, empty)
    await (await launch(runtime, collecting([]))).subscribe(source, { maxDemand: 5, cancel: 'temporary' })
    await source.exited
    expect(received.filter((line) => (line as unknown[])[2] !== undefined)).toEqual([
      ['batch', 2, noBatch],
      ['demand', 5, noDemand],
    ])
  },
)

test('a batch whose stage is ended while its promise is pending is not emitted', async () => {
  const runtime = testRuntime()
  const { total } = sums(runtime)
  const handling = gate()
  const sink = await launch(runtime, consumer({ handleEvents: (_events: readonly number[]) => handling.opened }))
  await sink.subscribe(await launch(runtime, counting(atOnce, 5)))
  await runtime.settle()
  sink.exit('kill')
  handling.open()
  await runtime.settle()
  expect(total.batches).toBe(0)
})

test.each([
  ['a consumer', async (runtime: TestRuntime) => (await launch(runtime, collecting([]))) as unknown],
  [
    'a producer-consumer',
    (runtime: TestRuntime) =>
      launch(runtime, producerConsumer({ handleEvents: (events: readonly number[]) => [...events] })),
  ],
  [
    'a stream',
    async (runtime: TestRuntime) => {
      const source = await launch(runtime, counting(atOnce, 0))
      void stream([source]).next()
      await runtime.settle()
      const { processes } = runtime as unknown as ProcessRuntime // no other stage has that of the stream
      return [...processes.values()].find(({ kind }) => kind === 'stream')?.reference
    },
  ],
])('events of a subscription that is unknown to %s are emitted as dropped', async (_name, start) => {
  const records: LogRecord[] = []
  const runtime = testRuntime({ logger: recording(records) })
  const stranger = (await start(runtime)) as ProcessReference
  const { total, causes } = sums(runtime)
  const sender = (await launch(runtime, counting(atOnce, 0))) as unknown as ProcessReference
  stranger.deliver(new Message('events', 'unknown:1', sender, [1, 2, 3]))
  stranger.deliver(new Message('events', 'unknown:1', sender, []))
  await runtime.settle()
  expect(total.discarded).toBe(3)
  expect(causes).toEqual(['unknown subscription'])
  expect(records.filter(({ message }) => message.includes('discarded 3 events'))).toHaveLength(1)
})

test('without listeners no event is emitted, and none is allocated', async () => {
  const runtime = testRuntime()
  const { telemetry } = runtime as unknown as ProcessRuntime // a public runtime shows no more than its id
  attachTelemetry({}, { runtime })
  attachTelemetry({ 'stage.started': undefined } as object, { runtime })
  expect(telemetry.hasListeners).toBe(false)
  const received: string[] = []
  telemetry.execute = (name) => void received.push(name)
  const seen: number[] = []
  const source = await launch(runtime, counting(atOnce, 100))
  const sink = await launch(runtime, collecting(seen))
  await sink.subscribe(source, { maxDemand: 10, cancel: 'temporary' })
  await runtime.settle()
  source.exit('kill')
  sink.exit(new Error('no'))
  await runtime.settle()
  expect(seen).toHaveLength(100)
  expect(received).toEqual([])
})

test('a listener of one event receives no other, and the clock is not read for those', async () => {
  const runtime = testRuntime()
  const { telemetry } = runtime as unknown as ProcessRuntime // as above
  const received: string[] = []
  const execute = telemetry.execute.bind(telemetry)
  telemetry.execute = (name, measurements, metadata) => {
    received.push(name)
    execute(name, measurements, metadata)
  }
  const detach = attachTelemetry({ 'stage.started': () => {} }, { runtime })
  expect(telemetry.hasListeners).toBe(true)
  await (await launch(runtime, collecting([]))).subscribe(await launch(runtime, fromIterable([1])), {
    cancel: 'temporary',
  })
  await runtime.settle()
  expect(new Set(received)).toEqual(new Set(['stage.started']))
  detach()
  expect(telemetry.hasListeners).toBe(false)
})
