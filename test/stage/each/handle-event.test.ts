import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { consumer, type EachOptions, fromIterable, producer, producerConsumer, start, stream, to } from 'genstage'
import { snapshot } from 'genstage/snapshot'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, heldAtEnd, type LogRecord, launch, range, recording } from '../test-stages.ts'

/** Handles each event for a time, and records how many run at the same time. */
class Work {
  readonly begun: number[] = []
  readonly done: number[] = []
  running = 0
  most = 0
  private readonly runtime: TestRuntime
  private readonly timeOf: (event: number) => number

  constructor(runtime: TestRuntime, timeOf: (event: number) => number = () => 10) {
    this.runtime = runtime
    this.timeOf = timeOf
  }

  readonly handle = async (event: number): Promise<void> => {
    this.begun.push(event)
    this.running++
    this.most = Math.max(this.most, this.running)
    await this.runtime.sleep(this.timeOf(event))
    this.running--
    this.done.push(event)
  }
}

const worker = (work: Work, options: EachOptions<number> = {}) =>
  consumer({ ...options, handleEvent: (event: number) => work.handle(event) })

const mapper = (work: Work, options: EachOptions<number> = {}) =>
  producerConsumer({
    ...options,
    handleEvent: async (event: number) => {
      await work.handle(event)
      return [event * 10]
    },
  })

async function run(runtime: TestRuntime, events: readonly number[], stage: ReturnType<typeof worker>, options = {}) {
  const source = await launch(runtime, fromIterable(events))
  const sink = await launch(runtime, stage, { name: 'sink' })
  await runtime.settle(sink.subscribe(source, options))
  return sink
}

describe('a consumer with handleEvent', () => {
  test.each([1, 3, 20])(
    'handles at most `concurrency` events at the same time, and that many: %i',
    async (concurrency) => {
      const runtime = testRuntime()
      const work = new Work(runtime)
      const sink = await run(runtime, range(0, 40), worker(work, { concurrency }))
      await runtime.advance(10 * Math.ceil(40 / concurrency))
      expect(work.most).toBe(concurrency)
      expect(await sink.exited).toBe('normal')
      expect(work.done).toEqual(range(0, 40))
    },
  )

  test('begins the next event as soon as one is done', async () => {
    const runtime = testRuntime()
    const work = new Work(runtime, (event) => (event === 0 ? 100 : 10))
    await run(runtime, range(0, 10), worker(work, { concurrency: 2 }))
    await runtime.advance(50)
    expect(work.done).toEqual([1, 2, 3, 4, 5])
  })

  test.each([
    [undefined, 6],
    [4, 4],
    [100, 100],
  ])('asks for 2 × concurrency events by default, and never more than maxDemand: %s', async (maxDemand, most) => {
    const runtime = testRuntime()
    const demands: number[] = []
    let given = 0
    const source = await launch(
      runtime,
      producer({
        handleDemand(demand) {
          demands.push(demand)
          given += demand
          return range(given - demand, given)
        },
      }),
    )
    const work = new Work(runtime)
    const sink = await launch(runtime, worker(work, { concurrency: 3 }))
    await runtime.settle(sink.subscribe(source, maxDemand === undefined ? {} : { maxDemand }))
    expect(given).toBe(most)
    for (let step = 0; step < 20; step++) {
      await runtime.advance(10)
      expect(given - work.done.length).toBeLessThanOrEqual(most)
    }
    expect(work.done.length).toBe(60)
  })

  test('handles calls and messages while events are in flight', async () => {
    const runtime = testRuntime()
    const messages: unknown[] = []
    const source = await launch(runtime, fromIterable(range(0, 3)))
    const sink = await launch(
      runtime,
      consumer({
        concurrency: 3,
        handleEvent: (_event: number) => runtime.sleep(1_000),
        handleCall: { size: () => ({ reply: messages.length }) },
        handleInfo: (message: unknown) => void messages.push(message),
      }),
    )
    await runtime.settle(sink.subscribe(source))
    sink.send('hello')
    await runtime.settle()
    expect(await runtime.settle(sink.call('size'))).toBe(1)
    await runtime.advance(1_000)
    expect(await sink.exited).toBe('normal')
  })

  test('runs in the async context of the stage, and not in that of a caller, the later events too', async () => {
    const runtime = testRuntime()
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const sink = await launch(
      runtime,
      consumer({
        concurrency: 2,
        timeout: '5ms',
        retry: { attempts: 2, delay: '1ms' },
        onError: () => void seen.push(storage.getStore()),
        async handleEvent(event: number) {
          seen.push(storage.getStore())
          await runtime.sleep(event === 3 ? 100 : 1)
          seen.push(storage.getStore())
        },
      }),
    )
    await storage.run('caller', async () => {
      const source = await launch(runtime, fromIterable(range(0, 6)))
      await runtime.settle(sink.subscribe(source))
      await runtime.advance(1_000)
    })
    expect(seen.length).toBe(5 * 2 + 2 * 2 + 1)
    expect(new Set(seen)).toEqual(new Set([undefined]))
  })

  test('makes no promise for a handler that returns a plain value', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(atOnce, 50_000))
    const sums = await Promise.all(
      [1, 1, 1].map(async () => {
        let sum = 0
        const sink = await launch(
          runtime,
          consumer({
            handleEvent(event: number) {
              sum += event
            },
          }),
        )
        return { sink, sum: () => sum }
      }),
    )
    let promises = 0
    const hook = createHook({
      init(_id, type) {
        if (type === 'PROMISE') promises++
      },
    }).enable()
    for (const { sink } of sums) await sink.subscribe(source, { maxDemand: 1_000 })
    await runtime.settle()
    hook.disable()
    expect(sums.reduce((total, { sum }) => total + sum(), 0)).toBe((50_000 * 49_999) / 2)
    // Subscribing and settling make some.
    expect(promises).toBeLessThan(1_000)
  })

  test('keeps the slices of the event loop', async () => {
    let turns = 0
    let handled = 0
    const timer = setInterval(() => turns++, 0)
    const source = await start(fromIterable(range(0, 300_000)))
    const sink = await start(
      consumer({
        handleEvent(_event: number) {
          handled++
          for (let spin = 0; spin < 300; spin++) Math.sqrt(spin)
        },
      }),
    )
    await sink.subscribe(source, { maxDemand: 300_000 })
    await sink.exited
    clearInterval(timer)
    expect(handled).toBe(300_000)
    expect(turns).toBeGreaterThan(5)
  })
})

describe('a producer-consumer with handleEvent', () => {
  const collect = async (runtime: TestRuntime, options: EachOptions<number>, timeOf: (event: number) => number) => {
    const work = new Work(runtime, timeOf)
    const source = await launch(runtime, fromIterable(range(0, 10)))
    const stage = await launch(runtime, mapper(work, options))
    const seen: number[] = []
    const sink = await launch(runtime, consumer({ handleEvent: (event: number) => void seen.push(event) }))
    await runtime.settle(sink.subscribe(stage))
    await runtime.settle(stage.subscribe(source))
    await runtime.advance(1_000)
    expect(await sink.exited).toBe('normal')
    return seen
  }

  test('emits results in the order of their events', async () => {
    const seen = await collect(testRuntime(), { concurrency: 4 }, (event) => 50 - 5 * event)
    expect(seen).toEqual(range(0, 10).map((event) => event * 10))
  })

  test('emits results as they are ready with `ordered: false`', async () => {
    const seen = await collect(testRuntime(), { concurrency: 10, ordered: false }, (event) => 50 - 5 * event)
    expect(seen).toEqual(
      range(0, 10)
        .map((event) => event * 10)
        .reverse(),
    )
  })

  test('begins events only while consumers have demand', async () => {
    const runtime = testRuntime()
    const work = new Work(runtime)
    const source = await launch(runtime, fromIterable(range(0, 10)))
    const stage = await launch(runtime, mapper(work, { concurrency: 2 }))
    await runtime.settle(stage.subscribe(source))
    await runtime.advance(100)
    expect(work.begun).toEqual([])
    expect(snapshot({ runtime }).stages.find(({ id }) => id === stage.id)?.state).toBe('blocked')
    const seen: number[] = []
    const reading = (async () => {
      for await (const event of stream([to(stage, { maxDemand: 1 })])) {
        seen.push(event)
        if (seen.length === 3) break
      }
    })()
    for (let step = 0; step < 10; step++) await runtime.advance(10)
    await reading
    expect(seen).toEqual([0, 10, 20])
    expect(work.begun.length).toBeLessThanOrEqual(5)
  })

  test('stops holding results back when a slow event is done, and counts them as not handled until then', async () => {
    const runtime = testRuntime()
    const work = new Work(runtime, (event) => (event === 0 ? 100 : 1))
    const source = await launch(runtime, fromIterable(range(0, 50)))
    const stage = await launch(runtime, mapper(work, { concurrency: 2 }))
    const seen: number[] = []
    const sink = await launch(runtime, consumer({ handleEvent: (event: number) => void seen.push(event) }))
    await runtime.settle(sink.subscribe(stage))
    await runtime.settle(stage.subscribe(source))
    await runtime.advance(50)
    expect(seen).toEqual([])
    expect(work.done).toEqual([1, 2, 3])
    expect(snapshot({ runtime }).stages.find(({ id }) => id === stage.id)?.consuming?.each).toMatchObject({
      concurrency: 2,
      running: 1,
      waitingForOrder: 3,
    })
    await runtime.advance(100)
    expect(seen).toEqual(range(0, 50).map((event) => event * 10))
  })

  test('keeps an info in its place among the events', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const source = await launch(runtime, counting(atOnce, 3))
    const stage = await launch(
      runtime,
      producerConsumer({
        concurrency: 2,
        handleEvent: async (event: number) => {
          await runtime.sleep(10)
          return [event]
        },
        handleInfo(message: unknown) {
          return [message as number]
        },
      }),
    )
    const sink = await launch(runtime, consumer({ handleEvent: (event: number) => void seen.push(event) }))
    await runtime.settle(sink.subscribe(stage))
    await runtime.settle(stage.subscribe(source))
    await runtime.settle(stage.info(99))
    await runtime.advance(100)
    expect(seen).toEqual([0, 1, 2, 99])
  })
})

describe('the end of a stage with handleEvent', () => {
  test('waits for what is in flight and queued when its producer has ended', async () => {
    await shuffled(50, async (runtime) => {
      const work = new Work(runtime, (event) => (event * 7) % 20)
      const sources = [
        await launch(runtime, fromIterable(range(0, 9))),
        await launch(runtime, fromIterable(range(9, 14))),
      ]
      const sink = await launch(runtime, worker(work, { concurrency: 3 }))
      await Promise.all(sources.map((source) => runtime.settle(sink.subscribe(source))))
      await runtime.advance(1_000)
      expect(await sink.exited).toBe('normal')
      expect([...work.done].sort((a, b) => a - b)).toEqual(range(0, 14))
    })
  })

  test('waits for all of it when it drains, and then calls handleEnd', async () => {
    const runtime = testRuntime()
    const work = new Work(runtime)
    const ends: string[] = []
    const source = await launch(runtime, counting(atOnce, 1_000))
    const sink = await launch(
      runtime,
      consumer({
        concurrency: 2,
        handleEvent: work.handle,
        handleEnd: (cause) => void ends.push(`${cause} after ${work.done.length}`),
      }),
    )
    await runtime.settle(sink.subscribe(source))
    const drained = sink.drain()
    await runtime.advance(1_000)
    expect(await drained).toEqual({ undone: [] })
    expect(work.done).toEqual(range(0, 4))
    expect(ends).toEqual(['drain after 4'])
  })

  test('by a stop aborts the signals of what is in flight, and counts what is left', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const aborted: unknown[] = []
    const source = await launch(runtime, fromIterable(range(0, 10)))
    const sink = await launch(
      runtime,
      consumer({
        concurrency: 3,
        timeout: '1m',
        handleEvent: (_event: number, { signal }) =>
          new Promise<void>((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted.push(signal.reason)
              reject(signal.reason)
            })
          }),
      }),
    )
    await runtime.settle(sink.subscribe(source))
    await runtime.settle(sink.stop('enough'))
    expect(aborted).toEqual(['enough', 'enough', 'enough'])
    expect(heldAtEnd(records)).toMatchObject({ handling: 6 })
  })

  test('by a failure is one failure, and what settles later is dropped', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, fromIterable(range(0, 10)))
    const sink = await launch(
      runtime,
      consumer({
        concurrency: 4,
        async handleEvent(event: number) {
          await runtime.sleep(10)
          throw new Error(`boom ${event}`)
        },
      }),
    )
    await runtime.settle(sink.subscribe(source))
    await runtime.advance(100)
    expect(await sink.exited).toMatchObject({ message: 'boom 0' })
    expect(records.filter(({ level }) => level === 'error')).toHaveLength(1)
    expect(heldAtEnd(records)).toMatchObject({ handling: 8 })
  })

  test('by `{ stop }` of one event comes after what it emits', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable(range(0, 10)))
    const stage = await launch(
      runtime,
      producerConsumer({
        handleEvent: (event: number) => (event === 2 ? { events: [event], stop: 'normal' as const } : [event]),
      }),
    )
    const seen: number[] = []
    const sink = await launch(runtime, consumer({ handleEvent: (event: number) => void seen.push(event) }))
    await runtime.settle(sink.subscribe(stage))
    await runtime.settle(stage.subscribe(source))
    await runtime.settle()
    expect(seen).toEqual([0, 1, 2])
    expect(await sink.exited).toBe('normal')
  })

  test('comes after a cancelled subscription’s events, without waiting for those of others', async () => {
    const runtime = testRuntime()
    const work = new Work(runtime, (event) => (event < 10 ? 10 : 1_000))
    const cancels: number[] = []
    const slow = await launch(runtime, producer({ handleDemand: (demand) => range(10, 10 + Math.min(demand, 1)) }))
    const quick = await launch(runtime, counting(atOnce, 10))
    const sink = await launch(
      runtime,
      consumer({ concurrency: 4, handleEvent: work.handle, handleCancel: () => void cancels.push(work.done.length) }),
    )
    await runtime.settle(sink.subscribe(slow))
    const subscription = await runtime.settle(sink.subscribe(quick, { maxDemand: 3 }))
    subscription.cancel()
    await runtime.settle()
    expect(cancels).toEqual([])
    await runtime.advance(10)
    expect(cancels).toEqual([3])
  })
})

test('a snapshot counts the events whose handling has begun, and those in flight', async () => {
  const runtime = testRuntime()
  const work = new Work(runtime)
  await run(runtime, range(0, 10), worker(work, { concurrency: 3 }))
  await runtime.advance(10)
  const stage = snapshot({ runtime }).stages.find(({ name }) => name === 'sink')
  expect(stage?.consuming).toMatchObject({ handled: 6, batches: 6, handling: 6, each: { running: 3, queued: 3 } })
})

test('a result of very many events is emitted in order with those of the events after it', async () => {
  const runtime = testRuntime()
  const seen: number[] = []
  const source = await launch(runtime, fromIterable([0, 1, 2]))
  const stage = await launch(
    runtime,
    producerConsumer({
      concurrency: 3,
      handleEvent: async (event: number) => (event === 1 ? range(1_000, 101_000) : [event]),
    }),
  )
  const sink = await launch(runtime, consumer({ handleEvents: (batch: readonly number[]) => void seen.push(...batch) }))
  await runtime.settle(sink.subscribe(stage, { maxDemand: 50 }))
  await runtime.settle(stage.subscribe(source))
  await runtime.settle()
  expect(seen).toEqual([0, ...range(1_000, 101_000), 2])
})

test('the end of the last producer waits for events of those that ended before', async () => {
  const runtime = testRuntime()
  const work = new Work(runtime, (event) => (event === 0 ? 1_000 : 1))
  const sink = await launch(runtime, worker(work, { concurrency: 4 }))
  const [slow, quick] = [
    await launch(runtime, fromIterable([0], { demand: 'accumulate' })),
    await launch(runtime, fromIterable([1, 2], { demand: 'accumulate' })),
  ]
  await runtime.settle(Promise.all([sink.subscribe(slow), sink.subscribe(quick)]))
  slow.demand('forward')
  await runtime.settle()
  quick.demand('forward')
  let hasExited = false
  void sink.exited.then(() => {
    hasExited = true
  })
  await runtime.advance(500)
  expect([work.done, hasExited]).toEqual([[1, 2], false])
  await runtime.advance(1_000)
  expect(work.done).toEqual([1, 2, 0])
  expect(await sink.exited).toBe('normal')
})
