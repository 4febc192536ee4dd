import { fromIterable, named, type ProducerRef, partitionDispatcher, producer, to } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { fromReadableStream, toReadableStream } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { atOnce, copying, counting, launch, range, rejection, timings } from '../../stage/test-stages.ts'
import { turns } from '../test-stages.ts'
import { countingStream } from './test-stages.ts'

const boom = new Error('boom')

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

async function all<Event>(stream: ReadableStream<Event>): Promise<Event[]> {
  const events: Event[] = []
  for await (const event of stream) events.push(event)
  return events
}

describe.each(timings)('of a stage whose callbacks return %s', (_name, later) => {
  test('gives every event in order, and closes', async () => {
    await shuffled(20, async (runtime, seed) => {
      const source = await launch(runtime, fromIterable(range(0, 100)))
      const middle = await launch(runtime, copying(later, 2))
      await middle.subscribe(source, { maxDemand: 5 })
      const events = await all(toReadableStream(middle, { highWaterMark: seed % 6 }))
      expect(events).toEqual(range(0, 100).flatMap((number) => [number, number]))
    })
  })
})

describe('its desiredSize is the demand', () => {
  test.each([0, 1, 5])('with a highWaterMark of %d', async (highWaterMark) => {
    const demands: number[] = []
    const source = await launch(testRuntime(), counting(atOnce, 1_000, demands))
    const reader = toReadableStream(source, { highWaterMark }).getReader()
    await turns()
    expect(sum(demands)).toBe(highWaterMark)
    for (let read = 1; read <= 10; read++) {
      expect(await reader.read()).toEqual({ done: false, value: read - 1 })
      await turns()
      expect(sum(demands)).toBe(highWaterMark + read)
    }
    // A pending read is demand, too, even without room.
    const reads = [reader.read(), reader.read(), reader.read()]
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual([10, 11, 12])
    await reader.cancel()
  })

  test('counted by its size, one event at a time', async () => {
    const demands: number[] = []
    const source = await launch(testRuntime(), counting(atOnce, 1_000, demands))
    const stream = toReadableStream(source, { highWaterMark: 10, size: (event) => event })
    await turns()
    // 0 + 1 + 2 + 3 + 4 leaves no room.
    expect(demands).toEqual([1, 1, 1, 1, 1])
    await stream.cancel()
  })

  test('and what its size throws is its error', async () => {
    const source = await launch(testRuntime(), counting(atOnce, 1_000))
    const stream = toReadableStream(source, {
      size() {
        throw boom
      },
    })
    const other = toReadableStream(source, { size: () => -1 })
    // A pending read gets an event before its size is counted.
    await turns()
    expect(await rejection(all(stream))).toBe(boom)
    expect(await rejection(all(other))).toBeInstanceOf(RangeError)
  })
})

describe('an end of the producer', () => {
  test('by a failure is its error, the same object', async () => {
    const source = await launch(testRuntime(), producer({ handleDemand: () => ({ events: [1], stop: boom }) }))
    expect(await rejection(all(toReadableStream(source)))).toBe(boom)
  })

  test('by a reason that is no error is an error that names it', async () => {
    const source = await launch(testRuntime(), counting(atOnce, 1))
    const ended = rejection(all(toReadableStream(source)))
    await turns()
    source.exit('kill')
    expect(await ended).toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'killed' })
  })

  test('by a failure closes it if failures are ignored', async () => {
    const source = await launch(testRuntime(), producer({ handleDemand: () => ({ events: [1], stop: boom }) }))
    expect(await all(toReadableStream(to(source, { cancel: 'temporary' })))).toEqual([1])
  })

  test('before it is read is reported when it is read', async () => {
    const runtime = testRuntime()
    const ended = await launch(runtime, counting(atOnce, 3))
    const failed = await launch(runtime, counting(atOnce, 3))
    const streams = [ended, failed].map((source) => toReadableStream(source, { highWaterMark: 0 })) as [
      ReadableStream<number>,
      ReadableStream<number>,
    ]
    await ended.stop()
    await failed.stop(boom)
    expect(await all(streams[0])).toEqual([])
    expect(await rejection(all(streams[1]))).toBe(boom)
  })

  test('that was never there is an error', async () => {
    const missing = named<ProducerRef<number>>('missing', { runtime: testRuntime() })
    expect(await rejection(all(toReadableStream(missing)))).toBeInstanceOf(Error)
  })
})

describe('a stream that is', () => {
  test.each([
    ['cancelled', undefined, 'normal'],
    ['cancelled with a reason', boom, boom],
    ['cancelled with any reason', 'enough', 'enough'],
  ])('%s cancels, and its source is cancelled with the reason', async (_how, given, reason) => {
    const origin = countingStream(1_000)
    const source = await launch(testRuntime(), fromReadableStream(origin))
    const stream = toReadableStream(source)
    await turns()
    await stream.cancel(given)
    expect(await source.exited).toBe(reason)
    expect(origin.cancelledWith).toEqual({ reason })
  })

  test('left by its loop cancels', async () => {
    const origin = countingStream(1_000)
    const source = await launch(testRuntime(), fromReadableStream(origin))
    for await (const _event of toReadableStream(source)) break
    expect(await source.exited).toBe('normal')
  })

  test('aborted by its signal fails with its reason', async () => {
    const controller = new AbortController()
    const source = await launch(testRuntime(), counting(atOnce, 3))
    const events = rejection(all(toReadableStream(source, { signal: controller.signal })))
    await turns()
    controller.abort(boom)
    expect(await events).toBe(boom)
    expect(await rejection(all(toReadableStream(source, { signal: controller.signal })))).toBe(boom)
  })
})

test('subscribes with the options of to', async () => {
  const parity = partitionDispatcher({ partitions: 2, hash: (event: number) => [event, event % 2] })
  const source = await launch(testRuntime(), fromIterable(range(0, 10), { dispatcher: parity, demand: 'accumulate' }))
  const halves = [0, 1].map((partition) => all(toReadableStream(to(source, { partition }))))
  await turns()
  source.demand('forward')
  expect(await Promise.all(halves)).toEqual([
    [0, 2, 4, 6, 8],
    [1, 3, 5, 7, 9],
  ])
})

test('is a body of a response', async () => {
  const source = await launch(testRuntime(), fromIterable(['a', 'b'].map((text) => new TextEncoder().encode(text))))
  expect(await new Response(toReadableStream(source)).text()).toBe('ab')
})

test('wrong sources and options are refused', async () => {
  const source = await launch(testRuntime(), counting(atOnce, 3))
  expect(() => toReadableStream({} as never)).toThrow('expected a producer to subscribe to')
  expect(() => toReadableStream(source, { highWaterMark: Number.NaN })).toThrow(RangeError)
  expect(() => toReadableStream(source, { highWaterMark: '1' as never })).toThrow(TypeError)
})
