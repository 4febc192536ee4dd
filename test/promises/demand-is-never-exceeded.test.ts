import fc from 'fast-check'
import {
  broadcastDispatcher,
  consumer,
  consumerSupervisor,
  type Dispatcher,
  demandDispatcher,
  type ProducerRef,
  partitionDispatcher,
  producer,
  type Stage,
  type Subscription,
  start,
  stream,
  to,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import { whatIsAmissAtRest } from './audit.ts'
import { expectUnbroken, promise } from './for-all.ts'
import { Pipeline } from './pipeline.ts'
import { pipelines, schedules, type Timing, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

promise('no consumer is sent more than it asked for, whatever happens', { runs: 1_000 }, pipelines(), async (plan) => {
  const pipeline = new Pipeline(plan)
  await pipeline.run()
  const problems = [...pipeline.ledger.problems, ...whatIsAmissAtRest(pipeline)]
  await pipeline.killAll()
  expectUnbroken('demand', [...problems, ...pipeline.ledger.problems])
})

const dispatchers = ['demand', 'broadcast', 'partition'] as const

function dispatcherOf(kind: (typeof dispatchers)[number], consumers: number): Dispatcher<number, never> {
  if (kind === 'broadcast') return broadcastDispatcher<number>()
  if (kind === 'demand') return demandDispatcher()
  const hash = (event: number): readonly [number, number] => [event, event % consumers]
  return partitionDispatcher({ partitions: consumers, hash })
}

/** A producer that emits `excess` more than it is asked for each time, and events on request. */
function generous(dispatcher: Dispatcher<number, never>, excess: number, timing: Timing): Stage<CastableRef> {
  let next = 0
  const inTime = timedReturn(timing)
  const take = (count: number): number[] => Array.from({ length: count }, () => next++)
  return producer({
    dispatcher,
    handleDemand: (demand) => inTime(() => take(demand + excess)),
    handleCast: { emit: (count: number) => take(count) },
  })
}

type CastableRef = ProducerRef<number> & { cast(kind: 'emit', count: number): void }

promise(
  'a consumer in manual mode receives as many events as it asked for, however many there are',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    dispatcher: fc.constantFrom(...dispatchers),
    timing: timings,
    excess: fc.nat(5),
    consumers: fc.integer({ min: 1, max: 3 }),
    // Which consumer asks for how many; without a consumer of that number, how many are emitted without demand.
    steps: fc.array(fc.tuple(fc.nat(3), fc.nat(12)), { maxLength: 30 }),
  }),
  async ({ schedule, dispatcher, timing, excess, consumers, steps }) => {
    const runtime = testRuntime({ seed: schedule })
    const source = await start(generous(dispatcherOf(dispatcher, consumers), excess, timing), { runtime })
    const asked = Array.from({ length: consumers }, () => 0)
    const seen = Array.from({ length: consumers }, () => 0)
    const subscriptions: Subscription[] = []
    for (const place of asked.keys()) {
      const sink = consumer({
        handleSubscribe: () => 'manual' as const,
        handleEvents(events: readonly number[]) {
          seen[place] = (seen[place] as number) + events.length
          expect(seen[place]).toBeLessThanOrEqual(asked[place] as number)
        },
      })
      const ref = await start(sink, { runtime })
      const options = dispatcher === 'partition' ? { partition: place } : {}
      subscriptions.push(await ref.subscribe(source, { ...options, cancel: 'temporary' }))
    }
    for (const [place, count] of steps) {
      const subscription = subscriptions[place]
      if (subscription === undefined) source.cast('emit', count)
      else {
        asked[place] = (asked[place] as number) + count
        subscription.ask(count)
      }
      if (count % 3 === 0) await runtime.settle()
    }
    await runtime.settle()
    expect(seen.every((count, place) => count <= (asked[place] as number))).toBe(true)
    // Competing consumers get all they have asked for, as the producer always has more.
    if (dispatcher === 'demand') expect(seen).toEqual(asked)
    if (dispatcher === 'broadcast') expect(new Set(seen)).toEqual(new Set([Math.min(...asked)]))
  },
)

promise(
  'a dispatcher that sends more than was asked for stops its stage before the excess is sent',
  { runs: 100 },
  fc.record({ schedule: schedules, asks: fc.integer({ min: 1, max: 20 }), excess: fc.integer({ min: 1, max: 5 }) }),
  async ({ schedule, asks, excess }) => {
    const runtime = testRuntime({ seed: schedule })
    const subscribers: { readonly tag: string; readonly consumer: string }[] = []
    const greedy: Dispatcher<number> = {
      subscribe(subscriber) {
        subscribers.push(subscriber)
        return 0
      },
      ask: (_subscriber, demand) => demand,
      cancel: () => 0,
      dispatch: (events) => ({ deliveries: subscribers.map((subscriber) => [subscriber, events]), leftover: [] }),
    }
    const source = await start(generous(greedy as Dispatcher<number, never>, excess, 'sync'), { runtime })
    const seen: number[] = []
    const sink = consumer({
      handleEvents(events: readonly number[]) {
        seen.push(...events)
      },
    })
    const ref = await start(sink, { runtime })
    await ref.subscribe(source, { maxDemand: asks, cancel: 'temporary' })
    await runtime.settle()
    expect(await source.exited).toMatchObject({ code: 'GENSTAGE_BAD_RETURN', callback: 'dispatch' })
    expect(seen).toEqual([])
  },
)

promise(
  'a stream has at most its demand in flight, however slowly it is read',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    maxDemand: fc.integer({ min: 1, max: 12 }),
    minDemand: fc.nat(11),
    timing: timings,
    count: fc.nat(60),
    excess: fc.nat(3),
    // How the loop takes its time over each event, again and again.
    paces: fc.array(timings, { minLength: 1, maxLength: 5 }),
  }),
  async ({ schedule, maxDemand, minDemand, timing, count, excess, paces }) => {
    const runtime = testRuntime({ seed: schedule })
    let asked = 0
    let taken = 0
    const counted = demandDispatcher() as Dispatcher<number, never>
    const counting: Dispatcher<number, never> = {
      subscribe: (subscriber, options) => counted.subscribe(subscriber, options),
      ask(subscriber, demand) {
        asked += demand
        expect(asked - taken).toBeLessThanOrEqual(maxDemand)
        return counted.ask(subscriber, demand)
      },
      cancel: (subscriber) => counted.cancel(subscriber),
      dispatch: (events) => counted.dispatch(events),
    }
    const source = await start(generous(counting, excess, timing), { runtime })
    const least = Math.min(minDemand, maxDemand - 1)
    const pace = paces.map(timedReturn)
    const read = async (): Promise<void> => {
      if (count === 0) return
      for await (const event of stream([to(source, { maxDemand, minDemand: least })])) {
        expect(event).toBe(taken++)
        const pause: unknown = pace[taken % pace.length]?.(() => undefined)
        await pause
        if (taken === count) break
      }
    }
    await read()
    await runtime.settle()
    expect(taken).toBe(count)
  },
)

/** A child that runs until the test ends it. */
interface Work {
  readonly end: () => void
  readonly isByHand: boolean
}

const BY_HAND = -1

promise(
  'a consumer supervisor runs a child for each event, and at most maxDemand at a time besides those of startChild',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    maxDemand: fc.integer({ min: 1, max: 8 }),
    minDemand: fc.nat(7),
    supply: fc.nat(60),
    restart: fc.constantFrom('temporary' as const, 'transient' as const),
    // What happens next: a child is started by hand, or the child of this number ends, or it fails.
    steps: fc.array(fc.tuple(fc.constantFrom('start', 'end', 'end', 'end', 'fail'), fc.nat(20)), { maxLength: 60 }),
  }),
  async ({ schedule, maxDemand, minDemand, supply, restart, steps }) => {
    const runtime = testRuntime({ seed: schedule })
    const least = Math.max(1, Math.min(minDemand, maxDemand - 1))
    let next = 0
    let asked = 0
    const source = await start(
      producer({
        handleDemand(demand) {
          asked += demand
          // Places are offered again by `minDemand` at a time.
          expect(demand).toBeGreaterThanOrEqual(least)
          const count = Math.min(demand, supply - next)
          return Array.from({ length: count }, () => next++)
        },
      }),
      { runtime },
    )
    const running: (Work & { fail(error: Error): void })[] = []
    const supervisor = await start(
      consumerSupervisor({
        restart,
        maxRestarts: Number.POSITIVE_INFINITY,
        child: (event: number) =>
          new Promise<void>((end, fail) => running.push({ end, fail, isByHand: event === BY_HAND })),
      }),
      { runtime },
    )
    const options = { maxDemand, minDemand: Math.min(minDemand, maxDemand - 1), cancel: 'temporary' as const }
    await supervisor.subscribe(source, options)
    await runtime.settle()
    let ended = 0
    for (const [what, place] of steps) {
      if (what === 'start') void supervisor.startChild(BY_HAND)
      else {
        const [child] = running.length === 0 ? [] : running.splice(place % running.length, 1)
        const isOver = what === 'end' || restart === 'temporary'
        if (child !== undefined && !child.isByHand && isOver) ended++
        if (what === 'end') child?.end()
        else child?.fail(new Error('a planned failure'))
      }
      await runtime.settle()
      const forEvents = running.filter(({ isByHand }) => !isByHand).length
      expect(forEvents).toBeLessThanOrEqual(maxDemand)
      // Each place is asked for once when it is first there, and once more each time that it is free again.
      expect(asked).toBe(maxDemand + ended - (ended % least))
      expect(forEvents).toBe(Math.min(asked, supply) - ended)
    }
  },
)
