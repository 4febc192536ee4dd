import { AsyncLocalStorage } from 'node:async_hooks'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { broadcastDispatcher, fromIterable, named, type ProducerRef, partitionDispatcher, producer, to } from 'genstage'
import { fromReadable, toReadable } from 'genstage/node'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, launch, range, rejection, timings } from '../../stage/test-stages.ts'
import { countingReadable, listenersOf, slowWritable, turns } from '../test-stages.ts'

const boom = new Error('boom')

describe.each(timings)('of a stage whose callbacks return %s', (_name, later) => {
  test('gives every event in order, and ends', async () => {
    await shuffled(20, async (runtime, seed) => {
      let next = 0
      const source = await launch(
        runtime,
        producer(({ info }) => ({
          handleDemand: later((demand: number) => {
            const events = range(next, Math.min(next + demand, 100))
            next += events.length
            if (next === 100) info('end')
            return events
          }),
          handleInfo: () => ({ stop: 'normal' }),
        })),
      )
      expect(await toReadable(source, { highWaterMark: 1 + (seed % 6) }).toArray()).toEqual(range(0, 100))
    })
  })
})

describe('reading drives demand', () => {
  test('nothing is asked for before it is read, and then what there is room for', async () => {
    const demands: number[] = []
    const source = await launch(testRuntime(), counting(atOnce, 1_000, demands))
    const readable = toReadable(source, { highWaterMark: 5 })
    await turns()
    expect(demands).toEqual([])
    readable.once('readable', () => {})
    await turns()
    expect(demands).toEqual([5])
    expect(readable.readableLength).toBe(5)
    readable.read()
    readable.read()
    await turns()
    // Each read makes room for one.
    expect(demands.reduce((sum, demand) => sum + demand)).toBe(7)
    expect(readable.readableLength).toBe(5)
    readable.destroy()
  })

  test('a slow reader slows the producer', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const source = await launch(runtime, counting(atOnce, 1_000, demands))
    const writable = slowWritable(1, 2)
    const piped = pipeline(toReadable(source, { highWaterMark: 3 }), writable).catch((error: unknown) => error)
    for (let look = 0; look < 50; look++) {
      await turns(2)
      const asked = demands.reduce((sum, demand) => sum + demand, 0)
      // What is in the two streams, and one that passes between them.
      expect(asked).toBeLessThanOrEqual(writable.written.length + 3 + 2 + 1)
    }
    writable.destroy(boom)
    expect(await piped).toBe(boom)
  })

  test('without object mode, chunk by chunk', async () => {
    const demands: number[] = []
    const chunks = ['one', 'two', 'three', 'four']
    const source = await launch(
      testRuntime(),
      producer({
        handleDemand(demand) {
          demands.push(demand)
          return chunks.length === 0 ? { stop: 'normal' } : chunks.splice(0, demand)
        },
      }),
    )
    const readable = toReadable(source, { objectMode: false, highWaterMark: 5 })
    readable.once('readable', () => {})
    await turns()
    expect(demands).toEqual([1, 1])
    expect(readable.readableLength).toBe(6)
    expect(await text(readable)).toBe('onetwothreefour')
  })
})

describe('an end of the producer', () => {
  test('by a failure destroys it with the reason, the same object, after what came before', async () => {
    const source = await launch(testRuntime(), producer({ handleDemand: () => ({ events: [1, 2, 3], stop: boom }) }))
    const readable = toReadable(source)
    const seen: unknown[] = []
    readable.on('data', (event) => seen.push(event))
    expect(await new Promise((resolve) => readable.on('error', resolve))).toBe(boom)
    expect(seen).toEqual([1, 2, 3])
  })

  test('by a reason that is no error destroys it with an error that names it', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(atOnce, 1), { name: 'one' })
    const readable = toReadable(source)
    const ended = rejection(readable.toArray())
    await turns()
    source.exit('kill')
    const error = await ended
    expect(error).toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'killed' })
    expect(error.message).toBe("toReadable: producer one exited with reason 'killed'")
  })

  test('by a shutdown ends it', async () => {
    const source = await launch(testRuntime(), counting(atOnce, 3))
    const events = toReadable(source).toArray()
    await turns()
    await source.stop('shutdown')
    expect(await events).toEqual([0, 1, 2])
  })

  test('by a failure ends it if failures are ignored', async () => {
    const source = await launch(testRuntime(), producer({ handleDemand: () => ({ events: [1], stop: boom }) }))
    expect(await toReadable(to(source, { cancel: 'temporary' })).toArray()).toEqual([1])
  })

  test('before it is read is reported when it is read', async () => {
    const runtime = testRuntime()
    const ended = await launch(runtime, counting(atOnce, 3))
    const failed = await launch(runtime, counting(atOnce, 3))
    const readables = [toReadable(ended), toReadable(failed)] as const
    await ended.stop()
    await failed.stop(boom)
    expect(await readables[0].toArray()).toEqual([])
    expect(await rejection(readables[1].toArray())).toBe(boom)
  })

  test('that happens while it subscribes keeps its reason', async () => {
    await shuffled(30, async (runtime) => {
      const source = await launch(runtime, counting(atOnce, 3))
      const ended = rejection(toReadable(source).toArray())
      source.exit(boom)
      expect(await ended).toBe(boom)
    })
  })

  test('that was never there is an error', async () => {
    const missing = named<ProducerRef<number>>('missing', { runtime: testRuntime() })
    expect((await rejection(toReadable(missing).toArray())).message).toContain('could not be started')
  })
})

describe('a readable that is', () => {
  test.each([
    ['destroyed', undefined, 'normal', null],
    ['destroyed with an error', boom, boom, boom],
  ])('%s cancels, and its source is destroyed', async (_how, error, reason, destroyedWith) => {
    const origin = countingReadable(1_000)
    const source = await launch(testRuntime(), fromReadable(origin))
    const readable = toReadable(source).on('error', () => {})
    readable.resume()
    await turns()
    readable.destroy(error)
    expect(await source.exited).toBe(reason)
    expect(origin.destroyedWith).toBe(destroyedWith)
    await turns()
    expect(Object.keys(listenersOf(readable))).toEqual(['error'])
  })

  test('left by its loop cancels', async () => {
    const origin = countingReadable(1_000)
    const source = await launch(testRuntime(), fromReadable(origin))
    const seen: unknown[] = []
    for await (const event of toReadable(source)) {
      seen.push(event)
      if (seen.length === 3) break
    }
    expect(seen).toEqual([0, 1, 2])
    // What Node destroys a stream with that is left before its end.
    expect(await source.exited).toMatchObject({ code: 'ABORT_ERR' })
    expect(origin.destroyed).toBe(true)
  })

  test('aborted by its signal is destroyed with its reason', async () => {
    const controller = new AbortController()
    const source = await launch(testRuntime(), counting(atOnce, 3))
    const readable = toReadable(source, { signal: controller.signal })
    const events = rejection(readable.toArray())
    await turns()
    controller.abort(boom)
    expect(await events).toBe(boom)
    const aborted = toReadable(source, { signal: AbortSignal.abort(boom) })
    expect(await rejection(aborted.toArray())).toBe(boom)
  })
})

test('finds its producer by name', async () => {
  const runtime = testRuntime()
  const name = named<ProducerRef<number>>('numbers', { runtime })
  await launch(runtime, fromIterable(range(0, 5)), { name })
  expect(await toReadable(name).toArray()).toEqual(range(0, 5))
})

test('subscribes with the options of to', async () => {
  const runtime = testRuntime()
  const parity = partitionDispatcher({
    partitions: ['odd', 'even'],
    hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
  })
  const source = await launch(runtime, fromIterable(range(0, 10), { dispatcher: parity, demand: 'accumulate' }))
  const halves = (['odd', 'even'] as const).map((partition) => toReadable(to(source, { partition })).toArray())
  await turns()
  source.demand('forward')
  expect(await Promise.all(halves)).toEqual([
    [1, 3, 5, 7, 9],
    [0, 2, 4, 6, 8],
  ])
})

test('is refused like any other subscriber', async () => {
  const runtime = testRuntime()
  const parity = partitionDispatcher({ partitions: 2, hash: (event: number) => [event, event % 2] })
  const source = await launch(runtime, fromIterable(range(0, 10), { dispatcher: parity }))
  const readable = toReadable(to(source, { partition: 7 }))
  expect(await rejection(readable.toArray())).toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'bad-partition' })
  const everyone = await launch(runtime, fromIterable(range(0, 10), { dispatcher: broadcastDispatcher<number>() }))
  const selected = toReadable(to(everyone, { selector: (event) => event > 6 }))
  expect(await selected.toArray()).toEqual([7, 8, 9])
})

test('null, which would be taken for the end, is an error', async () => {
  const source = await launch(testRuntime(), fromIterable([1, null, 2]))
  const error = await rejection(toReadable(source).toArray())
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toContain('got: null')
  expect(await source.exited).toBe('normal')
})

test.each([
  [undefined, TypeError, 'a producer to subscribe to'],
  [{}, TypeError, 'a producer to subscribe to'],
])('wrong sources are refused: %s', (wrong, kind, message) => {
  expect(() => toReadable(wrong as never)).toThrow(kind)
  expect(() => toReadable(wrong as never)).toThrow(message)
})

test('wrong options are refused', async () => {
  const source = await launch(testRuntime(), counting(atOnce, 3))
  expect(() => toReadable(source, { highWaterMark: 0 })).toThrow(RangeError)
  expect(() => toReadable(source, { highWatermark: 3 } as never)).toThrow('did you mean highWaterMark?')
  expect(() => toReadable(source, { signal: {} as never })).toThrow('expected signal to be an AbortSignal')
})

test('what its listeners throw is theirs, and they run in the async context in which it was made', async () => {
  const storage = new AsyncLocalStorage<string>()
  const source = await launch(testRuntime(), fromIterable([1]))
  const context = await storage.run('mine', async () => {
    const readable = toReadable(source)
    return new Promise((resolve) => readable.on('data', () => resolve(storage.getStore())))
  })
  expect(context).toBe('mine')
})

test('is a Readable like any other', async () => {
  const source = await launch(testRuntime(), fromIterable(range(0, 10)))
  const readable = toReadable(source)
  expect(readable).toBeInstanceOf(Readable)
  expect(await readable.filter((event: number) => event % 2 === 0).toArray()).toEqual([0, 2, 4, 6, 8])
})
