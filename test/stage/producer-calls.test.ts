import { BadReturnError, consumer, ExitError, type ExitReason, type From, producer } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  collecting,
  counting,
  emittingOnRequest,
  gate,
  type LogRecord,
  launch,
  recording,
  rejection,
  timings,
} from './test-stages.ts'

describe.each(timings)('calls of a producer, with %s callbacks', (_name, later) => {
  test('have their events sent before the reply', async () => {
    await shuffled(50, async (runtime) => {
      const order: unknown[] = []
      const source = await launch(runtime, emittingOnRequest(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((events: readonly number[]) => {
            order.push(...events)
          }),
          handleInfo: later((message: unknown) => {
            order.push(message)
          }),
        }),
      )
      await sink.subscribe(source)
      await runtime.settle()
      await source.call('emit', [1, 2])
      sink.send('replied')
      await runtime.settle()
      expect(order).toEqual([1, 2, 'replied'])
    })
  })

  test('can be replied to before the events, by from', async () => {
    const runtime = testRuntime()
    const goOn = gate()
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: {
          async early(event: number, from: From<string>) {
            from.reply('got it')
            await goOn.opened
            return { events: [event] }
          },
        },
      }),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source)
    expect(await source.call('early', 1)).toBe('got it')
    await runtime.settle()
    expect(seen).toEqual([])
    goOn.open()
    await runtime.settle()
    expect(seen).toEqual([1])
  })

  test('can be replied to later, once, by any code that has from', async () => {
    const runtime = testRuntime()
    const waiting: From<string>[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: {
          wait: later((_request: undefined, from: From<string>) => {
            waiting.push(from)
          }),
        },
      }),
    )
    const first = source.call('wait', undefined)
    const second = source.call('wait', undefined)
    await runtime.settle()
    waiting[1]?.reply('two')
    waiting[1]?.reply('three')
    expect(await second).toBe('two')
    waiting[0]?.reply('one')
    expect(await first).toBe('one')
  })

  test('can stop it: the events are sent, terminate runs, and then the caller receives its reply', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: { last: later(() => ({ reply: 'bye', events: [1], stop: 'shutdown' })) },
        terminate: later((reason: ExitReason) => {
          order.push(reason)
        }),
      }),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source)
    order.push(await source.call('last'))
    expect(await source.exited).toBe('shutdown')
    await runtime.settle()
    expect([order, seen]).toEqual([['shutdown', 'bye'], [1]])
  })

  test('of an unknown kind are refused, and the stage continues', async () => {
    const runtime = testRuntime()
    const records: LogRecord[] = []
    const noisy = testRuntime({ logger: recording(records) })
    class Table {
      #size = 4
      size() {
        return { reply: this.#size }
      }
    }
    const literal = await launch(runtime, emittingOnRequest(later))
    const table = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleCall: new Table() as { size(): { reply: number } } }),
    )
    const bare = await launch(runtime, counting(later, 1))
    const kinds = ['bogus', 'toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf', '']
    for (const stage of [literal, table, bare] as unknown as { call(kind: string): Promise<unknown> }[]) {
      for (const kind of kinds) {
        const error = await rejection(stage.call(kind))
        expect([kind, error.constructor]).toEqual([kind, TypeError])
      }
    }
    const unknown = await rejection((literal as unknown as { call(kind: string): Promise<unknown> }).call('bogus'))
    expect(unknown.message).toBe("expected a kind of request that handleCall has ('emit', 'early'), got: 'bogus'")
    const unknownToTable = await rejection((table as unknown as { call(kind: string): Promise<unknown> }).call('bogus'))
    expect(unknownToTable.message).toBe("expected a kind of request that handleCall has ('size'), got: 'bogus'")
    expect(await table.call('size')).toBe(4)

    const quiet = await launch(noisy, emittingOnRequest(later))
    for (const kind of kinds) quiet.cast(kind as 'emit', [])
    expect(await quiet.call('emit', [])).toBe('ok')
    expect(records.map(({ level }) => level)).toEqual(kinds.map(() => 'error'))
    expect(records[0]?.message).toContain(
      "discarded an unknown cast: expected a kind of request that handleCast has ('emit')",
    )
  })

  test.each([
    ['a bare array', [1]],
    ['nothing known', { rely: 1 }],
    ['a string', 'ok'],
    ['null', null],
    ['an error', new Error('no')],
    ['events that are none', { reply: 1, events: 'abc' }],
  ])('fail when the handler returns %s', async (_what, result) => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: { size: later(() => result as { reply: number }) },
      }),
    )
    const error = await rejection(source.call('size'))
    expect(error).toBeInstanceOf(ExitError)
    const reason = (await source.exited) as BadReturnError
    expect(reason).toBeInstanceOf(BadReturnError)
    expect(reason.callback).toBe('handleCall.size')
    expect(reason.message).toContain('expected handleCall.size to return { reply, events?, stop? }')
  })

  test('may have undefined as the reply', async () => {
    const source = await launch(
      testRuntime(),
      producer({
        handleDemand: later((): number[] => []),
        handleCall: {
          nothing: later(() => ({ reply: undefined })),
          stay: later(() => ({ reply: 1, stop: undefined })),
        },
      }),
    )
    expect(await source.call('nothing')).toBeUndefined()
    expect(await source.call('stay')).toBe(1)
  })
})
