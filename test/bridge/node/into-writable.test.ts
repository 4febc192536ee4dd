import { PassThrough, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { consumer, fromIterable, producer, StartError, to } from 'genstage'
import { intoWritable } from 'genstage/node'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, launch, range, rejection } from '../../stage/test-stages.ts'
import { listenersOf, openDuplex, slowWritable, turns } from '../test-stages.ts'

const boom = new Error('boom')

const numbers = (runtime: TestRuntime, end: number) => launch(runtime, fromIterable(range(1, end + 1)))

test('writes every event in order, ends the stream, and ends when all is written out', async () => {
  await shuffled(20, async (runtime, seed) => {
    const writable = slowWritable(1, 1 + (seed % 4))
    let wasFinished = false
    writable.on('finish', () => {
      wasFinished = true
    })
    const source = await numbers(runtime, 50)
    const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [to(source, { maxDemand: 7 })] }))
    expect(await sink.exited).toBe('normal')
    expect(wasFinished).toBe(true)
    expect(writable.written).toEqual(range(1, 51))
    expect(listenersOf(writable)).toEqual({ finish: 1 })
  })
})

describe('back-pressure', () => {
  test('writes no more than the stream has room for, and asks for nothing while it waits for drain', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    let release = (): void => {}
    const waiting: unknown[] = []
    const writable = new Writable({
      objectMode: true,
      highWaterMark: 3,
      write(chunk, _encoding, done) {
        waiting.push(chunk)
        release = done
      },
    })
    const source = await launch(runtime, counting(atOnce, 1_000, demands))
    const sink = await launch(runtime, intoWritable<number>(writable))
    await sink.subscribe(source, { maxDemand: 10, minDemand: 5 })
    await turns()
    // Three of the first batch of five: the third made the stream full.
    expect(writable.writableLength).toBe(3)
    expect(demands).toEqual([10])
    for (let written = 0; written < 3; written++) {
      release()
      await turns()
    }
    // The other two of that batch, and the first of the next: then it is full again.
    expect(writable.writableLength).toBe(3)
    expect(demands).toEqual([10, 5])
    sink.exit('kill')
    await sink.exited
  })

  test('a slow stream never holds more than its highWaterMark', async () => {
    const runtime = testRuntime()
    const writable = slowWritable(2, 4)
    const source = await numbers(runtime, 300)
    const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [source] }))
    expect(await sink.exited).toBe('normal')
    expect(writable.mostWaiting).toBeLessThanOrEqual(4)
    expect(writable.written.length).toBe(300)
  })
})

describe('a failure of the stream', () => {
  test('while it is written to is the exit reason, the same object, for the producer too', async () => {
    await shuffled(20, async (runtime) => {
      const writable = new Writable({
        objectMode: true,
        async write(_chunk, _encoding, done) {
          await setImmediate()
          done(boom)
        },
      })
      let cancelled: unknown
      const source = await launch(
        runtime,
        producer({
          handleDemand: (demand) => range(0, demand),
          handleCancel(reason) {
            cancelled = reason
          },
        }),
      )
      const sink = await launch(runtime, intoWritable<number>(writable))
      await sink.subscribe(source)
      expect(await sink.exited).toBe(boom)
      await turns()
      expect(cancelled).toEqual({ down: boom })
      expect(listenersOf(writable)).toEqual({})
    })
  })

  test('by a throw is one of these', async () => {
    const runtime = testRuntime()
    const writable = new Writable({
      objectMode: true,
      write() {
        throw boom
      },
    })
    const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [await numbers(runtime, 5)] }))
    expect(await sink.exited).toBe(boom)
    expect(writable.destroyed).toBe(true)
  })

  test('while it has nothing to write ends the stage', async () => {
    const writable = openDuplex()
    const sink = await launch(testRuntime(), intoWritable(writable))
    writable.destroy(boom)
    expect(await sink.exited).toBe(boom)
    expect(listenersOf(writable)).toEqual({})
  })

  test('while it waits for drain ends the stage', async () => {
    const runtime = testRuntime()
    const writable = new Writable({ objectMode: true, highWaterMark: 1, write() {} })
    const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [await numbers(runtime, 5)] }))
    await turns()
    writable.destroy(boom)
    expect(await sink.exited).toBe(boom)
  })

  test('at its end takes the place of the clean one', async () => {
    const runtime = testRuntime()
    const writable = new Writable({ objectMode: true, write: (_c, _e, done) => done(), final: (done) => done(boom) })
    const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [await numbers(runtime, 5)] }))
    expect(await sink.exited).toBe(boom)
  })

  test('by being closed or ended by other code is a premature close', async () => {
    const runtime = testRuntime()
    for (const spoil of [(writable: Writable) => writable.destroy(), (writable: Writable) => writable.end()]) {
      const writable = slowWritable()
      const sink = await launch(runtime, intoWritable(writable))
      spoil(writable)
      expect(await sink.exited).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    }
  })
})

describe('a stream that', () => {
  test('has failed, ended or been destroyed before ends the stage', async () => {
    const failed = slowWritable().on('error', () => {})
    failed.destroy(boom)
    const ended = slowWritable()
    ended.end()
    const destroyed = slowWritable()
    destroyed.destroy()
    await turns()
    const exits = [failed, ended, destroyed].map(async (writable) => {
      const sink = await launch(testRuntime(), intoWritable(writable))
      return sink.exited
    })
    const premature = expect.objectContaining({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    expect(await Promise.all(exits)).toEqual([boom, premature, premature])
  })

  test.each([undefined, null, {}, 'a'])('is none is refused: %s', (none) => {
    expect(() => intoWritable(none as never)).toThrow(TypeError)
  })

  test('has another side leaves that side open', async () => {
    const runtime = testRuntime()
    const through = new PassThrough({ objectMode: true, allowHalfOpen: true })
    const sink = await launch(runtime, intoWritable<number>(through, { subscribeTo: [await numbers(runtime, 5)] }))
    expect(await sink.exited).toBe('normal')
    expect(through.readable).toBe(true)
    expect(await through.toArray()).toEqual(range(1, 6))
  })

  test('is to stay open does, whatever the end', async () => {
    const runtime = testRuntime()
    for (const reason of ['normal', boom]) {
      const writable = slowWritable()
      const sink = await launch(runtime, intoWritable(writable, { end: false }))
      await sink.stop(reason)
      await turns()
      expect([writable.writableEnded, writable.destroyed, listenersOf(writable)]).toEqual([false, false, {}])
    }
  })

  test('is the standard output stays open by default', async () => {
    const runtime = testRuntime()
    const before = listenersOf(process.stdout)
    const source = await launch(runtime, fromIterable<string>([]))
    const sink = await launch(runtime, intoWritable(process.stdout, { subscribeTo: [source] }))
    expect(await sink.exited).toBe('normal')
    expect(process.stdout.writable).toBe(true)
    expect(listenersOf(process.stdout)).toEqual(before)
  })
})

describe('when the stage ends', () => {
  test('because it fails, destroys the stream with the reason', async () => {
    const runtime = testRuntime()
    const writable = slowWritable()
    const source = await launch(runtime, producer({ handleDemand: () => Promise.reject<string[]>(boom) }))
    const sink = await launch(runtime, intoWritable(writable, { subscribeTo: [source] }))
    expect(await sink.exited).toBe(boom)
    expect(writable.destroyedWith).toBe(boom)
    await turns()
    expect(listenersOf(writable)).toEqual({})
  })

  test('because it is killed in the middle of waiting, destroys the stream', async () => {
    const runtime = testRuntime()
    const writable = Object.assign(new Writable({ objectMode: true, highWaterMark: 1, write() {} }))
    const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [await numbers(runtime, 5)] }))
    await turns()
    sink.exit('kill')
    expect(await sink.exited).toBe('killed')
    expect(writable.destroyed).toBe(true)
    await turns()
    expect(listenersOf(writable)).toEqual({})
  })

  test('because it is stopped, writes out what it has taken', async () => {
    const runtime = testRuntime()
    const writable = slowWritable(3)
    const source = await launch(runtime, counting(atOnce, 4))
    const sink = await launch(runtime, intoWritable<number>(writable))
    await sink.subscribe(source)
    await sink.stop()
    expect(writable.written).toEqual([0, 1, 2, 3])
    expect(writable.writableFinished).toBe(true)
  })

  test('because its signal is aborted, ends both sides at once with its reason', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const writable = Object.assign(new Writable({ objectMode: true, highWaterMark: 1, write() {} }))
    const source = await numbers(runtime, 50)
    const sink = await launch(runtime, intoWritable<number>(writable, { signal: controller.signal }))
    await sink.subscribe(source)
    await turns()
    controller.abort(boom)
    expect(await sink.exited).toBe(boom)
    expect(writable.errored).toBe(boom)
  })

  test('because its signal was aborted before, does not even start', async () => {
    const writable = slowWritable()
    const error = await rejection(launch(testRuntime(), intoWritable(writable, { signal: AbortSignal.abort(boom) })))
    expect(error).toBeInstanceOf(StartError)
    expect(writable.destroyedWith).toBe(boom)
  })

  test('two of them may write into one stream in turn, if it stays open', async () => {
    const runtime = testRuntime()
    const writable = slowWritable()
    for (const end of [false, true]) {
      const source = await numbers(runtime, 3)
      const sink = await launch(runtime, intoWritable<number>(writable, { end, subscribeTo: [source] }))
      expect(await sink.exited).toBe('normal')
    }
    expect(writable.written).toEqual([1, 2, 3, 1, 2, 3])
    expect(writable.writableFinished).toBe(true)
  })
})

test('an event that no stream can carry ends the stage with the error of the stream', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, fromIterable([null]))
  const sink = await launch(runtime, intoWritable<unknown>(slowWritable(), { subscribeTo: [source] }))
  expect(await sink.exited).toMatchObject({ code: 'ERR_STREAM_NULL_VALUES' })
})

test('shares a producer with other consumers', async () => {
  const runtime = testRuntime()
  const seen: number[] = []
  const writable = slowWritable()
  const source = await launch(runtime, fromIterable(range(0, 40), { demand: 'accumulate' }))
  const sink = await launch(runtime, intoWritable<number>(writable))
  const other = await launch(
    runtime,
    consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }),
  )
  await sink.subscribe(source, { maxDemand: 2 })
  await other.subscribe(source, { maxDemand: 2 })
  source.demand('forward')
  await Promise.all([sink.exited, other.exited])
  expect([...writable.written, ...seen].sort((one, two) => Number(one) - Number(two))).toEqual(range(0, 40))
  expect(writable.written.length).toBeGreaterThan(0)
})
