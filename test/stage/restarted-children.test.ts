import {
  type ConsumerSupervisorRef,
  consumer,
  consumerSupervisor,
  createScope,
  type ProcessRef,
  StageFailure,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { childCounts, ManualWork } from './test-children.ts'
import { atOnce, counting, type Gate, gate, type LogRecord, launch, recording, rejection } from './test-stages.ts'

describe('children that are restarted', () => {
  /** Fails until it has been started so many times. */
  const failing = (times: number, attempts: number[] = []) => ({
    attempts,
    child: async (event: number) => {
      attempts.push(event)
      if (attempts.length <= times) throw new Error(`attempt ${attempts.length}`)
    },
  })

  test("are those with restart 'transient' that failed, not those that exited cleanly", async () => {
    const runtime = testRuntime()
    const { child, attempts } = failing(2)
    const source = await launch(runtime, counting(atOnce, 3))
    const pool = await launch(runtime, consumerSupervisor<number>({ child, restart: 'transient' }))
    await pool.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    expect([attempts, await pool.countChildren()]).toEqual([[0, 0, 0, 1, 2], childCounts(0)])
    await pool.stop()
  })

  test('are restarted at most maxRestarts times within maxSeconds', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const work = new ManualWork()
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
    expect([work.started.length, await pool.countChildren()]).toEqual([4, childCounts(1)])
    await fail()
    expect(await pool.exited).toBe('shutdown')
    expect(work.started.length).toBe(4)
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors.at(-1)).toMatch(
      /^consumer-supervisor pool gave up: more than 2 restarts within 10 seconds; the last: .* no/,
    )
  })

  test('too often end the others as well, and fail the processes that are linked to the supervisor', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
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

  test('keep their place while they are restarted', async () => {
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

  test('and fail to start are tried again, counted each time, and are shown as restarting', async () => {
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

  test('with a slow setup function count once, and do not block the others', async () => {
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
    expect(await pool.countChildren()).toEqual(childCounts(1))
    const during = await pool.whichChildren()
    expect(during.map(({ ref }) => ref === child)).toEqual([false])
    setups[1]?.open()
    await runtime.settle()
    const after = await pool.whichChildren()
    expect([await pool.countChildren(), after]).toEqual([childCounts(1), during])
    await pool.stop()
  })
})

test('a child that cannot be restarted is not tried again once it was terminated, and its place is released', async () => {
  await shuffled(20, async (runtime, seed) => {
    const started: number[] = []
    let attempts = 0
    let child: ProcessRef | undefined
    let terminating: Promise<boolean> | undefined
    const pool: ConsumerSupervisorRef<number> = await launch(
      runtime,
      consumerSupervisor<number>({
        restart: 'transient',
        maxRestarts: 50,
        start: (event) => {
          started.push(event)
          if (event === 0 && ++attempts > 1) {
            // While the supervisor still tries, and before it tries again.
            if (attempts === 2 + (seed % 4)) terminating = pool.terminateChild(child as ProcessRef)
            throw new Error('cannot be started')
          }
          return consumer({ handleEvents() {}, handleInfo: () => ({ stop: 'because' }) })
        },
      }),
    )
    const source = await launch(runtime, counting(atOnce, 2))
    await pool.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    child = ((await pool.whichChildren()) as { ref: ProcessRef }[])[0]?.ref
    child?.send('end')
    await runtime.settle()
    expect(await terminating).toBe(true)
    await runtime.settle()
    expect(attempts).toBe(2 + (seed % 4))
    // The next event takes the place.
    expect(started.at(-1)).toBe(1)
    expect(await pool.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 })
    await pool.stop()
  })
})
