import fc from 'fast-check'
import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  consumerSupervisor,
  type Dispatcher,
  demandDispatcher,
  named,
  type ProcessRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Stage,
  start,
  supervisor,
  task,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import { promise } from './for-all.ts'
import { booksOf } from './ledger.ts'
import { schedules, type Timing, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

/** Numbers from 0 on, as many as there are. */
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** A promise that nothing settles. */
const never = <Value>(): Promise<Value> => new Promise(() => {})

/** Where a consumer hangs: before it has subscribed, as it does, or in the batch of this number. */
type Place = 'setup' | 'handleSubscribe' | number

interface SinkPlan {
  readonly maxDemand: number
  readonly minDemand: number
  readonly timing: Timing
}

const sinkPlans: fc.Arbitrary<SinkPlan> = fc
  .record({ maxDemand: fc.integer({ min: 1, max: 12 }), minDemand: fc.nat(11), timing: timings })
  .map((plan) => ({ ...plan, minDemand: Math.min(plan.minDemand, plan.maxDemand - 1) }))

const places = fc.oneof<fc.Arbitrary<Place>[]>(fc.constantFrom('setup', 'handleSubscribe'), fc.nat(3))

/** A consumer that handles what it gets; one with a place to hang in hangs there, for good. */
function sink(timing: Timing, seen: number[], place?: Place): Stage<ConsumerRef<number>> {
  const inTime = timedReturn(timing)
  let batches = 0
  const callbacks = {
    handleSubscribe: () => (place === 'handleSubscribe' ? never<void>() : undefined),
    handleEvents(events: readonly number[]) {
      if (batches++ === place) return never<void>()
      seen.push(...events)
      return inTime(() => undefined)
    },
  }
  return consumer(() => (place === 'setup' ? never<typeof callbacks>() : callbacks))
}

type Kind = 'demand' | 'broadcast' | 'partition'

function dispatcherOf(kind: Kind, subscribers: number): Dispatcher<number, never> {
  if (kind === 'demand') return demandDispatcher()
  if (kind === 'broadcast') return broadcastDispatcher<number>()
  const hash = (event: number): readonly [number, number] => [event, event % subscribers]
  return partitionDispatcher({ partitions: subscribers, hash })
}

/** Emits the numbers below `count` as they are asked for. */
function counting(count: number, dispatcher: Dispatcher<number, never>, timing: Timing): Stage<ProducerRef<number>> {
  const inTime = timedReturn(timing)
  let next = 0
  return producer({
    demand: 'accumulate',
    dispatcher,
    handleDemand: (demand) =>
      inTime(() => {
        const first = next
        next = Math.min(count, next + demand)
        return range(next - first).map((index) => first + index)
      }),
  })
}

/** Starts a stage. Does not wait for one that hangs in its setup function. */
async function launch(runtime: TestRuntime, stage: Stage<ConsumerRef<number>>, name: string): Promise<void> {
  start(stage, { runtime, name }).catch(() => {})
  await runtime.settle()
}

function refOf(runtime: TestRuntime, name: string): ProcessRef | undefined {
  return booksOf(runtime).names.get(name)?.reference
}

/** Subscribes a stage, and does not wait for one that hangs. */
async function subscribe(
  runtime: TestRuntime,
  name: string,
  source: ProducerRef<number>,
  options: object,
): Promise<void> {
  const ref = named<ConsumerRef<number>>(name, { runtime })
  ref.subscribe(source, options).catch(() => {})
  await runtime.settle()
}

const cases = fc.record({
  schedule: schedules,
  kind: fc.constantFrom<Kind[]>('demand', 'broadcast', 'partition'),
  count: fc.integer({ min: 1, max: 80 }),
  timing: timings,
  hanging: sinkPlans,
  place: places,
  siblings: fc.array(sinkPlans, { minLength: 1, maxLength: 3 }),
})

promise(
  'the siblings of a consumer that hangs receive the other events, and all events once it is killed',
  { runs: 500 },
  cases,
  async ({ schedule, kind, count, timing, hanging, place, siblings }) => {
    const runtime = testRuntime({ seed: schedule })
    const subscribers = 1 + siblings.length
    const source = await start(counting(count, dispatcherOf(kind, subscribers), timing), { runtime })
    const before: number[] = []
    const seen = siblings.map((): number[] => [])
    await launch(runtime, sink(hanging.timing, before, place), 'hanging')
    for (const [index, plan] of siblings.entries()) {
      await launch(runtime, sink(plan.timing, seen[index] as number[]), `sibling ${index}`)
    }
    const asksFor = (plan: SinkPlan): number => (plan === hanging && place === 'handleSubscribe' ? 0 : plan.maxDemand)
    const all = [hanging, ...siblings].map((plan, index) => ({ plan, index }))
    // Consumers that ask for less come first. As in GenStage, a broadcast that has asked upstream for too much comes
    // to rest with events in its buffer (`accumulate-7-92` and `broadcast-7-77` among the vectors).
    for (const { plan, index } of all.toSorted((one, other) => asksFor(one.plan) - asksFor(other.plan))) {
      const { maxDemand, minDemand } = plan
      const options = {
        maxDemand,
        minDemand,
        cancel: 'temporary',
        ...(kind === 'partition' ? { partition: index } : {}),
      }
      await subscribe(runtime, index === 0 ? 'hanging' : `sibling ${index - 1}`, source, options)
    }
    source.demand('forward')
    await runtime.settle()
    // The stage that hangs may hold what it has asked for; one that hangs before it asks blocks no other.
    const most = place === 'setup' || place === 'handleSubscribe' ? 0 : hanging.maxDemand
    const hangs = place !== 'setup'
    const handled = seen.flat().length + before.length
    if (kind === 'demand') expect(count - handled).toBeLessThanOrEqual(most)
    if (kind === 'broadcast') {
      // The others wait for it, after as many events as it has asked for, unless it hangs in its setup function.
      for (const mine of seen) {
        expect(mine).toEqual(range(mine.length))
        const least = most === 0 ? 0 : hanging.minDemand + 1
        expect(mine.length).toBeLessThanOrEqual(hangs ? before.length + most : count)
        expect(mine.length).toBeGreaterThanOrEqual(hangs ? Math.min(count, before.length + least) : count)
      }
    }
    if (kind === 'partition') {
      // Its partition's events wait, and are no more than were asked for; those of the others are never held up by them
      // while they have demand of their own.
      for (const [index, mine] of seen.entries()) {
        const due = range(count).filter((event) => event % subscribers === index + 1)
        expect(mine).toEqual(due.slice(0, mine.length))
      }
    }
    refOf(runtime, 'hanging')?.exit('kill')
    await runtime.settle()
    expect(refOf(runtime, 'hanging')).toBeUndefined()
    if (kind === 'broadcast') for (const mine of seen) expect(mine).toEqual(range(count))
    if (kind === 'demand') expect(seen.flat().length + before.length).toBe(handled)
    expect(booksOf(runtime).processes.size).toBe(1 + siblings.length)
  },
)

promise(
  'a producer that hangs blocks only its own consumers, and can be killed',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    count: fc.nat(60),
    timing: timings,
    plan: sinkPlans,
    where: fc.constantFrom('handleDemand' as const, 'handleSubscribe' as const, 'handleCast' as const),
    through: fc.boolean(),
  }),
  async ({ schedule, count, timing, plan, where, through }) => {
    const runtime = testRuntime({ seed: schedule })
    const hang = <Value>(here: string, value: Value): Value => (here === where ? (never() as Value) : value)
    const hanging = producer({
      handleDemand: () => hang('handleDemand', [] as number[]),
      handleSubscribe: () => hang('handleSubscribe', undefined),
      handleCast: { wait: () => hang('handleCast', undefined) },
    })
    const stuck = await start(hanging, { runtime })
    stuck.cast('wait')
    const lively = await start(counting(count, demandDispatcher() as Dispatcher<number, never>, timing), { runtime })
    const seen: number[] = []
    await launch(runtime, sink(plan.timing, seen), 'sink')
    const { maxDemand, minDemand } = plan
    const options = { maxDemand, minDemand, cancel: 'temporary' as const, confirm: false }
    await subscribe(runtime, 'sink', stuck, options)
    if (through) {
      const relay = await start(producerConsumer({ handleEvents: (events: readonly number[]) => events }), { runtime })
      await relay.subscribe(lively, options)
      await relay.subscribe(stuck, options)
      await subscribe(runtime, 'sink', relay, options)
    } else await subscribe(runtime, 'sink', lively, options)
    lively.demand('forward')
    await runtime.settle()
    expect(seen).toEqual(range(count))
    stuck.exit('kill')
    await runtime.settle()
    expect(booksOf(runtime).processes.has(stuck.id)).toBe(false)
    expect(refOf(runtime, 'sink')).toBeDefined()
  },
)

/** A child of a consumer supervisor: it does its work, or hangs in its setup function, at its work, or in terminate. */
type Child = 'works' | 'hangs in setup' | 'hangs at work' | 'hangs at its end'

function childOf(kind: Child, done: () => void): Stage<ProcessRef> {
  if (kind === 'works') return task(done)
  if (kind === 'hangs at work') return task(() => never())
  const idle = { handleEvents(_events: readonly number[]) {}, trapExit: true, terminate: () => never<void>() }
  return consumer(() => (kind === 'hangs in setup' ? never<typeof idle>() : idle))
}

promise(
  'children of a consumer supervisor that hang block neither the others nor its callers, and can be terminated',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    count: fc.integer({ min: 1, max: 40 }),
    maxDemand: fc.integer({ min: 2, max: 8 }),
    minDemand: fc.nat(6),
    // At which events, counted around, which children hang; fewer than may run at the same time.
    hanging: fc.array(
      fc.tuple(fc.nat(39), fc.constantFrom<Child[]>('hangs in setup', 'hangs at work', 'hangs at its end')),
      {
        maxLength: 7,
      },
    ),
    shutdown: fc.integer({ min: 1, max: 5_000 }),
  }),
  async ({ schedule, count, maxDemand, minDemand, hanging, shutdown }) => {
    const runtime = testRuntime({ seed: schedule })
    const kinds = new Map(hanging.slice(0, maxDemand - 1).map(([event, kind]) => [event % count, kind]))
    const done: number[] = []
    const startChild = (event: number): Stage<ProcessRef> =>
      childOf(kinds.get(event) ?? 'works', () => void done.push(event))
    const pool = await start(consumerSupervisor({ start: startChild, shutdown, maxRestarts: 0 }), { runtime })
    const source = await start(counting(count, demandDispatcher() as Dispatcher<number, never>, 'sync'), { runtime })
    // Places that are not held for good must be enough to be offered again.
    await pool.subscribe(source, { maxDemand, minDemand: Math.min(minDemand, maxDemand - kinds.size) % maxDemand })
    source.demand('forward')
    await runtime.settle()
    const worked = range(count).filter((event) => !kinds.has(event))
    expect(done.toSorted((one, other) => one - other)).toEqual(worked)

    const replies = { children: 0, ended: 0 }
    const ask = async (): Promise<void> => {
      const children = await pool.whichChildren()
      replies.children = children.length
    }
    void ask()
    await runtime.settle()
    expect(replies.children).toBe(kinds.size)
    for (const { ref } of await pool.whichChildren()) {
      if (ref !== 'restarting') void pool.terminateChild(ref).then(() => replies.ended++)
    }
    await runtime.settle()
    // Only children that trap the signal take time, and no other child waits for them.
    const traps = [...kinds.values()].filter((kind) => kind === 'hangs at its end').length
    expect(replies.ended).toBe(kinds.size - traps)
    void pool.startChild(-1)
    await runtime.settle()
    expect(done).toContain(-1)
    await runtime.advance(shutdown)
    expect(replies.ended).toBe(kinds.size)
    expect(booksOf(runtime).processes.size).toBe(2)
  },
)

promise(
  'a child that hangs is killed after its shutdown time, and its late result has no effect',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    shutdown: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constant('brutal-kill' as const)),
    traps: fc.boolean(),
    hangsIn: fc.constantFrom('handleInfo' as const, 'terminate' as const),
    replies: fc.constantFrom('value' as const, 'error' as const, 'nothing' as const),
  }),
  async ({ schedule, shutdown, traps, hangsIn, replies }) => {
    const log: string[] = []
    const write = (message: string): void => void log.push(message)
    const runtime = testRuntime({ seed: schedule, logger: { debug: write, info: write, warn: write, error: write } })
    const settle: (() => void)[] = []
    const hang = (): Promise<void> =>
      new Promise((resolve, reject) => {
        settle.push(() => (replies === 'error' ? reject(new Error('too late')) : resolve()))
      })
    const stage = () =>
      consumer({
        trapExit: traps,
        handleEvents() {},
        handleInfo: () => (hangsIn === 'handleInfo' ? hang() : undefined),
        terminate: () => (hangsIn === 'terminate' ? hang() : undefined),
      })
    const received: string[] = []
    const Sibling = () =>
      consumer({ handleEvents() {}, trapExit: true, terminate: () => void received.push('sibling') })
    const children = [{ start: stage, name: 'hanging', shutdown }, Sibling]
    const root = await start(supervisor({ strategy: 'one-for-one', children }), { runtime })
    refOf(runtime, 'hanging')?.send('hang')
    await runtime.settle()
    const began = runtime.now()
    const stopped = root.stop()
    await runtime.settle()
    // Children stop in reverse order, each within its shutdown time.
    expect(received).toEqual(['sibling'])
    const waits = traps && shutdown !== 'brutal-kill'
    expect(booksOf(runtime).names.has('hanging')).toBe(waits)
    if (waits) {
      await runtime.advance(shutdown - 1 > 0 ? shutdown - 1 : 0)
      expect(booksOf(runtime).names.has('hanging')).toBe(shutdown > 0)
      await runtime.advance(1)
    }
    await stopped
    expect(runtime.now() - began).toBeLessThanOrEqual(waits ? Math.max(1, shutdown) : 0)
    expect(booksOf(runtime).processes.size).toBe(0)
    const logged = [...log]
    if (replies !== 'nothing') for (const result of settle) result()
    await runtime.settle()
    expect(log).toEqual(logged)
    expect(booksOf(runtime).processes.size).toBe(0)
    expect(booksOf(runtime).timers.size).toBe(0)
  },
)
