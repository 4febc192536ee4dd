import fc from 'fast-check'
import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  type Dispatcher,
  demandDispatcher,
  fromIterable,
  named,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Stage,
  type StageRef,
  type Subscriber,
  type Subscription,
  start,
  stream,
  supervisor,
  to,
} from 'genstage'
import { snapshot } from 'genstage/snapshot'
import { inject, shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { whatStandsStill } from './audit.ts'
import { expectUnbroken, promise } from './for-all.ts'
import { Pipeline } from './pipeline.ts'
import { pipelines, schedules, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

promise(
  'no event with demand waits, and no demand is lost, whatever happens',
  { runs: 1_500 },
  pipelines({ mostIncidents: 12 }),
  async (plan) => {
    const pipeline = new Pipeline(plan)
    await pipeline.run()
    expectUnbroken('order', [...pipeline.ledger.problems, ...whatStandsStill(pipeline)])
    await pipeline.killAll()
    expectUnbroken('order', pipeline.ledger.problems)
  },
)

promise(
  'broadcasts continue when subscribers subscribe, cancel or exit, and none receives more than it asked for',
  { runs: 800 },
  pipelines({
    dispatchers: ['broadcast'],
    incidents: ['cancel', 'subscribe', 'resubscribe', 'burst', 'kill', 'strike', 'ask', 'forward', 'accumulate'],
    mostIncidents: 14,
  }),
  async (plan) => {
    const pipeline = new Pipeline(plan)
    await pipeline.run()
    const problems = [...pipeline.ledger.problems, ...whatStandsStill(pipeline)]
    expectUnbroken('order', problems)
    expectUnbroken('demand', problems)
  },
)

function dispatcherOf(kind: 'demand' | 'broadcast' | 'partition'): Dispatcher<number, never> {
  if (kind === 'broadcast') return broadcastDispatcher<number>()
  return kind === 'demand' ? demandDispatcher() : partitionDispatcher({ partitions: 1 })
}

interface Counting {
  readonly dispatcher?: Dispatcher<number, never>
  readonly demand?: 'forward' | 'accumulate'
  readonly bufferSize?: number
  /** How many events it emits for each that it is asked for. Default: 1. */
  readonly factor?: number
  /** What it is asked for is noted here. */
  readonly asked?: number[]
}

/** Emits the numbers below `end` as they are asked for, and then no more; it does not end. */
function counting(end: number, { factor = 1, asked = [], ...options }: Counting = {}): Stage<ProducerRef<number>> {
  let next = 0
  return producer({
    ...options,
    handleDemand(demand) {
      asked.push(demand)
      return Array.from({ length: Math.min(factor * demand, end - next) }, () => next++)
    },
    formatDiscarded: () => false,
  })
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)

interface Sink {
  readonly ref: ConsumerRef<number>
  readonly seen: number[]
}

/** A consumer that keeps what it is given. */
async function sink(runtime: TestRuntime): Promise<Sink> {
  const seen: number[] = []
  const ref = await start(consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }), {
    runtime,
  })
  return { ref, seen }
}

/** A consumer that asks by hand. */
async function manualSink(
  runtime: TestRuntime,
  source: ProducerRef<number>,
): Promise<{ ref: ConsumerRef<number>; seen: number[]; subscription: Subscription }> {
  const seen: number[] = []
  const ref = await start(
    consumer({
      handleSubscribe: () => 'manual' as const,
      handleEvents: (events: readonly number[]) => void seen.push(...events),
    }),
    { runtime },
  )
  const subscription = await runtime.settle(ref.subscribe(source, { confirm: true, cancel: 'temporary' }))
  return { ref, seen, subscription }
}

function bufferedIn(runtime: TestRuntime, ref: { readonly id: string }): number | undefined {
  return snapshot({ runtime }).stages.find(({ id }) => id === ref.id)?.producing?.buffer.events
}

describe('a broadcast', () => {
  test('continues when one of its consumers asks for much less than the other', async () => {
    await shuffled(50, async (runtime) => {
      const source = await start(
        fromIterable(range(100), { dispatcher: broadcastDispatcher<number>(), demand: 'accumulate' }),
        { runtime },
      )
      const [quick, slow] = [await sink(runtime), await sink(runtime)]
      await runtime.settle(quick.ref.subscribe(source, { confirm: true }))
      await runtime.settle(slow.ref.subscribe(source, { confirm: true, maxDemand: 10 }))
      source.demand('forward')
      await runtime.settle()
      expect(quick.seen).toEqual(range(100))
      expect(slow.seen).toEqual(range(100))
      expect(await source.exited).toBe('normal')
    })
  })

  test('continues when a slower consumer subscribes', async () => {
    await shuffled(50, async (runtime) => {
      const source = await start(
        producer({
          dispatcher: broadcastDispatcher<number>(),
          handleDemand: () => [],
          handleCast: { emit: (events: readonly number[]) => events },
        }),
        { runtime },
      )
      const [first, second] = [await sink(runtime), await sink(runtime)]
      await runtime.settle(first.ref.subscribe(source, { confirm: true, maxDemand: 100 }))
      source.cast('emit', range(10))
      await runtime.settle(second.ref.subscribe(source, { confirm: true, maxDemand: 3 }))
      source.cast('emit', range(70, 10))
      await runtime.settle()
      expect(first.seen).toEqual(range(80))
      expect(second.seen).toEqual(range(70, 10))
      expect(bufferedIn(runtime, source)).toBe(0)
    })
  })

  test('continues when a stream has taken one event and is closed', async () => {
    await shuffled(50, async (runtime) => {
      const source = await start(
        fromIterable(range(100), { dispatcher: broadcastDispatcher<number>(), demand: 'accumulate' }),
        { runtime },
      )
      const stays = await sink(runtime)
      await runtime.settle(stays.ref.subscribe(source, { confirm: true, maxDemand: 20 }))
      const leaving = (async () => {
        for await (const event of stream([to(source, { maxDemand: 7, cancel: 'temporary' })])) return event
        return undefined
      })()
      await runtime.settle()
      source.demand('forward')
      expect(await runtime.settle(leaving)).toBe(0)
      await runtime.settle()
      expect(stays.seen).toEqual(range(100))
    })
  })

  test('through a producer-consumer keeps its order for consumers of 10 and 2', async () => {
    await shuffled(50, async (runtime) => {
      const source = await start(fromIterable(range(200), { demand: 'accumulate' }), { runtime })
      const middle = await start(
        producerConsumer({
          dispatcher: broadcastDispatcher<number>(),
          handleEvents: (events: readonly number[]) => events.flatMap((event) => [2 * event, 2 * event + 1]),
        }),
        { runtime },
      )
      const [ten, two] = [await sink(runtime), await sink(runtime)]
      await runtime.settle(ten.ref.subscribe(middle, { confirm: true, maxDemand: 10 }))
      await runtime.settle(two.ref.subscribe(middle, { confirm: true, maxDemand: 2 }))
      await middle.subscribe(source, { maxDemand: 30 })
      source.demand('forward')
      await runtime.settle()
      expect(ten.seen).toEqual(range(400))
      expect(two.seen).toEqual(range(400))
    })
  })

  test('asks again for events that a full buffer discarded while one consumer asked for nothing', async () => {
    const runtime = testRuntime()
    const asked: number[] = []
    const options = { dispatcher: broadcastDispatcher<number>(), bufferSize: 4, demand: 'accumulate', asked } as const
    const source = await start(counting(1_000, options), { runtime })
    const one = await manualSink(runtime, source)
    one.subscription.ask(10)
    await runtime.settle()
    const other = await manualSink(runtime, source)
    source.demand('forward')
    await runtime.settle()
    expect([one.seen, other.seen, asked]).toEqual([[], [], [10]])
    other.subscription.cancel('normal')
    await runtime.settle()
    // The first four are those that the buffer kept, the last of the ten.
    expect(one.seen).toEqual([6, 7, 8, 9, ...range(6, 10)])
    expect(asked).toEqual([10, 6])
  })
})

describe('what is buffered', () => {
  test('goes to the next consumer, although one that has cancelled had asked for as much', async () => {
    const runtime = testRuntime()
    const asked: number[] = []
    const source = await start(
      producer({
        handleDemand(demand) {
          asked.push(demand)
          return []
        },
        handleCast: { emit: (events: readonly number[]) => events },
      }),
      { runtime },
    )
    const cancelled = await manualSink(runtime, source)
    cancelled.subscription.ask(10)
    await runtime.settle()
    cancelled.subscription.cancel('normal')
    await runtime.settle()
    source.cast('emit', [1, 2, 3, 4])
    const next = await manualSink(runtime, source)
    next.subscription.ask(5)
    await runtime.settle()
    expect(next.seen).toEqual([1, 2, 3, 4])
    // Upstream still owes six.
    next.subscription.ask(5)
    await runtime.settle()
    next.subscription.ask(1)
    await runtime.settle()
    expect(asked).toEqual([10, 1])
  })

  test('keeps its order when a producer that accumulates returns more than it is asked for', async () => {
    await shuffled(50, async (runtime, seed) => {
      const source = await start(counting(300, { demand: 'accumulate', factor: 3 }), { runtime })
      const sinks = [await sink(runtime), await sink(runtime), await sink(runtime)]
      for (const [index, { ref }] of sinks.entries()) await ref.subscribe(source, { maxDemand: 1 + index + (seed % 5) })
      await runtime.settle()
      source.demand('forward')
      await runtime.settle()
      const all = sinks.flatMap(({ seen }) => seen)
      expect(all.toSorted((one, other) => one - other)).toEqual(range(300))
      for (const { seen } of sinks) expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    })
  })

  test('comes before what is emitted when a subscriber that blocked it has exited', async () => {
    const runtime = testRuntime()
    const source = await start(
      producer({
        dispatcher: broadcastDispatcher<number>(),
        handleDemand: () => [],
        handleCast: { emit: (events: readonly number[]) => events },
      }),
      { runtime },
    )
    const waiting = await manualSink(runtime, source)
    waiting.subscription.ask(10)
    const { ref } = await manualSink(runtime, source)
    source.cast('emit', [1, 2, 3])
    await runtime.settle()
    // It ends in its turn, so that the producer handles the cast before it reads of that end.
    ref.exit('kill')
    source.cast('emit', [4, 5])
    await runtime.settle()
    expect(waiting.seen).toEqual([1, 2, 3, 4, 5])
  })

  test('comes before what a producer has accumulated, and is not asked for again', async () => {
    const runtime = testRuntime()
    const asked: number[] = []
    const source = await start(
      producer({
        handleDemand(demand) {
          asked.push(demand)
          return range(demand, 100)
        },
        handleCast: { emit: (events: readonly number[]) => events },
      }),
      { runtime },
    )
    source.cast('emit', [1, 2, 3, 4])
    source.demand('accumulate')
    const { seen, subscription } = await manualSink(runtime, source)
    subscription.ask(6)
    await runtime.settle()
    source.cast('emit', [5, 6])
    await runtime.settle()
    expect([seen, asked]).toEqual([[], []])
    source.demand('forward')
    await runtime.settle()
    expect([seen, asked]).toEqual([[1, 2, 3, 4, 100, 101], [2]])
    subscription.ask(2)
    await runtime.settle()
    expect([seen.slice(6), asked]).toEqual([[5, 6], [2]])
  })

  test('that a dispatcher held for consumers that have exited is counted', async () => {
    const warnings: unknown[] = []
    const runtime = testRuntime({ logger: { warn: (_message, facts) => void warnings.push(facts.discarded) } })
    const held: number[] = []
    const subscribers: Subscriber[] = []
    // It holds all events, and hands them to the next subscriber when one goes.
    const holding: Dispatcher<number> = {
      subscribe(subscriber) {
        subscribers.push(subscriber)
        return 0
      },
      ask: (_subscriber, demand) => demand,
      cancel(subscriber) {
        subscribers.splice(subscribers.indexOf(subscriber), 1)
        const [next] = subscribers
        return next === undefined ? 0 : { demand: 0, deliveries: [[next, held.splice(0)]] }
      },
      dispatch(events) {
        held.push(...events)
        return { deliveries: [], leftover: [] }
      },
      queuedCount: () => held.length,
    }
    const source = await start(counting(3, { dispatcher: holding }), { runtime })
    const [one, other] = [await manualSink(runtime, source), await manualSink(runtime, source)]
    one.subscription.ask(3)
    other.subscription.ask(3)
    await runtime.settle()
    one.ref.exit('kill')
    other.ref.exit('kill')
    await runtime.settle()
    expect([one.seen, other.seen, warnings]).toEqual([[], [], [3]])
  })

  test('and what a dispatcher has announced is not asked for twice', async () => {
    const runtime = testRuntime()
    const asked: number[] = []
    const inner = broadcastDispatcher<number>()
    const wrapping: Dispatcher<number> = {
      subscribe: (subscriber, options) => inner.subscribe(subscriber, options),
      ask: (subscriber, demand) => inner.ask(subscriber, demand),
      cancel: (subscriber) => inner.cancel(subscriber),
      dispatch: (events) => inner.dispatch(events),
    }
    const source = await start(counting(100, { dispatcher: wrapping, asked }), { runtime })
    const [one, other] = [await manualSink(runtime, source), await manualSink(runtime, source)]
    one.subscription.ask(10)
    other.subscription.ask(10)
    await runtime.settle()
    one.subscription.ask(10)
    await runtime.settle()
    expect([one.seen, other.seen, asked]).toEqual([range(10), range(10), [10]])
    other.subscription.ask(4)
    await runtime.settle()
    expect([one.seen, other.seen, asked]).toEqual([range(14), range(14), [10, 4]])
  })

  test('is offered in order to a dispatcher that does not state its demand', async () => {
    await shuffled(20, async (runtime) => {
      const inner = broadcastDispatcher<number>()
      const source = await start(
        fromIterable(range(60), {
          demand: 'accumulate',
          dispatcher: {
            subscribe: (subscriber, options: {}) => inner.subscribe(subscriber, options),
            ask: (subscriber, demand) => inner.ask(subscriber, demand),
            cancel: (subscriber) => inner.cancel(subscriber),
            dispatch: (events: readonly number[]) => inner.dispatch(events),
          },
        }),
        { runtime },
      )
      const [quick, slow] = [await sink(runtime), await sink(runtime)]
      await runtime.settle(quick.ref.subscribe(source, { confirm: true }))
      await runtime.settle(slow.ref.subscribe(source, { confirm: true, maxDemand: 4 }))
      source.demand('forward')
      await runtime.settle()
      expect([quick.seen, slow.seen]).toEqual([range(60), range(60)])
    })
  })
})

describe('a partition dispatcher', () => {
  test('asks again for what its hash discards', async () => {
    await shuffled(20, async (runtime) => {
      const hash = (event: number) => (event % 3 === 0 ? ([event, 0] as const) : 'none')
      const source = await start(
        fromIterable(range(300), { dispatcher: partitionDispatcher({ partitions: 1, hash }) }),
        { runtime },
      )
      const { ref, seen } = await sink(runtime)
      await ref.subscribe(source, { partition: 0, maxDemand: 10 })
      await runtime.settle()
      expect(seen).toEqual(range(300).filter((event) => event % 3 === 0))
    })
  })

  test('asks again in a producer-consumer too', async () => {
    const runtime = testRuntime()
    const source = await start(fromIterable(range(300), { demand: 'accumulate' }), { runtime })
    const hash = (event: number) => (event % 5 === 0 ? ([event, 0] as const) : 'none')
    const middle = await start(
      producerConsumer({
        dispatcher: partitionDispatcher({ partitions: 1, hash }),
        handleEvents: (events: readonly number[]) => events,
      }),
      { runtime },
    )
    const { ref, seen } = await sink(runtime)
    await runtime.settle(ref.subscribe(middle, { partition: 0, maxDemand: 4, confirm: true }))
    await middle.subscribe(source, { maxDemand: 8 })
    source.demand('forward')
    await runtime.settle()
    expect(seen).toEqual(range(300).filter((event) => event % 5 === 0))
  })
})

/** What a killed stage reports that it held. */
interface Held {
  readonly remaining?: Readonly<Record<string, number>>
}

promise(
  'a supervised consumer that is killed again and again receives all events in order, except those that it had been sent',
  { runs: 500 },
  fc.record({
    schedule: schedules,
    timing: timings,
    maxDemand: fc.integer({ min: 1, max: 12 }),
    downstream: fc.constantFrom('producer' as const, 'producer-consumer' as const),
    dispatcher: fc.constantFrom('demand' as const, 'broadcast' as const, 'partition' as const),
    kills: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
  }),
  async ({ schedule, timing, maxDemand, downstream, dispatcher, kills }) => {
    let held = 0
    let discarded = 0
    const count = (_message: string, facts: Held): void => {
      for (const each of Object.values(facts.remaining ?? {})) held += each
    }
    const warn = (message: string, facts: Held & { readonly discarded?: number }): void => {
      count(message, facts)
      discarded += facts.discarded ?? 0
    }
    const runtime = testRuntime({ seed: schedule, logger: { warn } })
    const due = [...kills]
    const inTime = timedReturn(timing)
    const seen: number[] = []
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const partition: object = { partition: 0 }
    const Worker = () =>
      consumer((stage) => {
        const at = due.shift()
        if (at !== undefined) inject(runtime, { fault: 'kill', stage: stage.self, at })
        return {
          subscribeTo: [to(numbers, { ...partition, maxDemand, cancel: 'temporary' })],
          handleEvents: (events: readonly number[]) => inTime(() => void seen.push(...events)),
        }
      })
    const emitting = { dispatcher: dispatcherOf(dispatcher) }
    if (downstream === 'producer') await start(counting(100, emitting), { runtime, name: 'numbers' })
    else {
      const source = await start(counting(100), { runtime })
      const middle = producerConsumer({ ...emitting, handleEvents: (events: readonly number[]) => events })
      const ref = await start(middle, { runtime, name: 'numbers' })
      await ref.subscribe(source, { maxDemand: 7 })
    }
    await start(supervisor({ strategy: 'one-for-one', children: [Worker], maxRestarts: 10 }), { runtime })
    await runtime.settle()
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    expect(new Set(seen).size).toBe(seen.length)
    const lost = range(100).filter((event) => !seen.includes(event)).length
    // What is in the middle of a callback at the end was seen, and counts as held.
    if (timing === 'sync') expect(lost).toBe(held + discarded)
    else expect(lost).toBeLessThanOrEqual(held + discarded)
  },
)

describe('a consumer that exits', () => {
  test('leaves all events that it was not sent, in order, to the one that replaces it', async () => {
    await shuffled(100, async (runtime) => {
      const instances: { readonly self: StageRef; readonly seen: number[] }[] = []
      const source = await start(fromIterable(range(10), { demand: 'accumulate' }), { runtime })
      const middle = await start(producerConsumer({ handleEvents: (events: readonly number[]) => events }), {
        runtime,
        name: 'middle',
      })
      await middle.subscribe(source, { maxDemand: 4 })
      const Worker = () =>
        consumer(({ self }) => {
          const seen: number[] = []
          instances.push({ self, seen })
          return {
            subscribeTo: [to(named<ProducerRef<number>>('middle', { runtime }), { maxDemand: 2, cancel: 'transient' })],
            handleEvents: (events: readonly number[]) => void seen.push(...events),
          }
        })
      await start(supervisor({ strategy: 'one-for-one', children: [{ start: Worker, restart: 'transient' }] }), {
        runtime,
      })
      await runtime.settle()
      source.demand('forward')
      instances[0]?.self.exit('kill')
      await runtime.settle()
      const [first, second] = instances.map(({ seen }) => seen)
      expect(first).toEqual([])
      // It may have been sent what it had asked for, before it ended.
      expect([0, 1, 2].map((lost) => range(10 - lost, lost))).toContainEqual(second)
    })
  })

  test('is not sent what its exit makes a callback of the producer emit', async () => {
    const runtime = testRuntime()
    const source = await start(producer({ handleDemand: () => [], handleCancel: () => [1, 2] }), { runtime })
    const cancelled = await manualSink(runtime, source)
    cancelled.subscription.ask(10)
    await runtime.settle()
    cancelled.subscription.cancel('normal')
    await runtime.settle()
    expect(cancelled.seen).toEqual([])
    const next = await manualSink(runtime, source)
    next.subscription.ask(5)
    await runtime.settle()
    expect(next.seen).toEqual([1, 2])
  })
})
