import { consumer, start, ThrownValueError } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { Untyped } from '../untyped.ts'
import { gate } from './gate.ts'
import { acting } from './plain-stages.ts'

describe('exit reasons', () => {
  const crashing = (thrown: unknown) =>
    acting(() => {
      throw thrown
    })

  test('an error that a callback throws is the reason, the same object', async () => {
    const runtime = testRuntime()
    const error = new RangeError('boom')
    const stage = await start(crashing(error), { runtime })
    stage.send('')
    expect(await stage.exited).toBe(error)
  })

  test('an error that a callback’s promise rejects with is the reason, the same object', async () => {
    const runtime = testRuntime()
    const error = new Error('boom')
    const stage = await start(
      acting(() => Promise.reject(error)),
      { runtime },
    )
    stage.send('')
    expect(await stage.exited).toBe(error)
  })

  test.each(['normal', 'shutdown', { shutdown: 'by throwing' }, undefined, null, 0, Symbol('x')])(
    'anything else thrown is wrapped, and throwing %o is no clean exit',
    async (thrown) => {
      const runtime = testRuntime()
      for (const stage of [crashing(thrown), acting(() => Promise.reject(thrown))]) {
        const ref = await start(stage, { runtime })
        ref.send('')
        const reason = await ref.exited
        expect(reason).toBeInstanceOf(ThrownValueError)
        expect((reason as ThrownValueError).cause).toBe(thrown)
        expect((reason as ThrownValueError).code).toBe('GENSTAGE_THROWN_VALUE')
      }
    },
  )

  test('any value may be a reason', async () => {
    const runtime = testRuntime()
    for (const reason of ['done', 42, null, { shutdown: 1 }, { code: 3 }, [1], Symbol('why')]) {
      const ref = await start(
        acting(() => ({ stop: reason })),
        { runtime },
      )
      ref.send('')
      expect(await ref.exited).toBe(reason)
    }
  })

  describe('terminate', () => {
    const ending = (terminate: (reason: unknown) => Untyped) =>
      consumer({ handleEvents() {}, terminate, handleInfo: failing })
    const failing = () => {
      throw new Error('in handleInfo')
    }

    test('is given the reason, and is waited for', async () => {
      const runtime = testRuntime()
      const cleaning = gate()
      const reasons: unknown[] = []
      const ref = await start(
        ending(async (reason) => {
          reasons.push(reason)
          await cleaning.promise
        }),
        { runtime },
      )
      let ended = false
      const stopped = ref.stop({ shutdown: 'enough' }).then(() => (ended = true))
      await runtime.settle()
      expect({ reasons, ended }).toEqual({ reasons: [{ shutdown: 'enough' }], ended: false })
      cleaning.open()
      await stopped
    })

    test('runs after a callback has thrown', async () => {
      const runtime = testRuntime()
      const reasons: unknown[] = []
      const ref = await start(
        ending((reason) => {
          reasons.push(reason)
        }),
        { runtime },
      )
      ref.send('')
      expect([await ref.exited]).toEqual(reasons)
      expect(reasons).toEqual([new Error('in handleInfo')])
    })

    test.each([
      [
        'throws',
        (error: unknown) => {
          throw error
        },
      ],
      ['rejects', (error: unknown) => Promise.reject(error)],
    ])('that %s replaces the reason, and keeps the former one as the cause', async (_how, fail) => {
      const runtime = testRuntime()
      const error = new Error('in terminate')
      const stopped = await start(
        ending(() => fail(error)),
        { runtime },
      )
      await expect(stopped.stop('shutdown')).rejects.toMatchObject({ code: 'GENSTAGE_EXIT', reason: error })
      expect(await stopped.exited).toBe(error)
      expect(error.cause).toBe('shutdown')

      const another = new Error('in terminate')
      const crashed = await start(
        ending(() => fail(another)),
        { runtime },
      )
      crashed.send('')
      expect(await crashed.exited).toBe(another)
      expect(another.cause).toEqual(new Error('in handleInfo'))
    })

    test('that throws no error is wrapped', async () => {
      const runtime = testRuntime()
      const ref = await start(
        ending(() => {
          throw 'normal'
        }),
        { runtime },
      )
      const stopping = ref.stop()
      await expect(stopping).rejects.toMatchObject({ code: 'GENSTAGE_EXIT' })
      expect(await ref.exited).toBeInstanceOf(ThrownValueError)
    })

    test('whatever it returns is ignored', async () => {
      const runtime = testRuntime()
      const ref = await start(
        ending(() => ({ stop: 'another reason' })),
        { runtime },
      )
      await ref.stop()
      expect(await ref.exited).toBe('normal')
    })
  })
})
