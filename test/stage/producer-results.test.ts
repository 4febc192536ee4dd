import { BadReturnError, type Castable, ExitError, type ExitReason, producer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, type LogRecord, launch, range, recording, rejection, timings } from './test-stages.ts'

describe.each(timings)('what the callbacks of a producer return (%s)', (_name, later) => {
  const subscribed = async (source: { readonly callbacks: object }) => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const stage = await launch(runtime, producer(source.callbacks as { handleDemand: () => number[] }), {
      name: 'numbers',
    })
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(stage, { cancel: 'temporary' })
    await runtime.settle()
    return { runtime, stage, sink, seen, records }
  }

  test.each([
    [undefined],
    [null],
    ['events'],
    [5],
    [{ event: [1] }],
    [{ events: new Set([1]) }],
    [new Error('no')],
    [new Set([1])],
    [range(0, 3).values()],
  ])('may not be %j from handleDemand', async (result) => {
    const { stage, records } = await subscribed({ callbacks: { handleDemand: later(() => result) } })
    const reason = (await stage.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'handleDemand'])
    const errors = records.filter(({ level }) => level === 'error')
    expect(errors.length).toBe(1)
    expect(errors[0]?.message).toContain(
      'producer numbers failed in handleDemand: expected handleDemand to return an array',
    )
  })

  test.each([[[7]], [{ events: [7] }], [{ events: [7], stop: undefined }]])(
    'may be %j from handleDemand',
    async (result) => {
      const { stage, seen } = await subscribed({ callbacks: { handleDemand: later(() => result) } })
      expect(seen).toEqual([7])
      await stage.stop()
    },
  )

  test('can stop it, after the events are emitted', async () => {
    const order: unknown[] = []
    const { stage, seen } = await subscribed({
      callbacks: {
        handleDemand: later(() => ({ events: [1, 2], stop: 'shutdown' })),
        terminate: later((reason: ExitReason) => {
          order.push(reason)
        }),
      },
    })
    expect([await stage.exited, seen, order]).toEqual(['shutdown', [1, 2], ['shutdown']])
  })

  test('may be nothing from callbacks that emit only sometimes', async () => {
    const { runtime, stage } = await subscribed({
      callbacks: {
        handleDemand: later(() => []),
        handleInfo: later(() => undefined),
        handleCast: { go: later(() => undefined) },
        handleCancel: later(() => undefined),
      },
    })
    stage.send('x')
    ;(stage as unknown as { cast(kind: string): void }).cast('go')
    await runtime.settle()
    await stage.stop()
  })

  test.each([
    ['handleInfo', (stage: { send(message: unknown): void }) => stage.send('go')],
    [
      'handleCast.go',
      (stage: { send(message: unknown): void }) => (stage as unknown as Castable<{ go(): void }>).cast('go'),
    ],
    ['handleCancel', (_stage: unknown, sink: { exit(reason: string): void }) => sink.exit('kill')],
  ])('may not be a string from %s', async (callback, provoke) => {
    const wrong = later(() => 'wrong')
    const { stage, sink } = await subscribed({
      callbacks: { handleDemand: later(() => []), handleInfo: wrong, handleCast: { go: wrong }, handleCancel: wrong },
    })
    provoke(stage, sink)
    const reason = (await stage.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, callback])
  })

  test('is the exit reason if it is thrown: the same object, reported once, with the name of the stage', async () => {
    const boom = new Error('boom')
    const terminated: unknown[] = []
    const { stage, records } = await subscribed({
      callbacks: {
        handleDemand: later(() => {
          throw boom
        }),
        terminate: later((reason: ExitReason) => {
          terminated.push(reason)
        }),
      },
    })
    expect(await stage.exited).toBe(boom)
    expect(terminated).toEqual([boom])
    expect(records.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^producer numbers failed in handleDemand: boom \(at /),
    ])
  })

  test('is ignored from terminate, but what terminate throws replaces the reason', async () => {
    const boom = new Error('boom')
    const { stage } = await subscribed({
      callbacks: {
        handleDemand: later(() => []),
        terminate: later(() => {
          throw boom
        }),
      },
    })
    const error = await rejection(stage.stop('shutdown'))
    expect(error).toBeInstanceOf(ExitError)
    expect([await stage.exited, boom.cause]).toEqual([boom, 'shutdown'])
    const other = await subscribed({ callbacks: { handleDemand: later(() => []), terminate: later(() => 'whatever') } })
    await other.stage.stop()
    expect(await other.stage.exited).toBe('normal')
  })
})
