import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { type ProducerRef, producer, producerConsumer, stream } from 'genstage'
import { fromReadable, intoWritable, toDuplex, toReadable } from 'genstage/node'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { fromReadableStream, intoWritableStream, toReadableStream, toTransform } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { launch, range, rejection } from '../stage/test-stages.ts'
import { listenersOf, slowWritable, turns } from './test-stages.ts'
import { countingStream, keepingStream } from './web/test-stages.ts'

// Whatever reads the events of a stage gets those that came before a failure, and then the failure.

const boom = new Error('boom')
const ten = range(0, 10)

/** Emits ten events and fails: together with the last of them, or when it is asked again. */
function tenAndBoom(runtime: TestRuntime, together: boolean): Promise<ProducerRef<number>> {
  let next = 0
  return launch(
    runtime,
    producer({
      handleDemand(demand: number) {
        const events = range(next, Math.min(10, next + demand))
        next += events.length
        if (next === 10 && (together || events.length < demand)) return { events, stop: boom }
        return events
      },
    }),
  )
}

/** Passes events on, until one is 10. */
const UntilTen = () =>
  producerConsumer({
    handleEvents(events: readonly number[]) {
      const before = events.filter((event) => event < 10)
      return before.length < events.length ? { events: before, stop: boom } : events
    },
  })

/** Lets the event loop turn, seldom often: so a reader is sometimes slower than what it reads, and sometimes faster. */
const pause = (seed: number, event: number): Promise<void> => turns((seed * 7 + event * 3) % 5)

/** What was seen, in order; a failure is seen too. */
type Seen = unknown[]

type Read<Stream> = (stream: Stream, seed: number) => Promise<Seen>

const loop: Read<AsyncIterable<unknown>> = async (events, seed) => {
  const seen: Seen = []
  try {
    for await (const event of events) {
      await pause(seed, seen.length)
      seen.push(event)
    }
  } catch (error) {
    seen.push(error)
  }
  return seen
}

const closed = (readable: Readable): Promise<void> => new Promise((resolve) => readable.once('close', resolve))

const readers: Readonly<Record<string, Read<Readable>>> = {
  'a loop': loop,
  'a loop that begins late': async (readable, seed) => {
    readable.once('readable', () => {})
    await turns(30)
    return loop(readable, seed)
  },
  "'data'": async (readable) => {
    const seen: Seen = []
    readable.on('data', (event) => seen.push(event))
    readable.on('error', (error) => seen.push(error))
    await closed(readable)
    return seen
  },
  "'data', which pauses it": async (readable, seed) => {
    const seen: Seen = []
    readable.on('data', (event: unknown) => {
      readable.pause()
      void pause(seed, seen.length).then(() => {
        seen.push(event)
        readable.resume()
      })
    })
    readable.on('error', (error) => seen.push(error))
    await closed(readable)
    return seen
  },
  "'readable', all that there is": async (readable) => {
    const seen: Seen = []
    readable.on('readable', () => {
      for (let event: unknown = readable.read(); event !== null; event = readable.read()) seen.push(event)
    })
    readable.on('error', (error) => seen.push(error))
    await closed(readable)
    return seen
  },
  'read, one now and then': async (readable, seed) => {
    const seen: Seen = []
    readable.on('error', (error) => seen.push(error))
    while (!readable.destroyed) {
      const event: unknown = readable.read()
      if (event !== null) seen.push(event)
      await turns(1 + (seed % 3))
    }
    await turns(1)
    return seen
  },
  'read, only where there is something': async (readable) => {
    const seen: Seen = []
    readable.on('error', (error) => seen.push(error))
    readable.once('readable', () => {})
    while (!readable.destroyed) {
      if (readable.readableLength > 0) seen.push(readable.read())
      await turns(1)
    }
    await turns(1)
    return seen
  },
  'a pipe into a slow stream that has room for one': async (readable, seed) => {
    const writable = slowWritable(1 + (seed % 3), 1)
    const error = await rejection(pipeline(readable, writable))
    return [...writable.written, error]
  },
  'a stage': async (readable, seed) => {
    const source = await launch(testRuntime({ seed }), fromReadable(readable))
    const seen = await loop(stream([source]), seed)
    return [...seen.slice(0, -1), (seen.at(-1) as { readonly reason: unknown }).reason]
  },
}

const webReaders: Readonly<Record<string, Read<ReadableStream<unknown>>>> = {
  'a loop': loop,
  'a loop that begins late': async (readable, seed) => {
    await turns(30)
    return loop(readable, seed)
  },
  'reads that all wait': async (readable) => {
    const reader = readable.getReader()
    const reads = range(0, 11).map(() => reader.read().then(({ value }) => value))
    const seen = await Promise.allSettled(reads)
    return seen.map((read) => (read.status === 'fulfilled' ? read.value : read.reason))
  },
  'a pipe': async (readable, seed) => {
    const sink = keepingStream(() => pause(seed, 1), 1 + (seed % 3))
    const error = await rejection(readable.pipeTo(sink))
    return [...sink.written, error]
  },
  'a stage': async (readable, seed) => {
    const source = await launch(testRuntime({ seed }), fromReadableStream(readable))
    const seen = await loop(stream([source]), seed)
    return [...seen.slice(0, -1), (seen.at(-1) as { readonly reason: unknown }).reason]
  },
}

describe.each(Object.entries(readers))('a Readable that is read by %s', (_how, read) => {
  test('gives what came before the failure, and then the failure', async () => {
    await shuffled(20, async (runtime, seed) => {
      const source = await tenAndBoom(runtime, seed % 2 === 0)
      expect(await read(toReadable(source, { highWaterMark: 1 + (seed % 16) }), seed)).toEqual([...ten, boom])
    })
  })

  test('does so too where it is a Duplex', async () => {
    await shuffled(20, async (runtime, seed) => {
      const duplex = toDuplex(UntilTen(), { runtime })
      const written = rejection(pipeline(Readable.from(range(0, 100)), duplex))
      expect(await read(duplex, seed)).toEqual([...ten, boom])
      expect(await written).toBe(boom)
    })
  })
})

describe.each(Object.entries(webReaders))('a ReadableStream that is read by %s', (_how, read) => {
  test('gives what came before the failure, and then the failure', async () => {
    await shuffled(20, async (runtime, seed) => {
      const source = await tenAndBoom(runtime, seed % 2 === 0)
      expect(await read(toReadableStream(source, { highWaterMark: seed % 17 }), seed)).toEqual([...ten, boom])
    })
  })

  test('does so too where it is the readable side of a transform, whose writer fails at once', async () => {
    await shuffled(20, async (runtime, seed) => {
      const { readable, writable } = toTransform(UntilTen(), { runtime })
      const written = rejection(countingStream(100).pipeTo(writable))
      const seen = read(readable, seed)
      expect(await written).toBe(boom)
      expect(await seen).toEqual([...ten, boom])
    })
  })
})

describe('of bytes', () => {
  const chunks = (runtime: TestRuntime) => {
    let next = 0
    return launch(
      runtime,
      producer({
        handleDemand: () => (next < 5 ? [Buffer.from(`${next++}${next++}`)].slice(0, 1) : { stop: boom }),
      }),
    )
  }

  test('those that were read in part are given to the end', async () => {
    await shuffled(20, async (runtime, seed) => {
      const readable = toReadable(await chunks(runtime), { objectMode: false, highWaterMark: 1 + (seed % 8) })
      const size = 1 + (seed % 5)
      const read = (): Buffer | null => readable.read(size) as Buffer | null
      let text = ''
      readable.on('readable', () => {
        for (let part = read(); part !== null; part = read()) text += part.toString()
      })
      const [error] = (await once(readable, 'error')) as unknown[]
      expect([text, error]).toEqual(['012345', boom])
    })
  })

  test('a body of a response fails after them', async () => {
    const source = await chunks(testRuntime())
    expect(await loop(new Response(toReadableStream(source)).body as ReadableStream, 1)).toEqual([
      Buffer.from('01'),
      Buffer.from('23'),
      Buffer.from('45'),
      boom,
    ])
  })

  test('a size that is 0 is no sign that there is nothing to read', async () => {
    const source = await tenAndBoom(testRuntime(), false)
    const readable = toReadableStream(source, { size: () => 0 })
    await turns()
    expect(await loop(readable, 1)).toEqual([...ten, boom])
  })
})

describe('a stream that is not read to its end', () => {
  test.each([16, 3])('holds nothing but itself, and goes as soon as it is left (highWaterMark %d)', async (room) => {
    const runtime = testRuntime()
    const processes = (runtime as unknown as { readonly processes: ReadonlyMap<string, unknown> }).processes
    const seen: Seen = []
    const source = await tenAndBoom(runtime, true)
    const readable = toReadable(source, { highWaterMark: room })
    readable.on('error', (error) => seen.push(error))
    readable.once('readable', () => {})
    await turns(30)
    if (room === 16) expect([...processes.keys()]).toEqual([])
    expect([readable.destroyed, readable.readableLength]).toEqual([false, Math.min(room, 10)])
    readable.destroy()
    await turns()
    expect([...processes.keys()]).toEqual(room === 16 ? [] : [source.id])
    expect([readable.closed, seen, Object.keys(listenersOf(readable))]).toEqual([true, [], ['error']])
  })

  test('is aborted at once', async () => {
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const readable = toReadable(await tenAndBoom(testRuntime(), true), options)
    const readableStream = toReadableStream(await tenAndBoom(testRuntime(), true), options)
    readable.once('readable', () => {})
    await turns(30)
    controller.abort('enough')
    expect(await once(readable, 'error')).toEqual([expect.objectContaining({ reason: 'enough' })])
    expect(await rejection(readableStream.getReader().read())).toMatchObject({ reason: 'enough' })
  })

  test('of which nothing has come fails at once', async () => {
    const failed = () => launch(testRuntime(), producer({ handleDemand: () => ({ stop: boom }) }))
    const readable = toReadable(await failed())
    readable.once('readable', () => {})
    expect(await once(readable, 'error')).toEqual([boom])
    const reader = toReadableStream(await failed()).getReader()
    expect(await rejection(reader.closed)).toBe(boom)
  })
})

test('a Duplex whose stage has failed does not finish', async () => {
  const duplex = toDuplex(UntilTen(), { runtime: testRuntime() })
  const seen: Seen = []
  duplex.on('finish', () => seen.push('finish'))
  duplex.on('error', (error) => seen.push(error))
  duplex.once('readable', () => {})
  for (const event of range(0, 11)) duplex.write(event)
  await turns(30)
  duplex.end()
  await turns(30)
  expect(seen).toEqual([])
  for await (const event of duplex) if (event === 3) break
  expect(seen).not.toContain('finish')
})

describe('a sink whose producer fails', () => {
  test('has written what came before, and then destroys its Writable', async () => {
    await shuffled(20, async (runtime, seed) => {
      const writable = slowWritable(1 + (seed % 3), 1 + (seed % 12))
      const source = await tenAndBoom(runtime, seed % 2 === 0)
      const sink = await launch(runtime, intoWritable<number>(writable, { subscribeTo: [source] }))
      expect(await sink.exited).toBe(boom)
      expect([writable.written, writable.destroyedWith]).toEqual([ten, boom])
    })
  })

  test('has written what came before, and then aborts its WritableStream', async () => {
    await shuffled(20, async (runtime, seed) => {
      const writable = keepingStream(() => setImmediate(), 1 + (seed % 12))
      const source = await tenAndBoom(runtime, seed % 2 === 0)
      const sink = await launch(runtime, intoWritableStream<unknown>(writable, { subscribeTo: [source] }))
      expect(await sink.exited).toBe(boom)
      await turns()
      expect([writable.written, writable.abortedWith]).toEqual([ten, { reason: boom }])
    })
  })

  test('waits no longer than its stream lives, and is ended at once by its signal', async () => {
    for (const end of ['destroy', 'abort'] as const) {
      const runtime = testRuntime()
      const controller = new AbortController()
      const stuck = new Writable({ objectMode: true, write() {} })
      const options = { subscribeTo: [await tenAndBoom(runtime, true)], signal: controller.signal }
      const sink = await launch(runtime, intoWritable<number>(stuck, options))
      let hasEnded = false
      void sink.exited.then(() => {
        hasEnded = true
      })
      await turns(30)
      expect(hasEnded).toBe(false)
      if (end === 'destroy') stuck.destroy()
      else controller.abort(new Error('enough'))
      await sink.exited
      await turns()
      expect(stuck.destroyed).toBe(true)
    }
  })

  test('does not wait for its stream where it fails itself', async () => {
    const runtime = testRuntime()
    const stuck = new Writable({ write() {} })
    const source = await launch(runtime, producer({ handleDemand: () => ['a', 5 as never] }))
    const sink = await launch(runtime, intoWritable<string>(stuck, { subscribeTo: [source] }))
    expect(await sink.exited).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(stuck.destroyed).toBe(true)
  })
})
