import fc from 'fast-check'
import { consumer, createScope, type Down, type Monitor, type ProcessRef, start, supervisor, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { countLeft, MOST_KEPT_BY_ENGINE } from '../garbage.ts'
import { promise } from './for-all.ts'
import { booksOf } from './ledger.ts'
import { Pipeline } from './pipeline.ts'
import { pipelines, schedules, timings } from './plan.ts'
import { type Ending, endBy, endings, type Order, orders, Population } from './population.ts'
import { timedReturn } from './timed-return.ts'

/** What the runtime still knows of; all of it is empty when nothing is left. */
function leftIn(runtime: Parameters<typeof booksOf>[0]): object {
  const { processes, names, timers, scheduler, scope } = booksOf(runtime)
  return {
    processes: [...processes.values()].map(({ label }) => label),
    names: [...names.keys()],
    timers: timers.size,
    turns: scheduler.size,
    links: scope.links?.size ?? 0,
  }
}

/** How many others each process of a pipeline watches. */
function watchesOf({ runtime }: Pipeline): object {
  const { processes } = booksOf(runtime)
  return Object.fromEntries([...processes.values()].map(({ id, watching }) => [id, watching?.size ?? 0]))
}

/** In how many subscriptions each process of a pipeline is that have not ended, on either side. */
function subscriptionsOf({ ledger, runtime }: Pipeline): object {
  const counts = new Map([...booksOf(runtime).processes.keys()].map((id) => [id, 0]))
  for (const { emitter, consumer, isOver } of ledger.accounts.values()) {
    if (isOver || !ledger.isAlive(emitter.id) || !ledger.isAlive(consumer)) continue
    for (const id of [emitter.id, consumer]) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return Object.fromEntries(counts)
}

const nothing = { processes: [], names: [], timers: 0, turns: 0, links: 0 }

promise(
  'when all stages have exited, whatever they held, the runtime holds nothing',
  { runs: 400 },
  fc.record({ schedule: schedules, size: fc.integer({ min: 1, max: 6 }), given: orders, ends: fc.array(endings) }),
  async ({ schedule, size, given, ends }) => {
    const runtime = testRuntime({ seed: schedule })
    const population = new Population(runtime)
    await population.begin(size)
    for (const [place, order] of given.entries()) {
      population.give(order)
      population.callFromOutside(place)
      if (place % 4 === 0) await runtime.settle()
    }
    // Each stage ends in some way, a few in the middle of their orders; and then all of them.
    for (let place = 0; place < size; place++) population.end(place, ends[place] ?? 'kill')
    await runtime.settle()
    for (const { reference } of booksOf(runtime).processes.values()) reference.exit('kill')
    await runtime.settle()
    expect(leftIn(runtime)).toEqual(nothing)
    expect(population.listeners).toBe(0)
  },
)

promise(
  'stages monitor only those that they have a subscription with, and nothing remains of a pipeline that has ended',
  { runs: 300 },
  pipelines(),
  async (plan) => {
    const pipeline = new Pipeline(plan)
    await pipeline.run()
    expect(watchesOf(pipeline)).toEqual(subscriptionsOf(pipeline))
    await pipeline.killAll()
    expect(leftIn(pipeline.runtime)).toEqual(nothing)
  },
)

/** How often each case is tried: what is held is held each time, and what the engine keeps for a while is not. */
const TRIES = 5

interface Lives {
  readonly schedule: number
  readonly given: readonly Order[]
  readonly ends: readonly Ending[]
}

/** Has all members of a population end but the last, and looks at what that still knows of. */
async function outlive({ schedule, given, ends }: Lives): Promise<{ population: Population; alive: number }> {
  const runtime = testRuntime({ seed: schedule })
  const population = new Population(runtime)
  await population.begin(ends.length + 1)
  // The last one stays alive: no order ends it, and as it does not trap exits, no stage links to it.
  const last = ends.length
  const harmless = given.filter(({ what, by }) => what !== 'link' && !(what === 'wait' && by % (last + 1) === last))
  for (const order of harmless) population.give(order)
  await runtime.settle()
  for (const [place, how] of ends.entries()) population.end(place, how)
  await runtime.settle()
  for (const place of ends.keys()) population.member(place).exit('kill')
  await runtime.settle()
  const { processes, timers } = booksOf(runtime)
  const survivor = processes.get(population.member(last).id)
  const hasExited = (other: object | undefined): boolean =>
    other !== undefined && 'id' in other && !processes.has(String(other.id))
  expect([...(survivor?.watching ?? [])].filter(({ target }) => hasExited(target))).toEqual([])
  expect([...(survivor?.watchers ?? [])].filter(({ watcher }) => hasExited(watcher))).toEqual([])
  expect([...(survivor?.links ?? [])].filter((linked) => hasExited(linked))).toEqual([])
  expect([...(survivor?.outgoingCalls ?? [])].filter(({ callee }) => hasExited(callee))).toEqual([])
  // Timers and calls are those of the living, and no others.
  const living = [...processes.values()]
  const count = (sizeOf: (process: (typeof living)[number]) => number | undefined): number =>
    living.reduce((sum, process) => sum + (sizeOf(process) ?? 0), 0)
  const calls = count(({ outgoingCalls }) => outgoingCalls?.size)
  expect(count(({ incomingCalls }) => incomingCalls?.size)).toBe(calls)
  expect(timers.size).toBe(count(({ deadlines }) => deadlines?.size) + calls)
  // The producer that all may subscribe to has no such instance.
  return { population, alive: processes.size - 1 }
}

promise(
  'stages that stay alive keep nothing of those that have exited, and nothing of them remains',
  { runs: 60 },
  fc.record({ schedule: schedules, given: orders, ends: fc.array(endings, { minLength: 1, maxLength: 5 }) }),
  async (lives) => {
    // All references are held to the end, so that the stages stay alive.
    const outcomes: Awaited<ReturnType<typeof outlive>>[] = []
    for (let count = 0; count < TRIES; count++) outcomes.push(await outlive(lives))
    const expected = outcomes.reduce((sum, { alive }) => sum + alive, 0)
    const left = await countLeft(
      outcomes.flatMap(({ population }) => population.instances),
      expected,
    )
    expect(left).toBeGreaterThanOrEqual(expected)
    expect(left).toBeLessThan(expected + TRIES)
    expect(outcomes).toHaveLength(TRIES)
  },
)

test('references hold no instance of a stage that has exited', async () => {
  const many = 1_000
  const runtime = testRuntime({ seed: 1 })
  const population = new Population(runtime)
  await population.begin(many)
  const held: ProcessRef[] = []
  for (let place = 0; place < many; place++) {
    held.push(population.member(place))
    population.end(place, (['stop', 'kill', 'exit', 'crash'] as const)[place % 4] ?? 'kill')
  }
  await runtime.settle()
  expect(await countLeft(population.instances)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
  expect(held).toHaveLength(many)
})

promise(
  'a stage that has cancelled a monitor is not notified, whether the message was in its mailbox or not',
  { runs: 300 },
  fc.record({
    schedule: schedules,
    targets: fc.integer({ min: 1, max: 4 }),
    // In which order targets end and monitors are taken away; a settled runtime lets messages arrive in between.
    steps: fc.array(fc.tuple(fc.constantFrom('end', 'cancel', 'settle'), fc.nat(3)), { maxLength: 12 }),
  }),
  async ({ schedule, targets, steps }) => {
    const runtime = testRuntime({ seed: schedule })
    const taken = new Set<ProcessRef>()
    const refs: ProcessRef[] = []
    for (let count = 0; count < targets; count++) refs.push(await start(consumer({ handleEvents() {} }), { runtime }))
    const tooLate: ProcessRef[] = []
    const watcher = await start(
      consumer((stage) => {
        const monitors = new Map<ProcessRef, Monitor>()
        return {
          handleEvents() {},
          handleInfo(message: 'watch' | { readonly cancel: ProcessRef } | Down) {
            if (message === 'watch') for (const ref of refs) monitors.set(ref, stage.monitor(ref))
            else if ('cancel' in message) {
              taken.add(message.cancel)
              monitors.get(message.cancel)?.cancel()
            } else if (taken.has(message.down)) tooLate.push(message.down)
          },
        }
      }),
      { runtime },
    )
    watcher.send('watch')
    await runtime.settle()
    for (const [what, place] of steps) {
      const ref = refs[place % targets] as ProcessRef
      if (what === 'end') ref.exit('kill')
      else if (what === 'cancel') watcher.send({ cancel: ref })
      else await runtime.settle()
    }
    await runtime.settle()
    expect(tooLate).toEqual([])
  },
)

promise(
  'a scope or a supervisor that stops leaves no process behind',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    children: fc.array(fc.constantFrom('stage' as const, 'stubborn' as const, 'task' as const), { maxLength: 5 }),
    isScope: fc.boolean(),
    fails: fc.boolean(),
    killed: fc.array(fc.nat(4), { maxLength: 3 }),
    // A supervisor has no message to fail of, and an exit signal of a stranger means nothing to it.
    how: fc.constantFrom('stop' as const, 'kill' as const),
  }),
  async ({ schedule, children, isScope, fails, killed, how }) => {
    const runtime = testRuntime({ seed: schedule })
    const make = {
      stage: () =>
        consumer({
          handleEvents() {},
          handleInfo() {
            throw new Error('a planned failure')
          },
        }),
      // It takes longer to end than it is given.
      stubborn: () => consumer({ handleEvents() {}, trapExit: true, terminate: () => new Promise<void>(() => {}) }),
      task: () => task(({ signal }) => new Promise<void>((_, fail) => signal.addEventListener('abort', () => fail()))),
    }
    // A process that exits in time would leave a timer, the one that would have killed it, unless that is removed.
    // A scope sends a request, which a running task does not receive.
    const takesTime = children.includes('stubborn') || (isScope && children.includes('task'))
    const wait = (): Promise<void> => (takesTime ? runtime.advance(60_000) : runtime.settle())
    const refs: ProcessRef[] = []
    if (isScope) {
      const scope = createScope({ runtime })
      scope.done.catch(() => {})
      for (const kind of children) refs.push(await scope.startLink(make[kind]()))
      for (const place of killed) refs[place]?.exit('kill')
      if (fails) await runtime.settle()
      // A stage that fails ends the others before they are disposed of.
      const failing = refs[children.indexOf('stage')]
      const isFailure = fails && failing !== undefined && booksOf(runtime).processes.has(failing.id)
      if (isFailure) {
        failing.send('fail')
        await wait()
        expect(booksOf(runtime).processes.size).toBe(0)
      }
      const disposed = scope[Symbol.asyncDispose]()
      await wait()
      await disposed
    } else {
      const tree = supervisor({
        strategy: 'one-for-one',
        maxRestarts: 100,
        children: children.map((kind, place) => ({ start: make[kind], id: `${place}`, name: `child ${place}` })),
      })
      const ref = await start(tree, { runtime })
      for (const place of killed) booksOf(runtime).names.get(`child ${place}`)?.reference.exit('kill')
      await runtime.settle()
      endBy(ref, how)
      await wait()
      expect(await ref.exited).toBeDefined()
    }
    // A supervisor that is killed sets its children no deadline: they receive an exit signal, and may take any time.
    if (isScope || how === 'stop') expect(leftIn(runtime)).toEqual(nothing)
    for (const { reference } of booksOf(runtime).processes.values()) reference.exit('kill')
    await runtime.settle()
    expect(leftIn(runtime)).toEqual(nothing)
  },
)

promise(
  'a supervisor that is killed while it starts or restarts its children leaves no process behind',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    strategy: fc.constantFrom('one-for-one' as const, 'one-for-all' as const, 'rest-for-one' as const),
    timing: timings,
    count: fc.integer({ min: 1, max: 5 }),
    // At which setup of a child the supervisor is killed: at one of the first starts, or at a restart.
    at: fc.nat(9),
  }),
  async ({ schedule, strategy, timing, count, at }) => {
    const runtime = testRuntime({ seed: schedule })
    const inTime = timedReturn(timing)
    const refOf = (name: string): ProcessRef | undefined => booksOf(runtime).names.get(name)?.reference
    let begun = 0
    const child = () =>
      consumer(() => {
        if (begun++ === at) refOf('root')?.exit('kill')
        return inTime(() => ({ handleEvents() {} }))
      })
    const children = Array.from({ length: count }, (_, place) => ({ start: child, name: `child ${place}` }))
    const tree = supervisor({ strategy, children, maxRestarts: 100 })
    start(tree, { runtime, name: 'root' }).catch(() => {})
    await runtime.settle()
    while (begun <= at) {
      refOf('child 0')?.exit('kill')
      await runtime.settle()
    }
    expect(refOf('root')).toBeUndefined()
    expect(leftIn(runtime)).toEqual(nothing)
  },
)
