import { consumer, fromIterable, type ProducerRef, partitionDispatcher, to } from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  collecting,
  copying,
  counting,
  emittingOnRequest,
  heldAtEnd,
  type LogRecord,
  launch,
  range,
  recording,
  timings,
} from './test-stages.ts'

describe.each(timings)('an end that stops the stage, with %s callbacks', (_name, later) => {
  /** One delivery of 20 has been handled, which gave 200 events, of which the consumer has asked for 5. */
  const play = async (end: (source: ProducerRef<number>) => unknown, onProducerEnd: 'drain' | 'stop' = 'drain') => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const source = await launch(runtime, counting(later, 20))
    const middle = await launch(runtime, copying(later, 10, onProducerEnd), { name: 'middle' })
    await middle.subscribe(source, { maxDemand: 20 })
    const sink = await launch(
      runtime,
      consumer({
        handleSubscribe: () => 'manual',
        handleEvents: later((events: readonly number[]) => {
          seen.push(...events)
        }),
      }),
    )
    const subscription = await sink.subscribe(middle, { cancel: 'temporary' })
    subscription.ask(5)
    await runtime.settle()
    void end(source)
    await runtime.settle()
    return { runtime, source, middle, seen, records, subscription }
  }

  test("loses and counts what the stage holds when onProducerEnd is 'stop', as in GenStage", async () => {
    const { middle, seen, records } = await play((source) => source.stop(), 'stop')
    expect([await middle.exited, seen.length]).toEqual(['normal', 5])
    const report = records.find(({ message }) => message.includes('producer-consumer middle ended'))
    expect([report?.level, report?.message, report?.facts.remaining]).toEqual([
      'warn',
      'producer-consumer middle ended and dropped 195 events: 195 in its buffer',
      expect.objectContaining({ buffer: 195, inbound: 0, mailbox: 0 }),
    ])
  })

  test.each([['crashed'], ['kill'], [new Error('boom')]])(
    'that is a failure has its effect after the events before it (%s)',
    async (reason) => {
      const { runtime, middle, seen, records, subscription } = await play((source) => source.exit(reason))
      expect(seen.length).toBe(5)
      subscription.ask(195)
      await runtime.settle()
      expect([await middle.exited, seen.length]).toEqual([reason === 'kill' ? 'killed' : reason, 200])
      expect(heldAtEnd(records)).not.toMatchObject({ buffer: 195 })
    },
  )

  test.each([['crashed'], ['kill'], [new Error('boom')]])(
    "has its effect immediately when onProducerEnd is 'stop', even a failure (%s), and what is lost is counted",
    async (reason) => {
      const { middle, seen, records } = await play((source) => source.exit(reason), 'stop')
      expect([await middle.exited, seen.length]).toEqual([reason === 'kill' ? 'killed' : reason, 5])
      expect(heldAtEnd(records)).toMatchObject({ buffer: 195 })
    },
  )

  test('does not drain when the stage itself is stopped, and counts what is lost', async () => {
    const { runtime, source, middle, records } = await play(() => {})
    await middle.stop()
    await runtime.settle()
    expect(heldAtEnd(records)).toMatchObject({ buffer: 195 })
    await source.stop()
  })

  test('stops a stage that drains already, after it has emitted what it holds', async () => {
    const { runtime, middle, seen, subscription } = await play((source) => source.stop())
    const other = await launch(runtime, emittingOnRequest(later))
    await middle.subscribe(other)
    await runtime.settle()
    other.exit('crashed')
    await runtime.settle()
    subscription.ask(195)
    expect(await middle.exited).toBe('crashed')
    await runtime.settle()
    expect(seen.length).toBe(200)
  })

  test('keeps its place after events that wait, as in GenStage', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const source = await launch(runtime, counting(later, 20))
    const middle = await launch(runtime, copying(later, 10))
    await middle.subscribe(source, { maxDemand: 20 })
    await runtime.settle()
    source.exit('crashed')
    await runtime.settle()
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(middle, { maxDemand: 1_000, cancel: 'temporary' })
    expect(await middle.exited).toBe('crashed')
    await runtime.settle()
    expect([seen.length, heldAtEnd(records)]).toEqual([200, expect.objectContaining({ buffer: 0, inbound: 0 })])
    await sink.stop()
  })
})

test('events of a partition without a subscriber are counted in the report of the exit', async () => {
  const records: LogRecord[] = []
  const runtime: TestRuntime = testRuntime({ logger: recording(records) })
  const source = await launch(
    runtime,
    fromIterable(range(0, 10), {
      dispatcher: partitionDispatcher({ partitions: 2, hash: (event: number) => [event, event % 2] }),
    }),
  )
  const sink = await launch(
    runtime,
    consumer({
      subscribeTo: [to(source, { partition: 0, cancel: 'temporary' })],
      handleEvents(_events: readonly number[]) {},
    }),
  )
  await runtime.settle()
  await source.stop()
  expect(heldAtEnd(records)).toMatchObject({ dispatcher: 5 })
  await sink.stop()
})
