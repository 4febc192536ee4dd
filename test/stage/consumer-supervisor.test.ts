import {
  type ConsumerSupervisorRef,
  consumer,
  consumerSupervisor,
  createScope,
  type ExitReason,
  fromIterable,
  type ProcessRef,
  producer,
  StageFailure,
  StartError,
  supervisor,
  task,
  to,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  ascending,
  atOnce,
  counting,
  type Gate,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
  told,
} from './test-stages.ts'

/** Work that a test ends by hand, event by event. */
class Work {
  readonly started: number[] = []
  readonly aborted: unknown[] = []
  readonly gates = new Map<number, Gate>()
  private running = 0
  mostRunning = 0

  readonly child = async (event: number, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    this.started.push(event)
    this.running++
    this.mostRunning = Math.max(this.mostRunning, this.running)
    signal.addEventListener('abort', () => {
      this.running--
      this.aborted.push([event, signal.reason])
    })
    const held = gate()
    this.gates.set(event, held)
    await held.opened
    this.running--
  }

  finish(...events: number[]): void {
    for (const event of events) this.gates.get(event)?.open()
  }
}

const counts = (active: number, others: number = 0) => ({ specs: 1, active, supervisors: 0, workers: active + others })

/** A stage that does nothing, and takes its time to end. */
const lingering = (ends: unknown[], held: Gate = gate()) =>
  consumer({
    trapExit: true,
    handleEvents: () => {},
    async terminate(reason: ExitReason) {
      ends.push(reason)
      await held.opened
    },
  })

describe('children that are functions', () => {
  test('run one per event, never more than maxDemand at once, and more is asked for in portions', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const demands: number[] = []
    const source = await launch(runtime, counting(atOnce, 12, demands))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 4, minDemand: 2 })
    await runtime.settle()
    expect([work.started, demands]).toEqual([range(0, 4), [4]])
    work.finish(1)
    await runtime.settle()
    expect([work.started, demands, await pool.countChildren()]).toEqual([range(0, 4), [4], counts(3)])
    work.finish(3)
    await runtime.settle()
    expect([work.started, demands]).toEqual([range(0, 6), [4, 2]])
    while (work.started.length < 12) {
      work.finish(...range(0, 12))
      await runtime.settle()
    }
    work.finish(...range(0, 12))
    await runtime.settle()
    expect([work.started, work.mostRunning, await pool.countChildren()]).toEqual([range(0, 12), 4, counts(0)])
    await pool.stop()
  })

  test('that are slow hold nobody back', async () => {
    await shuffled(50, async (runtime) => {
      const done: number[] = []
      const never = gate()
      const source = await launch(runtime, fromIterable(range(0, 30)))
      const pool = await launch(
        runtime,
        consumerSupervisor<number>({
          async child(event) {
            if (event === 0) await never.opened
            done.push(event)
          },
        }),
      )
      await pool.subscribe(source, { maxDemand: 2, minDemand: 1, cancel: 'temporary' })
      await runtime.settle()
      expect(done.sort((one, other) => one - other)).toEqual(range(1, 30))
      expect(await pool.countChildren()).toEqual(counts(1))
      pool.exit('kill')
      await runtime.settle()
    })
  })

  test('may be synchronous, and answer whatever they like', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, counting(atOnce, 10))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: (event) => seen.push(event) }))
    await pool.subscribe(source, { maxDemand: 3 })
    await runtime.settle()
    expect([seen, await pool.countChildren()]).toEqual([range(0, 10), counts(0)])
    await pool.stop()
  })

  test('that fail end alone, reported once, and their places are offered again', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const source = await launch(runtime, counting(atOnce, 6))
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({
        async child(event) {
          seen.push(event)
          if (event % 2 === 1) throw new Error(`no ${event}`)
        },
      }),
    )
    await pool.subscribe(source, { maxDemand: 2, minDemand: 0 })
    await runtime.settle()
    expect(seen).toEqual(range(0, 6))
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors.length).toBe(3)
    for (const [index, event] of [1, 3, 5].entries()) expect(errors[index]).toContain(`in task: no ${event}`)
    await pool.stop()
  })

  test('are ended with it: their signals are aborted, and it has ended only when they have', async () => {
    for (const [end, reason] of [
      [(pool: ProcessRef) => pool.stop(), 'shutdown'],
      [(pool: ProcessRef) => pool.exit('kill'), 'killed'],
    ] as const) {
      const runtime = testRuntime()
      const work = new Work()
      const source = await launch(runtime, counting(atOnce, 3))
      const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
      await pool.subscribe(source)
      await runtime.settle()
      const children = await pool.whichChildren()
      await end(pool)
      await pool.exited
      await runtime.settle()
      expect(work.aborted).toEqual(range(0, 3).map((event) => [event, reason]))
      for (const { ref } of children) expect(await (ref as ProcessRef).exited).toBe(reason)
    }
  })

  test('outlive the producer their events came from', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const source = await launch(runtime, fromIterable(range(0, 3)))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { cancel: 'temporary' })
    expect(await source.exited).toBe('normal')
    await runtime.settle()
    expect([await pool.countChildren(), work.aborted]).toEqual([counts(3), []])
    const next = await launch(runtime, fromIterable([10, 11]))
    await pool.subscribe(next, { maxDemand: 1 })
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(counts(4))
    work.finish(0, 1, 2)
    await runtime.settle()
    // What the old producer's children leave does not count for the new one.
    expect(await pool.countChildren()).toEqual(counts(1))
    await pool.stop()
  })

  test('are counted per producer, each with its own minDemand and maxDemand', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const [few, many]: [number[], number[]] = [[], []]
    const first = await launch(runtime, counting(atOnce, 100, few))
    const second = await launch(runtime, counting(atOnce, 100, many))
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({ child: work.child, subscribeTo: [to(first, { maxDemand: 1 })] }),
    )
    await pool.subscribe(second, { maxDemand: 10, minDemand: 9 })
    await runtime.settle()
    expect([few, many, await pool.countChildren()]).toEqual([[1], [10], counts(11)])
    work.finish(...range(1, 9))
    await runtime.settle()
    expect([few, many]).toEqual([[1], [10]])
    work.finish(9)
    await runtime.settle()
    expect([few, many]).toEqual([[1], [10, 9]])
    await pool.stop()
  })

  test('begin with a confirmed subscription as with any other', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, counting(atOnce, 3))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: (event) => void seen.push(event) }))
    await pool.subscribe(source, { confirm: true, maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    expect(seen).toEqual([0, 1, 2])
    await pool.stop()
  })
})

describe('children that are restarted', () => {
  /** Fails until it has been started so many times. */
  const failing = (times: number, attempts: number[] = []) => ({
    attempts,
    child: async (event: number) => {
      attempts.push(event)
      if (attempts.length <= times) throw new Error(`attempt ${attempts.length}`)
    },
  })

  test("are those of restart 'transient' that failed, not those that ended in order", async () => {
    const runtime = testRuntime()
    const { child, attempts } = failing(2)
    const source = await launch(runtime, counting(atOnce, 3))
    const pool = await launch(runtime, consumerSupervisor<number>({ child, restart: 'transient' }))
    await pool.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    expect([attempts, await pool.countChildren()]).toEqual([[0, 0, 0, 1, 2], counts(0)])
    await pool.stop()
  })

  test('are restarted so many times within so many seconds, and with one more it gives up', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const work = new Work()
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({ child: work.child, restart: 'transient', maxRestarts: 2, maxSeconds: 10 }),
      { name: 'pool' },
    )
    await pool.startChild(7)
    const fail = async () => {
      await runtime.settle()
      work.gates.get(7)?.fail(new Error('no'))
      await runtime.settle()
    }
    await fail()
    await runtime.advance(5_000)
    await fail()
    await runtime.advance(5_001)
    // The first has just been forgotten, so this is the second again.
    await fail()
    expect([work.started.length, await pool.countChildren()]).toEqual([4, counts(1)])
    await fail()
    expect(await pool.exited).toBe('shutdown')
    expect(work.started.length).toBe(4)
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors.at(-1)).toMatch(
      /^consumer-supervisor pool gave up: more than 2 restarts within 10 seconds; the last: .* no/,
    )
  })

  test('that are too many end the others, too, and are a failure of whoever is linked to it', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const scope = createScope({ runtime })
    const pool = await scope.startLink(
      consumerSupervisor<number>({ child: work.child, restart: 'transient', maxRestarts: 0 }),
      { name: 'pool' },
    )
    const failed = rejection(scope.done)
    await pool.startChild(1)
    await pool.startChild(2)
    await runtime.settle()
    const boom = new Error('boom')
    work.gates.get(1)?.fail(boom)
    const failure = (await failed) as StageFailure
    expect([failure.constructor, failure.stage, failure.cause]).toEqual([
      StageFailure,
      'consumer-supervisor pool',
      boom,
    ])
    expect(work.aborted).toEqual([
      [1, boom],
      [2, 'shutdown'],
    ])
  })

  test('keep their place meanwhile', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const { child, attempts } = failing(3)
    const source = await launch(runtime, counting(atOnce, 2, demands))
    const pool = await launch(runtime, consumerSupervisor<number>({ child, restart: 'transient' }))
    await pool.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    expect([attempts, demands]).toEqual([
      [0, 0, 0, 0, 1],
      [1, 1, 1],
    ])
    await pool.stop()
  })

  test('and cannot be started again are tried again, each of which counts, and wait as restarting', async () => {
    const runtime = testRuntime()
    let starts = 0
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({
        restart: 'transient',
        maxRestarts: 3,
        start: () => {
          starts++
          if (starts > 1) throw new Error('no start')
          return consumer({ handleEvents: () => {}, handleInfo: () => ({ stop: 'because' }) })
        },
      }),
    )
    const child = (await pool.startChild(1)) as ProcessRef
    child.send('end')
    expect(await pool.exited).toBe('shutdown')
    expect(starts).toBe(4)
  })

  test('with a slow set-up count once, and hold nobody back', async () => {
    const runtime = testRuntime()
    const setups: Gate[] = []
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({
        restart: 'transient',
        start: () =>
          consumer(async () => {
            const ready = gate()
            setups.push(ready)
            await ready.opened
            return { handleEvents: () => {}, handleInfo: () => ({ stop: 'because' }) }
          }),
      }),
    )
    const starting = pool.startChild(1)
    await runtime.settle()
    setups[0]?.open()
    const child = (await starting) as ProcessRef
    child.send('end')
    expect(await child.exited).toBe('because')
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(counts(1))
    const during = await pool.whichChildren()
    expect(during.map(({ ref }) => ref === child)).toEqual([false])
    setups[1]?.open()
    await runtime.settle()
    const after = await pool.whichChildren()
    expect([await pool.countChildren(), after]).toEqual([counts(1), during])
    await pool.stop()
  })
})

describe('children that are processes', () => {
  const quiet = () => consumer({ handleEvents: () => {}, handleInfo: (reason: ExitReason) => ({ stop: reason }) })

  test('are started linked to it, of any kind', async () => {
    const runtime = testRuntime()
    const kinds = {
      producer: () => producer({ handleDemand: (): number[] => [] }),
      task: () => task(() => new Promise(() => {})),
      supervisor: () => supervisor({ strategy: 'one-for-one', children: [quiet] }),
      pool: () => consumerSupervisor<number>({ child: () => {} }),
    }
    const pool = await launch(runtime, consumerSupervisor<keyof typeof kinds>({ start: (kind) => kinds[kind]() }))
    for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) await pool.startChild(kind)
    expect(await pool.countChildren()).toEqual({ specs: 1, active: 4, supervisors: 2, workers: 2 })
    const children = (await pool.whichChildren()) as { ref: ProcessRef }[]
    await pool.stop()
    for (const { ref } of children) expect(await ref.exited).toMatch(/^(shutdown|killed)$/)
  })

  test.each(timings)(
    'that answer ignore, or fail to start, give their places back together (%s)',
    async (_name, later) => {
      const records: LogRecord[] = []
      const runtime = testRuntime({ logger: recording(records) })
      const demands: number[] = []
      const source = await launch(runtime, counting(atOnce, 10, demands))
      const pool = await launch(
        runtime,
        consumerSupervisor<number>({
          start: (event) =>
            consumer<number>(
              later(() => {
                if (event === 0) return 'ignore' as const
                if (event === 1) return { stop: 'no' }
                if (event === 2) throw new Error('no')
                return { handleEvents: () => {} }
              }),
            ),
        }),
      )
      await pool.subscribe(source, { maxDemand: 4, minDemand: 1 })
      await runtime.settle()
      expect([demands.reduce((sum, demand) => sum + demand, 0), await pool.countChildren()]).toEqual([7, counts(4)])
      if (later === atOnce) expect(demands).toEqual([4, 3])
      expect(records.filter(({ level }) => level === 'error').length).toBe(2)
      await pool.stop()
    },
  )

  test('whose set-up hangs hold neither the others back, nor the places of those that failed', async () => {
    await shuffled(20, async (runtime) => {
      const never = gate()
      const seen: number[] = []
      const source = await launch(runtime, counting(atOnce, 8))
      const pool = await launch(
        runtime,
        consumerSupervisor<number>({
          start: (event) =>
            consumer<number>(async () => {
              seen.push(event)
              if (event === 0) await never.opened
              return event % 2 === 1 ? { stop: 'no' } : 'ignore'
            }),
        }),
      )
      await pool.subscribe(source, { maxDemand: 4, minDemand: 0, cancel: 'temporary' })
      await runtime.settle()
      expect(ascending(seen)).toEqual(range(0, 8))
      expect(await pool.countChildren()).toEqual(counts(1))
      await pool.stop()
      never.open()
    })
  })

  test('that cannot even be made give their places back', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const source = await launch(runtime, counting(atOnce, 6))
    const again = quiet()
    await launch(runtime, again)
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({
        start: (event) => {
          seen.push(event)
          if (event === 0) throw new Error('not made')
          if (event === 1) return again
          return undefined as never
        },
      }),
    )
    await pool.subscribe(source, { maxDemand: 2 })
    await runtime.settle()
    expect(seen).toEqual(range(0, 6))
    expect(records.filter(({ level }) => level === 'error').length).toBe(6)
    await pool.stop()
  })
})

describe('a child that is started by hand', () => {
  test('comes on top of those that were asked for, and gives no demand back', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const demands: number[] = []
    const source = await launch(runtime, counting(atOnce, 10, demands))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 2, minDemand: 0 })
    await runtime.settle()
    const child = (await pool.startChild(100)) as ProcessRef
    await runtime.settle()
    expect([work.started, await pool.countChildren()]).toEqual([[0, 1, 100], counts(3)])
    work.finish(100)
    expect(await child.exited).toBe('normal')
    await runtime.settle()
    expect(demands).toEqual([2])
    const other = (await pool.startChild(101)) as ProcessRef
    expect(await pool.terminateChild(other)).toBe(true)
    await runtime.settle()
    expect(demands).toEqual([2])
    await pool.stop()
  })

  test.each(timings)('may answer ignore, or fail (%s)', async (_name, later) => {
    const runtime = testRuntime()
    const pool = await launch(
      runtime,
      consumerSupervisor<unknown>({
        start: (event) =>
          consumer<number>(
            later(() => {
              if (event instanceof Error) throw event
              return event as 'ignore'
            }),
          ),
      }),
    )
    expect(await pool.startChild('ignore')).toBe('ignore')
    const stopped = await rejection(pool.startChild({ stop: 'no' }))
    expect([stopped.constructor, stopped.reason]).toEqual([StartError, 'no'])
    const boom = new Error('boom')
    const failed = await rejection(pool.startChild(boom))
    expect([failed.constructor, failed.cause]).toEqual([StartError, boom])
    expect(await rejection(pool.startChild(5))).toBeInstanceOf(TypeError)
    expect(await pool.countChildren()).toEqual(counts(0))
    await pool.stop()
  })
})

describe('terminating a child', () => {
  const startLingering = async (
    shutdown: number | 'brutal-kill' | undefined,
    restart: 'temporary' | 'transient' = 'temporary',
  ) => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const held = gate()
    const pool: ConsumerSupervisorRef<number> = await launch(
      runtime,
      consumerSupervisor<number>({
        start: () => lingering(ends, held),
        restart,
        ...(shutdown !== undefined && { shutdown }),
      }),
    )
    const child = (await pool.startChild(1)) as ProcessRef
    return { runtime, ends, held, pool, child }
  }

  test('waits for its terminate, and for nobody else', async () => {
    const { runtime, ends, held, pool, child } = await startLingering(undefined, 'transient')
    let isDone = false
    const terminating = pool.terminateChild(child).then((answer) => {
      isDone = true
      return answer
    })
    await runtime.settle()
    expect([ends, isDone, await pool.countChildren()]).toEqual([['shutdown'], false, counts(1)])
    await pool.startChild(2)
    held.open()
    expect([await terminating, await child.exited]).toEqual([true, 'shutdown'])
    // Not even a transient child comes back that was told to end.
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(counts(1))
  })

  test.each([
    [undefined, 5_000],
    [100, 100],
    [1, 1],
  ])('kills it after its shutdown time: %s', async (shutdown, ms) => {
    const { runtime, pool, child } = await startLingering(shutdown)
    const terminating = pool.terminateChild(child)
    await runtime.advance(ms - 1)
    expect(await pool.countChildren()).toEqual(counts(1))
    await runtime.advance(1)
    expect([await terminating, await child.exited]).toEqual([true, 'killed'])
  })

  test("kills it at once by 'brutal-kill' and by 0, and never by Infinity", async () => {
    const brutal = await startLingering('brutal-kill')
    expect(await brutal.pool.terminateChild(brutal.child)).toBe(true)
    expect([await brutal.child.exited, brutal.ends]).toEqual(['killed', []])
    const none = await startLingering(0)
    const terminated = none.pool.terminateChild(none.child)
    await none.runtime.advance(0)
    expect([await terminated, await none.child.exited]).toEqual([true, 'killed'])
    const patient = await startLingering(Number.POSITIVE_INFINITY)
    const waiting = patient.pool.terminateChild(patient.child)
    await patient.runtime.advance(10_000_000)
    expect(await patient.pool.countChildren()).toEqual(counts(1))
    patient.held.open()
    expect([await waiting, await patient.child.exited]).toEqual([true, 'shutdown'])
  })

  test('answers false for what is no child, or no longer', async () => {
    const { runtime, held, pool, child } = await startLingering(undefined)
    const stranger = await launch(runtime, told(atOnce))
    for (const wrong of [stranger, pool, undefined, null, 'child', {}]) {
      expect(await pool.terminateChild(wrong as ProcessRef)).toBe(false)
    }
    held.open()
    expect(await pool.terminateChild(child)).toBe(true)
    expect(await pool.terminateChild(child)).toBe(false)
    expect(await stranger.demand()).toBe('forward')
  })

  test('answers everybody who asked for it', async () => {
    const { runtime, held, pool, child } = await startLingering(undefined)
    const both = Promise.all([pool.terminateChild(child), pool.terminateChild(child)])
    await runtime.settle()
    held.open()
    expect(await both).toEqual([true, true])
  })

  test('works on one that is still being set up', async () => {
    const runtime = testRuntime()
    const never = gate()
    const demands: number[] = []
    const source = await launch(runtime, counting(atOnce, 1, demands))
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({
        start: () =>
          consumer<number>(async () => {
            await never.opened
            return 'ignore' as const
          }),
      }),
    )
    await pool.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    const byHand = rejection(pool.startChild(5))
    await runtime.settle()
    const children = (await pool.whichChildren()) as { ref: ProcessRef }[]
    expect(children.length).toBe(2)
    const answers = Promise.all(children.map(({ ref }) => pool.terminateChild(ref)))
    await runtime.settle()
    expect(await Promise.race([answers, runtime.settle().then(() => 'nobody answered')])).toEqual([true, true])
    expect((await byHand).constructor).toBe(StartError)
    expect([await pool.countChildren(), demands]).toEqual([counts(0), [1, 1]])
    never.open()
    await pool.stop()
  })

  test('works on one that waits to be restarted', async () => {
    const runtime = testRuntime()
    let starts = 0
    const setups: Gate[] = []
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({
        restart: 'transient',
        maxRestarts: 100,
        start: () =>
          consumer<number>(async () => {
            if (++starts > 1) {
              const held = gate()
              setups.push(held)
              await held.opened
              throw new Error('no')
            }
            return { handleEvents: () => {}, handleInfo: () => ({ stop: 'because' }) }
          }),
      }),
    )
    const child = (await pool.startChild(1)) as ProcessRef
    child.send('end')
    await runtime.settle()
    const [second] = (await pool.whichChildren()) as { ref: ProcessRef }[]
    expect(await pool.terminateChild(second?.ref as ProcessRef)).toBe(true)
    await runtime.settle()
    expect([starts, await pool.countChildren(), await pool.whichChildren()]).toEqual([2, counts(0), []])
    setups[0]?.open()
    await runtime.settle()
    expect(starts).toBe(2)
    await pool.stop()
  })

  test('gives its place back', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const source = await launch(runtime, counting(atOnce, 3))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    const [first] = (await pool.whichChildren()) as { ref: ProcessRef }[]
    expect(await pool.terminateChild(first?.ref as ProcessRef)).toBe(true)
    await runtime.settle()
    expect([work.started, work.aborted]).toEqual([[0, 1], [[0, 'shutdown']]])
    await pool.stop()
  })
})

describe('a consumer supervisor', () => {
  test('stops its children all at once, and waits for as long as their shutdown says', async () => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const pool = await launch(runtime, consumerSupervisor<number>({ start: () => lingering(ends), shutdown: 200 }))
    const children = await Promise.all([1, 2, 3].map((event) => pool.startChild(event)))
    let isStopped = false
    const stopping = pool.stop().then(() => {
      isStopped = true
    })
    await runtime.advance(199)
    expect([ends, isStopped]).toEqual([['shutdown', 'shutdown', 'shutdown'], false])
    await runtime.advance(1)
    await stopping
    for (const child of children) expect(await (child as ProcessRef).exited).toBe('killed')
  })

  test('survives whatever it is sent', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const pool = await launch(runtime, consumerSupervisor<number>({ child: () => {} }), { name: 'pool' })
    const messages = [
      undefined,
      null,
      'hello',
      5,
      {},
      { exit: undefined, reason: 'x' },
      { exit: pool, reason: 'x' },
      new Error('x'),
    ]
    for (const message of messages) pool.send(message)
    await pool.info('hello')
    pool.exit('because')
    const stranger = await launch(
      runtime,
      consumer((stage) => {
        stage.link(pool)
        return { handleEvents: () => {} }
      }),
    )
    stranger.exit('of mine')
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(counts(0))
    expect(records.filter(({ level }) => level === 'warn').length).toBe(messages.length + 3)
    await pool.stop()
  })

  test('that is permanently subscribed stops with its producer, as any consumer, and its children with it', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const source = await launch(runtime, fromIterable([1, 2]))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { cancel: 'permanent' })
    expect(await pool.exited).toBe('normal')
    expect(work.aborted.length).toBe(work.started.length)
  })

  test('reports what it gets beyond what it asked for, and handles it', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const work = new Work()
    const source = await launch(runtime, counting(atOnce, 5))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }), { name: 'pool' })
    const subscription = await pool.subscribe(source, { maxDemand: 2 })
    subscription.ask(3)
    await runtime.settle()
    expect(work.started).toEqual(range(0, 5))
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors).toEqual(['consumer-supervisor pool received 3 events more than it asked for'])
    await pool.stop()
  })
})

describe('a consumer supervisor whose producers have ended cleanly', () => {
  test('waits for its children, those that start again included, and then ends', async () => {
    await shuffled(30, async (runtime) => {
      const done: number[] = []
      const attempts = new Map<number, number>()
      const child = async (event: number): Promise<void> => {
        for (let turns = event % 3; turns > 0; turns--) await Promise.resolve()
        const attempt = (attempts.get(event) ?? 0) + 1
        attempts.set(event, attempt)
        if (event % 5 === 0 && attempt === 1) throw new Error('again')
        done.push(event)
      }
      const source = await launch(runtime, fromIterable(range(0, 20)))
      const pool = await launch(
        runtime,
        consumerSupervisor<number>({
          child,
          restart: 'transient',
          maxRestarts: 10,
          subscribeTo: [to(source, { maxDemand: 7 })],
        }),
      )
      expect(await runtime.settle(pool.exited)).toBe('normal')
      expect(done.toSorted((one, other) => one - other)).toEqual(range(0, 20))
    })
  })

  test('waits for children that were started by hand, and at once ends where it has none', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.startChild(5)
    await pool.subscribe(await launch(runtime, fromIterable<number>([])))
    await runtime.settle()
    expect([await pool.countChildren(), work.aborted]).toEqual([counts(1), []])
    work.finish(5)
    expect(await pool.exited).toBe('normal')
    const idle = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await idle.subscribe(await launch(runtime, fromIterable<number>([])))
    expect(await idle.exited).toBe('normal')
  })

  test('goes on where it has subscribed again before its children had finished', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(await launch(runtime, fromIterable([1])))
    await runtime.settle()
    const open = await launch(runtime, producer({ handleDemand: (): number[] => [] }))
    await pool.subscribe(open)
    work.finish(1)
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(counts(0))
    await open.stop()
    expect(await pool.exited).toBe('normal')
  })

  test('waits for the last producer as well, and ends at once with one that fails', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const other = await launch(runtime, counting(atOnce, 1))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child, subscribeTo: [other] }))
    await pool.subscribe(await launch(runtime, fromIterable([10])))
    await runtime.settle()
    work.finish(0, 10)
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(counts(0))
    const failing = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await failing.subscribe(other)
    await failing.startChild(7)
    other.exit('broken')
    expect([await failing.exited, await pool.exited]).toEqual(['broken', 'broken'])
    expect(work.aborted).toEqual([
      [0, 'normal'],
      [10, 'normal'],
      [7, 'shutdown'],
    ])
  })
})

describe('a consumer supervisor that drains', () => {
  test('lets its children finish, and then ends', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const source = await launch(runtime, counting(atOnce, 100))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 3 })
    await runtime.settle()
    const drained = pool.drain()
    await runtime.settle()
    expect([work.started, work.aborted]).toEqual([[0, 1, 2], []])
    work.finish(0, 1, 2)
    expect(await drained).toEqual({ undone: [] })
    expect(await pool.exited).toBe('shutdown')
  })

  test('starts none of them again, and reports those that fail as undone', async () => {
    const runtime = testRuntime()
    const [held, started]: [Gate, number[]] = [gate(), []]
    const child = async (event: number): Promise<void> => {
      started.push(event)
      await held.opened
      if (event > 1) throw new Error('failed')
    }
    const pool = await launch(runtime, consumerSupervisor<number>({ child, restart: 'transient' }), { name: 'pool' })
    for (const event of [1, 2, 3]) await pool.startChild(event)
    const drained = pool.drain()
    held.open()
    const label = 'consumer-supervisor pool'
    expect(await drained).toMatchObject({
      undone: [{ label, reason: 'shutdown', remaining: { children: 0, failed: 2 } }],
    })
    expect(started).toEqual([1, 2, 3])
  })

  test('counts those that the deadline cuts off, and not those that have finished or were ended by hand', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const work = new Work()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }), { name: 'pool' })
    const [first] = await Promise.all([1, 2, 3, 4].map((event) => pool.startChild(event)))
    await runtime.settle()
    await pool.terminateChild(first as ProcessRef)
    work.finish(2)
    const drained = pool.drain({ deadline: 100 })
    await runtime.advance(100)
    const label = 'consumer-supervisor pool'
    expect(await drained).toMatchObject({ undone: [{ label, remaining: { children: 2, failed: 0 } }] })
    expect(records).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: `${label} ended and dropped 2 events: 2 whose child was running`,
      }),
    )
  })

  test('counts those that end with it when it is killed', async () => {
    const runtime = testRuntime()
    const work = new Work()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }), { name: 'pool' })
    await Promise.all([1, 2].map((event) => pool.startChild(event)))
    const drained = pool.drain()
    await runtime.settle()
    pool.exit('kill')
    expect(await drained).toMatchObject({ undone: [{ reason: 'killed', remaining: { children: 2 } }] })
  })
})
