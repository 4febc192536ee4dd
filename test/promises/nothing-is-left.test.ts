import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { consumer, createScope, type Down, type Monitor, type ProcessRef, start, supervisor, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { promise } from './for-all.ts'
import { booksOf } from './ledger.ts'
import { Pipeline } from './pipeline.ts'
import { pipelines, schedules } from './plan.ts'
import { endBy, endings, orders, Population } from './population.ts'

const collectGarbage = (globalThis as { readonly gc?: () => void }).gc

/** How many of these are still there when all that can be collected was; no more than `expected` are looked for. */
async function survivors(instances: readonly WeakRef<object>[], expected: number): Promise<number> {
  let count = 0
  // What the engine itself has in its hands is let go of after a while.
  for (let round = 0; round < 10; round++) {
    // A weak reference that was made or looked at holds its object until the running task is over.
    await setImmediate()
    collectGarbage?.()
    await setImmediate()
    count = instances.filter((each) => each.deref() !== undefined).length
    if (count <= expected) break
  }
  return count
}

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

test('the collector can be called', () => {
  expect(collectGarbage).toBeTypeOf('function')
})

promise(
  'when all stages have ended, whatever they held, the runtime knows of nothing any more',
  { runs: 400 },
  fc.record({ schedule: schedules, size: fc.integer({ min: 1, max: 6 }), told: orders, ends: fc.array(endings) }),
  async ({ schedule, size, told, ends }) => {
    const runtime = testRuntime({ seed: schedule })
    const population = new Population(runtime)
    await population.begin(size)
    for (const [place, order] of told.entries()) {
      population.tell(order)
      population.callFromOutside(place)
      if (place % 4 === 0) await runtime.settle()
    }
    // Each is ended in some way, a few in the middle of what they were told; and then for good.
    for (let place = 0; place < size; place++) population.end(place, ends[place] ?? 'kill')
    await runtime.settle()
    for (const { reference } of booksOf(runtime).processes.values()) reference.exit('kill')
    await runtime.settle()
    expect(leftIn(runtime)).toEqual(nothing)
    expect(population.listeners).toBe(0)
  },
)

promise(
  'stages watch those only that they have a subscription with, and of an ended pipeline nothing is known any more',
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

promise(
  'those who live on keep nothing of those who have ended, and nothing of them is kept',
  { runs: 60 },
  fc.record({ schedule: schedules, told: orders, ends: fc.array(endings, { minLength: 1, maxLength: 5 }) }),
  async ({ schedule, told, ends }) => {
    const runtime = testRuntime({ seed: schedule })
    const population = new Population(runtime)
    await population.begin(ends.length + 1)
    // The last one lives on: it is told nothing that would end it, and traps nothing, so nobody links to it.
    const last = ends.length
    const orderly = told.filter(({ what, by }) => what !== 'link' && !(what === 'wait' && by % (last + 1) === last))
    for (const order of orderly) population.tell(order)
    await runtime.settle()
    for (const [place, how] of ends.entries()) population.end(place, how)
    await runtime.settle()
    for (const { ref } of [...ends.keys()].map((place) => ({ ref: population.member(place) }))) ref.exit('kill')
    await runtime.settle()
    const survivor = booksOf(runtime).processes.get(population.member(last).id)
    const isGone = (label: { readonly id?: string } | undefined): boolean =>
      label?.id !== undefined && !booksOf(runtime).processes.has(label.id)
    expect([...(survivor?.watching ?? [])].filter(({ target }) => isGone(target))).toEqual([])
    expect([...(survivor?.watchers ?? [])].filter(({ watcher }) => isGone(watcher))).toEqual([])
    expect([...(survivor?.links ?? [])].filter((linked) => isGone(linked as never))).toEqual([])
    expect([...(survivor?.callsMade ?? [])].filter(({ callee }) => isGone(callee))).toEqual([])
    const alive = booksOf(runtime).processes.size
    // The producer that all may subscribe to has no such instance.
    expect(await survivors(population.instances, alive - 1)).toBe(alive - 1)
  },
)

test('references hold no instance of a stage that has ended', async () => {
  const runtime = testRuntime({ seed: 1 })
  const population = new Population(runtime)
  await population.begin(50)
  const held: ProcessRef[] = []
  for (let place = 0; place < 50; place++) {
    held.push(population.member(place))
    population.end(place, (['stop', 'kill', 'exit', 'crash'] as const)[place % 4] ?? 'kill')
  }
  await runtime.settle()
  expect(await survivors(population.instances, 0)).toBe(0)
  expect(held).toHaveLength(50)
})

promise(
  'whoever has taken a monitor away hears of no end, whether its message was there already or not',
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
  'a scope or a supervisor that is told to stop leaves nobody behind',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    children: fc.array(fc.constantFrom('stage' as const, 'stubborn' as const, 'task' as const), { maxLength: 5 }),
    isScope: fc.boolean(),
    killed: fc.array(fc.nat(4), { maxLength: 3 }),
    // A supervisor has no message to fail of, and an exit signal of a stranger means nothing to it.
    how: fc.constantFrom('stop' as const, 'kill' as const),
  }),
  async ({ schedule, children, isScope, killed, how }) => {
    const runtime = testRuntime({ seed: schedule })
    const make = {
      stage: () => consumer({ handleEvents() {}, handleInfo: () => ({ stop: 'normal' as const }) }),
      // It takes longer to end than it is given.
      stubborn: () => consumer({ handleEvents() {}, trapExit: true, terminate: () => new Promise<void>(() => {}) }),
      task: () => task(({ signal }) => new Promise<void>((_, fail) => signal.addEventListener('abort', () => fail()))),
    }
    const refs: ProcessRef[] = []
    if (isScope) {
      const scope = createScope({ runtime })
      scope.done.catch(() => {})
      for (const kind of children) refs.push(await scope.startLink(make[kind]()))
      for (const place of killed) refs[place]?.exit('kill')
      const disposed = scope[Symbol.asyncDispose]()
      await runtime.advance(60_000)
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
      await runtime.advance(60_000)
      expect(await ref.exited).toBeDefined()
    }
    for (const { reference } of booksOf(runtime).processes.values()) reference.exit('kill')
    await runtime.settle()
    expect(leftIn(runtime)).toEqual(nothing)
  },
)
