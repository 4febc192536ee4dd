import { getEventListeners } from 'node:events'
import { type ConsumerContext, consumer, named, type ProcessRef, start, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import type { Untyped } from '../untyped.ts'
import { idle } from './plain-stages.ts'

/** A stage that hands out what it knows of itself. */
const Open = (contexts: ConsumerContext[]) =>
  consumer((stage) => {
    contexts.push(stage)
    return { handleEvents() {} }
  })

describe('the signal of a stage', () => {
  test('is taken along where a context is spread', async () => {
    const contexts: ConsumerContext[] = []
    const ref = await start(Open(contexts), { runtime: testRuntime() })
    const [stage] = contexts
    expect({ ...stage }.signal).toBe(stage?.signal)
    expect(Object.keys({ ...stage })).toContain('sendAfter')
    await ref.stop()
  })

  test.each<[string, (ref: ProcessRef) => void, unknown]>([
    ['a stop', (ref) => void ref.stop({ shutdown: 'enough' }), { shutdown: 'enough' }],
    ['a normal stop', (ref) => void ref.stop(), 'normal'],
    ['an exit', (ref) => ref.exit('boom'), 'boom'],
    ['a kill', (ref) => ref.exit('kill'), 'killed'],
  ])('is aborted by %s, with the exit reason', async (_what, end, reason) => {
    const runtime = testRuntime()
    const contexts: ConsumerContext[] = []
    const ref = await start(Open(contexts), { runtime })
    const [stage] = contexts
    const signal = stage?.signal
    expect(signal?.aborted).toBe(false)
    expect(stage?.signal).toBe(signal)
    end(ref)
    await ref.exited
    expect(signal?.aborted).toBe(true)
    expect(signal?.reason).toEqual(reason)
  })

  test('is the same error that ended the stage', async () => {
    const runtime = testRuntime()
    const error = new Error('boom')
    let signal: AbortSignal | undefined
    const ref = await start(
      consumer((stage) => {
        signal = stage.signal
        return {
          handleEvents() {},
          handleInfo() {
            throw error
          },
        }
      }),
      { runtime },
    )
    ref.send('')
    await ref.exited
    expect(signal?.reason).toBe(error)
  })

  test('that is first read after the end is aborted already', async () => {
    const runtime = testRuntime()
    const contexts: ConsumerContext[] = []
    const ref = await start(Open(contexts), { runtime })
    await ref.stop('shutdown')
    expect(contexts[0]?.signal.aborted).toBe(true)
    expect(contexts[0]?.signal.reason).toBe('shutdown')
  })

  test('is made only when it is first read', async () => {
    const runtime = testRuntime()
    const contexts: ConsumerContext[] = []
    const ref = await start(Open(contexts), { runtime })
    const process = (runtime as unknown as ProcessRuntime).processes.get(ref.id)
    expect(process?.abort).toBeUndefined()
    expect(contexts[0]?.signal).toBeDefined()
    expect(process?.abort).toBeDefined()
  })

  test('may be listened to by many without a warning', async () => {
    const runtime = testRuntime()
    const contexts: ConsumerContext[] = []
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const ref = await start(Open(contexts), { runtime })
    const signal = contexts[0]?.signal as AbortSignal
    for (let count = 0; count < 50; count++) signal.addEventListener('abort', () => {})
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
    expect(getEventListeners(signal, 'abort')).toHaveLength(50)
    await ref.stop()
  })

  test('stops what a stage waits for, in a task too', async () => {
    const runtime = testRuntime()
    const stopped: unknown[] = []
    const ref = await start(
      task(
        ({ signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              stopped.push(signal.reason)
              reject(signal.reason)
            }),
          ),
      ),
      { runtime },
    )
    await runtime.settle()
    ref.exit('enough')
    expect(await ref.exited).toBe('enough')
    expect(stopped).toEqual(['enough'])
  })
})

describe('after the end', () => {
  test('every operation of the stage throws an StageEndedError with the reason, so that no orphan starts', async () => {
    const runtime = testRuntime()
    const contexts: ConsumerContext[] = []
    const error = new Error('boom')
    const ref = await start(Open(contexts), { runtime, name: 'late' })
    const other = await start(idle(), { runtime })
    const stage = contexts[0] as ConsumerContext & { demand(mode: string): void }
    ref.exit(error)
    await ref.exited
    const loose = other as Untyped
    const operations: Record<string, () => unknown> = {
      sendAfter: () => stage.sendAfter('message', 1),
      info: () => stage.info('message'),
      call: () => stage.call(loose, 'size' as never, ...([] as never)),
      startLink: () => stage.startLink(idle()),
      monitor: () => stage.monitor(other),
      link: () => stage.link(other),
      unlink: () => stage.unlink(other),
      subscribe: () => stage.subscribe(loose),
      resubscribe: () => stage.resubscribe(loose, 'normal', loose),
    }
    for (const [name, operate] of Object.entries(operations)) {
      const thrown = await Promise.resolve()
        .then(operate)
        .catch((reason: unknown) => reason)
      expect(thrown, name).toMatchObject({
        name: 'StageEndedError',
        code: 'GENSTAGE_STAGE_ENDED',
        reason: error,
        cause: error,
      })
      expect((thrown as Error).message, name).toBe(`${name}: consumer late has already exited, with reason Error: boom`)
    }
    expect((runtime as unknown as ProcessRuntime).processes.size).toBe(1)
    expect((runtime as unknown as ProcessRuntime).timers.size).toBe(0)
  })

  test('what is sent by a reference still goes out', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const listener = await start(
      consumer({
        handleEvents() {},
        handleInfo(message: unknown) {
          received.push(message)
        },
      }),
      { runtime },
    )
    let goOn: () => void = () => {}
    const ref = await start(
      consumer({
        handleEvents() {},
        async handleInfo() {
          await new Promise<void>((resolve) => {
            goOn = resolve
          })
          listener.send('from the other side')
        },
      }),
      { runtime },
    )
    ref.send('')
    await runtime.settle()
    ref.exit('kill')
    await ref.exited
    goOn()
    await runtime.settle()
    expect(received).toEqual(['from the other side'])
  })

  test('a result that comes too late is dropped, whatever it is', async () => {
    const runtime = testRuntime()
    let settle: (value: unknown) => void = () => {}
    const ref = await start(
      consumer({
        handleEvents() {},
        handleInfo: () =>
          new Promise<Untyped>((resolve) => {
            settle = resolve
          }),
      }),
      { runtime, name: 'late' },
    )
    ref.send('')
    await runtime.settle()
    ref.exit('enough')
    await ref.exited
    const heir = await start(idle(), { runtime, name: 'late' })
    settle({ stop: 'too late' })
    await runtime.settle()
    expect(await ref.exited).toBe('enough')
    expect(named<ProcessRef>('late', { runtime }).id).toBe(heir.id)
  })

  test('operations of the reference reject as those of a process that has ended', async () => {
    const runtime = testRuntime()
    const ref = await start(idle(), { runtime, name: 'late' })
    const loose = ref as Untyped
    await ref.stop('shutdown')
    const noProcess = { code: 'GENSTAGE_NO_PROCESS' }
    await ref.stop()
    expect(await ref.drain()).toEqual({ undone: [] })
    await expect(ref.info('message')).rejects.toMatchObject(noProcess)
    await expect(loose.call('size')).rejects.toMatchObject(noProcess)
    await expect(ref.subscribe(loose)).rejects.toMatchObject(noProcess)
    ref.send('vanishes')
    loose.cast('vanishes')
    ref.exit('kill')
    await ref[Symbol.asyncDispose]()
    expect(await ref.exited).toBe('shutdown')
    expect({ id: ref.id, name: ref.name }).toEqual({ id: expect.stringMatching(/^g\d+\.1$/), name: 'late' })
  })
})
