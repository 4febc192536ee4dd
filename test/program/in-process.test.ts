import { consumer, StageFailure } from 'genstage'
import { runUntilSignal } from 'genstage/program'
import { testRuntime } from 'genstage/testing'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'

// Of the program that runs these tests nothing may be left over: a signal sets its exit code.
const { exitCode } = process
afterEach(() => {
  process.exitCode = exitCode
})

/** What a signal does that is sent to this program, without sending one. */
const receive = (signal: 'SIGUSR2'): boolean => process.emit(signal, signal)

describe('a program that is over', () => {
  test('listens for signals no more, and to no telemetry', async () => {
    const runtime = testRuntime()
    const count = (): number => process.listenerCount('SIGUSR2')
    const before = count()
    const during = await runUntilSignal(async () => count(), { runtime, signals: ['SIGUSR2'] })
    expect([during.value, count()]).toEqual([before + 1, before])
    expect((runtime as unknown as ProcessRuntime).telemetry.hasListeners).toBe(false)
    const failing = runUntilSignal(() => Promise.reject(new Error('boom')), { runtime, signals: ['SIGUSR2'] })
    await expect(failing).rejects.toThrow('boom')
    expect(count()).toBe(before)
    expect((runtime as unknown as ProcessRuntime).telemetry.hasListeners).toBe(false)
  })
})

test('a stage that fails after a signal fails the program', async () => {
  const runtime = testRuntime()
  const running = runUntilSignal(
    async (scope) => {
      const stage = await scope.startLink(
        consumer({
          handleEvents() {},
          terminate() {
            throw new Error('could not flush')
          },
        }),
      )
      receive('SIGUSR2')
      await stage.stop().catch(() => {})
      await scope.done
    },
    { runtime, signals: ['SIGUSR2'] },
  )
  await expect(running).rejects.toBeInstanceOf(StageFailure)
})

test('a signal that cannot be listened for is refused', async () => {
  for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGNONE']) {
    await expect(runUntilSignal(() => {}, { signals: [signal as 'SIGTERM'] })).rejects.toThrow(
      'expected signals to be an array of signals',
    )
  }
})

test('what does not end within the grace is killed', async () => {
  const runtime = testRuntime()
  let hasStarted = false
  const running = runUntilSignal(
    async (scope) => {
      await scope.startLink(consumer({ handleEvents() {}, terminate: () => new Promise<void>(() => {}) }))
      hasStarted = true
    },
    { runtime, signals: ['SIGUSR2'], deadline: 10, grace: 100 },
  )
  await runtime.settle()
  expect(hasStarted).toBe(true)
  await runtime.advance(110)
  await runtime.settle(running)
})
