import { consumer, start } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'

/** A stage whose `terminate` throws. */
const throwingAtItsEnd = (error: unknown) =>
  consumer({
    handleEvents() {},
    handleInfo() {
      throw new Error('in handleInfo')
    },
    terminate() {
      throw error
    },
  })

describe('an error that terminate throws', () => {
  test('keeps the cause that it has', async () => {
    await shuffled(5, async (runtime) => {
      const cause = new Error('the disk is full')
      const error = new Error('could not flush', { cause })
      const ref = await start(throwingAtItsEnd(error), { runtime })
      ref.send('go')
      expect(await ref.exited).toBe(error)
      expect(error.cause).toBe(cause)
    })
  })

  test('keeps a cause that is no error', async () => {
    for (const cause of [null, 0, '']) {
      const error = new Error('could not flush', { cause })
      const ref = await start(throwingAtItsEnd(error), { runtime: testRuntime() })
      await ref.stop().catch(() => {})
      expect(error.cause).toBe(cause)
    }
  })

  test('gets the former reason as its cause where it has none, once', async () => {
    const error = new Error('could not flush')
    for (const [runtime, reason] of [
      [testRuntime(), 'shutdown'],
      [testRuntime(), 'normal'],
    ] as const) {
      const ref = await start(throwingAtItsEnd(error), { runtime })
      await ref.stop(reason).catch(() => {})
    }
    expect(error.cause).toBe('shutdown')
  })

  test('is taken as it is where nothing can be added to it', async () => {
    const error = Object.freeze(new Error('could not flush'))
    const ref = await start(throwingAtItsEnd(error), { runtime: testRuntime() })
    ref.send('go')
    expect(await ref.exited).toBe(error)
  })
})
