import { BadReturnError, producer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { eventCount } from '../../src/base/event-count.ts'
import {
  collecting,
  emittingOnRequest,
  heldAtEnd,
  type LogRecord,
  launch,
  range,
  recording,
  timings,
} from './test-stages.ts'

describe.each(timings)('the buffer of a producer, with %s callbacks', (_name, later) => {
  const buffering = (options: object, drops: number[]) =>
    producer({
      handleDemand: later((): number[] => []),
      handleCast: { emit: later((events: readonly number[]) => events) },
      formatDiscarded(count: number) {
        drops.push(count)
        return true
      },
      ...options,
    })

  test.each([
    ['keeps the last', {}, [3, 4, 5, 6], [1, 2]],
    ['keeps the first', { bufferKeep: 'first' }, [0, 1, 2, 3], [1, 2]],
    ['of size 0 keeps nothing', { bufferSize: 0 }, [], [4, 1, 2]],
    ['without a bound keeps all', { bufferSize: Number.POSITIVE_INFINITY }, range(0, 7), []],
  ])('%s', async (_what, options, kept, drops) => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const dropped: number[] = []
    const source = await launch(runtime, buffering({ bufferSize: 4, ...options }, dropped), { name: 'numbers' })
    for (const events of [[0, 1, 2, 3], [4], [5, 6]]) source.cast('emit', events)
    expect(await source.estimateBufferedCount()).toBe(kept.length)
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source)
    await runtime.settle()
    expect([seen, dropped]).toEqual([kept, drops])
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual(
      drops.map((count) => `warn: producer numbers discarded ${eventCount(count)}: buffer full`),
    )
  })

  test('logs no discarded events when formatDiscarded returns false', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, buffering({ bufferSize: 1, formatDiscarded: () => false }, []))
    source.cast('emit', [1, 2])
    await runtime.settle()
    expect([await source.estimateBufferedCount(), records]).toEqual([1, []])
  })

  test.each([[Promise.resolve(true)], [undefined], [1]])('refuses %s from formatDiscarded', async (result) => {
    const runtime = testRuntime()
    const source = await launch(runtime, buffering({ bufferSize: 1, formatDiscarded: () => result }, []))
    source.cast('emit', [1, 2])
    const reason = (await source.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'formatDiscarded'])
  })

  test('is counted in the report of the exit, with what was held back', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, emittingOnRequest(later), { name: 'numbers' })
    source.cast('emit', [1, 2, 3])
    await runtime.settle()
    source.demand('accumulate')
    source.cast('emit', [4, 5])
    await source.stop()
    expect(records.map(({ message }) => message)).toEqual([
      "producer numbers ended and dropped 5 events: 3 in its buffer, 2 held back in demand mode 'accumulate'",
    ])
    expect(heldAtEnd(records)).toMatchObject({ buffer: 3, accumulated: 2 })
  })
})
