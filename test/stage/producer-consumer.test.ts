import {
  BadReturnError,
  type CancelReason,
  consumer,
  fromIterable,
  producerConsumer,
  type SubscribeOptions,
  type Subscription,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  collecting,
  copying,
  counting,
  emittingOnRequest,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
} from './test-stages.ts'

describe.each(timings)('a producer-consumer, with %s callbacks', (_name, later) => {
  test('emits what handleEvents returns, in order', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const source = await launch(runtime, counting(later, 100))
      const middle = await launch(runtime, copying(later, 3))
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(middle, { maxDemand: 7 })
      await middle.subscribe(source, { maxDemand: 10 })
      await runtime.settle()
      expect(seen).toEqual(range(0, 300).map((index) => Math.floor(index / 3)))
    })
  })

  test('handles events only while its consumers have demand, and queues the others', async () => {
    const runtime = testRuntime()
    const handled: number[] = []
    const demands: number[] = []
    const source = await launch(runtime, counting(later, 100, demands))
    const middle = await launch(
      runtime,
      producerConsumer({
        handleEvents: later((events: readonly number[]) => {
          handled.push(...events)
          return events
        }),
      }),
    )
    await middle.subscribe(source, { maxDemand: 10, minDemand: 8 })
    await runtime.settle()
    expect([handled, demands]).toEqual([[], [10]])
    const sink = await launch(
      runtime,
      consumer({ handleSubscribe: () => 'manual', handleEvents: later((_events: readonly number[]) => {}) }),
    )
    const subscription = await sink.subscribe(middle)
    subscription.ask(1)
    await runtime.settle()
    // What had come was one delivery of 10: it is handled whole, in batches of 2, and topped up after each.
    expect([handled, demands]).toEqual([range(0, 10), [10, 2, 2, 2, 2, 2]])
    expect(await middle.estimateBufferedCount()).toBe(9)
    subscription.ask(9)
    await runtime.settle()
    expect([handled.length, await middle.estimateBufferedCount()]).toEqual([10, 0])
    subscription.ask(1)
    await runtime.settle()
    expect(handled.length).toBe(12)
  })

  test('calls handleSubscribe for producers and consumers, with the role', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const source = await launch(runtime, emittingOnRequest(later))
    const middle = await launch(
      runtime,
      producerConsumer({
        handleEvents: later((events: readonly number[]) => events),
        handleSubscribe: later((role: 'producer' | 'consumer', { metadata }: SubscribeOptions, from: Subscription) => {
          received.push([role, metadata, from.tag])
        }),
        handleCancel: later((reason: CancelReason, from: Subscription) => {
          received.push([reason, from.tag])
        }),
      }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const up = await middle.subscribe(source, { metadata: 1, cancel: 'temporary' })
    const down = await sink.subscribe(middle, { metadata: 2, cancel: 'temporary' })
    await runtime.settle()
    up.cancel('u')
    down.cancel('d')
    await runtime.settle()
    expect(received).toEqual([
      ['producer', 1, up.tag],
      ['consumer', 2, down.tag],
      [{ cancel: 'd' }, down.tag],
      [{ cancel: 'u' }, up.tag],
    ])
  })

  test('may ask its producers in manual mode', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const asks: Subscription[] = []
    const seen: number[] = []
    const source = await launch(runtime, counting(later, 100, demands))
    const middle = await launch(
      runtime,
      producerConsumer({
        handleEvents: later((events: readonly number[]) => events),
        handleSubscribe: later((role: 'producer' | 'consumer', _options: SubscribeOptions, from: Subscription) => {
          if (role === 'consumer') return 'automatic'
          asks.push(from)
          return 'manual'
        }),
      }),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(middle)
    await middle.subscribe(source)
    await runtime.settle()
    expect(demands).toEqual([])
    asks[0]?.ask(3)
    asks[0]?.ask(0)
    asks[0]?.ask(2)
    await runtime.settle()
    expect([demands, seen]).toEqual([[3, 2], range(0, 5)])
  })

  test('may not use manual mode for its consumers', async () => {
    const runtime = testRuntime()
    const middle = await launch(
      runtime,
      producerConsumer({
        handleEvents: later((events: readonly number[]) => events),
        handleSubscribe: later(() => 'manual' as const),
      }),
    )
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(middle, { cancel: 'temporary', confirm: false })
    const reason = (await middle.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'handleSubscribe'])
  })

  test('fails when handleEvents returns nothing', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(later, 10))
    const middle = await launch(
      runtime,
      producerConsumer({ handleEvents: later((_events: readonly number[]) => undefined as unknown as number[]) }),
    )
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(middle, { cancel: 'temporary' })
    await middle.subscribe(source)
    const reason = (await middle.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'handleEvents'])
  })

  test('emits what its other callbacks return, before the reply if there is one', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const middle = await launch(
      runtime,
      producerConsumer({
        handleEvents: later((events: readonly number[]) => events),
        handleCall: { emit: later((event: number) => ({ reply: 'ok', events: [event] })) },
        handleCast: { emit: later((event: number) => [event]) },
        handleInfo: later((event: number) => [event]),
      }),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(middle)
    await runtime.settle()
    expect(await middle.call('emit', 1)).toBe('ok')
    middle.cast('emit', 2)
    middle.send(3)
    await middle.info(4)
    await runtime.settle()
    expect(seen).toEqual([1, 2, 3, 4])
  })

  test('handles an info after all earlier events have been handled and taken', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(runtime, counting(later, 4))
    const middle = await launch(
      runtime,
      producerConsumer({
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
          return events
        }),
        handleInfo: later((message: unknown) => {
          order.push(message)
        }),
      }),
    )
    await middle.subscribe(source, { maxDemand: 4 })
    await runtime.settle()
    await middle.info('after 3')
    middle.send('sent')
    await runtime.settle()
    expect(order).toEqual(['sent'])
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(middle)
    await runtime.settle()
    expect(order).toEqual(['sent', 0, 1, 2, 3, 'after 3'])
  })

  test('always forwards demand, and logs a request to accumulate', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const middle = await launch(runtime, copying(later, 1), { name: 'middle' })
    middle.demand('forward')
    middle.demand('accumulate')
    expect(await middle.demand()).toBe('forward')
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "error: producer-consumer middle ignored the demand mode 'accumulate': that of a producer-consumer is 'forward'",
    ])
  })

  test('handles events of a subscription that has been cancelled since', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const demands: number[] = []
    const source = await launch(runtime, counting(later, 100, demands))
    const middle = await launch(runtime, copying(later, 1))
    const up = await middle.subscribe(source, { maxDemand: 10, minDemand: 9, cancel: 'temporary' })
    await runtime.settle()
    up.cancel()
    await runtime.settle()
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(middle)
    await runtime.settle()
    expect([seen, demands]).toEqual([range(0, 10), [10]])
  })

  test('from a class has its fields as its state', async () => {
    class Summing {
      #sum = 0
      readonly bufferSize = 5
      handleEvents(events: readonly number[]) {
        for (const event of events) this.#sum += event
        return [this.#sum]
      }
      handleCall = { sum: () => ({ reply: this.#sum }) }
    }
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, counting(later, 10))
    const middle = await launch(runtime, producerConsumer(later(() => new Summing())))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(middle)
    await middle.subscribe(source, { maxDemand: 4, minDemand: 2 })
    await runtime.settle()
    expect(seen).toEqual([1, 6, 15, 28, 45])
    expect(await middle.call('sum')).toBe(45)
  })
})

test('a call to a stage that drains has its reply, and its events are emitted', async () => {
  const runtime = testRuntime()
  const seen: number[] = []
  const blocked = gate()
  const source = await launch(runtime, fromIterable([1]))
  const middle = await launch(
    runtime,
    producerConsumer({
      handleEvents: (events: readonly number[]) => events,
      handleCall: { emit: (event: number) => ({ reply: 'ok', events: [event] }) },
    }),
  )
  await middle.subscribe(source)
  await runtime.settle()
  expect(await middle.call('emit', 2)).toBe('ok')
  const sink = await launch(
    runtime,
    consumer({
      async handleEvents(events: readonly number[]) {
        seen.push(...events)
        await blocked.opened
      },
    }),
  )
  await sink.subscribe(middle, { maxDemand: 1 })
  await runtime.settle()
  expect(await middle.call('emit', 3)).toBe('ok')
  blocked.open()
  expect(await sink.exited).toBe('normal')
  // What is in the buffer goes before what has not been handled yet.
  expect(seen).toEqual([2, 3, 1])
  expect((await rejection(middle.call('emit', 4))).code).toBe('GENSTAGE_NO_PROCESS')
})
