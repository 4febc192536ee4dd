import { setImmediate } from 'node:timers/promises'
import { consumer, createScope, named, type ProducerRef, start, supervisor, task } from 'genstage'
import {
  collector,
  consumerProbe,
  counter,
  hangingConsumer,
  InjectedCrash,
  type InjectOptions,
  inject,
  mapper,
  producerProbe,
  shuffled,
  type TestRuntime,
  testRuntime,
} from 'genstage/testing'
import { describe, expect, test } from 'vitest'

/** Handles the messages `0` to `9`, each in a step of its own, and writes them down. */
async function sending(runtime: TestRuntime, received: unknown[]) {
  const recorder = await runtime.settle(
    start(
      consumer({
        handleEvents() {},
        async handleInfo(message: unknown) {
          received.push(message)
        },
      }),
      { runtime, name: 'recorder' },
    ),
  )
  for (let message = 0; message < 10; message++) recorder.send(message)
  return recorder
}

describe('a stage that is killed', () => {
  test('ends before the chosen step', async () => {
    const runtime = testRuntime({ stepped: true })
    const received: unknown[] = []
    const recorder = await sending(runtime, received)
    const injected = inject(runtime, { fault: 'kill', stage: recorder, at: 4 })
    await runtime.settle()
    expect(received).toEqual([0, 1, 2])
    expect(await recorder.exited).toBe('killed')
    expect(String(injected)).toBe('killed consumer recorder before step 4')
    expect(injected).toMatchObject({ fault: 'kill', stage: 'consumer recorder', at: 4 })
  })

  test('may be in the middle of a callback that would never end', async () => {
    const runtime = testRuntime()
    const hanging = await start(hangingConsumer<number>(), { runtime })
    await hanging.subscribe(await start(counter(), { runtime }))
    await runtime.settle()
    inject(runtime, { fault: 'kill', stage: hanging, at: 1 })
    await start(counter(), { runtime })
    await runtime.settle()
    expect(await hanging.exited).toBe('killed')
  })
})

describe('a stage that crashes', () => {
  test('ends as though its callback had thrown, by way of terminate', async () => {
    const runtime = testRuntime()
    const ended: unknown[] = []
    const lines: string[] = []
    const logging = testRuntime({ logger: { error: (message) => lines.push(message) } })
    for (const each of [runtime, logging]) {
      const stage = await start(
        consumer({
          handleEvents() {},
          handleInfo: () => new Promise<void>(() => {}),
          terminate: (reason) => void ended.push(reason),
        }),
        { runtime: each, name: 'waiting' },
      )
      stage.send('wait')
      await each.settle()
      const injected = inject(each, { fault: 'crash', stage: 'waiting', at: 2 })
      for (let step = 0; step < 2; step++) await start(counter(), { runtime: each })
      await each.settle()
      expect(String(injected)).toBe('crashed consumer waiting before step 2')
      expect(await stage.exited).toBeInstanceOf(InjectedCrash)
    }
    expect(ended).toEqual([expect.any(InjectedCrash), expect.any(InjectedCrash)])
    expect(lines).toEqual([
      expect.stringContaining(
        'consumer waiting failed in handleInfo: consumer waiting was made to crash before step 2',
      ),
    ])
  })

  test('fails its scope', async () => {
    const runtime = testRuntime()
    await using scope = createScope({ runtime })
    const outcome = scope.done.catch((error: Error) => error)
    await scope.startLink(counter())
    inject(runtime, { fault: 'crash' })
    await scope.startLink(counter())
    const sink = consumerProbe<number>(runtime)
    await sink.subscribe(await scope.startLink(counter()))
    for (let demand = 0; demand < 100; demand++) {
      sink.ask(1)
      await runtime.settle()
    }
    expect(await outcome).toMatchObject({ cause: expect.any(InjectedCrash) })
  })

  test('before its setup is done does not start', async () => {
    const runtime = testRuntime({ stepped: true })
    const starting = start(
      consumer(() => new Promise<'ignore'>(() => {})),
      { runtime, name: 'slow' },
    )
    runtime.step()
    inject(runtime, { fault: 'crash', stage: 'slow', at: 1 })
    void start(counter(), { runtime })
    await expect(runtime.settle(starting)).rejects.toMatchObject({ cause: expect.any(InjectedCrash) })
  })

  test('while it terminates has the crash as its reason', async () => {
    const runtime = testRuntime()
    const stage = await start(consumer({ handleEvents() {}, terminate: () => new Promise<void>(() => {}) }), {
      runtime,
    })
    const stopping = stage.stop('shutdown').catch(() => {})
    await runtime.settle()
    inject(runtime, { fault: 'crash', stage, at: 1 })
    await start(counter(), { runtime })
    await runtime.settle(stopping)
    expect(await stage.exited).toMatchObject({ name: 'InjectedCrash', cause: 'shutdown' })
  })
})

describe('a stage that is delayed', () => {
  test('is passed over for so many steps', async () => {
    const runtime = testRuntime()
    const order: string[] = []
    const chatter = (name: string) =>
      consumer({
        handleEvents() {},
        async handleInfo() {
          order.push(name)
        },
      })
    const [one, other] = [await start(chatter('one'), { runtime }), await start(chatter('other'), { runtime })]
    const injected = inject(runtime, { fault: { delay: 6 }, stage: one, at: 3 })
    for (let message = 0; message < 8; message++) {
      one.send(message)
      other.send(message)
    }
    await runtime.settle()
    // Each message is a step, because each settles a promise.
    expect(order.join(' ')).toBe('one other other other other other other other other one one one one one one one')
    expect(String(injected)).toMatch(/^delayed consumer g\d+\.1 before step 3, for 6 steps$/)
  })

  test('runs all the same if no other process has anything to do', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    await sending(runtime, received)
    inject(runtime, { fault: { delay: 1_000_000 }, stage: 'recorder', at: 1 })
    await runtime.settle()
    expect(received).toHaveLength(10)
  })
})

describe('a fault', () => {
  test('strikes at random where nothing is chosen, the same for the same seed', async () => {
    const play = async (seed: number): Promise<string> => {
      const runtime = testRuntime({ seed })
      const names = { runtime }
      const numbers = await start(counter(), { ...names, name: 'numbers' })
      const tens = await start(
        mapper((event: number) => event * 10),
        { ...names, name: 'tens' },
      )
      const sink = await start(collector<number>([]), { ...names, name: 'sink' })
      const injected = inject(runtime, { fault: runtime.random.pick(['kill', 'crash', { delay: 5 }] as const) })
      await sink.subscribe(tens, { maxDemand: 2 })
      await tens.subscribe(numbers, { maxDemand: 2 })
      for (let wait = 0; wait < 100 && injected.stage === undefined; wait++) await setImmediate()
      await numbers.stop().catch(() => {})
      return String(injected)
    }
    const seeds = Array.from({ length: 12 }, (_, seed) => seed)
    const first = await Promise.all(seeds.map(play))
    expect(await Promise.all(seeds.map(play))).toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(8)
  })

  test('strikes stages of a pipeline, not probes, tasks or supervisors', async () => {
    const struck = new Set<string | undefined>()
    await shuffled(60, async (runtime) => {
      const source = producerProbe<number>(runtime, { name: 'source' })
      const sink = consumerProbe<number>(runtime, { name: 'sink' })
      await start(
        task(() => new Promise<void>(() => {})),
        { runtime, name: 'task' },
      )
      await start(supervisor({ strategy: 'one-for-one', children: [] }), { runtime, name: 'supervisor' })
      const tens = await start(
        mapper((event: number) => event * 10),
        { runtime, name: 'tens' },
      )
      const injected = inject(runtime, { fault: { delay: 3 }, within: 5 })
      await sink.subscribe(tens)
      await tens.subscribe(source.ref)
      source.emit([1])
      sink.ask(1)
      await sink.expectEvents([10])
      struck.add(injected.stage)
    })
    expect([...struck]).toEqual(['producer-consumer tens'])
  })

  test('waits until there is a stage of that name, and so strikes one that is started again', async () => {
    const runtime = testRuntime()
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const probe = consumerProbe<number>(runtime)
    await start(
      supervisor({ strategy: 'one-for-one', children: [{ start: () => counter(), name: numbers }], maxRestarts: 10 }),
      { runtime },
    )
    const faults: readonly InjectOptions[] = [
      { fault: 'kill', stage: numbers, at: 4 },
      { fault: 'kill', stage: numbers, at: 5 },
      { fault: 'crash', stage: 'numbers', at: 6 },
      { fault: 'kill', stage: 'missing', at: 1 },
    ]
    const injected = faults.map((options) => inject(runtime, options))
    for (let again = 0; again < 10; again++) {
      await probe.subscribe(numbers)
      probe.ask(1)
      await runtime.settle()
    }
    expect(injected.map(String)).toEqual([
      'killed producer numbers before step 4',
      expect.stringMatching(/^killed producer numbers before step \d+$/),
      expect.stringMatching(/^crashed producer numbers before step \d+$/),
      'planned to kill a stage before step 1: not applied yet',
    ])
  })

  test('can be tried at every step of a run, one after the other', async () => {
    const play = async (at: number): Promise<{ readonly steps: number; readonly seen: readonly number[] }> => {
      const runtime = testRuntime()
      const seen: number[] = []
      const numbers = await start(counter(0, 20), { runtime })
      const sink = await start(collector(seen), { runtime })
      const before = runtime.steps
      inject(runtime, { fault: 'kill', stage: sink, at })
      await sink.subscribe(numbers, { maxDemand: 4 }).catch(() => {})
      await runtime.settle()
      return { steps: runtime.steps - before, seen }
    }
    const all = Array.from({ length: 20 }, (_, index) => index)
    const { steps } = await play(1_000)
    expect(steps).toBeGreaterThan(10)
    for (let at = 1; at <= steps; at++) {
      const { seen } = await play(at)
      expect(seen).toEqual(all.slice(0, seen.length))
    }
  })

  test('is refused where its options are wrong', () => {
    const runtime = testRuntime()
    const refused = (options: unknown): unknown => {
      try {
        return inject(runtime, options as InjectOptions)
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(refused({})).toMatch(/^expected fault to be given: 'kill', 'crash' or \{ delay: steps \}/)
    expect(refused({ fault: 'pause' })).toContain("got: 'pause'")
    expect(refused({ fault: { delay: 0 } })).toContain('got: {delay: 0}')
    expect(refused({ fault: 'kill', at: 0 })).toBe('expected at to be an integer of at least 1, got: 0')
    expect(refused({ fault: 'kill', stage: 5 })).toBe('expected stage to be a reference, got: 5')
    expect(refused({ fault: 'kill', step: 5 })).toContain("got: 'step'")
  })
})
