import {
  BadReturnError,
  type CancelReason,
  consumer,
  ExitError,
  fromIterable,
  producer,
  type Subscriber,
  type Subscription,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  collecting,
  counting,
  emittingOnRequest,
  gate,
  heldAtEnd,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
} from './test-stages.ts'

describe.each(timings)('a consumer, with %s callbacks', (_name, later) => {
  test('handles batches of maxDemand - minDemand events, and the rest of a delivery in a smaller one', async () => {
    for (const [maxDemand, minDemand, sizes] of [
      [10, 5, [5, 5, 2]],
      [10, 0, [10, 2]],
      [10, 9, range(0, 12).map(() => 1)],
      [1, 0, range(0, 12).map(() => 1)],
      [1_000, 500, [12]],
    ] as const) {
      const runtime = testRuntime()
      const batches: unknown[][] = []
      const source = await launch(runtime, counting(later, 12))
      const sink = await launch(runtime, collecting(later, [], batches))
      await sink.subscribe(source, { maxDemand, minDemand })
      await runtime.settle()
      expect([maxDemand, minDemand, batches.map(({ length }) => length)]).toEqual([maxDemand, minDemand, sizes])
      expect(batches.flat()).toEqual(range(0, 12))
    }
  })

  test('receives complete options in handleSubscribe, with the metadata unchanged', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const metadata = new Map([[1, 2]])
    const source = await launch(runtime, emittingOnRequest(later))
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleSubscribe: later((role: 'producer', options: object, from: Subscription) => {
          seen.push(role, options, from)
        }),
      }),
    )
    const subscription = await sink.subscribe(source, { metadata, maxDemand: 9 })
    expect(seen).toEqual(['producer', { maxDemand: 9, minDemand: 4, cancel: 'with-last', metadata }, subscription])
    expect(seen[2]).toBe(subscription)
    expect((seen[1] as { metadata: unknown }).metadata).toBe(metadata)
  })

  test('asks only through its handle in manual mode', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const seen: number[] = []
    const batches: unknown[] = []
    const source = await launch(runtime, counting(later, 100, demands))
    const sink = await launch(
      runtime,
      consumer({
        handleSubscribe: later(() => 'manual' as const),
        handleEvents: later((events: readonly number[], from: Subscription) => {
          batches.push(events)
          seen.push(...events)
          if (seen.length < 10) from.ask(4)
        }),
      }),
    )
    const subscription = await sink.subscribe(source, { maxDemand: 2 })
    await runtime.settle()
    expect(demands).toEqual([])
    subscription.ask(0)
    subscription.ask(5)
    await runtime.settle()
    // A delivery is not split in manual mode, whatever maxDemand is.
    expect([demands, batches, seen]).toEqual([[5, 4, 4], [range(0, 5), range(5, 9), range(9, 13)], range(0, 13)])
    for (const [demand, mistake] of [
      [-1, RangeError],
      [1.5, RangeError],
      [Number.NaN, RangeError],
      [2 ** 53, RangeError],
      [Number.POSITIVE_INFINITY, RangeError],
      ['5', TypeError],
      [undefined, TypeError],
      [null, TypeError],
      [5n, TypeError],
    ] as const) {
      expect(() => subscription.ask(demand as number)).toThrow(mistake)
    }
    await runtime.settle()
    expect(demands.length).toBe(3)
  })

  test('handles and reports events beyond its own demand', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const source = await launch(runtime, counting(later, 25))
    const sink = await launch(
      runtime,
      consumer({
        handleSubscribe: later((_role: 'producer', _options: object, from: Subscription) => from.ask(15)),
        handleEvents: later((events: readonly number[]) => {
          seen.push(...events)
        }),
      }),
      { name: 'sink' },
    )
    await sink.subscribe(source, { maxDemand: 10, minDemand: 0 })
    await runtime.settle()
    expect(seen).toEqual(range(0, 25))
    const reports = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(reports.length).toBeGreaterThan(0)
    expect(reports[0]).toMatch(/^consumer sink received \d+ events more than it asked for$/)
  })

  test('is stopped by a handleSubscribe that returns a stop', async () => {
    const runtime = testRuntime()
    const cancelled: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCancel: later((reason: CancelReason, from: Subscriber) => {
          cancelled.push([reason, from.consumer])
        }),
      }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleSubscribe: later(() => ({ stop: 'shutdown' })),
      }),
    )
    const error = await rejection(sink.subscribe(source))
    expect([error.constructor, await sink.exited]).toEqual([ExitError, 'shutdown'])
    await runtime.settle()
    // It may have ended before the producer has looked at its request, which is then none.
    expect(cancelled).toEqual(cancelled.length === 0 ? [] : [[{ down: 'shutdown' }, sink.id]])
  })

  test.each([['yes'], [{}], [[]], [[1]], [null], [true], [{ stop: undefined }]])(
    'fails when handleSubscribe returns %j',
    async (result) => {
      const runtime = testRuntime()
      const source = await launch(runtime, emittingOnRequest(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((_events: readonly number[]) => {}),
          handleSubscribe: later(() => result as never),
        }),
      )
      const error = await rejection(sink.subscribe(source))
      expect(error).toBeInstanceOf(ExitError)
      expect(error.reason).toBeInstanceOf(BadReturnError)
      expect(error.reason.message).toContain(
        "expected handleSubscribe to return 'automatic', 'manual', nothing or { stop }",
      )
    },
  )

  test('fails when a callback returns events', async () => {
    for (const [result, isRight] of [
      [undefined, true],
      [[], true],
      [{}, true],
      [{ events: [] }, true],
      [[1], false],
      [{ events: [1] }, false],
      ['', false],
      [null, false],
      [0, false],
      [{ stop: 'normal', events: [1] }, false],
      [{ reply: 1 }, false],
    ] as const) {
      const runtime = testRuntime()
      const source = await launch(runtime, counting(later, 3))
      const sink = await launch(
        runtime,
        consumer({ handleEvents: later((_events: readonly number[]) => result as undefined) }),
      )
      await sink.subscribe(source)
      await runtime.settle()
      if (isRight) await sink.stop()
      const reason = await sink.exited
      expect({ result, reason }).toEqual({ result, reason: isRight ? 'normal' : expect.any(BadReturnError) })
    }
  })

  test('exits with what handleEvents throws or returns, and counts the events being handled', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const boom = new Error('boom')
    const source = await launch(runtime, counting(later, 100))
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          if (events[0] === 5) throw boom
        }),
      }),
      { name: 'sink' },
    )
    await sink.subscribe(source, { maxDemand: 10, minDemand: 5 })
    expect(await sink.exited).toBe(boom)
    expect(heldAtEnd(records)).toMatchObject({ handling: 5 })
    const other = await launch(
      runtime,
      consumer({ handleEvents: later((_events: readonly number[]) => ({ stop: 'shutdown' })) }),
    )
    await other.subscribe(source)
    expect(await other.exited).toBe('shutdown')
  })

  test('takes events from several producers, and from one several times, each at its own pace', async () => {
    await shuffled(50, async (runtime) => {
      const taken = new Map<string, number[]>()
      const [first, second] = await Promise.all([
        launch(runtime, counting(later, 30)),
        launch(runtime, fromIterable(range(100, 130))),
      ])
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((events: readonly number[], { tag }: Subscription) => {
            taken.set(tag, [...(taken.get(tag) ?? []), ...events])
          }),
        }),
      )
      const subscriptions = [
        await sink.subscribe(first, { maxDemand: 4 }),
        await sink.subscribe(second, { maxDemand: 7, cancel: 'temporary' }),
        await sink.subscribe(first, { maxDemand: 4 }),
      ]
      await runtime.settle()
      const [one, other, again] = subscriptions.map(({ tag }) => taken.get(tag) ?? [])
      expect(other).toEqual(range(100, 130))
      const both = [...(one ?? []), ...(again ?? [])]
      expect(both.sort((a, b) => a - b)).toEqual(range(0, 30))
    })
  })

  test('handles an info after what is in its mailbox', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const hold = gate()
    const source = await launch(runtime, emittingOnRequest(later))
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: async (events: readonly number[]) => {
          await hold.opened
          order.push(...events)
        },
        handleInfo: later((message: unknown) => {
          order.push(message)
        }),
      }),
    )
    await sink.subscribe(source)
    source.cast('emit', [1])
    source.cast('emit', [2])
    await runtime.settle()
    const queued = sink.info('after 2')
    hold.open()
    await queued
    await runtime.settle()
    expect(order).toEqual([1, 2, 'after 2'])
  })
})
