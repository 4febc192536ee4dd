import { StartError, type Subscription, stream, ThrownValueError } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { fromReadableStream } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { collecting, launch, range, rejection, timings } from '../../stage/test-stages.ts'
import { asking, failing, slowly, turns } from '../test-stages.ts'
import { countingStream } from './test-stages.ts'

const boom = new Error('boom')

describe.each(timings)('to callbacks that return %s', (_name, later) => {
  test('gives every chunk in order, and ends normally after the last one is handled', async () => {
    await shuffled(20, async (runtime, seed) => {
      const seen: unknown[] = []
      const web = countingStream(40, seed % 4)
      const source = await launch(runtime, fromReadableStream(web))
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(source, { maxDemand: 1 + (seed % 7) })
      expect(await sink.exited).toBe('normal')
      expect(seen).toEqual(range(0, 40))
      expect(await source.exited).toBe('normal')
      expect(web.locked).toBe(false)
    })
  })
})

describe('reads on demand', () => {
  test.each([0, 1, 5])('never further ahead than its highWaterMark of %d and the demand', async (highWaterMark) => {
    const runtime = testRuntime()
    const web = countingStream(1_000, highWaterMark)
    const seen: unknown[] = []
    const subscriptions: Subscription[] = []
    const source = await launch(runtime, fromReadableStream(web))
    const sink = await launch(runtime, asking(seen, subscriptions))
    await sink.subscribe(source)
    await turns()
    expect(web.pulled).toBe(highWaterMark)
    let asked = 0
    for (const demand of [1, 3, 10, 50]) {
      subscriptions[0]?.ask(demand)
      asked += demand
      await turns()
      expect(seen.length).toBe(asked)
      expect(web.pulled).toBe(asked + highWaterMark)
    }
  })

  test('and detects the end after the last chunk, without more demand', async () => {
    for (const highWaterMark of [0, 1, 100]) {
      const runtime = testRuntime()
      const subscriptions: Subscription[] = []
      const seen: unknown[] = []
      const source = await launch(runtime, fromReadableStream(countingStream(7, highWaterMark)))
      const sink = await launch(runtime, asking(seen, subscriptions))
      await sink.subscribe(source)
      subscriptions[0]?.ask(7)
      expect(await source.exited).toBe('normal')
      expect(await sink.exited).toBe('normal')
      expect(seen).toEqual(range(0, 7))
    }
  })
})

describe('an end of the stream', () => {
  test('by an error is the exit reason, the same object, for the consumers too', async () => {
    await shuffled(10, async (runtime) => {
      const web = countingStream(1_000)
      const source = await launch(runtime, fromReadableStream(web))
      const sink = await launch(runtime, slowly([]))
      await sink.subscribe(source, { maxDemand: 4 })
      await turns(3)
      web.fail(boom)
      expect(await source.exited).toBe(boom)
      expect(await sink.exited).toBe(boom)
      expect(web.locked).toBe(false)
    })
  })

  test('by an error, without demand, is one as well', async () => {
    const web = countingStream(1_000)
    const source = await launch(testRuntime(), fromReadableStream(web))
    web.fail(boom)
    expect(await source.exited).toBe(boom)
  })

  test('by something that is no error is wrapped', async () => {
    const web = countingStream(1_000)
    const source = await launch(testRuntime(), fromReadableStream(web))
    web.fail('normal')
    const reason = await source.exited
    expect(reason).toBeInstanceOf(ThrownValueError)
    expect(reason).toMatchObject({ cause: 'normal' })
  })
})

describe('a stream that', () => {
  test('has ended, or is empty, ends once a consumer asks', async () => {
    const ended = new ReadableStream({ start: (controller) => controller.close() })
    const runtime = testRuntime()
    const source = await launch(runtime, fromReadableStream(ended))
    await turns()
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source)
    expect([await source.exited, await sink.exited]).toEqual(['normal', 'normal'])
    expect(ended.locked).toBe(false)
  })

  test('has failed fails', async () => {
    const web = countingStream(10)
    web.fail(boom)
    const source = await launch(testRuntime(), fromReadableStream(web))
    expect(await source.exited).toBe(boom)
    expect(web.locked).toBe(false)
  })

  test('is locked is refused, also when it is locked only after it was handed over', async () => {
    const web = countingStream(10)
    const stage = fromReadableStream(web)
    const reader = web.getReader()
    expect(() => fromReadableStream(web)).toThrow('expected a ReadableStream without a reader, got one that is locked')
    const error = await rejection(launch(testRuntime(), stage))
    expect(error).toBeInstanceOf(StartError)
    expect(error.reason).toBeInstanceOf(TypeError)
    reader.releaseLock()
  })

  test.each([undefined, null, {}, 'a'])('is none is refused: %s', (none) => {
    expect(() => fromReadableStream(none as never)).toThrow('expected a ReadableStream')
  })

  test('is of bytes gives its chunks', async () => {
    const bytes = new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(new Uint8Array([1, 2]))
        controller.close()
      },
    })
    const source = await launch(testRuntime(), fromReadableStream(bytes))
    const seen: unknown[] = []
    for await (const chunk of stream([source])) seen.push(...chunk)
    expect(seen).toEqual([1, 2])
  })
})

describe('when the stage', () => {
  test('is left by the failure of its last consumer, cancels the stream with the reason', async () => {
    await shuffled(20, async (runtime) => {
      const web = countingStream(1_000)
      const source = await launch(runtime, fromReadableStream(web))
      const sink = await launch(runtime, failing(boom))
      await sink.subscribe(source)
      expect(await source.exited).toBe(boom)
      expect(web.cancelledWith).toEqual({ reason: boom })
      expect(web.locked).toBe(false)
    })
  })

  test('is left by a loop that breaks, cancels the stream', async () => {
    const web = countingStream(1_000)
    const source = await launch(testRuntime(), fromReadableStream(web))
    for await (const _chunk of stream([source])) break
    expect(await source.exited).toBe('normal')
    expect(web.cancelledWith).toEqual({ reason: 'normal' })
    expect(web.locked).toBe(false)
  })

  test('is stopped while a chunk is on its way, cancels the stream', async () => {
    const runtime = testRuntime()
    let cancelled: unknown
    const silent = new ReadableStream({
      cancel(reason) {
        cancelled = reason
        throw new Error('failed to cancel')
      },
    })
    const source = await launch(runtime, fromReadableStream(silent))
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source)
    await turns()
    source.exit('kill')
    expect(await source.exited).toBe('killed')
    expect(cancelled).toBe('killed')
    expect(silent.locked).toBe(false)
    await turns()
  })

  test('has a signal that is aborted, ends both sides with its reason', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const web = countingStream(1_000)
    const source = await launch(runtime, fromReadableStream(web, { signal: controller.signal }))
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source, { maxDemand: 2 })
    await turns(5)
    controller.abort(boom)
    expect(await source.exited).toBe(boom)
    expect(await sink.exited).toBe(boom)
    expect(web.cancelledWith).toEqual({ reason: boom })
    const late = countingStream(10)
    const error = await rejection(launch(runtime, fromReadableStream(late, { signal: controller.signal })))
    expect(error).toMatchObject({ code: 'GENSTAGE_START', reason: boom })
    expect(late.cancelledWith).toEqual({ reason: boom })
  })
})
