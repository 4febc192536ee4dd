import {
  consumer,
  consumerSupervisor,
  type ExitReason,
  fromIterable,
  type ProcessRef,
  producer,
  StartError,
  supervisor,
  task,
  to,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { childCounts, ManualWork } from './test-children.ts'
import {
  ascending,
  atOnce,
  counting,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
} from './test-stages.ts'

describe('children that are functions', () => {
  test('run one per event, at most maxDemand at a time, and release demand in portions', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const demands: number[] = []
    const source = await launch(runtime, counting(atOnce, 12, demands))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 4, minDemand: 2 })
    await runtime.settle()
    expect([work.started, demands]).toEqual([range(0, 4), [4]])
    work.finish(1)
    await runtime.settle()
    expect([work.started, demands, await pool.countChildren()]).toEqual([range(0, 4), [4], childCounts(3)])
    work.finish(3)
    await runtime.settle()
    expect([work.started, demands]).toEqual([range(0, 6), [4, 2]])
    while (work.started.length < 12) {
      work.finish(...range(0, 12))
      await runtime.settle()
    }
    work.finish(...range(0, 12))
    await runtime.settle()
    expect([work.started, work.mostRunning, await pool.countChildren()]).toEqual([range(0, 12), 4, childCounts(0)])
    await pool.stop()
  })

  test('that are slow do not block the others', async () => {
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
      expect(await pool.countChildren()).toEqual(childCounts(1))
      pool.exit('kill')
      await runtime.settle()
    })
  })

  test('may be synchronous, and return any value', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, counting(atOnce, 10))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: (event) => seen.push(event) }))
    await pool.subscribe(source, { maxDemand: 3 })
    await runtime.settle()
    expect([seen, await pool.countChildren()]).toEqual([range(0, 10), childCounts(0)])
    await pool.stop()
  })

  test('that fail exit alone, are reported once, and release their places', async () => {
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

  test('end with the supervisor: their signals are aborted, and it exits after them', async () => {
    for (const [end, reason] of [
      [(pool: ProcessRef) => pool.stop(), 'shutdown'],
      [(pool: ProcessRef) => pool.exit('kill'), 'killed'],
    ] as const) {
      const runtime = testRuntime()
      const work = new ManualWork()
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

  test('continue after their producer has exited', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const source = await launch(runtime, fromIterable(range(0, 3)))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { cancel: 'temporary' })
    expect(await source.exited).toBe('normal')
    await runtime.settle()
    expect([await pool.countChildren(), work.aborted]).toEqual([childCounts(3), []])
    const next = await launch(runtime, fromIterable([10, 11]))
    await pool.subscribe(next, { maxDemand: 1 })
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(childCounts(4))
    work.finish(0, 1, 2)
    await runtime.settle()
    // What the old producer's children leave does not count for the new one.
    expect(await pool.countChildren()).toEqual(childCounts(1))
    await pool.stop()
  })

  test('are counted for each producer, with its own minDemand and maxDemand', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const [few, many]: [number[], number[]] = [[], []]
    const first = await launch(runtime, counting(atOnce, 100, few))
    const second = await launch(runtime, counting(atOnce, 100, many))
    const pool = await launch(
      runtime,
      consumerSupervisor<number>({ child: work.child, subscribeTo: [to(first, { maxDemand: 1 })] }),
    )
    await pool.subscribe(second, { maxDemand: 10, minDemand: 9 })
    await runtime.settle()
    expect([few, many, await pool.countChildren()]).toEqual([[1], [10], childCounts(11)])
    work.finish(...range(1, 9))
    await runtime.settle()
    expect([few, many]).toEqual([[1], [10]])
    work.finish(9)
    await runtime.settle()
    expect([few, many]).toEqual([[1], [10, 9]])
    await pool.stop()
  })

  test('start with a confirmed subscription as with any other', async () => {
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

describe('children that are processes', () => {
  const quiet = () => consumer({ handleEvents: () => {}, handleInfo: (reason: ExitReason) => ({ stop: reason }) })

  test('are of any kind, and linked to the supervisor', async () => {
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

  test.each(timings)('that are ignored or fail to start release their places together (%s)', async (_name, later) => {
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
    expect([demands.reduce((sum, demand) => sum + demand, 0), await pool.countChildren()]).toEqual([7, childCounts(4)])
    if (later === atOnce) expect(demands).toEqual([4, 3])
    expect(records.filter(({ level }) => level === 'error').length).toBe(2)
    await pool.stop()
  })

  test('whose setup function hangs block neither the others, nor the places of those that failed', async () => {
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
      expect(await pool.countChildren()).toEqual(childCounts(1))
      await pool.stop()
      never.open()
    })
  })

  test('that cannot be created release their places', async () => {
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

describe('a child of startChild', () => {
  test('is in addition to those that were asked for, and releases no demand', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const demands: number[] = []
    const source = await launch(runtime, counting(atOnce, 10, demands))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 2, minDemand: 0 })
    await runtime.settle()
    const child = (await pool.startChild(100)) as ProcessRef
    await runtime.settle()
    expect([work.started, await pool.countChildren()]).toEqual([[0, 1, 100], childCounts(3)])
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

  test.each(timings)('may be ignored, or fail (%s)', async (_name, later) => {
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
    expect(await pool.countChildren()).toEqual(childCounts(0))
    await pool.stop()
  })
})
