import { consumer, type ProcessRef, start, supervisor } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import { recordingLogger } from '../process/plain-stages.ts'

/** A stage that ignores requests to end. */
const lingering = () => consumer({ trapExit: true, handleEvents() {}, terminate: () => new Promise<void>(() => {}) })

const timersOf = (runtime: object): number => (runtime as ProcessRuntime).timers.size

describe('a child that does not end', () => {
  test('is killed when its time is over, which is no failure, and leaves no timer', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const children = [{ id: 'one', start: lingering, shutdown: 100 }]
    const ref = await start(supervisor({ strategy: 'one-for-one', children }), { runtime })
    const stopped = ref.stop()
    await runtime.advance(99)
    const { processes } = runtime as unknown as ProcessRuntime
    expect(processes.size).toBe(2)
    await runtime.advance(1)
    await runtime.settle(stopped)
    expect([processes.size, timersOf(runtime)]).toEqual([0, 0])
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  test('is killed at once where it has no time at all', async () => {
    const runtime = testRuntime()
    const children = [{ id: 'one', start: lingering, shutdown: 0 }]
    const ref = await start(supervisor({ strategy: 'one-for-one', children }), { runtime })
    const stopped = ref.stop()
    await runtime.advance(0)
    await runtime.settle(stopped)
  })
})

test('children that end in time leave no timer', async () => {
  const runtime = testRuntime()
  const children = [1, 2, 3].map((id) => ({ id: `${id}`, start: () => consumer({ handleEvents() {} }) }))
  const ref = await start(supervisor({ strategy: 'one-for-one', children }), { runtime })
  await runtime.settle(ref.stop())
  expect(timersOf(runtime)).toBe(0)
})

test('a supervisor ends after its children, however they are ended', async () => {
  await shuffled(20, async (runtime) => {
    for (const shutdown of ['brutal-kill', 0, 50] as const) {
      const ended: string[] = []
      const children = ['one', 'two'].map((id) => ({
        id,
        shutdown,
        start: () =>
          consumer(({ signal }) => {
            signal.addEventListener('abort', () => ended.push(id), { once: true })
            return { handleEvents() {} }
          }),
      }))
      const ref: ProcessRef = await start(supervisor({ strategy: 'one-for-one', children }), { runtime })
      void ref.exited.then(() => ended.push('supervisor'))
      await runtime.settle(ref.stop())
      expect(ended).toEqual(['two', 'one', 'supervisor'])
    }
  })
})
