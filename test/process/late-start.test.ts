import { type ConsumerContext, consumer, createScope, start } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import { idle, recordingLogger } from './plain-stages.ts'

/** A stage, and the context that it was given. */
async function started(runtime: ReturnType<typeof testRuntime>) {
  let context: ConsumerContext | undefined
  const ref = await start(
    consumer((given) => {
      context = given
      return { handleEvents() {} }
    }),
    { runtime },
  )
  return { ref, context: context as ConsumerContext }
}

const inside = (runtime: object): ProcessRuntime => runtime as ProcessRuntime

describe('startLink of a stage', () => {
  test('that has ended rejects, and starts nothing', async () => {
    const runtime = testRuntime()
    const { ref, context } = await started(runtime)
    await ref.stop()
    await expect(context.startLink(idle())).rejects.toMatchObject({
      name: 'StageEndedError',
      code: 'GENSTAGE_STAGE_ENDED',
    })
    expect(inside(runtime).processes.size).toBe(0)
  })

  test('starts nothing in another runtime', async () => {
    const runtime = testRuntime()
    const other = testRuntime()
    const { context } = await started(runtime)
    await expect(context.startLink(idle(), { runtime: other })).rejects.toThrow('expected runtime to be that of')
    expect(inside(other).processes.size).toBe(0)
  })
})

describe('a scope that is disposed of', () => {
  test('leaves no timer', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    await scope.startLink(idle())
    await scope.startLink(idle())
    await runtime.settle(scope[Symbol.asyncDispose]())
    expect(inside(runtime).timers.size).toBe(0)
  })

  test('kills what does not end in time, which is no failure', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const scope = createScope({ runtime })
    const ref = await scope.startLink(consumer({ handleEvents() {}, terminate: () => new Promise<void>(() => {}) }))
    const disposed = scope[Symbol.asyncDispose]()
    await runtime.advance(60_000)
    await runtime.settle(disposed)
    expect(await ref.exited).toBe('killed')
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([])
    await runtime.settle(scope.done)
  })
})

describe('a call', () => {
  const replying = () =>
    consumer({ handleEvents() {}, handleCall: { size: () => ({ reply: 'named' }), 5: () => ({ reply: 'numbered' }) } })

  test('may be of a kind that is a number', async () => {
    const ref = await start(replying(), { runtime: testRuntime() })
    expect([await ref.call('size'), await ref.call(5)]).toEqual(['named', 'numbered'])
  })

  test('takes no timeout of 0, and nothing for a signal that is none', async () => {
    const ref = await start(replying(), { runtime: testRuntime() })
    await expect(ref.call('size', { timeout: 0 })).rejects.toThrow(RangeError)
    const signal = { addEventListener() {} } as never
    await expect(ref.call('size', { signal })).rejects.toThrow('expected signal to be an AbortSignal')
  })
})
