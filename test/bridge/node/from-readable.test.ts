import { randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { partitionDispatcher, StartError, type Subscription, stream, ThrownValueError, to } from 'genstage'
import { fromReadable } from 'genstage/node'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, launch, range, rejection, timings } from '../../stage/test-stages.ts'
import { asking, countingReadable, failing, listenersOf, openDuplex, slowly, turns } from '../test-stages.ts'

const boom = new Error('boom')

describe.each(timings)('to callbacks that return %s', (_name, later) => {
  test('gives every chunk in order, and ends normally after the last one is handled', async () => {
    await shuffled(20, async (runtime, seed) => {
      const seen: unknown[] = []
      const source = await launch(runtime, fromReadable<number>(countingReadable(40, 1 + (seed % 5))))
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(source, { maxDemand: 1 + (seed % 7) })
      expect(await sink.exited).toBe('normal')
      expect(seen).toEqual(range(0, 40))
      expect(await source.exited).toBe('normal')
    })
  })
})

test('gives the bytes of a stream of bytes, all of them', async () => {
  const bytes = randomBytes(1_000_000)
  const readable = new Readable({ highWaterMark: 1_000, read() {} })
  for (let start = 0; start < bytes.length; start += 7_777) readable.push(bytes.subarray(start, start + 7_777))
  readable.push(null)
  const source = await launch(testRuntime(), fromReadable(readable))
  const chunks: Buffer[] = []
  for await (const chunk of stream([source])) chunks.push(chunk)
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
})

test('takes everything for an event but null', async () => {
  const falsy = [0, '', false, Number.NaN]
  const source = await launch(testRuntime(), fromReadable<unknown>(Readable.from(falsy)))
  const seen: unknown[] = []
  for await (const event of stream([source])) seen.push(event)
  expect(seen).toEqual(falsy)
})

test('gives strings where the stream has an encoding', async () => {
  const source = await launch(
    testRuntime(),
    fromReadable<string>(Readable.from(['ä', 'ö'], { objectMode: false }).setEncoding('utf8')),
  )
  const seen: string[] = []
  for await (const text of stream([source])) seen.push(text)
  expect(seen.join('')).toBe('äö')
})

test('takes a dispatcher and a demand mode', async () => {
  const runtime = testRuntime()
  const parity = partitionDispatcher({
    partitions: ['odd', 'even'],
    hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
  })
  const source = await launch(runtime, fromReadable(countingReadable(10), { dispatcher: parity, demand: 'accumulate' }))
  const seen: { [parity: string]: unknown[] } = { odd: [], even: [] }
  for (const partition of ['odd', 'even'] as const) {
    const sink = await launch(runtime, slowly(seen[partition]!))
    await sink.subscribe(source, { partition })
  }
  await turns()
  expect(seen).toEqual({ odd: [], even: [] })
  source.demand('forward')
  await source.exited
  await turns()
  expect(Object.values(seen)).toEqual([
    [1, 3, 5, 7, 9],
    [0, 2, 4, 6, 8],
  ])
})

describe('reads on demand', () => {
  test('nothing before a consumer asks', async () => {
    const runtime = testRuntime()
    const readable = countingReadable(100)
    const source = await launch(runtime, fromReadable(readable))
    const subscriptions: Subscription[] = []
    const sink = await launch(runtime, asking([], subscriptions))
    await sink.subscribe(source)
    await turns()
    expect(readable.produced).toBe(0)
    expect(listenersOf(readable).readable).toBe(undefined)
  })

  test.each([1, 4, 16])('never further ahead than its highWaterMark of %d and the demand', async (highWaterMark) => {
    const runtime = testRuntime()
    const readable = countingReadable(1_000, highWaterMark)
    const seen: unknown[] = []
    const subscriptions: Subscription[] = []
    const source = await launch(runtime, fromReadable(readable))
    const sink = await launch(runtime, asking(seen, subscriptions))
    await sink.subscribe(source)
    let asked = 0
    for (const demand of [1, 3, 10, 1, 50]) {
      subscriptions[0]?.ask(demand)
      asked += demand
      await turns(150)
      expect(seen.length).toBe(asked)
      expect(readable.produced).toBeLessThanOrEqual(asked + highWaterMark)
    }
  })

  test('what is there at once goes out in one batch, and no more than was asked for', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromReadable<number>(Readable.from(range(1, 101), { highWaterMark: 100 })))
    const subscriptions: Subscription[] = []
    const seen: unknown[] = []
    const sink = await launch(runtime, asking(seen, subscriptions))
    await sink.subscribe(source)
    subscriptions[0]?.ask(70)
    await turns(100)
    expect(seen).toEqual(range(1, 71))
    subscriptions[0]?.ask(30)
    // No consumer asks for more, but the end is detected.
    expect(await source.exited).toBe('normal')
    expect(seen).toEqual(range(1, 101))
  })
})

test('detects an end that comes later, without more demand', async () => {
  const runtime = testRuntime()
  const readable = new Readable({ read() {} })
  const subscriptions: Subscription[] = []
  const source = await launch(runtime, fromReadable(readable))
  const sink = await launch(runtime, asking([], subscriptions))
  await sink.subscribe(source)
  subscriptions[0]?.ask(1)
  readable.push('a')
  await turns()
  readable.push(null)
  expect(await source.exited).toBe('normal')
})

describe('an end of the stream', () => {
  test('by an error is the exit reason, the same object, for the consumers too', async () => {
    const runtime = testRuntime()
    const readable = countingReadable(1_000)
    const source = await launch(runtime, fromReadable(readable))
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source)
    await turns(5)
    readable.destroy(boom)
    expect(await source.exited).toBe(boom)
    expect(await sink.exited).toBe(boom)
    expect(listenersOf(readable)).toEqual({})
  })

  test('by something that is no error is wrapped', async () => {
    const readable = countingReadable(1_000)
    const source = await launch(testRuntime(), fromReadable(readable))
    readable.destroy('normal' as never)
    const reason = await source.exited
    expect(reason).toBeInstanceOf(ThrownValueError)
    expect(reason).toMatchObject({ cause: 'normal' })
  })

  test('by a throw in its own read is one of these', async () => {
    const runtime = testRuntime()
    const readable = new Readable({
      read() {
        throw boom
      },
    })
    const source = await launch(runtime, fromReadable(readable))
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source)
    expect(await sink.exited).toBe(boom)
  })

  test('before its time is a premature close', async () => {
    const readable = countingReadable(1_000)
    const source = await launch(testRuntime(), fromReadable(readable))
    readable.destroy()
    expect(await source.exited).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    expect(listenersOf(readable)).toEqual({})
  })

  test('leaves no listener behind', async () => {
    const runtime = testRuntime()
    const readable = countingReadable(10)
    const before = listenersOf(readable)
    const source = await launch(runtime, fromReadable(readable))
    for await (const _event of stream([source]));
    await source.exited
    await turns()
    expect(listenersOf(readable)).toEqual(before)
  })
})

describe('a stream that', () => {
  const consume = async (runtime: TestRuntime, readable: Readable): Promise<unknown[]> => {
    const source = await launch(runtime, fromReadable(readable))
    // A consumer that subscribes late is notified all the same.
    await turns()
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source)
    return [await source.exited, await sink.exited]
  }

  test('has ended is at its end', async () => {
    const readable = Readable.from([])
    for await (const _chunk of readable);
    expect(readable.readableEnded).toBe(true)
    expect(await consume(testRuntime(), readable)).toEqual(['normal', 'normal'])
  })

  test('is empty ends once a consumer asks', async () => {
    expect(await consume(testRuntime(), Readable.from([]))).toEqual(['normal', 'normal'])
  })

  test('has failed fails', async () => {
    const readable = countingReadable(10).on('error', () => {})
    readable.destroy(boom)
    await setImmediate()
    const source = await launch(testRuntime(), fromReadable(readable))
    expect(await source.exited).toBe(boom)
  })

  test('was destroyed is closed prematurely', async () => {
    const readable = countingReadable(10).destroy()
    await setImmediate()
    const source = await launch(testRuntime(), fromReadable(readable))
    expect(await source.exited).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
  })

  test('flows to another reader is refused', () => {
    const readable = countingReadable(10).on('data', () => {})
    expect(() => fromReadable(readable)).toThrow('expected a Readable without a reader, got one that flows')
    readable.destroy()
  })

  test('is read by another stage is refused, until that one has ended', async () => {
    const readable = countingReadable(3)
    const source = await launch(testRuntime(), fromReadable(readable))
    const error = await rejection(launch(testRuntime(), fromReadable(readable)))
    expect(error).toBeInstanceOf(StartError)
    expect(error).toMatchObject({
      cause: { message: 'expected a Readable without a reader, got one that another stage reads' },
    })
    const seen: unknown[] = []
    for await (const number of stream([source])) seen.push(number)
    expect(seen).toEqual([0, 1, 2])
    const late = await launch(testRuntime(), fromReadable(readable))
    for await (const number of stream([late])) seen.push(number)
    expect(seen).toEqual([0, 1, 2])
  })

  test('has another reader is refused', () => {
    const readable = countingReadable(10).on('readable', () => {})
    expect(() => fromReadable(readable)).toThrow(
      "expected a Readable without a reader, got one that has a listener for 'readable'",
    )
    readable.destroy()
  })

  test.each([undefined, null, {}, 'a', () => {}])('is none is refused: %s', (none) => {
    expect(() => fromReadable(none as never)).toThrow(TypeError)
  })

  test('has another side leaves that side open at its end', async () => {
    const duplex = openDuplex()
    duplex.push('a')
    duplex.push(null)
    const source = await launch(testRuntime(), fromReadable<string>(duplex))
    const seen: string[] = []
    for await (const text of stream([source])) seen.push(text)
    expect(seen).toEqual(['a'])
    await turns()
    expect(duplex.writable).toBe(true)
    expect(duplex.destroyed).toBe(false)
    duplex.destroy()
  })
})

describe('when the stage is left', () => {
  test('by the failure of its last consumer, destroys the stream with the reason', async () => {
    await shuffled(20, async (runtime) => {
      const readable = countingReadable(1_000)
      const source = await launch(runtime, fromReadable(readable))
      const sink = await launch(runtime, failing(boom))
      await sink.subscribe(source)
      expect(await source.exited).toBe(boom)
      expect(readable.destroyedWith).toBe(boom)
      await turns()
      expect(listenersOf(readable)).toEqual({})
    })
  })

  test('by a consumer that was killed, destroys the stream with an error that states it', async () => {
    const runtime = testRuntime()
    const readable = countingReadable(1_000)
    const source = await launch(runtime, fromReadable(readable))
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source)
    sink.exit('kill')
    expect(await source.exited).toBe('killed')
    expect(readable.destroyedWith).toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'killed' })
  })

  test('by a loop that breaks, destroys the stream without an error', async () => {
    const readable = countingReadable(1_000)
    const source = await launch(testRuntime(), fromReadable(readable))
    for await (const _event of stream([source])) break
    expect(await source.exited).toBe('normal')
    expect(readable.destroyedWith).toBe(null)
  })

  test('by one of two consumers, goes on', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const source = await launch(runtime, fromReadable(countingReadable(50)))
    const bad = await launch(runtime, failing(boom))
    const good = await launch(runtime, slowly(seen))
    await good.subscribe(source, { maxDemand: 2 })
    await bad.subscribe(source, { maxDemand: 2 })
    expect(await bad.exited).toBe(boom)
    expect(await good.exited).toBe('normal')
    expect(await source.exited).toBe('normal')
  })

  test('by a consumer that comes back at once, goes on', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const source = await launch(runtime, fromReadable(countingReadable(50)))
    const sink = await launch(runtime, slowly(seen))
    const subscription = await sink.subscribe(source, { maxDemand: 2, cancel: 'temporary' })
    await sink.resubscribe(subscription, 'normal', source, { maxDemand: 5 })
    expect(await source.exited).toBe('normal')
    await sink.exited
    expect(seen).toEqual(range(0, 50))
  })

  test('waits for others where it is to', async () => {
    const runtime = testRuntime()
    const readable = countingReadable(20)
    const source = await launch(runtime, fromReadable(readable, { onCancel: 'continue' }))
    const bad = await launch(runtime, failing(boom))
    await bad.subscribe(source, { maxDemand: 1 })
    expect(await bad.exited).toBe(boom)
    await turns()
    expect(readable.destroyed).toBe(false)
    const seen: unknown[] = []
    const good = await launch(runtime, slowly(seen))
    await good.subscribe(source)
    expect(await good.exited).toBe('normal')
    expect(seen).toEqual(range(1, 20))
  })
})

test('a subscriber that is refused has never been there', async () => {
  const runtime = testRuntime()
  const dispatcher = partitionDispatcher({ partitions: 1, hash: (event: number) => [event, 0] })
  const readable = countingReadable(10)
  const source = await launch(runtime, fromReadable<number, { partition: number }>(readable, { dispatcher }))
  const seen: unknown[] = []
  const sink = await launch(runtime, slowly(seen))
  expect(await rejection(sink.subscribe(source, { partition: 1, confirm: true }))).toMatchObject({
    reason: 'bad-partition',
  })
  await turns()
  expect(readable.destroyed).toBe(false)
  await sink.subscribe(source, { partition: 0 })
  expect(await sink.exited).toBe('normal')
  expect(seen).toEqual(range(0, 10))
})

describe('when the stage ends', () => {
  test.each([
    ['is stopped', 'normal', null],
    ['fails', boom, boom],
  ])('because it %s, destroys the stream', async (_how, reason, error) => {
    const readable = countingReadable(1_000)
    const source = await launch(testRuntime(), fromReadable(readable))
    await source.stop(reason)
    expect(readable.destroyedWith).toBe(error)
    await turns()
    expect(listenersOf(readable)).toEqual({})
  })

  test('because its signal is aborted, ends both sides with its reason', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const readable = countingReadable(1_000)
    const source = await launch(runtime, fromReadable(readable, { signal: controller.signal }))
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(source, { maxDemand: 2 })
    await turns(5)
    controller.abort(boom)
    expect(await source.exited).toBe(boom)
    expect(await sink.exited).toBe(boom)
    expect(readable.destroyedWith).toBe(boom)
  })

  test('because its signal was aborted before, does not even start', async () => {
    const readable = countingReadable(1_000)
    const error = await rejection(launch(testRuntime(), fromReadable(readable, { signal: AbortSignal.abort(boom) })))
    expect(error).toBeInstanceOf(StartError)
    expect(error.reason).toBe(boom)
    expect(readable.destroyedWith).toBe(boom)
  })

  test('takes its listener off a signal that is never aborted', async () => {
    const { signal } = new AbortController()
    const before = getEventListeners(signal, 'abort').length
    const source = await launch(testRuntime(), fromReadable(countingReadable(5), { signal }))
    expect(getEventListeners(signal, 'abort').length).toBe(before + 1)
    for await (const _event of stream([source]));
    await source.exited
    expect(getEventListeners(signal, 'abort').length).toBe(before)
  })
})

test('a stream that errors while it is destroyed makes no stage fail', async () => {
  const readable = new Readable({ read() {}, destroy: (_error, done) => done(boom) })
  const source = await launch(testRuntime(), fromReadable(readable))
  await source.stop()
  await turns()
  expect(listenersOf(readable)).toEqual({})
})

test('what a stream of Node gives, its own readers would have got', async () => {
  const bytes = randomBytes(300_000)
  const through = new PassThrough()
  through.end(bytes)
  const source = await launch(testRuntime(), fromReadable(through))
  expect((await buffer(Readable.from(stream([to(source, { maxDemand: 1 })])))).equals(bytes)).toBe(true)
})
