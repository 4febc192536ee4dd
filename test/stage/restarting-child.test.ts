import { type ConsumerSupervisorRef, consumer, consumerSupervisor, type ProcessRef } from 'genstage'
import { shuffled } from 'genstage/testing'
import { expect, test } from 'vitest'
import { atOnce, counting, launch } from './test-stages.ts'

test('a child that cannot be restarted is tried no more once it was terminated, and its place is free', async () => {
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
