import { type ConsumerSupervisorRef, consumer, consumerSupervisor, type ProcessRef, StartError } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { childCounts, lingering, ManualWork } from './test-children.ts'
import { atOnce, counting, emittingOnRequest, type Gate, gate, launch, rejection } from './test-stages.ts'

describe('terminateChild', () => {
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

  test('waits for terminate of the child, and for no other child', async () => {
    const { runtime, ends, held, pool, child } = await startLingering(undefined, 'transient')
    let isDone = false
    const terminating = pool.terminateChild(child).then((reply) => {
      isDone = true
      return reply
    })
    await runtime.settle()
    expect([ends, isDone, await pool.countChildren()]).toEqual([['shutdown'], false, childCounts(1)])
    await pool.startChild(2)
    held.open()
    expect([await terminating, await child.exited]).toEqual([true, 'shutdown'])
    // Not even a transient child is restarted after it was terminated.
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(childCounts(1))
  })

  test.each([
    [undefined, 5_000],
    [100, 100],
    [1, 1],
  ])('kills the child after its shutdown time: %s', async (shutdown, ms) => {
    const { runtime, pool, child } = await startLingering(shutdown)
    const terminating = pool.terminateChild(child)
    await runtime.advance(ms - 1)
    expect(await pool.countChildren()).toEqual(childCounts(1))
    await runtime.advance(1)
    expect([await terminating, await child.exited]).toEqual([true, 'killed'])
  })

  test("kills immediately with 'brutal-kill' and 0, and never with Infinity", async () => {
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
    expect(await patient.pool.countChildren()).toEqual(childCounts(1))
    patient.held.open()
    expect([await waiting, await patient.child.exited]).toEqual([true, 'shutdown'])
  })

  test('returns false for what is not, or no longer, a child', async () => {
    const { runtime, held, pool, child } = await startLingering(undefined)
    const stranger = await launch(runtime, emittingOnRequest(atOnce))
    for (const wrong of [stranger, pool, undefined, null, 'child', {}]) {
      expect(await pool.terminateChild(wrong as ProcessRef)).toBe(false)
    }
    held.open()
    expect(await pool.terminateChild(child)).toBe(true)
    expect(await pool.terminateChild(child)).toBe(false)
    expect(await stranger.demand()).toBe('forward')
  })

  test('replies to every caller', async () => {
    const { runtime, held, pool, child } = await startLingering(undefined)
    const both = Promise.all([pool.terminateChild(child), pool.terminateChild(child)])
    await runtime.settle()
    held.open()
    expect(await both).toEqual([true, true])
  })

  test('works for a child that is still being set up', async () => {
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
    const replies = Promise.all(children.map(({ ref }) => pool.terminateChild(ref)))
    await runtime.settle()
    expect(await Promise.race([replies, runtime.settle().then(() => 'no reply')])).toEqual([true, true])
    expect((await byHand).constructor).toBe(StartError)
    expect([await pool.countChildren(), demands]).toEqual([childCounts(0), [1, 1]])
    never.open()
    await pool.stop()
  })

  test('works for a child that waits to be restarted', async () => {
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
    expect([starts, await pool.countChildren(), await pool.whichChildren()]).toEqual([2, childCounts(0), []])
    setups[0]?.open()
    await runtime.settle()
    expect(starts).toBe(2)
    await pool.stop()
  })

  test('releases the place of the child', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
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
