import {
  BadReturnError,
  CallingSelfError,
  type CancelReason,
  type ConsumerContext,
  type ConsumerRef,
  consumer,
  DeadlockError,
  type Down,
  type Exit,
  ExitError,
  type ExitReason,
  fromIterable,
  NoProcessError,
  named,
  type ProcessRef,
  type ProducerRef,
  producer,
  StageEndedError,
  StartError,
  type Subscriber,
  type Subscription,
  supervisor,
  TimeoutError,
  to,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  ascending,
  collecting,
  counting,
  type Failure,
  gate,
  heldAtEnd,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
  told,
} from './test-stages.ts'

describe.each(timings)('a consumer, with callbacks that answer %s', (_name, later) => {
  test('handles batches of maxDemand - minDemand, the rest of a delivery in a smaller one', async () => {
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

  test('sees its options in handleSubscribe, complete, with metadata as it is', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const metadata = new Map([[1, 2]])
    const source = await launch(runtime, told(later))
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

  test('asks only by hand in manual mode', async () => {
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
    // A delivery is not cut in manual mode, whatever maxDemand says.
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

  test('handles and reports what comes beyond what it has asked for by itself', async () => {
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

  test('may be stopped by its subscription', async () => {
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
    'may not answer a subscription with %j',
    async (answer) => {
      const runtime = testRuntime()
      const source = await launch(runtime, told(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((_events: readonly number[]) => {}),
          handleSubscribe: later(() => answer as never),
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

  test('may answer no events', async () => {
    for (const [answer, isRight] of [
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
        consumer({ handleEvents: later((_events: readonly number[]) => answer as undefined) }),
      )
      await sink.subscribe(source)
      await runtime.settle()
      if (isRight) await sink.stop()
      const reason = await sink.exited
      expect({ answer, reason }).toEqual({ answer, reason: isRight ? 'normal' : expect.any(BadReturnError) })
    }
  })

  test('ends by what handleEvents throws or answers, and counts what it had in hand', async () => {
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

  test('takes from several producers, and from one more than once, each at its own pace', async () => {
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

  test('gets an info behind what is in its mailbox', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const hold = gate()
    const source = await launch(runtime, told(later))
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
    const queued = sink.info('behind 2')
    hold.open()
    await queued
    await runtime.settle()
    expect(order).toEqual([1, 2, 'behind 2'])
  })
})

describe.each(timings)('the end of a subscription, with callbacks that answer %s', (_name, later) => {
  const boom = new Error('boom')
  const ends: readonly (readonly [
    cancel: 'permanent' | 'transient' | 'temporary',
    reason: ExitReason,
    stops: boolean,
  ])[] = [
    ['permanent', 'normal', true],
    ['permanent', 'shutdown', true],
    ['permanent', boom, true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', false],
    ['transient', { shutdown: 'why' }, false],
    ['transient', boom, true],
    ['transient', 'other', true],
    ['temporary', 'normal', false],
    ['temporary', boom, false],
  ]

  test.each(ends)(
    'that is %s, by a cancellation with reason %j, stops the consumer: %s',
    async (cancel, reason, stops) => {
      const runtime = testRuntime()
      const heard: unknown[] = []
      const source = await launch(runtime, told(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((_events: readonly number[]) => {}),
          handleCancel: later((why: CancelReason, { tag }: Subscription) => {
            heard.push([why, tag])
          }),
          terminate: later((why: ExitReason) => {
            heard.push(why)
          }),
        }),
      )
      const subscription = await sink.subscribe(source, { cancel })
      subscription.cancel(reason)
      await runtime.settle()
      expect(heard).toEqual([[{ cancel: reason }, subscription.tag], ...(stops ? [reason] : [])])
      if (stops) expect(await sink.exited).toBe(reason)
      else await sink.stop()
      expect(await source.demand()).toBe('forward')
    },
  )

  test.each(ends)(
    'that is %s, by the producer’s end with reason %j, stops the consumer: %s',
    async (cancel, reason, stops) => {
      const runtime = testRuntime()
      const heard: unknown[] = []
      const source = await launch(runtime, told(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((_events: readonly number[]) => {}),
          handleCancel: later((why: CancelReason) => {
            heard.push(why)
          }),
        }),
      )
      await sink.subscribe(source, { cancel })
      await source.stop(reason)
      await runtime.settle()
      expect(heard).toEqual([{ down: reason }])
      if (stops) expect(await sink.exited).toBe(reason)
      else await sink.stop()
    },
  )

  test('comes after the events that were sent before it, and after it none come', async () => {
    await shuffled(50, async (runtime) => {
      const order: unknown[] = []
      const source = await launch(runtime, fromIterable(range(0, 30)))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((events: readonly number[]) => {
            order.push(...events)
          }),
          handleCancel: later(() => {
            order.push('end')
          }),
        }),
      )
      await sink.subscribe(source, { maxDemand: 7, cancel: 'temporary' })
      await runtime.settle()
      expect(order).toEqual([...range(0, 30), 'end'])
    })
  })

  test('may be answered by a stop', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, told(later))
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleCancel: later(() => ({ stop: 'because' })),
      }),
    )
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    subscription.cancel()
    expect(await sink.exited).toBe('because')
  })

  test('makes its handle do nothing', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const source = await launch(runtime, told(later, demands))
    const sink = await launch(runtime, collecting(later, []))
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    subscription.cancel()
    await runtime.settle()
    subscription.ask(7)
    subscription.cancel()
    await runtime.settle()
    expect(demands).toEqual([1_000])
    await sink.stop()
    subscription.ask(7)
    subscription.cancel()
    await runtime.settle()
    expect(await source.demand()).toBe('forward')
  })

  test('is at once where the producer has ended already', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const source = await launch(runtime, told(later))
    await source.stop()
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleCancel: later((why: CancelReason) => {
          heard.push(why)
        }),
      }),
    )
    await sink.subscribe(source, { cancel: 'temporary' })
    await runtime.settle()
    expect(heard).toEqual([{ down: 'normal' }])
    await sink.subscribe(source)
    expect(await sink.exited).toBe('normal')
  })
})

describe.each(timings)('resubscribing, with callbacks that answer %s', (_name, later) => {
  const watching = (heard: unknown[]) =>
    producer({
      handleDemand: later((demand: number): number[] => {
        heard.push(demand)
        return []
      }),
      handleSubscribe: later((_role: 'consumer', { metadata }: { readonly metadata?: unknown }) => {
        heard.push(['subscribed', metadata])
      }),
      handleCancel: later((reason: CancelReason) => {
        heard.push(reason)
      }),
      handleCast: { emit: later((events: readonly number[]) => events) },
    })

  test('to the same producer cancels there and subscribes anew, with nothing in between', async () => {
    await shuffled(50, async (runtime) => {
      const heard: unknown[] = []
      const seen: number[] = []
      const source = await launch(runtime, watching(heard))
      const sink = await launch(runtime, collecting(later, seen))
      const first = await sink.subscribe(source, { maxDemand: 10, cancel: 'temporary', metadata: 1 })
      await runtime.settle()
      const second = await sink.resubscribe(first, 'new options', source, { maxDemand: 3, metadata: 2 })
      await runtime.settle()
      expect(heard).toEqual([['subscribed', 1], 10, { cancel: 'new options' }, ['subscribed', 2]])
      expect(second.tag).not.toBe(first.tag)
      source.cast('emit', [1, 2])
      await runtime.settle()
      expect(seen).toEqual([1, 2])
      await sink.stop()
    })
  })

  test('to another producer cancels the old one where it belongs', async () => {
    await shuffled(50, async (runtime) => {
      const [before, after]: [unknown[], unknown[]] = [[], []]
      const seen: number[] = []
      const [old, fresh] = await Promise.all([launch(runtime, watching(before)), launch(runtime, watching(after))])
      const sink = await launch(runtime, collecting(later, seen))
      const first = await sink.subscribe(old, { cancel: 'temporary', metadata: 1 })
      await runtime.settle()
      await sink.resubscribe(first, 'better', fresh, { metadata: 2 })
      await runtime.settle()
      expect([before, after]).toEqual([
        [['subscribed', 1], 1_000, { cancel: 'better' }],
        [['subscribed', 2], 1_000],
      ])
      old.cast('emit', [1])
      fresh.cast('emit', [2])
      await runtime.settle()
      expect(seen).toEqual([2])
      await sink.stop()
    })
  })

  test('of a permanent subscription stops the consumer', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, watching([]))
    const sink = await launch(runtime, collecting(later, []))
    const first = await sink.subscribe(source, { cancel: 'permanent' })
    await sink.resubscribe(first, 'shutdown', source, { cancel: 'permanent', confirm: false })
    expect(await sink.exited).toBe('shutdown')
  })

  test('of a subscription that has ended subscribes, of what is none is refused', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const source = await launch(runtime, watching(heard))
    const sink = await launch(runtime, collecting(later, []))
    const first = await sink.subscribe(source, { cancel: 'temporary', metadata: 1 })
    first.cancel()
    await runtime.settle()
    await sink.resubscribe(first, 'again', source, { metadata: 2 })
    await runtime.settle()
    expect(heard).toEqual([['subscribed', 1], 1_000, { cancel: 'normal' }, ['subscribed', 2]])
    for (const wrong of [undefined, null, {}, { tag: first.tag }, first.tag, source]) {
      const error = await rejection(sink.resubscribe(wrong as Subscription, 'x', source))
      expect(error).toBeInstanceOf(TypeError)
    }
    await sink.stop()
  })

  test('of another stage’s subscription is refused', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const source = await launch(runtime, watching(heard))
    const [sink, stranger] = await Promise.all([
      launch(runtime, collecting(later, [])),
      launch(runtime, collecting(later, [])),
    ])
    const first = await sink.subscribe(source, { metadata: 1 })
    await runtime.settle()
    const error = await rejection(stranger.resubscribe(first, 'mine now', source))
    expect(error).toBeInstanceOf(TypeError)
    await runtime.settle()
    expect(heard).toEqual([['subscribed', 1], 1_000])
    await Promise.all([sink.stop(), stranger.stop()])
  })

  test('from inside is the same', async () => {
    const runtime = testRuntime()
    const [before, after]: [unknown[], unknown[]] = [[], []]
    const [old, fresh] = await Promise.all([launch(runtime, watching(before)), launch(runtime, watching(after))])
    const sink = await launch(
      runtime,
      consumer((stage) => {
        let subscription = stage.subscribe(to(old, { cancel: 'temporary', metadata: 1 }))
        return {
          handleEvents: later((_events: readonly number[]) => {}),
          handleInfo: later((producer: ProducerRef<number>) => {
            subscription = stage.resubscribe(subscription, 'moving', to(producer, { cancel: 'temporary', metadata: 2 }))
          }),
        }
      }),
    )
    await runtime.settle()
    sink.send(old)
    await runtime.settle()
    sink.send(fresh)
    await runtime.settle()
    expect(before).toEqual([['subscribed', 1], 1_000, { cancel: 'moving' }, ['subscribed', 2], { cancel: 'moving' }])
    expect(after).toEqual([['subscribed', 2], 1_000])
  })
})

describe.each(timings)('where a consumer subscribes to, with callbacks that answer %s', (_name, later) => {
  const subscribing = (
    sources: readonly (ProducerRef<number> | ReturnType<typeof to<ProducerRef<number>>>)[],
    seen: number[],
  ) =>
    consumer({
      subscribeTo: sources,
      handleEvents: later((events: readonly number[]) => {
        seen.push(...events)
      }),
    })

  test('is named in its set-up: by reference, with options, by name', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const [plain, , demanding] = await Promise.all([
        launch(runtime, fromIterable([1])),
        launch(runtime, fromIterable([2]), { name: 'second' }),
        launch(runtime, fromIterable([3, 4])),
      ])
      const sources = [
        to(plain, { cancel: 'temporary' }),
        to(named<ProducerRef<number>>('second', { runtime }), { cancel: 'temporary' }),
        to(demanding, { maxDemand: 1, cancel: 'temporary' }),
      ]
      const sink = await launch(runtime, subscribing(sources, seen))
      await runtime.settle()
      expect(ascending(seen)).toEqual([1, 2, 3, 4])
      await sink.stop()
    })
  })

  test('is subscribed to before the start is over, which fails where handleSubscribe ends it', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(runtime, counting(later, 3))
    const admitting = gate()
    const starting = launch(
      runtime,
      consumer({
        subscribeTo: [source, to(source, { maxDemand: 1 })],
        handleSubscribe: async (_role: 'producer', { maxDemand }: { readonly maxDemand: number }) => {
          order.push(maxDemand)
          await admitting.opened
        },
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    ).then(() => order.push('started'))
    await runtime.settle()
    expect(order).toEqual([1_000])
    admitting.open()
    await starting
    await runtime.settle()
    expect(order.filter((entry) => entry !== 'started')).toEqual([1_000, 1, 0, 1, 2])

    const terminated: unknown[] = []
    const error = await rejection(
      launch(
        runtime,
        consumer({
          subscribeTo: [source],
          handleSubscribe: later(() => ({ stop: 'no' })),
          handleEvents: later((_events: readonly number[]) => {}),
          terminate: later((reason: ExitReason) => {
            terminated.push(reason)
          }),
        }),
      ),
    )
    expect([error.constructor, error.reason, terminated]).toEqual([StartError, 'no', []])
  })

  test('is found anew by name when somebody else has it', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const sink = await launch(runtime, collecting(later, seen))
    for (const event of [1, 2, 3]) {
      const source = await launch(runtime, fromIterable([event]), { name: numbers })
      await sink.subscribe(numbers, { cancel: 'temporary' })
      expect(await source.exited).toBe('normal')
      await runtime.settle()
    }
    expect(seen).toEqual([1, 2, 3])
  })

  test('may be a name that nobody has, where the subscription is temporary', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const nobody = named<ProducerRef<number>>('nobody', { runtime })
    const sink = await launch(
      runtime,
      consumer((stage) => {
        stage.subscribe(to(nobody, { cancel: 'temporary' }))
        return {
          subscribeTo: [to(nobody, { cancel: 'temporary' })],
          handleEvents: later((_events: readonly number[]) => {}),
          handleCancel: later((reason: CancelReason) => {
            heard.push(reason)
          }),
        }
      }),
    )
    const subscription = await sink.subscribe(nobody, { cancel: 'temporary', confirm: false })
    subscription.ask(1)
    subscription.cancel()
    await runtime.settle()
    expect(heard).toEqual([])
    await sink.stop()
  })

  test.each([['permanent'], ['transient']] as const)(
    'may not be a name that nobody has, where it is %s',
    async (cancel) => {
      const runtime = testRuntime()
      const nobody = named<ProducerRef<number>>('nobody', { runtime })
      const error = await rejection(launch(runtime, subscribing([to(nobody, { cancel })], [])))
      expect([error.constructor, error.reason]).toEqual([StartError, 'noproc'])
      const sink = await launch(runtime, collecting(later, []))
      await sink.subscribe(nobody, { cancel, confirm: false })
      expect(await sink.exited).toBe('noproc')
      const inside = await launch(
        runtime,
        consumer((stage) => {
          stage.subscribe(to(nobody, { cancel }))
          return { handleEvents: later((_events: readonly number[]) => {}) }
        }),
      )
      expect(await inside.exited).toBe('noproc')
    },
  )

  test('must be a producer', async () => {
    const runtime = testRuntime()
    for (const wrong of ['numbers', null, {}, 5, undefined, { producer: 1 }]) {
      const error = await rejection(launch(runtime, subscribing([wrong as never], [])))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain('a producer to subscribe to')
    }
    for (const wrong of ['numbers', {}, 5]) {
      const error = await rejection(launch(runtime, consumer({ subscribeTo: wrong as never, handleEvents: () => {} })))
      expect(error).toBeInstanceOf(TypeError)
    }
    const other = testRuntime()
    const stranger = await launch(other, told(later))
    const error = await rejection(launch(runtime, subscribing([stranger], [])))
    expect(error.message).toContain('a producer to subscribe to of the same runtime')
  })

  test('has options that are checked when it subscribes', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, told(later))
    const error = await rejection(launch(runtime, subscribing([to(source, { maxDemand: 0 })], [])))
    expect([error.constructor, error.message]).toEqual([
      RangeError,
      'expected maxDemand to be an integer of at least 1, got: 0',
    ])
  })

  test('may be decided at any time, also during set-up', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const [first, second] = await Promise.all([launch(runtime, fromIterable([1])), launch(runtime, fromIterable([2]))])
    const sink = await launch(
      runtime,
      consumer(
        later((stage: ConsumerContext) => {
          stage.subscribe(to(first, { cancel: 'temporary' }))
          return {
            handleEvents: later((events: readonly number[]) => {
              seen.push(...events)
            }),
            handleInfo: later((producer: ProducerRef<number>) => {
              stage.subscribe(to(producer, { cancel: 'temporary' }))
            }),
          }
        }),
      ),
    )
    await runtime.settle()
    sink.send(second)
    await runtime.settle()
    expect(seen).toEqual([1, 2])
  })

  test('and whose handle it holds is the one that its callbacks see', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const source = await launch(runtime, counting(later, 1))
    const sink = await launch(
      runtime,
      consumer((stage) => {
        const held = stage.subscribe(to(source, { cancel: 'temporary' }))
        return {
          handleSubscribe: later((_role: 'producer', _options: object, from: Subscription) => {
            seen.push(from === held)
          }),
          handleEvents: later((_events: readonly number[], from: Subscription) => {
            seen.push(from === held)
          }),
          handleCancel: later((_reason: CancelReason, from: Subscription) => {
            seen.push(from === held)
          }),
          handleInfo: later(() => held.cancel()),
        }
      }),
    )
    await runtime.settle()
    sink.send('cancel')
    await runtime.settle()
    expect(seen).toEqual([true, true, true])
  })

  test('hears nothing of an ask or a cancel before it hears of the subscription', async () => {
    await shuffled(50, async (runtime) => {
      const heard: unknown[] = []
      const numbers = named<ProducerRef<number>>('numbers', { runtime })
      const start = () =>
        launch(
          runtime,
          producer({
            handleDemand: later((demand: number): number[] => {
              heard.push(demand)
              return []
            }),
            handleCancel: later((reason: CancelReason) => {
              heard.push(reason)
            }),
          }),
          { name: numbers },
        )
      const started = gate()
      const subscribing = (say: (held: Subscription) => void) =>
        consumer(async (stage) => {
          const held = stage.subscribe(to(numbers, { cancel: 'temporary' }))
          say(held)
          await started.opened
          return {
            handleSubscribe: later(() => 'manual' as const),
            handleEvents: later((_events: readonly number[]) => {}),
          }
        })
      const sinks = [
        launch(
          runtime,
          subscribing((held) => held.ask(5)),
        ),
        launch(
          runtime,
          subscribing((held) => held.cancel('changed my mind')),
        ),
      ]
      await runtime.settle()
      // Only now somebody takes the name: their handles serve all the same.
      await start()
      started.open()
      await Promise.all(sinks)
      await runtime.settle()
      expect(heard).toContain(5)
      expect(heard).toContainEqual({ cancel: 'changed my mind' })
      expect(heard.length).toBe(2)
    })
  })

  test('is none for what handles no events', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, told(later), { name: 'numbers' })
    const token = named<ConsumerRef<number>>('numbers', { runtime })
    const error = await rejection(token.subscribe(source))
    expect([error.constructor, error.message]).toEqual([
      TypeError,
      expect.stringMatching(/^expected a stage that handles events to subscribe, got producer numbers, which emits/),
    ])
    const odd = await launch(
      runtime,
      producer((stage) => {
        ;(stage as unknown as ConsumerContext).subscribe(source)
        return { handleDemand: later((): number[] => []) }
      }),
    )
    await runtime.settle()
    expect(await odd.demand()).toBe('forward')
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      expect.stringMatching(/^error: expected a stage that handles events to subscribe, got producer /),
    ])
  })

  test('is subscribed to again by a consumer that a supervisor has started again', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    let next = 0
    const tree = await launch(
      runtime,
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { name: numbers, start: () => fromIterableOnce(next++) },
          { id: 'sink', start: () => subscribing([numbers], seen) },
        ],
      }),
    )
    for (const event of [0, 1, 2]) {
      await runtime.settle()
      expect(seen).toEqual(range(0, event + 1))
      numbers.exit('kill')
      await runtime.settle()
      await runtime.advance(5_001)
    }
    await tree.stop()
  })

  /** A producer of one event, which does not end. */
  const fromIterableOnce = (event: number) => {
    let isDone = false
    return producer({
      handleDemand: later((): number[] => {
        const events = isDone ? [] : [event]
        isDone = true
        return events
      }),
    })
  }
})

describe.each(timings)('what a stage can do from inside, with callbacks that answer %s', (_name, later) => {
  /** Does with each message what `act` says. */
  const acting = (act: (message: never, stage: ConsumerContext) => unknown, options: object = {}) =>
    consumer((stage) => ({
      handleEvents: later((_events: readonly number[]) => {}),
      handleInfo: later((message: unknown) => act(message as never, stage) as undefined),
      handleCall: {
        ask: later((question: () => unknown) => ({ reply: question() })),
        askThrough: async (question: () => Promise<unknown>) => ({ reply: await question() }),
      },
      ...options,
    }))

  test('calls another', async () => {
    const runtime = testRuntime()
    const answers: unknown[] = []
    const answering = await launch(
      runtime,
      acting(() => {}),
      { name: 'answering' },
    )
    const token = named<typeof answering>('answering', { runtime })
    const calling = await launch(
      runtime,
      acting(async (target: typeof answering, { call }) => {
        answers.push(await call(target, 'ask', () => 5))
      }),
    )
    calling.send(answering)
    calling.send(token)
    await runtime.settle()
    expect(answers).toEqual([5, 5])
  })

  test('does not call itself, nor in a circle, nor nobody, nor for longer than it says', async () => {
    const runtime = testRuntime()
    const errors: Failure[] = []
    const trying = acting(async ([target, question, options]: readonly unknown[], { call }) => {
      errors.push(await rejection(call(target as never, 'askThrough' as never, ...([question, options] as never))))
    })
    const stage = await launch(runtime, trying, { name: 'one' })
    stage.send([stage, () => 1])
    await runtime.settle()
    expect([errors[0]?.constructor, errors[0]?.message]).toEqual([
      CallingSelfError,
      "call 'askThrough' to consumer one: a stage cannot call itself",
    ])

    let other: { call: ConsumerContext['call'] } | undefined
    const second = await launch(
      runtime,
      consumer((context) => {
        other = context
        return {
          handleEvents: later((_events: readonly number[]) => {}),
          handleCall: { askThrough: async (question: () => Promise<unknown>) => ({ reply: await question() }) },
        }
      }),
      { name: 'two' },
    )
    stage.send([second, () => other?.call(stage, 'ask' as never, ...([() => 1] as never))])
    await runtime.settle()
    expect(errors[1]).toBeInstanceOf(ExitError)
    expect(errors[1]?.reason).toBeInstanceOf(DeadlockError)
    expect(errors[1]?.reason.stages).toEqual(['consumer two', 'consumer one'])

    stage.send([named('nobody', { runtime }), () => 1])
    stage.send([second, () => 1])
    await runtime.settle()
    expect([errors[2]?.constructor, errors[3]?.constructor]).toEqual([NoProcessError, NoProcessError])

    const silent = await launch(
      runtime,
      acting(() => {}),
    )
    const never = gate()
    stage.send([silent, () => never.opened, { timeout: 10 }])
    await runtime.advance(10)
    expect(errors[4]?.constructor).toBe(TimeoutError)
    never.open()
  })

  test('hears once of the end of those it monitors, or not at all where it no longer wants to', async () => {
    await shuffled(50, async (runtime) => {
      const heard: unknown[] = []
      const [first, second, third] = await Promise.all([
        launch(
          runtime,
          acting(() => {}),
        ),
        launch(
          runtime,
          acting(() => {}),
        ),
        launch(
          runtime,
          acting(() => {}),
        ),
      ])
      await third.stop('shutdown')
      const watching = await launch(
        runtime,
        acting((message: { watch?: ProcessRef; unwatch?: true } & Partial<Down>, stage) => {
          if (message.watch !== undefined) {
            const monitor = stage.monitor(message.watch)
            if (message.unwatch) monitor.cancel()
          } else heard.push([message.down, message.reason])
        }),
      )
      watching.send({ watch: first })
      watching.send({ watch: second, unwatch: true })
      watching.send({ watch: third })
      await runtime.settle()
      await first.stop('because')
      second.exit('kill')
      await runtime.settle()
      expect(heard).toEqual([
        [third, 'noproc'],
        [first, 'because'],
      ])
    })
  })

  test('does not hear of an end that lies in the mailbox already when it cancels its monitor', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const hold = gate()
    const target = await launch(
      runtime,
      acting(() => {}),
    )
    const watching = await launch(
      runtime,
      consumer((stage) => {
        const monitor = stage.monitor(target)
        return {
          handleEvents: later((_events: readonly number[]) => {}),
          handleInfo: async (message: unknown) => {
            heard.push(message)
            await hold.opened
            monitor.cancel()
          },
        }
      }),
    )
    watching.send('cancel')
    await runtime.settle()
    target.exit('kill')
    await runtime.settle()
    hold.open()
    await runtime.settle()
    expect(heard).toEqual(['cancel'])
  })

  test('links itself, and traps exits where it says so', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const hearing = (message: Partial<Exit> & { link?: ProcessRef; unlink?: ProcessRef }, stage: ConsumerContext) => {
      if (message.link !== undefined) stage.link(message.link)
      else if (message.unlink !== undefined) stage.unlink(message.unlink)
      else heard.push([message.exit, message.reason])
    }
    const [friend, stranger, quiet] = await Promise.all(
      [1, 2, 3].map(() =>
        launch(
          runtime,
          acting(() => {}),
        ),
      ),
    )
    const trapping = await launch(runtime, acting(hearing, { trapExit: true }))
    const dying = await launch(runtime, acting(hearing))
    for (const stage of [trapping, dying]) {
      stage.send({ link: friend })
      stage.send({ link: stranger })
      stage.send({ unlink: stranger })
      stage.send({ link: quiet })
    }
    await runtime.settle()
    await quiet?.stop()
    stranger?.exit('kill')
    friend?.exit('because')
    await runtime.settle()
    expect(await dying.exited).toBe('because')
    expect(heard).toEqual([
      [quiet, 'normal'],
      [friend, 'because'],
    ])
    trapping.exit('asked for')
    await runtime.settle()
    expect(heard.at(-1)).toEqual([undefined, 'asked for'])
    trapping.exit('kill')
    expect(await trapping.exited).toBe('killed')
  })

  test('starts others, which share its fate', async () => {
    const runtime = testRuntime()
    const started: ProcessRef[] = []
    const starting = await launch(
      runtime,
      acting(async (name, { startLink }) => {
        started.push(
          await startLink(
            acting(() => {}),
            { name },
          ),
        )
      }),
    )
    starting.send('child')
    await runtime.settle()
    expect(started[0]?.name).toBe('child')
    starting.exit('because')
    expect(await started[0]?.exited).toBe('because')
    const other = await launch(
      runtime,
      acting(async (_message, { startLink }) => {
        started.push(await startLink(acting(() => {})))
      }),
    )
    other.send('go')
    await runtime.settle()
    started[1]?.exit('child’s fault')
    expect(await other.exited).toBe('child’s fault')
  })

  test('sends itself messages later, and takes them back', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const stage = await launch(
      runtime,
      acting((message, { sendAfter }) => {
        heard.push([message, runtime.now()])
        if (message !== 'start') return
        sendAfter('c', 30)
        sendAfter('a', 10)
        sendAfter('never', Number.POSITIVE_INFINITY)
        const second = sendAfter('not this', 20)
        const timer = sendAfter('b', 10)
        sendAfter('at once', 0)
        second.cancel()
        second.cancel()
        expect(() => sendAfter('x', -1)).toThrow(RangeError)
        expect(() => sendAfter('x', Number.NaN)).toThrow(RangeError)
        expect(() => sendAfter('x', '5' as never)).toThrow(TypeError)
        void timer
      }),
    )
    stage.send('start')
    await runtime.advance(9)
    expect(heard).toEqual([
      ['start', 0],
      ['at once', 0],
    ])
    await runtime.advance(1)
    await runtime.advance(100)
    expect(heard.slice(2)).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ])
    await stage.stop()
  })

  test('has a signal that is aborted with the reason when it ends, however it ends', async () => {
    for (const [end, reason] of [
      [(stage: ProcessRef) => stage.stop('shutdown'), 'shutdown'],
      [(stage: ProcessRef) => stage.exit('because'), 'because'],
      [(stage: ProcessRef) => stage.exit('kill'), 'killed'],
    ] as const) {
      const runtime = testRuntime()
      const signals: { readonly aborted: boolean; readonly reason: unknown }[] = []
      const stage = await launch(
        runtime,
        consumer(({ signal }) => {
          signals.push(signal)
          return { handleEvents: later((_events: readonly number[]) => {}) }
        }),
      )
      expect(signals[0]?.aborted).toBe(false)
      await end(stage)
      await runtime.settle()
      expect([signals[0]?.aborted, signals[0]?.reason]).toEqual([true, reason])
    }
  })

  test('can do nothing any more once it has ended', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const other = await launch(
      runtime,
      acting((message) => {
        heard.push(message)
      }),
    )
    const source = await launch(runtime, told(later))
    let context: ConsumerContext | undefined
    const stage = await launch(
      runtime,
      consumer((given) => {
        context = given
        return { handleEvents: later((_events: readonly number[]) => {}) }
      }),
    )
    const subscription = await stage.subscribe(source, { cancel: 'temporary' })
    await stage.stop('shutdown')
    const attempts: Record<string, (orphan: ConsumerContext) => unknown> = {
      sendAfter: (orphan) => orphan.sendAfter('x', 1),
      info: (orphan) => orphan.info('x'),
      call: (orphan) => orphan.call(other, 'ask' as never, ...([() => 1] as never)),
      startLink: (orphan) => orphan.startLink(acting(() => {})),
      monitor: (orphan) => orphan.monitor(other),
      link: (orphan) => orphan.link(other),
      unlink: (orphan) => orphan.unlink(other),
      subscribe: (orphan) => orphan.subscribe(source),
      resubscribe: (orphan) => orphan.resubscribe(subscription, 'x', source),
    }
    for (const [name, attempt] of Object.entries(attempts)) {
      const error = await rejection((async () => attempt(context as ConsumerContext))())
      expect([name, error.constructor, error.reason]).toEqual([name, StageEndedError, 'shutdown'])
    }
    // A message goes by a reference, which knows nothing of who uses it.
    other.send('still')
    await runtime.settle()
    expect(heard).toEqual(['still'])
  })
})
