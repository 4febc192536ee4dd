import {
  broadcastDispatcher,
  consumer,
  ExitError,
  fromIterable,
  named,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type StreamOptions,
  stream,
  to,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { ascending, counting, emittingOnRequest, gate, launch, range, rejection, timings } from './test-stages.ts'

describe.each(timings)('a stream of stages with %s callbacks', (_name, later) => {
  test('yields the events of a producer in order, and ends when the producer has exited', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(runtime, fromIterable(range(0, 100)))
      const seen: number[] = []
      for await (const event of stream([to(source, { maxDemand: 7 })])) seen.push(event)
      expect(seen).toEqual(range(0, 100))
    })
  })

  test('yields the events of several producers, each in order, and ends with the last of them', async () => {
    await shuffled(50, async (runtime) => {
      const sources = await Promise.all(
        [0, 100, 200].map((first) => launch(runtime, fromIterable(range(first, first + 30)))),
      )
      const seen: number[] = []
      for await (const event of stream(sources.map((source) => to(source, { maxDemand: 4 })))) seen.push(event)
      for (const first of [0, 100, 200]) {
        expect(seen.filter((event) => event >= first && event < first + 30)).toEqual(range(first, first + 30))
      }
      expect(seen.length).toBe(90)
    })
  })

  test('subscribes at the first next(), and not before', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const source = await launch(runtime, counting(later, 5, demands))
    const events = stream([source])
    await runtime.settle()
    expect(demands).toEqual([])
    const first = events.next()
    await runtime.settle()
    expect([await first, demands]).toEqual([{ done: false, value: 0 }, [1_000]])
    await events.return?.()
  })

  test('subscribes only to cancel when it is closed before', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const source = await launch(runtime, counting(later, 5, demands))
    const events = stream([source])
    expect(await events.return?.()).toEqual({ done: true, value: undefined })
    expect(await events.next()).toEqual({ done: true, value: undefined })
    await runtime.settle()
    expect(demands).toEqual([])
  })

  test('cancels when the loop is left by break, by an error or by disposal', async () => {
    const left: unknown[] = []
    const leave: Record<string, (events: AsyncIterableIterator<number>) => Promise<void>> = {
      break: async (events) => {
        for await (const event of events) if (event === 2) break
      },
      error: async (events) => {
        const looping = (async () => {
          for await (const event of events) if (event === 2) throw new Error('enough')
        })()
        expect((await rejection(looping)).message).toBe('enough')
      },
      disposal: async (events) => {
        await events.next()
        await (events as unknown as AsyncDisposable)[Symbol.asyncDispose]()
      },
    }
    for (const [how, run] of Object.entries(leave)) {
      const runtime = testRuntime()
      const source = await launch(
        runtime,
        producer({
          handleDemand: later((demand: number) => range(0, Math.min(demand, 5))),
          handleCancel: later((reason: unknown) => {
            left.push([how, reason])
          }),
        }),
      )
      const events = stream([to(source, { maxDemand: 5, minDemand: 0 })])
      await run(events)
      await runtime.settle()
      expect(await events.next()).toEqual({ done: true, value: undefined })
      expect(await source.demand()).toBe('forward')
    }
    expect(left).toEqual(Object.keys(leave).map((how) => [how, { cancel: 'normal' }]))
  })

  test('slows its producers down to the pace of the loop: they are at most maxDemand ahead', async () => {
    for (const [maxDemand, minDemand] of [
      [1, 0],
      [2, 0],
      [10, 5],
      [10, 9],
    ] as const) {
      const runtime = testRuntime()
      let emitted = 0
      const source = await launch(
        runtime,
        producer({
          handleDemand: later((demand: number) => {
            emitted += demand
            return range(emitted - demand, emitted)
          }),
        }),
      )
      let taken = 0
      for await (const event of stream([to(source, { maxDemand, minDemand })])) {
        expect(event).toBe(taken++)
        await runtime.settle()
        // What was handed to the loop counts as handled once the loop asks for the next one.
        expect(emitted - (taken - 1)).toBeLessThanOrEqual(maxDemand)
        if (taken === 40) break
      }
    }
  })

  test('resolves next() calls that wait in the order of the calls', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(runtime, fromIterable(range(0, 5)))
      const events = stream([to(source, { maxDemand: 2 })])
      const results = await Promise.all(range(0, 8).map(() => events.next()))
      expect(results).toEqual([
        ...range(0, 5).map((value) => ({ done: false, value })),
        ...range(0, 3).map(() => ({ done: true, value: undefined })),
      ])
    })
  })

  test('resolves next() calls that wait when it is closed', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(later))
    const events = stream([source])
    const waiting = [events.next(), events.next()]
    await runtime.settle()
    await events.return?.()
    expect(await Promise.all(waiting)).toEqual(range(0, 2).map(() => ({ done: true, value: undefined })))
    expect(runtime.id).toBeDefined()
  })

  test('can be iterated once', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable(range(0, 3)))
    const events = stream([source])
    const seen: number[] = []
    for await (const event of events) seen.push(event)
    for await (const event of events) seen.push(event)
    expect(seen).toEqual(range(0, 3))
    expect(events[Symbol.asyncIterator]()).toBe(events)
  })

  test('without sources ends immediately', async () => {
    expect(await stream([]).next()).toEqual({ done: true, value: undefined })
  })
})

describe.each(timings)('the end of a stream of stages with %s callbacks', (_name, later) => {
  const cleanReasons = ['normal', 'shutdown', { shutdown: 'update' }]
  const failures = ['because', new Error('boom'), 'killed', null, undefined]

  /** What a stream of these gives until it is over, and what it rejects with, if it does. */
  const exhaust = async (events: AsyncIterableIterator<number>) => {
    const seen: number[] = []
    try {
      for await (const event of events) seen.push(event)
    } catch (error) {
      return { seen, error: error as ExitError }
    }
    return { seen, error: undefined }
  }

  const endingWith = (reason: unknown) =>
    producer({
      handleDemand: later((): { events: number[]; stop: {} } => ({ events: [1, 2], stop: reason as {} })),
    })

  test.each(cleanReasons)('is clean when the producer exited with %j', async (reason) => {
    const runtime = testRuntime()
    const source = await launch(runtime, endingWith(reason))
    expect(await exhaust(stream([source]))).toEqual({ seen: [1, 2], error: undefined })
  })

  test.each(failures.filter((reason) => reason !== undefined))(
    'rejects after the earlier events when the producer exited with %j',
    async (reason) => {
      await shuffled(20, async (runtime) => {
        const source = await launch(runtime, endingWith(reason), { name: 'numbers' })
        const events = stream([source])
        const { seen, error } = await exhaust(events)
        expect([seen, error?.constructor, error?.reason]).toEqual([[1, 2], ExitError, reason])
        expect(error?.message).toContain('producer numbers exited with reason')
        expect(await events.next()).toEqual({ done: true, value: undefined })
      })
    },
  )

  test("is clean for a 'temporary' producer with any exit reason", async () => {
    for (const reason of [...cleanReasons, ...failures.filter((each) => each !== undefined)]) {
      const runtime = testRuntime()
      const source = await launch(runtime, endingWith(reason))
      const other = await launch(runtime, fromIterable([3]))
      const { seen, error } = await exhaust(stream([to(source, { cancel: 'temporary' }), other]))
      expect([ascending(seen), error]).toEqual([[1, 2, 3], undefined])
    }
  })

  test("comes with the first 'permanent' producer that exits, and cancels the others", async () => {
    await shuffled(50, async (runtime) => {
      const left: unknown[] = []
      const source = await launch(runtime, fromIterable([1, 2]))
      const endless = await launch(
        runtime,
        producer({
          handleDemand: later((): number[] => []),
          handleCancel: later((reason: unknown) => {
            left.push(reason)
          }),
        }),
      )
      const { seen, error } = await exhaust(stream([to(source, { cancel: 'permanent' }), endless]))
      await runtime.settle()
      expect([seen, error, left]).toEqual([[1, 2], undefined, [{ cancel: 'normal' }]])
    })
  })

  test('by a failure cancels the other producers', async () => {
    const runtime = testRuntime()
    const left: unknown[] = []
    const endless = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCancel: later((reason: unknown) => {
          left.push(reason)
        }),
      }),
    )
    const failing = await launch(runtime, endingWith('because'))
    const { error } = await exhaust(stream([endless, failing]))
    await runtime.settle()
    expect([error?.reason, left]).toEqual(['because', [{ cancel: 'normal' }]])
  })

  test('rejects one next() that waits, and ends the others', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(later))
    const events = stream([source])
    const waiting = Promise.allSettled([events.next(), events.next(), events.next()])
    await runtime.settle()
    source.exit('because')
    const results = await waiting
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  })

  test('rejects when a producer has failed before, or refuses it', async () => {
    const runtime = testRuntime()
    const exited = await launch(runtime, emittingOnRequest(later))
    await exited.stop('closed')
    expect((await exhaust(stream([exited]))).error?.reason).toBe('noproc')
    const partitioned = await launch(
      runtime,
      producer({ dispatcher: partitionDispatcher({ partitions: 1 }), handleDemand: later((): number[] => []) }),
    )
    expect((await exhaust(stream([to(partitioned, { partition: 3 })]))).error?.reason).toBe('bad-partition')
  })

  test('of a producer-consumer comes after all that it holds', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(runtime, fromIterable(range(0, 50)))
      const middle = await launch(
        runtime,
        producerConsumer({
          subscribeTo: [source],
          handleEvents: later((events: readonly number[]) => events.flatMap((event) => [event, event])),
        }),
      )
      const { seen, error } = await exhaust(stream([to(middle, { maxDemand: 3 })]))
      expect([seen, error]).toEqual([range(0, 100).map((index) => Math.floor(index / 2)), undefined])
    })
  })
})

describe('the options of a stream', () => {
  test("set all producers to 'forward' when all are subscribed to", async () => {
    await shuffled(50, async (runtime) => {
      const sources = await Promise.all(
        [0, 10].map((first) => launch(runtime, fromIterable(range(first, first + 10), { demand: 'accumulate' }))),
      )
      const seen: number[] = []
      for await (const event of stream(sources)) seen.push(event)
      expect(ascending(seen)).toEqual(range(0, 20))
    })
  })

  test('name the producers whose mode is set, such as those upstream of the sources', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(
        runtime,
        fromIterable(range(0, 10), { demand: 'accumulate', dispatcher: broadcastDispatcher<number>() }),
      )
      const middles = await Promise.all(
        [1, -1].map((factor) =>
          launch(
            runtime,
            producerConsumer({
              subscribeTo: [source],
              handleEvents: (events: readonly number[]) => events.map((event) => factor * event),
            }),
          ),
        ),
      )
      const seen: number[] = []
      for await (const event of stream(middles, { producers: [source] })) seen.push(event)
      expect(seen.filter((event) => event > 0)).toEqual(range(1, 10))
      expect(seen.filter((event) => event < 0)).toEqual(range(1, 10).map((event) => -event))
    })
  })

  test('can hold producers back, after they have met the first demand', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable(range(0, 5)))
    const events = stream([to(source, { maxDemand: 2, minDemand: 0 })], { demand: 'accumulate' })
    expect([await events.next(), await events.next()]).toEqual([0, 1].map((value) => ({ done: false, value })))
    const third = events.next()
    await runtime.settle()
    expect(await source.demand()).toBe('accumulate')
    source.demand('forward')
    expect(await third).toEqual({ done: false, value: 2 })
    await events.return?.()
  })

  test.each([
    [[1], undefined, 'a producer to subscribe to, got: 1'],
    ['abc', undefined, "expected an array of producers to stream, got: 'abc'"],
    [undefined, undefined, 'expected an array of producers to stream, got: undefined'],
    [[], { demand: 'go' }, "expected demand to be 'forward' or 'accumulate', got: 'go'"],
    [[], { producer: [] }, "'producer' (did you mean producers?)"],
    [[], { producers: 'all' }, "expected producers to be an array, got: 'all'"],
    [[], { producers: [1] }, 'a producer to set the demand of, got: 1'],
  ])('are checked immediately: %j with %j', (sources, options, message) => {
    expect(() => stream(sources as never, options as StreamOptions)).toThrow(message)
  })

  test('of a source are checked immediately', async () => {
    const source = await launch(testRuntime(), fromIterable([1]))
    expect(() => stream([to(source, { maxDemand: 0 })])).toThrow(RangeError)
  })
})

describe('a stream of a name', () => {
  test('reads the process that has it when the loop begins', async () => {
    const runtime = testRuntime()
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const events = stream([numbers])
    await launch(runtime, fromIterable([1, 2]), { name: numbers })
    const seen: number[] = []
    for await (const event of events) seen.push(event)
    expect(seen).toEqual([1, 2])
  })

  test('rejects when no process has it, unless it is temporary', async () => {
    const runtime = testRuntime()
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const error = await rejection(stream([numbers]).next())
    expect([error.constructor, error.reason]).toEqual([ExitError, 'noproc'])
    expect(await stream([to(numbers, { cancel: 'temporary' })]).next()).toEqual({ done: true, value: undefined })
  })

  test('may be used together with a reference', async () => {
    const runtime = testRuntime()
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    await launch(runtime, fromIterable([1]), { name: numbers })
    const other = await launch(runtime, fromIterable([2]))
    const seen: number[] = []
    for await (const event of stream([numbers, other])) seen.push(event)
    expect(ascending(seen)).toEqual([1, 2])
  })
})

test('a stage that is stopped in a loop over a stream closes the stream', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, fromIterable(range(0, 1_000_000)))
  const started = gate()
  const seen: number[] = []
  const reader = await launch(
    runtime,
    consumer(({ signal }) => ({
      handleEvents: (_events: readonly number[]) => {},
      async handleInfo() {
        for await (const event of stream([to(source, { maxDemand: 10 })])) {
          seen.push(event)
          if (seen.length === 25) started.open()
          if (signal.aborted) break
        }
      },
    })),
  )
  reader.send('read')
  await started.opened
  reader.exit('kill')
  await runtime.settle()
  const { length } = seen
  await runtime.settle()
  expect([await reader.exited, seen.length]).toEqual(['killed', length])
  expect(await source.demand()).toBe('forward')
})

describe('a stream that is closed', () => {
  test('before it is read releases its source, and asks for nothing', async () => {
    await shuffled(30, async (runtime) => {
      const demands: number[] = []
      const cancelled: unknown[] = []
      const source = await launch(
        runtime,
        producer({
          handleDemand(demand) {
            demands.push(demand)
            return [] as number[]
          },
          handleCancel: (reason) => void cancelled.push(reason),
        }),
      )
      expect(await stream([source]).return?.()).toEqual({ done: true, value: undefined })
      await runtime.settle()
      expect([demands, cancelled]).toEqual([[], [{ cancel: 'normal' }]])
      const once = await launch(runtime, fromIterable([1], { onCancel: 'stop' }))
      await stream([once]).return?.()
      expect(await runtime.settle(once.exited)).toBe('normal')
    })
  })

  test('by its signal rejects with the reason, and takes no more events', async () => {
    await shuffled(50, async (runtime) => {
      const controller = new AbortController()
      const source = await launch(runtime, fromIterable(range(0, 1_000)))
      const seen: number[] = []
      const read = async (): Promise<void> => {
        for await (const event of stream([to(source, { maxDemand: 5 })], { signal: controller.signal })) {
          seen.push(event)
          if (event === 7) controller.abort(new Error('enough'))
        }
      }
      await expect(runtime.settle(read())).rejects.toThrow('enough')
      expect(seen).toEqual(range(0, 8))
      await runtime.settle()
      const rest: number[] = []
      for await (const event of stream([source])) rest.push(event)
      expect(rest.length).toBeGreaterThan(900)
    })
  })

  test('by a signal that was aborted before subscribes to no producer', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable(range(0, 10)))
    const aborted = stream([source], { signal: AbortSignal.abort('no') })
    await expect(aborted.next()).rejects.toBe('no')
    expect(await aborted.next()).toEqual({ done: true, value: undefined })
    expect(await source.estimateBufferedCount()).toBe(0)
  })

  test('while calls of next() wait rejects the first, and ends the others', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const source = await launch(runtime, producer({ handleDemand: () => [] as number[] }))
    const waiting = stream([source], { signal: controller.signal })
    const [first, second] = [waiting.next(), waiting.next()]
    await runtime.settle()
    controller.abort('enough')
    await expect(first).rejects.toBe('enough')
    expect(await second).toEqual({ done: true, value: undefined })
    await source.stop()
  })
})
