import {
  BadReturnError,
  broadcastDispatcher,
  type CancelReason,
  consumer,
  partitionDispatcher,
  producer,
  type Subscriber,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { ascending, collecting, type LogRecord, launch, recording, timings } from './test-stages.ts'

describe.each(timings)('the subscribers of a producer, with %s callbacks', (_name, later) => {
  test('have their options and metadata passed to handleSubscribe', async () => {
    const runtime = testRuntime()
    const subscribed: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleSubscribe: later((role: 'consumer', options: object, from: Subscriber) => {
          subscribed.push([role, options, from.tag, from.consumer])
        }),
      }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const metadata = { from: 'test' }
    const plain = await sink.subscribe(source, { cancel: 'temporary' })
    const full = await sink.subscribe(source, { maxDemand: 5, metadata, confirm: true, timeout: 100 })
    expect(subscribed).toEqual([
      ['consumer', { cancel: 'temporary' }, plain.tag, sink.id],
      ['consumer', { maxDemand: 5, metadata }, full.tag, sink.id],
    ])
    expect((subscribed[1] as [unknown, { metadata: unknown }])[1].metadata).toBe(metadata)
  })

  test('can stop the producer', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleSubscribe: later(() => ({ stop: 'shutdown' })),
      }),
    )
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { cancel: 'transient' })
    expect(await source.exited).toBe('shutdown')
    await runtime.settle()
    await sink.stop()
  })

  test.each([
    ['manual'],
    ['yes'],
    [{}],
    [[]],
    [[1]],
    [null],
    [true],
    [{ stop: undefined }],
    [{ stop: 'normal', events: [1] }],
  ])('make it fail when handleSubscribe returns %j', async (result) => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: later(() => result as never) }),
    )
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { cancel: 'temporary', confirm: false })
    await runtime.settle()
    const reason = (await source.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'handleSubscribe'])
  })

  test('that cancel or exit are reported to handleCancel, and other subscribers receive their events', async () => {
    const runtime = testRuntime()
    const cancelled: unknown[] = []
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCancel: later((reason: CancelReason, from: Subscriber) => {
          cancelled.push([reason, from.consumer])
          return [cancelled.length]
        }),
      }),
    )
    const [asking, dying, staying] = await Promise.all([
      launch(runtime, collecting(later, [])),
      launch(runtime, collecting(later, [])),
      launch(runtime, collecting(later, seen)),
    ])
    const subscription = await asking.subscribe(source, { maxDemand: 1, cancel: 'permanent' })
    await dying.subscribe(source, { maxDemand: 1 })
    await staying.subscribe(source)
    subscription.cancel('enough')
    expect(await asking.exited).toBe('enough')
    dying.exit('kill')
    await runtime.settle()
    expect(cancelled).toEqual([
      [{ cancel: 'enough' }, asking.id],
      [{ down: 'killed' }, dying.id],
    ])
    expect(seen).toEqual([1, 2])
  })

  test('that a dispatcher refuses continue, and both stages are notified', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const received: unknown[] = []
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer({
        dispatcher: partitionDispatcher({
          partitions: ['odd', 'even'],
          hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
        }),
        handleDemand: later((): number[] => []),
        handleCast: { emit: later((events: readonly number[]) => events) },
        handleCancel: later((reason: CancelReason) => {
          received.push(['producer', reason])
        }),
      }),
      { name: 'numbers' },
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          seen.push(...events)
        }),
        handleCancel: later((reason: CancelReason) => {
          received.push(['consumer', reason])
        }),
      }),
      { name: 'sink' },
    )
    await sink.subscribe(source, { partition: 'odd', confirm: true })
    await sink.subscribe(source, { partition: 'odd', confirm: false })
    await sink.subscribe(source, { partition: 'neither' as 'odd', confirm: false })
    await sink.subscribe(source, { partition: 'even' })
    await runtime.settle()
    expect(received).toEqual([
      ['producer', { cancel: 'partition-taken' }],
      ['consumer', { cancel: 'partition-taken' }],
      ['producer', { cancel: 'bad-partition' }],
      ['consumer', { cancel: 'bad-partition' }],
    ])
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      `warn: producer numbers refused a subscription of consumer sink: partition 'odd' already has a subscriber (${sink.id}), and can have only one`,
      "warn: producer numbers refused a subscription of consumer sink: expected the option partition to be one of ['odd', 'even'], got: 'neither'",
    ])
    source.cast('emit', [1, 2, 3])
    await runtime.settle()
    expect(ascending(seen)).toEqual([1, 2, 3])
  })

  test('never make a broadcasting producer fail', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const source = await launch(
      runtime,
      producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: later((): number[] => []) }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleCancel: later((reason: CancelReason) => {
          received.push(reason)
        }),
      }),
    )
    await sink.subscribe(source)
    await sink.subscribe(source, { confirm: false })
    const bad = await launch(runtime, collecting(later, []))
    await bad.subscribe(source, { selector: 'even' as never, confirm: false })
    await runtime.settle()
    expect(received).toEqual([{ cancel: 'already-subscribed' }])
    expect(await source.demand()).toBe('forward')
    await Promise.all([bad.stop(), sink.stop(), source.stop()])
  })
})
