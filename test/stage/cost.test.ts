import { createHook } from 'node:async_hooks'
import {
  attachTelemetry,
  broadcastDispatcher,
  consumer,
  consumerSupervisor,
  createRuntime,
  type Dispatcher,
  demandDispatcher,
  type ProcessRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Source,
  type Stage,
  startLink,
  to,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'

/*
 * What a pipeline costs, in numbers that are the same in every run and on every machine. The bounds are today's cost; a
 * change that lowers it should lower them as well.
 */

/** What it took to bring all events through. */
interface Cost {
  /** Turns of a process: a visit to the run queue each, with up to 16 messages. */
  readonly turns: number
  /** Calls of `handleDemand` and `handleEvents`. */
  readonly callbacks: number
  /** Messages that ask; those that bring events are as many as calls of `handleEvents`. */
  readonly asks: number
  readonly promises: number
}

const EVENTS = 100_000
/** What the first demands and the last events take, which are not like the others. */
const BEGIN_AND_END = 50

/** Options for the dispatchers below; a dispatcher ignores the options that it does not know. */
interface Options {
  readonly partition: number
  readonly selector?: (event: number) => boolean
}

/** Waits for a message, so that all are subscribed before the first event. */
const Numbers = (count: number, dispatcher: Dispatcher<number, Options> = demandDispatcher()) =>
  producer(() => {
    let next = 0
    return {
      dispatcher,
      demand: 'accumulate',
      handleDemand: (demand) => Array.from({ length: Math.min(demand, count - next) }, () => next++),
    }
  })

const Same = (source: Source<number>) =>
  producerConsumer({ subscribeTo: [source], handleEvents: (events: readonly number[]) => events })

const Count = (source: Source<number>, count: (events: readonly number[]) => void | Promise<void>) =>
  consumer({ subscribeTo: [source], handleEvents: count })

/** A test runtime that takes no step by itself, and does not freeze batches, as a program does not. */
const stepped = () => testRuntime({ stepped: true, freezeBatches: false })

/** Lets the source continue, and counts until no stage has work left. */
async function costOf(runtime: TestRuntime, source: ProducerRef<number>): Promise<Cost> {
  await runtime.settle()
  const cost = { turns: 0, callbacks: 0, asks: 0, promises: 0 }
  const countCallback = (): void => {
    cost.callbacks++
  }
  const countAsk = (): void => {
    cost.asks++
  }
  attachTelemetry(
    { 'batch.handled': countCallback, 'demand.handled': countCallback, 'demand.sent': countAsk },
    { runtime },
  )
  const countPromise = (_id: number, type: string): void => {
    if (type === 'PROMISE') cost.promises++
  }
  const before = runtime.steps
  source.demand('forward')
  const promises = createHook({ init: countPromise }).enable()
  while (runtime.step(1_000) > 0);
  promises.disable()
  await runtime.settle()
  return { ...cost, turns: runtime.steps - before }
}

/** Expects no more than so much for each of the batches there were, and no promise for any of them. */
function expectAtMost(cost: Cost, batches: number, limit: Omit<Cost, 'promises'>): void {
  for (const what of ['turns', 'callbacks', 'asks'] as const) {
    expect(cost[what], what).toBeGreaterThan(0)
    expect(cost[what], what).toBeLessThanOrEqual(limit[what] * batches + BEGIN_AND_END)
  }
  expect(cost.promises, 'promises').toBe(0)
}

describe('a pipeline of three takes for each batch', () => {
  test.each([
    { maxDemand: 1_000, minDemand: 500, turns: 1.5 },
    { maxDemand: 10, minDemand: 5, turns: 1.5 },
    // With no other work in flight, each message is a turn of its own.
    { maxDemand: 1, minDemand: 0, turns: 3 },
  ])('$turns turns, 3 callbacks and 2 asks, with a demand of $maxDemand and $minDemand', async (demand) => {
    const { turns, ...options } = demand
    const runtime = stepped()
    let received = 0
    const source = await runtime.settle(startLink(Numbers(EVENTS), { runtime }))
    const middle = await runtime.settle(startLink(Same(to(source, { ...options, partition: 0 })), { runtime }))
    const count = (events: readonly number[]): void => {
      received += events.length
    }
    await runtime.settle(startLink(Count(to(middle, options), count), { runtime }))

    const cost = await costOf(runtime, source)

    expect(received).toBe(EVENTS)
    expectAtMost(cost, EVENTS / (options.maxDemand - options.minDemand), { turns, callbacks: 3, asks: 2 })
  })

  test('and no copy of it', async () => {
    const runtime = stepped()
    const sent = Array.from({ length: 500 }, (_, index) => index)
    const received: (readonly number[])[] = []
    const keep = (events: readonly number[]): void => {
      received.push(events)
    }
    const Batches = () => {
      let left = 10
      return producer({ demand: 'accumulate', handleDemand: () => (left-- > 0 ? sent : []) })
    }
    const source = await runtime.settle(startLink(Batches(), { runtime }))
    const middle = await runtime.settle(startLink(Same(source), { runtime }))
    await runtime.settle(startLink(Count(middle, keep), { runtime }))

    await costOf(runtime, source)

    expect(received.length).toBeGreaterThan(0)
    expect(received.filter((events) => events !== sent)).toEqual([])
  })
})

describe('a producer and its four consumers take for each batch of 500', () => {
  const hash = (event: number) => [event, event % 4] as const
  test.each([
    { name: 'competing', dispatcher: demandDispatcher, copies: 1, turns: 0.63, callbacks: 2, asks: 1 },
    {
      name: 'in a broadcast',
      dispatcher: broadcastDispatcher<number>,
      copies: 4,
      turns: 0.63,
      callbacks: 1.25,
      asks: 1,
    },
    {
      // Each part of a batch is handled as it arrives, and four of them add up to the next ask.
      name: 'with a partition each',
      dispatcher: () => partitionDispatcher({ partitions: 4, hash }),
      copies: 1,
      turns: 0.63,
      callbacks: 3.86,
      asks: 1,
    },
  ])('$turns turns, $callbacks callbacks and $asks ask, $name', async ({ dispatcher, copies, ...limit }) => {
    const runtime = stepped()
    let received = 0
    const source = await runtime.settle(startLink(Numbers(EVENTS, dispatcher()), { runtime }))
    const count = (events: readonly number[]): void => {
      received += events.length
    }
    for (const partition of [0, 1, 2, 3]) {
      await runtime.settle(startLink(Count(to(source, { partition }), count), { runtime }))
    }

    const cost = await costOf(runtime, source)

    expect(received).toBe(copies * EVENTS)
    expectAtMost(cost, (copies * EVENTS) / 500, limit)
  })
})

describe('an event that is handled by a promise takes, beside the three of an async function that awaits one', () => {
  /** Counts the promises that are made while so many events go through. */
  async function promisesOf(
    count: number,
    Handling: (source: Source<number>, handle: () => Promise<void>) => Stage<ProcessRef>,
  ): Promise<number> {
    const runtime = createRuntime()
    const source = await startLink(Numbers(count), { runtime })
    let handled = 0
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const handle = (): Promise<void> => {
      if (++handled === count) finish()
      return new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    const sink = await startLink(Handling(to(source, { maxDemand: 1, partition: 0 }), handle), { runtime })
    let promises = 0
    const countPromise = (_id: number, type: string): void => {
      if (type === 'PROMISE') promises++
    }
    const hook = createHook({ init: countPromise }).enable()
    source.demand('forward')
    await finished
    hook.disable()
    await Promise.all([source.stop(), sink.exited])
    return promises
  }

  test.each([
    {
      name: 'consumer',
      promises: 2,
      Handling: (source: Source<number>, handle: () => Promise<void>) =>
        Count(source, async () => {
          await handle()
        }),
    },
    {
      name: 'consumer supervisor',
      promises: 4,
      Handling: (source: Source<number>, handle: () => Promise<void>) =>
        consumerSupervisor<number>({
          subscribeTo: [source],
          async child() {
            await handle()
          },
        }),
    },
  ])('$promises promises in a $name', async ({ promises, Handling }) => {
    const few = await promisesOf(100, Handling)
    const many = await promisesOf(1_100, Handling)

    // What a slice of the event loop takes is not the events' own.
    expect((many - few) / 1_000).toBeLessThanOrEqual(3 + promises + 0.1)
  })
})

describe('a cycle of one event through three stages takes', () => {
  /** The arrays that the callbacks of two stages return take 114 bytes, and what the library allocates makes the rest. */
  const MOST_BYTES = 120

  test(`${MOST_BYTES} bytes of garbage`, { timeout: 60_000 }, async () => {
    const runtime = createRuntime()
    let cycles = 0
    const demand = { maxDemand: 1, minDemand: 0 }
    let next = 0
    // As many as are asked for.
    const handleDemand = (): number[] => [next++]
    const source = await startLink(producer({ handleDemand }), { runtime })
    const doubling = (events: readonly number[]): number[] => events.map((event) => 2 * event)
    const middle = await startLink(producerConsumer({ subscribeTo: [to(source, demand)], handleEvents: doubling }), {
      runtime,
    })
    const sink = await startLink(
      Count(to(middle, demand), () => void cycles++),
      { runtime },
    )
    // In each turn of the event loop there is one slice of cycles, and most of them see no collection.
    const perCycle: number[] = []
    let heap = process.memoryUsage().heapUsed
    let counted = cycles
    for (let slice = 0; slice < 600; slice++) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      const { heapUsed } = process.memoryUsage()
      // The first slices are those of code that the engine has not compiled yet.
      if (slice >= 300 && cycles > counted) perCycle.push((heapUsed - heap) / (cycles - counted))
      heap = heapUsed
      counted = cycles
    }
    await source.stop()
    await sink.exited
    const median = perCycle.toSorted((one, other) => one - other)[perCycle.length >> 1]
    expect(median).toBeGreaterThan(0)
    expect(median).toBeLessThanOrEqual(MOST_BYTES)
  })
})
