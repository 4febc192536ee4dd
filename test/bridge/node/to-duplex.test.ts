import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip, createGzip } from 'node:zlib'
import { consumer, producerConsumer, StartError, StartIgnoredError } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { toDuplex } from 'genstage/node'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { copying, launch, range, rejection, timings } from '../../stage/test-stages.ts'
import { countingReadable, slowWritable, turns } from '../test-stages.ts'

const boom = new Error('boom')

const Same = () => producerConsumer({ handleEvents: (events: readonly unknown[]) => events })

/** Takes and gives so many events, and then has had enough. */
const First = (count: number) => {
  let left = count
  return producerConsumer({
    handleEvents(events: readonly unknown[]) {
      const taken = events.slice(0, left)
      left -= taken.length
      return left === 0 ? { events: taken, stop: 'normal' } : taken
    },
  })
}

describe.each(timings)('a stage whose callbacks return %s, in the middle of a pipeline', (_name, later) => {
  test('gets everything and gives everything, in order', async () => {
    await shuffled(20, async (runtime, seed) => {
      const writable = slowWritable(1, 1 + (seed % 3))
      const middle = toDuplex(copying(later, 3), { runtime, highWaterMark: 1 + (seed % 5) })
      await pipeline(Readable.from(range(0, 50)), middle, writable)
      expect(writable.written).toEqual(range(0, 50).flatMap((number) => [number, number, number]))
    })
  })
})

test('stages follow each other, between streams of bytes', async () => {
  const file = fileURLToPath(new URL('../../../package-lock.json', import.meta.url))
  const lines: string[] = []
  await pipeline(
    createReadStream(file, { highWaterMark: 100 }),
    createGzip(),
    createGunzip(),
    toDuplex(decodeText()),
    toDuplex(splitLines()),
    new Writable({
      objectMode: true,
      write(line: string, _encoding, done) {
        lines.push(line)
        done()
      },
    }),
  )
  expect(`${lines.join('\n')}\n`).toBe(await readFile(file, 'utf8'))
})

test('what is emitted at the end is read as well', async () => {
  const Last = () => {
    let last: unknown
    return producerConsumer({
      handleEvents(events: readonly unknown[]) {
        last = events.at(-1)
        return [] as unknown[]
      },
      handleCancel: (): unknown[] => [last, 'end'],
    })
  }
  const writable = slowWritable()
  await pipeline(Readable.from(range(0, 50)), toDuplex(Last(), { highWaterMark: 1 }), writable)
  expect(writable.written).toEqual([49, 'end'])
})

test('a slow sink slows the source, through the stage', async () => {
  const readable = countingReadable(10_000, 3)
  const writable = slowWritable(3, 2)
  const piped = pipeline(readable, toDuplex(Same(), { runtime: testRuntime(), highWaterMark: 4 }), writable).catch(
    (error: unknown) => error,
  )
  for (let look = 0; look < 40; look++) {
    await turns(5)
    // What waits on both sides of the stage, in the stage, and in the two streams.
    expect(readable.produced).toBeLessThanOrEqual(writable.written.length + 3 + 4 + 2 * 4 + 4 + 2 + 2)
  }
  expect(writable.written.length).toBeGreaterThan(20)
  writable.destroy(boom)
  expect(await piped).toBe(boom)
})

test('without a reader, writing stops', async () => {
  const readable = countingReadable(10_000, 3)
  const duplex = toDuplex(Same(), { highWaterMark: 4 })
  readable.pipe(duplex)
  await turns(200)
  expect(readable.produced).toBeLessThan(30)
  readable.destroy()
  duplex.destroy()
})

describe('a failure', () => {
  test('of the stage destroys all streams with it, the same object', async () => {
    await shuffled(20, async (runtime) => {
      const readable = countingReadable(1_000)
      const writable = slowWritable()
      const Failing = () =>
        producerConsumer({
          handleEvents(events: readonly number[]) {
            if (events.some((number) => number >= 10)) throw boom
            return events
          },
        })
      const duplex = toDuplex(Failing(), { runtime })
      expect(await rejection(pipeline(readable, duplex, writable))).toBe(boom)
      await turns()
      expect([readable.destroyedWith, duplex.errored, writable.destroyedWith]).toEqual([boom, boom, boom])
    })
  })

  test('of the sink ends the stage, by the reason, and destroys the source', async () => {
    const runtime = testRuntime()
    let reason: unknown
    const Watched = () =>
      producerConsumer(({ signal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
        })
        return { handleEvents: (events: readonly unknown[]) => events }
      })
    const readable = countingReadable(1_000)
    const writable = new Writable({ objectMode: true, write: (_chunk, _encoding, done) => done(boom) })
    expect(await rejection(pipeline(readable, toDuplex(Watched(), { runtime }), writable))).toBe(boom)
    await turns()
    expect(reason).toBe(boom)
    expect(readable.destroyed).toBe(true)
  })

  test('of the source ends the stage, and destroys the sink', async () => {
    const readable = new Readable({ objectMode: true, read: () => void readable.destroy(boom) })
    const writable = slowWritable()
    expect(await rejection(pipeline(readable, toDuplex(Same()), writable))).toBe(boom)
    expect(writable.destroyed).toBe(true)
  })

  test('that is not an error is reported as one', async () => {
    const Ending = () => producerConsumer({ handleEvents: () => ({ stop: 'tired' }) })
    const error = await rejection(pipeline(countingReadable(10), toDuplex(Ending()), slowWritable()))
    expect(error).toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'tired' })
  })

  test('without a reader is reported all the same', async () => {
    const duplex = toDuplex(
      producerConsumer({ handleInfo: (): never[] => [], handleEvents: () => Promise.reject(boom) }),
    )
    duplex.write('a')
    duplex.resume()
    expect(await new Promise((resolve) => duplex.on('error', resolve))).toBe(boom)
  })

  test('of the setup function is reported too', async () => {
    const failing = toDuplex(producerConsumer(() => Promise.reject(boom)))
    const error = await new Promise<StartError>((resolve) => failing.on('error', resolve))
    expect(error).toBeInstanceOf(StartError)
    expect(error.reason).toBe(boom)
    const ignoring = toDuplex(producerConsumer(() => 'ignore' as const))
    expect(await new Promise((resolve) => ignoring.on('error', resolve))).toBeInstanceOf(StartIgnoredError)
  })
})

describe('an end', () => {
  test('of the stage itself loses no event for a reader', async () => {
    const read = toDuplex(First(5), { highWaterMark: 8 })
    for (const number of range(0, 9)) read.write(number)
    expect(await read.toArray()).toEqual(range(0, 5))
    await turns()
    expect(read.destroyed).toBe(true)
    // A destination that is not ended, as the standard output after a pipe, is not waited for.
    const piped = toDuplex(First(1))
    const writable = slowWritable()
    piped.pipe(writable, { end: false })
    piped.write(1)
    await turns()
    expect([writable.written, piped.destroyed, writable.destroyed]).toEqual([[1], true, false])
  })

  test('of empty input is an end', async () => {
    const writable = slowWritable()
    await pipeline(Readable.from([]), toDuplex(Same()), writable)
    expect(writable.written).toEqual([])
  })

  test('of input that is over before the stage is set up is an end as well', async () => {
    const writable = slowWritable()
    const Late = () =>
      producerConsumer(async () => {
        await turns(5)
        return { handleEvents: (events: readonly unknown[]) => events }
      })
    await pipeline(Readable.from([1, 2, 3]), toDuplex(Late()), writable)
    expect(writable.written).toEqual([1, 2, 3])
  })

  test('of the stage itself closes the pipeline prematurely, and destroys the endless source', async () => {
    await shuffled(10, async (runtime) => {
      const readable = countingReadable(Number.POSITIVE_INFINITY)
      const writable = slowWritable()
      const error = await rejection(pipeline(readable, toDuplex(First(5), { runtime }), writable))
      expect(error).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
      expect(writable.written).toEqual(range(0, 5))
      expect(readable.destroyed).toBe(true)
    })
  })

  test('by destroy ends the stage', async () => {
    const runtime = testRuntime()
    const reasons: unknown[] = []
    const make = (trapExit: boolean) =>
      producerConsumer(({ signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason))
        return {
          trapExit,
          handleEvents: (events: readonly unknown[]) => events,
          terminate: (reason) => void reasons.push(['terminate', reason]),
        }
      })
    for (const [trapExit, error] of [
      [false, undefined],
      [false, boom],
      [true, undefined],
    ] as const) {
      const duplex = toDuplex(make(trapExit), { runtime }).on('error', () => {})
      await turns(3)
      duplex.destroy(error)
      await turns(3)
    }
    expect(reasons).toEqual(['shutdown', boom, ['terminate', 'shutdown'], 'shutdown'])
  })

  test('by its signal destroys it with its reason', async () => {
    const controller = new AbortController()
    const duplex = toDuplex(Same(), { signal: controller.signal })
    const piped = rejection(pipeline(countingReadable(1_000), duplex, slowWritable()))
    await turns()
    controller.abort(boom)
    expect(await piped).toBe(boom)
    const late = toDuplex(Same(), { signal: AbortSignal.abort(boom) })
    expect(await new Promise((resolve) => late.on('error', resolve))).toBe(boom)
  })

  test('of one side leaves the other to its reader', async () => {
    const duplex = toDuplex(Same())
    duplex.end('last')
    await new Promise((resolve) => duplex.on('finish', resolve))
    await turns()
    expect(await duplex.toArray()).toEqual(['last'])
    await turns()
    expect(duplex.closed).toBe(true)
  })
})

test('leaves no process behind, however it ends', async () => {
  const runtime = testRuntime()
  const processes = (runtime as unknown as { readonly processes: ReadonlyMap<string, unknown> }).processes
  await pipeline(Readable.from(range(0, 10)), toDuplex(Same(), { runtime }), slowWritable())
  const destroyed = toDuplex(Same(), { runtime })
  destroyed.write(1)
  await turns()
  destroyed.destroy()
  const failed = toDuplex(
    producerConsumer(() => 'ignore' as const),
    { runtime },
  ).on('error', () => {})
  await new Promise((resolve) => failed.on('close', resolve))
  await runtime.settle()
  expect([...processes.keys()]).toEqual([])
})

test('what is no producer-consumer, or was started, is refused', async () => {
  expect(() => toDuplex(consumer({ handleEvents() {} }) as never)).toThrow(
    'expected toDuplex to be given a producer-consumer, got a consumer',
  )
  expect(() => toDuplex({} as never)).toThrow('expected a stage')
  const stage = Same()
  await launch(testRuntime(), stage)
  expect(() => toDuplex(stage)).toThrow('has not been started before')
  expect(() => toDuplex(Same(), { highWaterMark: 0 })).toThrow(RangeError)
})
