import { setImmediate } from 'node:timers/promises'
import { consumer, producerConsumer, StartError } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { shuffled, testRuntime } from 'genstage/testing'
import { toTransform } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { copying, launch, range, rejection, timings } from '../../stage/test-stages.ts'
import { turns } from '../test-stages.ts'
import { countingStream, keepingStream } from './test-stages.ts'

const boom = new Error('boom')

const Same = () => producerConsumer({ handleEvents: (events: readonly number[]) => events })

describe.each(timings)('a stage whose callbacks return %s, in the middle of pipes', (_name, later) => {
  test('gets everything and gives everything, in order', async () => {
    await shuffled(20, async (runtime, seed) => {
      const sink = keepingStream(seed % 2 === 0 ? () => undefined : () => setImmediate(), 1 + (seed % 3))
      const middle = toTransform(copying(later, 3), { runtime, highWaterMark: 1 + (seed % 5) })
      await countingStream(50).pipeThrough(middle).pipeTo(sink)
      expect(sink.written).toEqual(range(0, 50).flatMap((number) => [number, number, number]))
      expect(sink.isClosed).toBe(true)
    })
  })
})

test('stages follow each other', async () => {
  const bytes = new Response('one\ntwö\nthree').body!
  const sink = keepingStream()
  await bytes.pipeThrough(toTransform(decodeText())).pipeThrough(toTransform(splitLines())).pipeTo(sink)
  expect(sink.written).toEqual(['one', 'twö', 'three'])
})

test('a slow sink slows the source, through the stage', async () => {
  const source = countingStream(10_000)
  const sink = keepingStream(() => turns(3), 2)
  const controller = new AbortController()
  const middle = toTransform(Same(), { runtime: testRuntime(), highWaterMark: 4 })
  const piped = source
    .pipeThrough(middle)
    .pipeTo(sink, { signal: controller.signal })
    .catch((error: unknown) => error)
  for (let look = 0; look < 40; look++) {
    await turns(5)
    // What waits on both sides of the stage, in the stage, and in the sink.
    expect(source.pulled).toBeLessThanOrEqual(sink.written.length + 2 * 4 + 4 + 2 + 2)
  }
  expect(sink.written.length).toBeGreaterThan(20)
  controller.abort(boom)
  expect(await piped).toBe(boom)
  await turns()
  expect(source.cancelledWith).toEqual({ reason: boom })
})

describe('a failure', () => {
  test('of the stage fails both sides with it, the same object', async () => {
    await shuffled(20, async (runtime) => {
      const source = countingStream(1_000)
      const sink = keepingStream()
      const Failing = () =>
        producerConsumer({
          handleEvents(events: readonly number[]) {
            if (events.some((number) => number >= 10)) throw boom
            return events
          },
        })
      const { readable, writable } = toTransform(Failing(), { runtime })
      const into = rejection(source.pipeTo(writable))
      expect(await rejection(readable.pipeTo(sink))).toBe(boom)
      expect(await into).toBe(boom)
      expect([source.cancelledWith, sink.abortedWith]).toEqual([{ reason: boom }, { reason: boom }])
    })
  })

  test('of the sink ends the stage and cancels the source, with the reason', async () => {
    const source = countingStream(1_000)
    const sink = keepingStream(() => Promise.reject(boom))
    let reason: unknown
    const Watched = () =>
      producerConsumer(({ signal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
        })
        return { handleEvents: (events: readonly number[]) => events }
      })
    expect(await rejection(source.pipeThrough(toTransform(Watched())).pipeTo(sink))).toBe(boom)
    await turns()
    expect(source.cancelledWith).toEqual({ reason: boom })
    expect(reason).toBe(boom)
  })

  test('of the source ends the stage and aborts the sink, with the reason', async () => {
    const source = countingStream(1_000)
    const sink = keepingStream(() => setImmediate())
    const piped = rejection(source.pipeThrough(toTransform(Same())).pipeTo(sink))
    await turns(3)
    source.fail(boom)
    expect(await piped).toBe(boom)
    expect(sink.abortedWith).toEqual({ reason: boom })
  })

  test('of the setup function is reported on both sides', async () => {
    const { readable, writable } = toTransform(producerConsumer(() => Promise.reject(boom)))
    const errors = await Promise.all([rejection(readable.getReader().read()), rejection(writable.getWriter().closed)])
    expect(errors.map((error) => [error.constructor, error.reason])).toEqual([
      [StartError, boom],
      [StartError, boom],
    ])
  })
})

describe('an end', () => {
  test('of empty input is an end', async () => {
    const sink = keepingStream()
    await new ReadableStream<number>({ start: (controller) => controller.close() })
      .pipeThrough(toTransform(Same()))
      .pipeTo(sink)
    expect([sink.written, sink.isClosed]).toEqual([[], true])
  })

  test('of the stage itself closes the readable side, and has the source cancelled', async () => {
    let left = 5
    const First = () =>
      producerConsumer({
        handleEvents(events: readonly number[]) {
          const taken = events.slice(0, left)
          left -= taken.length
          return left === 0 ? { events: taken, stop: 'normal' } : taken
        },
      })
    const source = countingStream(Number.POSITIVE_INFINITY)
    const sink = keepingStream()
    await source.pipeThrough(toTransform(First())).pipeTo(sink)
    expect([sink.written, sink.isClosed]).toEqual([range(0, 5), true])
    await turns()
    expect(source.cancelledWith?.reason).toBeInstanceOf(TypeError)
  })

  test('by an abort of a writer whose write waits ends it at once', async () => {
    const { readable, writable } = toTransform(Same(), { highWaterMark: 1 })
    const writer = writable.getWriter()
    const writes = range(0, 10).map((number) =>
      writer.write(number).then(
        () => 'taken',
        (error: unknown) => error,
      ),
    )
    await turns()
    await writer.abort(boom)
    expect(await rejection(readable.getReader().read())).toBe(boom)
    const outcomes = await Promise.all(writes)
    expect(new Set(outcomes)).toEqual(new Set(['taken', boom]))
    expect(outcomes.at(-1)).toBe(boom)
  })

  test('by a cancel of the reader fails the writer', async () => {
    const { readable, writable } = toTransform(Same())
    await readable.cancel(boom)
    expect(await rejection(writable.getWriter().closed)).toBe(boom)
    const other = toTransform(Same())
    await other.readable.cancel()
    expect(await rejection(other.writable.getWriter().closed)).toBeInstanceOf(TypeError)
  })

  test('by its signal fails both sides with its reason', async () => {
    const controller = new AbortController()
    for (const abort of [() => controller.abort(boom), () => {}]) {
      const { readable, writable } = toTransform(Same(), { signal: controller.signal })
      abort()
      expect(await rejection(readable.getReader().read())).toBe(boom)
      expect(await rejection(writable.getWriter().closed)).toBe(boom)
    }
  })
})

test('leaves no process behind, however it ends', async () => {
  const runtime = testRuntime()
  const processes = (runtime as unknown as { readonly processes: ReadonlyMap<string, unknown> }).processes
  await countingStream(10).pipeThrough(toTransform(Same(), { runtime })).pipeTo(keepingStream())
  const cancelled = toTransform(Same(), { runtime })
  void cancelled.writable
    .getWriter()
    .write(1)
    .catch(() => {})
  await turns()
  await cancelled.readable.cancel()
  await runtime.settle()
  expect([...processes.keys()]).toEqual([])
})

test('what is no producer-consumer, or was started, is refused', async () => {
  expect(() => toTransform(consumer({ handleEvents() {} }) as never)).toThrow(
    'expected toTransform to be given a producer-consumer',
  )
  const stage = Same()
  await launch(testRuntime(), stage)
  expect(() => toTransform(stage)).toThrow('has not been started before')
})
