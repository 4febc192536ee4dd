import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { broadcastDispatcher, fromIterable, named, type ProducerRef, partitionDispatcher, producer, to } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { fromReadable, toReadable } from 'genstage/node'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { fromReadableStream, toReadableStream } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { atOnce, collecting, counting, launch, range } from '../stage/test-stages.ts'
import { countingReadable, listenersOf, turns } from './test-stages.ts'
import { countingStream } from './web/test-stages.ts'

// A stream that is given up before it was read lets go of its source, as the last subscriber of that source would.

const boom = new Error('boom')

const processesOf = (runtime: TestRuntime): unknown[] => [
  ...(runtime as unknown as { readonly processes: ReadonlyMap<string, unknown> }).processes.keys(),
]

/** A destination that is already destroyed. */
function destroyed(): Writable {
  const writable = new Writable({ objectMode: true, write: (_chunk, _encoding, done) => done() })
  writable.on('error', () => {})
  return writable.destroy()
}

/** Node 24 refuses such a destination at once, and leaves the source as it is: no bridge can notice that. */
async function pipelineDestroysSource(): Promise<boolean> {
  const readable = new Readable({ read: () => {} })
  await pipeline(readable, destroyed()).catch(() => {})
  return readable.destroyed
}

/** Each way to give up a stream of a stage's events without reading it, and the reason that its source gets. */
const givingUp: Readonly<
  Record<string, { readonly giveUp: (source: ProducerRef<unknown>) => unknown; readonly reason: unknown }>
> = {
  'a Readable that is destroyed': { giveUp: (source) => toReadable(source).destroy(), reason: 'normal' },
  'a Readable that is destroyed with an error': {
    giveUp: (source) =>
      toReadable(source)
        .on('error', () => {})
        .destroy(boom),
    reason: boom,
  },
  'a Readable that is aborted': {
    giveUp: (source) => toReadable(source, { signal: AbortSignal.abort(boom) }).on('error', () => {}),
    reason: boom,
  },
  'a Readable whose destination is destroyed': {
    giveUp: (source) => pipeline(toReadable(source), destroyed()).catch(() => {}),
    reason: expect.any(Error),
  },
  'a Readable that is destroyed as it begins to read': {
    giveUp(source) {
      const readable = toReadable(source)
      readable.read()
      readable.destroy()
    },
    reason: 'normal',
  },
  'a ReadableStream that is cancelled': { giveUp: (source) => toReadableStream(source).cancel(), reason: 'normal' },
  'a ReadableStream that is cancelled, and wants nothing unread': {
    giveUp: (source) => toReadableStream(source, { highWaterMark: 0 }).cancel(boom),
    reason: boom,
  },
  'a ReadableStream that is aborted': {
    giveUp: (source) => toReadableStream(source, { signal: AbortSignal.abort(boom) }),
    reason: boom,
  },
  'a ReadableStream whose destination is destroyed': {
    giveUp: (source) =>
      toReadableStream(source)
        .pipeTo(new WritableStream({ start: (controller) => controller.error(boom) }))
        .catch(() => {}),
    reason: boom,
  },
  'a body that is cancelled': {
    giveUp: (source) => new Response(toReadableStream(source) as ReadableStream<Uint8Array>).body?.cancel(),
    reason: 'normal',
  },
}

const isDestroyed = await pipelineDestroysSource()
const cases = Object.entries(givingUp).filter(
  ([how]) => isDestroyed || how !== 'a Readable whose destination is destroyed',
)
if (!isDestroyed) console.warn('given-up-unread: pipeline of this Node does not destroy its source; skipped')

describe.each(cases)('%s', (_how, { giveUp, reason }) => {
  test('releases the file of its source', async () => {
    await shuffled(20, async (runtime) => {
      const file = countingReadable(1_000)
      const source = await launch(runtime, fromReadable(file))
      void giveUp(source)
      expect(await source.exited).toEqual(reason)
      await turns()
      expect(file.destroyed).toBe(true)
      expect(processesOf(runtime)).toEqual([])
    })
  })

  test('releases the file upstream of a chain of stages', async () => {
    await shuffled(20, async (runtime) => {
      const file = countingReadable(1_000)
      const bytes = await launch(runtime, fromReadable<Uint8Array>(file))
      const text = await launch(runtime, decodeText({ subscribeTo: [bytes] }))
      const lines = await launch(runtime, splitLines({ subscribeTo: [text] }))
      void giveUp(lines)
      expect(await bytes.exited).toEqual(reason)
      await turns()
      expect(file.destroyed).toBe(true)
      expect(processesOf(runtime)).toEqual([])
    })
  })

  test('leaves a source to its other subscribers, and to others still where it is to wait for them', async () => {
    await shuffled(10, async (runtime) => {
      const seen: unknown[] = []
      const shared = await launch(runtime, fromReadable(countingReadable(20)))
      const consumer = await launch(runtime, collecting(atOnce, seen))
      await consumer.subscribe(shared, { cancel: 'transient' })
      const patient = await launch(runtime, fromReadable(countingReadable(20), { onCancel: 'continue' }))
      const iterated = await launch(runtime, fromIterable(range(0, 20)))
      for (const source of [shared, patient, iterated]) void giveUp(source)
      await turns(5)
      expect(await shared.exited).toBe('normal')
      await runtime.settle()
      expect(seen).toEqual(range(0, 20))
      // A stream that reads ahead before it is left has taken some of them.
      for (const source of [patient, iterated]) expect((await toReadable(source).toArray()).at(-1)).toBe(19)
    })
  })
})

test('an iterable that is to stop with its last subscriber is closed', async () => {
  let isClosed = false
  const numbers = (function* () {
    try {
      for (let next = 0; ; next++) yield next
    } finally {
      isClosed = true
    }
  })()
  numbers.next()
  const source = await launch(testRuntime(), fromIterable(numbers, { onCancel: 'stop' }))
  toReadable(source).destroy()
  expect(await source.exited).toBe('normal')
  expect(isClosed).toBe(true)
})

test('the cursor of a ReadableStream is cancelled, with the reason', async () => {
  const cursor = countingStream(1_000)
  const source = await launch(testRuntime(), fromReadableStream(cursor))
  await toReadableStream(source).cancel(boom)
  expect(await source.exited).toBe(boom)
  expect(cursor.cancelledWith).toEqual({ reason: boom })
})

test('a producer sees one subscription that is cancelled, and is asked for nothing', async () => {
  const calls: unknown[] = []
  const Watched = () =>
    producer({
      handleDemand: (demand: number): number[] => {
        calls.push(['demand', demand])
        return []
      },
      handleSubscribe: () => void calls.push('subscribe'),
      handleCancel: (reason) => void calls.push(reason),
    })
  const runtime = testRuntime()
  const source = await launch(runtime, Watched())
  const readable = toReadable(source)
  readable.destroy()
  readable.destroy()
  await runtime.settle()
  expect(calls).toEqual(['subscribe', { cancel: 'normal' }])
  expect(processesOf(runtime)).toEqual([source.id])
})

test('whatever the dispatcher: a taken partition stays, a broadcast goes on', async () => {
  const runtime = testRuntime()
  const hash = (event: number): [number, number] => [event, event % 2]
  const parted = await launch(
    runtime,
    fromIterable(range(0, 10), { dispatcher: partitionDispatcher({ partitions: 2, hash }), demand: 'accumulate' }),
  )
  const halves = [0, 1].map((partition) => toReadable(to(parted, { partition })).toArray())
  await turns()
  toReadable(to(parted, { partition: 0 })).destroy()
  await turns()
  parted.demand('forward')
  expect((await Promise.all(halves)).map((half) => half.length)).toEqual([5, 5])
  const cast = await launch(runtime, fromIterable(range(0, 10), { dispatcher: broadcastDispatcher<number>() }))
  const events = toReadable(cast).toArray()
  toReadable(cast).destroy()
  expect(await events).toEqual(range(0, 10))
})

test('what has ended, or never was, is left without a word', async () => {
  const runtime = testRuntime()
  const ended = await launch(runtime, counting(atOnce, 1))
  await ended.stop()
  const missing = named<ProducerRef<number>>('missing', { runtime })
  for (const source of [ended, missing]) {
    const readable = toReadable(source)
    readable.destroy()
    await once(readable, 'close')
    await toReadableStream(source, { highWaterMark: 0 }).cancel()
  }
  await runtime.settle()
  expect(processesOf(runtime)).toEqual([])
})

test('a stage for text that ends before it has subscribed gives up its sources, and no others', async () => {
  await shuffled(10, async (runtime) => {
    const files = range(0, 3).map(() => new Readable({ read() {} }))
    const [one, two, other] = await Promise.all(files.map((file) => launch(runtime, fromReadable(file))))
    const text = await launch(
      runtime,
      decodeText({ subscribeTo: [one, two].map((source) => source as ProducerRef<Buffer>) }),
    )
    await text.stop()
    expect([await one?.exited, await two?.exited]).toEqual(['normal', 'normal'])
    await turns()
    expect(files.map((file) => file.destroyed)).toEqual([true, true, false])
    expect(listenersOf(files[0] as Readable)).toEqual({})
    await other?.stop()
  })
})

describe('a stage for text that has subscribed', () => {
  /** What happens to a producer: it is busy until `open` is called, and then emits what is asked for. */
  async function watched(runtime: TestRuntime, seen: unknown[]) {
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const Watched = () =>
      producer({
        handleDemand: (demand) => range(0, demand).map(() => Buffer.from('a')),
        handleSubscribe: () => void seen.push('subscribe'),
        handleCancel: (reason) => void seen.push(Object.keys(reason)[0]),
        handleCast: { wait: () => opened.then(() => {}) },
      })
    const source = await launch(runtime, Watched())
    source.cast('wait')
    await runtime.settle()
    return { source, open: () => open() }
  }

  test('and exits before its source has handled that is a cancelled subscriber', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const { source, open } = await watched(runtime, seen)
    const text = await launch(runtime, decodeText({ subscribeTo: [source] }))
    toReadable(text).read()
    await runtime.settle()
    await text.stop()
    open()
    await runtime.settle()
    expect(seen).toEqual(['subscribe', 'cancel'])
  })

  test('and has received events has subscribed once', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const { source, open } = await watched(runtime, seen)
    open()
    const text = await launch(runtime, decodeText({ subscribeTo: [to(source, { maxDemand: 1 })] }))
    const readable = toReadable(text)
    expect(await once(readable.resume(), 'data')).toEqual(['a'])
    readable.destroy()
    await text.exited
    await runtime.settle()
    expect(seen).toEqual(['subscribe', 'down'])
  })
})
