import fc from 'fast-check'
import {
  type ConsumerRef,
  consumer,
  createRuntime,
  type Dispatcher,
  demandDispatcher,
  fromIterable,
  type Logger,
  type ProcessRef,
  type ProducerConsumerRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Runtime,
  type Stage,
  start,
  stream,
  to,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { promise } from './for-all.ts'
import { schedules, type Timing, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** How a finite source exits: as its iterable ends, with its last events, or by an info after them. */
type SourceKind = 'iterable' | 'async-iterable' | 'at-once' | 'by-info' | 'generous'

async function* slowly(count: number, timing: Timing): AsyncGenerator<number> {
  const inTime = timedReturn(timing)
  for (let next = 0; next < count; next++) yield inTime(() => next)
}

/** A source of the numbers below `count`, which then ends normally. */
function finite(
  kind: SourceKind,
  count: number,
  timing: Timing,
  dispatcher: Dispatcher<unknown, never> = demandDispatcher(),
): Stage<ProducerRef<number>> {
  if (kind === 'iterable') return fromIterable(range(count), { demand: 'accumulate', dispatcher })
  if (kind === 'async-iterable') return fromIterable(slowly(count, timing), { demand: 'accumulate', dispatcher })
  const inTime = timedReturn(timing)
  let next = 0
  return producer((stage) => ({
    demand: 'accumulate',
    dispatcher,
    handleDemand: (demand) =>
      inTime(() => {
        const first = next
        // A generous one emits events without demand, and its buffer must be empty before it exits.
        next = Math.min(count, next + demand + (kind === 'generous' ? 7 : 0))
        const events = range(next - first).map((index) => first + index)
        if (next < count) return events
        if (kind === 'at-once') return { events, stop: 'normal' as const }
        stage.info('over')
        return events
      }),
    handleInfo: () => ({ stop: 'normal' as const }),
  }))
}

interface RelayPlan {
  readonly timing: Timing
  readonly factor: number
  readonly maxDemand: number
  readonly minDemand: number
}

/** Emits `factor` events for each event, which can be traced back to it. */
function times({ timing, factor }: RelayPlan): Stage<ProducerConsumerRef<number, number>> {
  const inTime = timedReturn(timing)
  return producerConsumer({
    handleEvents: (events: readonly number[]) =>
      inTime(() => events.flatMap((event) => range(factor).map((copy) => event * factor + copy))),
  })
}

function collecting(seen: number[], timing: Timing): Stage<ConsumerRef<number>> {
  const inTime = timedReturn(timing)
  return consumer({ handleEvents: (events: readonly number[]) => inTime(() => void seen.push(...events)) })
}

const windows = fc
  .record({ maxDemand: fc.integer({ min: 1, max: 40 }), minDemand: fc.nat(39) })
  .map(({ maxDemand, minDemand }) => ({ maxDemand, minDemand: Math.min(minDemand, maxDemand - 1) }))

const relays: fc.Arbitrary<RelayPlan> = fc
  .tuple(fc.record({ timing: timings, factor: fc.constantFrom(1, 10, 2, 0) }), windows)
  .map(([what, how]) => ({ ...what, ...how }))

const sourceKinds = fc.constantFrom<SourceKind>('iterable', 'async-iterable', 'at-once', 'by-info', 'generous')

async function endsNormally(stages: readonly ProcessRef[]): Promise<void> {
  const reasons = await Promise.all(stages.map(({ exited }) => exited))
  expect(reasons).toEqual(stages.map(() => 'normal'))
}

promise(
  'a chain passes on all events of a finite source, in order, and exits as its source does',
  { runs: 600 },
  fc.record({
    schedule: schedules,
    source: sourceKinds,
    timing: timings,
    count: fc.nat(60),
    relays: fc.array(relays, { maxLength: 3 }),
    end: fc.tuple(fc.constantFrom('consumer' as const, 'stream' as const), timings, windows),
  }),
  async ({ schedule, source, timing, count, relays: plans, end: [end, endTiming, window] }) => {
    const runtime = testRuntime({ seed: schedule })
    const stages: ProcessRef[] = []
    const first = await start(finite(source, count, timing), { runtime })
    let last: ProducerRef<number> = first
    for (const plan of plans) {
      const relay = await start(times(plan), { runtime })
      const { maxDemand, minDemand } = plan
      await relay.subscribe(last, { maxDemand, minDemand })
      stages.push(relay)
      last = relay
    }
    const seen: number[] = []
    let read: Promise<void> | undefined
    if (end === 'stream') read = readAll(last, window, seen)
    else {
      const sink = await start(collecting(seen, endTiming), { runtime })
      await sink.subscribe(last, window)
      stages.push(sink)
    }
    // A stream subscribes in a turn of its own, and the source may be empty.
    await runtime.settle()
    first.demand('forward')
    await runtime.settle()
    await read
    const expected = plans.reduce(
      (events, { factor }) => events.flatMap((event) => range(factor).map((copy) => event * factor + copy)),
      range(count),
    )
    expect(seen).toEqual(expected)
    if (count > 0 || source !== 'at-once') await endsNormally([first, ...stages])
  },
)

async function readAll(source: ProducerRef<number>, window: object, into: number[]): Promise<void> {
  for await (const event of stream([to(source, window)])) into.push(event)
}

promise(
  'workers that share events, or have a partition each, pass on all events before they exit',
  { runs: 400 },
  fc.record({
    schedule: schedules,
    source: sourceKinds,
    timing: timings,
    count: fc.nat(120),
    competes: fc.boolean(),
    isDirect: fc.boolean(),
    workers: fc.array(relays, { minLength: 1, maxLength: 4 }),
    sinkTiming: timings,
    window: windows,
  }),
  async ({ schedule, source, timing, count, competes, isDirect, workers, sinkTiming, window }) => {
    const runtime = testRuntime({ seed: schedule })
    const hash = (event: unknown): readonly [unknown, number] => [event, Number(event) % workers.length]
    const dispatcher: Dispatcher<unknown, never> = competes
      ? demandDispatcher()
      : partitionDispatcher({ partitions: workers.length, hash })
    const stages: ProcessRef[] = []
    let first: ProducerRef<number>
    let split: ProducerRef<number>
    // The source itself hands out; but one that stops with its last events does not wait for a partition to ask for
    // them.
    if (isDirect && source !== 'at-once') {
      split = first = await start(finite(source, count, timing, dispatcher), { runtime })
    } else {
      first = await start(finite(source, count, timing), { runtime })
      const between = await start(
        producerConsumer({ dispatcher, handleEvents: (events: readonly number[]) => events }),
        {
          runtime,
        },
      )
      await between.subscribe(first, window)
      split = between
      stages.push(between)
    }
    stages.push(first)
    const seen: number[] = []
    const sink = await start(collecting(seen, sinkTiming), { runtime })
    for (const [place, plan] of workers.entries()) {
      const worker = await start(times({ ...plan, factor: 1 }), { runtime })
      const { maxDemand, minDemand } = plan
      const options = { maxDemand, minDemand, ...(competes ? {} : { partition: place }) }
      await worker.subscribe(split, options)
      await sink.subscribe(worker, { ...window, cancel: 'transient' })
      stages.push(worker)
    }
    first.demand('forward')
    await runtime.settle()
    expect(seen.toSorted((one, other) => one - other)).toEqual(range(count))
    if (count > 0 || source !== 'at-once') await endsNormally(stages)
    // With several producers, each of which may exit before the others, the sink runs until it is stopped.
    await sink.stop()
  },
)

promise(
  'a stop from outside loses no event that was emitted before',
  { runs: 400 },
  fc.record({
    schedule: schedules,
    timing: timings,
    plans: fc.array(relays, { minLength: 1, maxLength: 3 }),
    sinkTiming: timings,
    window: windows,
    after: fc.nat(40),
    reason: fc.constantFrom('normal' as const, 'shutdown' as const, { shutdown: 'maintenance' }),
  }),
  async ({ schedule, timing, plans, sinkTiming, window, after, reason }) => {
    const held: unknown[] = []
    const logger = { info: (_message: string, facts: object) => void ('remaining' in facts && held.push(facts)) }
    const runtime = testRuntime({ seed: schedule, logger })
    const inTime = timedReturn(timing)
    let next = 0
    let emitted = 0
    const source: ProducerRef<number> = await start(
      producer({
        handleDemand(demand) {
          // After the stop no more demand comes, so the source has to stop before that.
          if (emitted >= after && next === 0) void source.stop(reason).catch(() => {})
          if (emitted >= after) next++
          const first = emitted
          const count = next > 5 ? 0 : demand
          emitted += count
          return inTime(() => range(count).map((index) => first + index))
        },
      }),
      { runtime },
    )
    const seen: number[] = []
    const sink = await start(collecting(seen, sinkTiming), { runtime })
    let last = source
    const stages: ProcessRef[] = [source]
    for (const plan of plans) {
      const relay = await start(times({ ...plan, factor: 1 }), { runtime })
      const { maxDemand, minDemand } = plan
      await relay.subscribe(last, { maxDemand, minDemand })
      stages.push(relay)
      last = relay
    }
    await sink.subscribe(last, window)
    await runtime.settle()
    expect(await Promise.all([...stages, sink].map(({ exited }) => exited))).toEqual(
      [...stages, sink].map(() => reason),
    )
    expect(seen).toEqual(range(emitted))
    expect(held).toEqual([])
  },
)

const silence: Logger = { debug() {}, info() {}, warn() {}, error() {} }

test.each(['sync', 'microtask'] as const)(
  'big batches are passed on completely while the event loop has its turns, with %s callbacks',
  async (timing) => {
    const count = 200_000
    const runtime: Runtime = createRuntime({ logger: silence })
    const source = await start(fromIterable(range(count), { demand: 'accumulate' }), { runtime })
    const relay = await start(times({ timing, factor: 2, maxDemand: 0, minDemand: 0 }), { runtime })
    const seen: number[] = []
    const sink = await start(collecting(seen, timing), { runtime })
    // One delivery of all there is, in batches of ten: it takes many slices of the event loop.
    await relay.subscribe(source, { maxDemand: count, minDemand: count - 10 })
    await sink.subscribe(relay, { maxDemand: 2 * count, minDemand: 2 * count - 10 })
    source.demand('forward')
    await endsNormally([source, relay, sink])
    expect(seen.length).toBe(2 * count)
    expect(seen.every((event, place) => event === place)).toBe(true)
  },
)
