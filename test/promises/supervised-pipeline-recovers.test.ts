import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type Castable,
  type ConsumerRef,
  consumer,
  demandDispatcher,
  fromIterable,
  named,
  type ProcessRef,
  type ProducerConsumerRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Stage,
  type Strategy,
  start,
  supervisor,
  task,
  to,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import { promise } from './for-all.ts'
import { booksOf } from './ledger.ts'
import { schedules, type Timing, timings } from './plan.ts'
import { type TimedReturn, timedReturn } from './timed-return.ts'

const strategies = fc.constantFrom<Strategy[]>('one-for-one', 'one-for-all', 'rest-for-one')

/** What is to be delivered; it outlives the stages, as a table or a queue outside of the program would. */
class Orders {
  private readonly waiting: number[] = []
  private next = 0
  readonly delivered = new Set<number>()

  add(count: number): number[] {
    const added = Array.from({ length: count }, () => this.next++)
    this.waiting.push(...added)
    return added
  }

  take(count: number): number[] {
    return this.waiting.splice(0, count)
  }
}

interface TreeNames {
  readonly source: ProducerRef<number>
  readonly relay: ProducerConsumerRef<number, number>
}

/** Takes orders on demand, and looks for new ones on request. */
function sourceStage(orders: Orders, inTime: TimedReturn): Stage<ProducerRef<number>> {
  return producer(() =>
    inTime(() => {
      let open = 0
      const take = (): number[] => {
        const taken = orders.take(open)
        open -= taken.length
        return taken
      }
      return {
        handleDemand(demand: number) {
          open += demand
          return inTime(take)
        },
        handleCast: { look: () => inTime(take) },
      }
    }),
  )
}

/** How a supervised pipeline is made. */
interface TreePlan {
  readonly strategy: Strategy
  readonly timing: Timing
  readonly consumers: number
  readonly isPartitioned: boolean
  readonly maxDemand: number
}

const trees: fc.Arbitrary<TreePlan> = fc.record({
  strategy: fc.constantFrom<Strategy[]>('one-for-all', 'rest-for-one'),
  timing: timings,
  consumers: fc.integer({ min: 1, max: 4 }),
  isPartitioned: fc.boolean(),
  maxDemand: fc.integer({ min: 1, max: 20 }),
})

/**
 * The tree of GenStage's documentation: a producer, a producer-consumer, and the consumers under a supervisor of their
 * own. So the exit of a consumer restarts only consumers, and that of a producer all stages downstream.
 */
function tree(plan: TreePlan, orders: Orders, names: TreeNames, onTick: () => void): Stage<ProcessRef> {
  const { strategy, timing, consumers, isPartitioned, maxDemand } = plan
  const inTime = timedReturn(timing)
  const ticking: TimedReturn = (result, whenKnown) => {
    onTick()
    return inTime(result, whenKnown)
  }
  const Relay = (): Stage<ProducerConsumerRef<number, number>> =>
    producerConsumer({
      subscribeTo: [to(names.source, { maxDemand })],
      dispatcher: isPartitioned
        ? partitionDispatcher({ partitions: consumers, hash: (order: number) => [order, order % consumers] })
        : demandDispatcher(),
      handleEvents: (events: readonly number[]) => ticking(() => events),
    })
  const Sink = (partition: number) => (): Stage<ConsumerRef<number>> =>
    consumer({
      subscribeTo: [to(names.relay, { maxDemand, ...(isPartitioned ? { partition } : {}) })],
      // It has sent its subscription by then, and may be killed before the producer has handled it.
      handleSubscribe: () => ticking(() => undefined),
      handleEvents: (events: readonly number[]) =>
        ticking(() => {
          for (const order of events) orders.delivered.add(order)
        }),
    })
  const Sinks = () =>
    supervisor({
      strategy: 'one-for-one',
      maxRestarts: 1_000,
      children: Array.from({ length: consumers }, (_, place) => Sink(place)),
    })
  return supervisor({
    strategy,
    maxRestarts: 1_000,
    children: [
      { start: () => sourceStage(orders, ticking), name: named('source') },
      { start: Relay, name: named('relay') },
      Sinks,
    ],
  })
}

/** A process that runs, by its number among all but supervisors. */
function worker(runtime: TestRuntime, place: number): ProcessRef | undefined {
  const workers = [...booksOf(runtime).processes.values()].filter(({ kind }) => kind !== 'supervisor')
  return workers[place % workers.length]?.reference
}

promise(
  'a supervised pipeline whose stages are killed again and again continues to deliver',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    plan: trees,
    // After how many callbacks which stage is killed; while a tree restarts there may be no such stage.
    kills: fc.array(fc.tuple(fc.nat(60), fc.nat(7)), { minLength: 1, maxLength: 12 }),
    rounds: fc.integer({ min: 1, max: 3 }),
  }),
  async ({ schedule, plan, kills, rounds }) => {
    const runtime = testRuntime({ seed: schedule })
    const orders = new Orders()
    const names: TreeNames = { source: named('source'), relay: named('relay') }
    let ticks = 0
    // The caller handles a first start that fails; all later failures are handled by the supervisors.
    let isStarted = false
    const due = kills.toSorted(([one], [other]) => other - one)
    const onTick = (): void => {
      if (!isStarted) return
      ticks++
      for (let next = due.at(-1); next !== undefined && next[0] <= ticks; next = due.at(-1)) {
        due.pop()
        worker(runtime, next[1])?.exit('kill')
      }
    }
    orders.add(30)
    const root = await start(tree(plan, orders, names, onTick), { runtime })
    isStarted = true
    await runtime.settle()
    for (let round = 0; round < rounds; round++) {
      orders.add(30)
      look(runtime)
      const next = due.pop()
      if (next !== undefined) worker(runtime, next[1])?.exit('kill')
      await runtime.settle()
    }
    due.length = 0
    // No more stages are killed: all events that are taken from now on arrive.
    await runtime.settle()
    const late = orders.add(50)
    look(runtime)
    await runtime.settle()
    expect(late.filter((order) => !orders.delivered.has(order))).toEqual([])
    // Every stage is there once, and its supervisor knows it.
    const { processes } = booksOf(runtime)
    expect(processes.size).toBe(2 + 2 + plan.consumers)
    expect(processes.has(root.id)).toBe(true)
  },
)

/** Makes the source, if it runs, look for new orders. */
function look(runtime: TestRuntime): void {
  named<ProducerRef<number> & Castable<{ look(): void }>>('source', { runtime }).cast('look')
}

/** A child that may fail to start, and records when it starts and exits. */
function noting(label: string, log: string[], inTime: TimedReturn): () => Stage<ProcessRef> {
  return () =>
    consumer(() =>
      inTime(() => {
        log.push(`start ${label}`)
        return { handleEvents() {}, trapExit: true, terminate: () => inTime(() => void log.push(`end ${label}`)) }
      }),
    )
}

/** Which children end and start with one that has failed. */
function affected(strategy: Strategy, count: number, failed: number): number[] {
  const all = Array.from({ length: count }, (_, place) => place)
  if (strategy === 'one-for-one') return [failed]
  return strategy === 'one-for-all' ? all : all.slice(failed)
}

promise(
  'a child that fails restarts those that the strategy specifies, in order, and no others',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    strategy: strategies,
    timing: timings,
    count: fc.integer({ min: 1, max: 5 }),
    restart: fc.constantFrom('permanent' as const, 'transient' as const),
    kills: fc.array(fc.nat(4), { maxLength: 5 }),
  }),
  async ({ schedule, strategy, timing, count, restart, kills }) => {
    const runtime = testRuntime({ seed: schedule })
    const log: string[] = []
    const inTime = timedReturn(timing)
    const children = Array.from({ length: count }, (_, place) => ({
      start: noting(`${place}`, log, inTime),
      name: `child ${place}`,
      restart,
    }))
    const root = await start(supervisor({ strategy, children, maxRestarts: 100 }), { runtime })
    const labels = children.map((_, place) => `${place}`)
    expect(log).toEqual(labels.map((label) => `start ${label}`))
    for (const kill of kills) {
      log.length = 0
      const failed = kill % count
      booksOf(runtime).names.get(`child ${failed}`)?.reference.exit('kill')
      await runtime.settle()
      const others = affected(strategy, count, failed)
      // The killed child exits immediately, the others in reverse order; then all of them start in order.
      const ends = others.filter((place) => place !== failed).toReversed()
      expect(log).toEqual([...ends.map((place) => `end ${place}`), ...others.map((place) => `start ${place}`)])
      expect((await root.whichChildren()).map(({ id }) => id)).toEqual(children.map(({ name }) => name))
      expect(booksOf(runtime).processes.size).toBe(1 + count)
    }
    log.length = 0
    await root.stop()
    expect(log).toEqual(labels.toReversed().map((label) => `end ${label}`))
  },
)

promise(
  'a supervisor allows maxRestarts restarts within maxSeconds, and not one more',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    strategy: strategies,
    maxRestarts: fc.nat(4),
    maxSeconds: fc.integer({ min: 1, max: 6 }),
    // How long it is from one failure to the next, in milliseconds.
    pauses: fc.array(fc.oneof(fc.nat(3_000), fc.constant(1_000)), { minLength: 1, maxLength: 12 }),
  }),
  async ({ schedule, strategy, maxRestarts, maxSeconds, pauses }) => {
    const gaveUp: string[] = []
    const logger = { error: (message: string) => void gaveUp.push(message) }
    const runtime = testRuntime({ seed: schedule, logger })
    const child = () => consumer({ handleEvents() {} })
    const children = [{ start: child, name: 'child' }, child]
    const root = await start(supervisor({ strategy, maxRestarts, maxSeconds, children }), { runtime })
    const times: number[] = []
    for (const pause of pauses) {
      await runtime.advance(pause)
      const first = booksOf(runtime).names.get('child')?.reference
      first?.exit('kill')
      await runtime.settle()
      times.push(runtime.now())
      const counted = times.filter((time) => time >= runtime.now() - maxSeconds * 1_000)
      const isAllowed = counted.length <= maxRestarts
      expect(booksOf(runtime).processes.has(root.id)).toBe(isAllowed)
      if (!isAllowed) {
        expect(await root.exited).toBe('shutdown')
        expect(booksOf(runtime).processes.size).toBe(0)
        expect(gaveUp.some((message) => message.includes('gave up'))).toBe(true)
        return
      }
      expect(booksOf(runtime).processes.size).toBe(3)
    }
  },
)

promise(
  'a child that fails to restart is tried again, and starts once it can',
  { runs: 150 },
  fc.record({
    schedule: schedules,
    strategy: strategies,
    timing: timings,
    failures: fc.integer({ min: 0, max: 6 }),
    maxRestarts: fc.integer({ min: 1, max: 6 }),
  }),
  async ({ schedule, strategy, timing, failures, maxRestarts }) => {
    const runtime = testRuntime({ seed: schedule })
    const inTime = timedReturn(timing)
    let starts = 0
    const Shaky = () =>
      consumer(() =>
        inTime(() => {
          if (starts++ > 0 && starts <= failures + 1) throw new Error('not yet')
          return { handleEvents() {} }
        }),
      )
    const children = [{ start: Shaky, name: 'shaky' }, () => consumer({ handleEvents() {} })]
    const root = await start(supervisor({ strategy, maxRestarts, children }), { runtime })
    booksOf(runtime).names.get('shaky')?.reference.exit('kill')
    await runtime.settle()
    // The end itself is one restart, and each start that fails asks for another.
    const isAllowed = failures + 1 <= maxRestarts
    expect(booksOf(runtime).processes.size).toBe(isAllowed ? 3 : 0)
    expect(booksOf(runtime).names.has('shaky')).toBe(isAllowed)
    expect(booksOf(runtime).processes.has(root.id)).toBe(isAllowed)
  },
)

promise(
  'a supervised task runs again until it succeeds, and not after that',
  { runs: 150 },
  fc.record({ schedule: schedules, failures: fc.integer({ min: 0, max: 5 }), isWaiting: fc.boolean() }),
  async ({ schedule, failures, isWaiting }) => {
    const runtime = testRuntime({ seed: schedule })
    let runs = 0
    const Work = () =>
      task(async () => {
        if (isWaiting) await setImmediate()
        if (runs++ < failures) throw new Error('a planned failure')
      })
    const children = [{ start: Work, id: 'work', restart: 'transient' as const }]
    const root = await start(supervisor({ strategy: 'one-for-one', maxRestarts: 5, children }), { runtime })
    await runtime.settle()
    expect(runs).toBe(failures + 1)
    expect(await root.whichChildren()).toEqual([{ id: 'work', ref: undefined }])
  },
)

promise(
  'a source that is restarted emits all events from its beginning, once',
  { runs: 150 },
  fc.record({ schedule: schedules, count: fc.nat(40), maxDemand: fc.integer({ min: 1, max: 9 }), after: fc.nat(60) }),
  async ({ schedule, count, maxDemand, after }) => {
    const runtime = testRuntime({ seed: schedule })
    const numbers = named<ProducerRef<number>>('numbers')
    const seen: number[][] = []
    let ticks = 0
    const Numbers = () => fromIterable(Array.from({ length: count }, (_, index) => index))
    const Sink = () => {
      const mine: number[] = []
      seen.push(mine)
      return consumer({
        subscribeTo: [to(numbers, { maxDemand })],
        handleEvents(events: readonly number[]) {
          mine.push(...events)
          if (ticks++ === after) booksOf(runtime).names.get('numbers')?.reference.exit('kill')
        },
      })
    }
    const children = [
      { start: Numbers, name: numbers, restart: 'transient' as const },
      { start: Sink, restart: 'transient' as const, id: 'sink' },
    ]
    await start(supervisor({ strategy: 'rest-for-one', children }), { runtime }).catch(() => {})
    await runtime.settle()
    const whole = Array.from({ length: count }, (_, index) => index)
    for (const mine of seen) expect(mine).toEqual(whole.slice(0, mine.length))
  },
)
