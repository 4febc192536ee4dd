import { setImmediate } from 'node:timers/promises'
import { fromIterable, producer, StartError, to } from 'genstage'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { intoWritableStream } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, gate, launch, range, rejection } from '../../stage/test-stages.ts'
import { turns } from '../test-stages.ts'
import { keepingStream } from './test-stages.ts'

const boom = new Error('boom')

const numbers = (runtime: TestRuntime, end: number) => launch(runtime, fromIterable(range(0, end)))

test('writes every event in order, closes the stream, and ends when all is written out', async () => {
  await shuffled(20, async (runtime, seed) => {
    const web = keepingStream(seed % 2 === 0 ? () => undefined : () => setImmediate(), 1 + (seed % 4))
    const source = await numbers(runtime, 50)
    const sink = await launch(runtime, intoWritableStream(web, { subscribeTo: [to(source, { maxDemand: 7 })] }))
    expect(await sink.exited).toBe('normal')
    expect(web.isClosed).toBe(true)
    expect(web.written).toEqual(range(0, 50))
    expect(web.locked).toBe(false)
  })
})

test('writes no more than the stream has room for, and asks for nothing until it is ready', async () => {
  const runtime = testRuntime()
  const demands: number[] = []
  let pending = gate()
  const web = keepingStream(() => pending.opened, 3)
  const source = await launch(runtime, counting(atOnce, 1_000, demands))
  const sink = await launch(runtime, intoWritableStream(web))
  await sink.subscribe(source, { maxDemand: 10, minDemand: 5 })
  await turns()
  expect(demands).toEqual([10])
  for (let written = 1; written <= 4; written++) {
    const former = pending
    pending = gate()
    former.open()
    await turns()
    expect(web.written).toEqual(range(0, written))
  }
  // The fifth event was written when the third was out, and filled the stream; the sixth is of the next batch.
  expect(demands).toEqual([10, 5])
  sink.exit('kill')
  await sink.exited
})

describe('a failure of the stream', () => {
  test('while it is written to is the exit reason, the same object, for the producer too', async () => {
    await shuffled(20, async (runtime) => {
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
      const web = keepingStream(() => Promise.reject(boom))
      const sink = await launch(runtime, intoWritableStream(web))
      await sink.subscribe(source)
      expect(await sink.exited).toBe(boom)
      await turns()
      expect(cancelled).toEqual({ down: boom })
      expect(web.locked).toBe(false)
    })
  })

  test('while it has nothing to write, or waits until it is ready, ends the stage', async () => {
    const runtime = testRuntime()
    const idle = keepingStream()
    const full = keepingStream(() => new Promise(() => {}))
    const sinks = [await launch(runtime, intoWritableStream(idle)), await launch(runtime, intoWritableStream(full))]
    await sinks[1]?.subscribe(await numbers(runtime, 10))
    await turns()
    idle.fail(boom)
    expect(await sinks[0]?.exited).toBe(boom)
    // A write that never ends holds up the failure of the stream, and so of the stage: that is the platform's rule.
    full.fail(boom)
    await turns()
    sinks[1]?.exit('kill')
    expect(['killed', boom]).toContain(await sinks[1]?.exited)
    expect([idle.locked, full.locked]).toEqual([false, false])
  })

  test('at its end takes the place of the clean one', async () => {
    const runtime = testRuntime()
    const web = new WritableStream({ close: () => Promise.reject(boom) })
    const sink = await launch(runtime, intoWritableStream<number>(web, { subscribeTo: [await numbers(runtime, 5)] }))
    expect(await sink.exited).toBe(boom)
    expect(web.locked).toBe(false)
  })
})

describe('a stream that', () => {
  test('has failed or closed before ends the stage', async () => {
    const failed = keepingStream()
    failed.fail(boom)
    const closed = keepingStream()
    await closed.close()
    const runtime = testRuntime()
    expect(await (await launch(runtime, intoWritableStream(failed))).exited).toBe(boom)
    const reason = await (await launch(runtime, intoWritableStream(closed))).exited
    expect(reason).toEqual(new TypeError('expected an open WritableStream, got one that is closed'))
    expect([failed.locked, closed.locked]).toEqual([false, false])
  })

  test('is locked is refused, also when it is locked only after it was handed over', async () => {
    const web = keepingStream()
    const stage = intoWritableStream(web)
    const writer = web.getWriter()
    expect(() => intoWritableStream(web)).toThrow('expected a WritableStream without a writer, got one that is locked')
    expect(await rejection(launch(testRuntime(), stage))).toBeInstanceOf(StartError)
    writer.releaseLock()
  })

  test.each([undefined, null, {}, 'a'])('is none is refused: %s', (none) => {
    expect(() => intoWritableStream(none as never)).toThrow('expected a WritableStream')
  })

  test('is to stay open does, whatever the end', async () => {
    for (const reason of ['normal', boom]) {
      const web = keepingStream()
      const sink = await launch(testRuntime(), intoWritableStream(web, { end: false }))
      await sink.stop(reason)
      await turns()
      expect([web.isClosed, web.abortedWith, web.locked]).toEqual([false, undefined, false])
    }
  })
})

describe('when the stage ends', () => {
  test('because it fails, aborts the stream with the reason', async () => {
    const runtime = testRuntime()
    const web = keepingStream()
    const source = await launch(runtime, producer({ handleDemand: () => Promise.reject(boom) }))
    const sink = await launch(runtime, intoWritableStream(web, { subscribeTo: [source] }))
    expect(await sink.exited).toBe(boom)
    await turns()
    expect(web.abortedWith).toEqual({ reason: boom })
    expect(web.locked).toBe(false)
  })

  test('because it is stopped, writes out what it has taken', async () => {
    const runtime = testRuntime()
    const web = keepingStream(() => setImmediate())
    const source = await launch(runtime, counting(atOnce, 4))
    const sink = await launch(runtime, intoWritableStream(web))
    await sink.subscribe(source)
    await sink.stop()
    expect([web.written, web.isClosed, web.locked]).toEqual([[0, 1, 2, 3], true, false])
  })

  test('because its signal is aborted, ends both sides at once with its reason', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const web = keepingStream(() => setImmediate(), 1)
    const sink = await launch(runtime, intoWritableStream(web, { signal: controller.signal }))
    await sink.subscribe(await numbers(runtime, 1_000))
    await turns(5)
    controller.abort(boom)
    expect(await sink.exited).toBe(boom)
    await turns()
    expect(web.abortedWith).toEqual({ reason: boom })
  })
})
