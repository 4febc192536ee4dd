import fc from 'fast-check'
import {
  broadcastDispatcher,
  consumer,
  demandDispatcher,
  fromIterable,
  partitionDispatcher,
  producer,
  producerConsumer,
  stream,
  to,
} from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { toReadable } from 'genstage/node'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, collecting, launch, range, rejection } from '../stage/test-stages.ts'
import { turns } from './test-stages.ts'

// Several texts go through one decodeText and one splitLines, and no line is made of two of them.

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function chunked(text: string, size: number): Uint8Array[] {
  const bytes = bytesOf(text)
  return range(0, Math.ceil(bytes.length / size)).map((index) => bytes.subarray(index * size, (index + 1) * size))
}

const sorted = (strings: readonly unknown[]): string[] =>
  (strings as readonly string[]).slice().sort((one, other) => (one < other ? -1 : 1))

/** A source that gives chunks one by one, each after as many turns of the event loop as `pauses` specifies. */
async function* slowly(chunks: readonly Uint8Array[], pauses: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const [index, chunk] of chunks.entries()) {
    await turns(pauses[index % pauses.length] ?? 0)
    yield chunk
  }
}

/** The lines of text number `text`: each begins with that number, so that a mixed one shows. */
const linesOf = (text: number, count: number): string[] =>
  range(0, count).map((line) => `${text}:${line} ${'äb€😀'.repeat(line % 4)}`)

/** What lines a text has, by text. */
function byText(lines: readonly string[]): Record<string, string[]> {
  const texts: Record<string, string[]> = {}
  for (const line of lines) {
    const text = line.split(':')[0] as string
    texts[text] = [...(texts[text] ?? []), line]
  }
  return texts
}

interface Case {
  readonly counts: readonly number[]
  readonly sizes: readonly number[]
  readonly pauses: readonly number[]
  readonly end: '\n' | '\r\n'
  readonly endsLast: boolean
  readonly maxDemand: number
  readonly seed: number
}

const someCase: fc.Arbitrary<Case> = fc.record({
  counts: fc.array(fc.nat({ max: 12 }), { minLength: 2, maxLength: 5 }),
  sizes: fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 }),
  pauses: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom('\n', '\r\n'),
  endsLast: fc.boolean(),
  maxDemand: fc.integer({ min: 1, max: 20 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
})

test('all lines of each text arrive, in order, whatever the texts, chunks and schedules are', async () => {
  await fc.assert(
    fc.asyncProperty(someCase, async ({ counts, sizes, pauses, end, endsLast, maxDemand, seed }) => {
      const runtime = testRuntime({ seed })
      const texts = counts.map((count, text) => linesOf(text, count))
      const sources = await Promise.all(
        texts.map((lines, text) => {
          const whole = lines.join(end) + (endsLast && lines.length > 0 ? end : '')
          const chunks = chunked(whole, sizes[text % sizes.length] as number)
          const items = text % 2 === 0 ? chunks : slowly(chunks, pauses)
          return launch(runtime, fromIterable(items))
        }),
      )
      const text = await launch(
        runtime,
        decodeText({ subscribeTo: sources.map((source) => to(source, { cancel: 'transient', maxDemand })) }),
      )
      const lines = await launch(runtime, splitLines({ subscribeTo: [to(text, { maxDemand })] }))
      const seen: string[] = []
      const total = counts.reduce((sum, count) => sum + count, 0)
      if (total > 0) {
        for await (const line of stream([to(lines, { maxDemand: 3 })])) {
          seen.push(line)
          if (seen.length === total) break
        }
      }
      expect(byText(seen)).toEqual(byText(texts.flat()))
    }),
    { numRuns: 150 },
  )
}, 60_000)

/** Two sources that emit on request, and the lines of both, as they come. */
async function twoSources(
  runtime: TestRuntime,
  options: { readonly maxLength?: number } = {},
  cancel: 'permanent' | 'transient' | 'temporary' = 'transient',
) {
  const OnRequest = () =>
    producer({
      handleDemand: (): Uint8Array[] => [],
      handleCall: { emit: (text: string) => ({ reply: true, events: [bytesOf(text)] }) },
    })
  const sources = [await launch(runtime, OnRequest()), await launch(runtime, OnRequest())] as const
  const text = await launch(runtime, decodeText({ subscribeTo: sources.map((source) => to(source, { cancel })) }))
  const lines = await launch(runtime, splitLines({ subscribeTo: [text], ...options }))
  const seen: unknown[] = []
  const sink = await launch(runtime, collecting(atOnce, seen))
  await sink.subscribe(lines)
  await runtime.settle()
  const emit = async (source: 0 | 1, piece: string): Promise<void> => {
    await sources[source].call('emit', piece)
    await runtime.settle()
  }
  return { sources, text, lines, sink, seen, emit }
}

describe('neither text waits for the other', () => {
  test('also where one stands still in the middle of a line', async () => {
    const { emit, seen } = await twoSources(testRuntime())
    await emit(0, 'hel')
    for (const line of ['one', 'two']) await emit(1, `${line}\n`)
    expect(seen).toEqual(['one', 'two'])
    await emit(1, 'thr')
    await emit(0, 'lo\n')
    await emit(1, 'ee\n')
    expect(seen).toEqual(['one', 'two', 'hello', 'three'])
  })

  test('the last line of one comes at its end, though the other goes on', async () => {
    for (const first of [0, 1] as const) {
      const runtime = testRuntime()
      const { emit, seen, sources } = await twoSources(runtime)
      await emit(0, 'begun ')
      await emit(1, 'begun ')
      await emit(first, 'and ended')
      await sources[first].stop()
      await runtime.settle()
      expect(seen).toEqual(['begun and ended'])
      await emit(first === 0 ? 1 : 0, 'too\n')
      expect(seen).toEqual(['begun and ended', 'begun too'])
    }
  })
})

describe('a failure of one', () => {
  const boom = new Error('boom')

  test('that is ignored costs its unfinished line, and nothing of the other', async () => {
    for (const failing of [0, 1] as const) {
      const runtime = testRuntime()
      const { emit, seen, sources } = await twoSources(runtime, {}, 'temporary')
      await emit(0, 'a\nb')
      await emit(1, 'c\nd')
      sources[failing].exit(boom)
      await runtime.settle()
      await emit(failing === 0 ? 1 : 0, 'e\n')
      expect(seen).toEqual(['a', 'c', failing === 0 ? 'de' : 'be'])
    }
  })

  test('that is not ignored is the failure of all, after the lines before it', async () => {
    const runtime = testRuntime()
    const { emit, seen, sources, lines, sink } = await twoSources(runtime)
    await emit(0, 'a\nb')
    await emit(1, 'c\nd')
    sources[1].exit(boom)
    expect(await lines.exited).toBe(boom)
    expect(await sink.exited).toBe(boom)
    expect(seen).toEqual(['a', 'c'])
  })

  test('of a line that is too long counts the lines of its text', async () => {
    const runtime = testRuntime()
    const { emit, seen, lines } = await twoSources(runtime, { maxLength: 5 })
    await emit(0, 'four')
    await emit(1, 'four')
    await emit(1, '\nfive')
    await emit(0, '\n')
    expect(seen).toEqual(['four', 'four'])
    await emit(1, 'and more')
    expect(await lines.exited).toMatchObject({ code: 'GENSTAGE_LINE_TOO_LONG', line: 2, maxLength: 5 })
  })
})

test('a text that another one ends, as its subscription is permanent, has no last line', async () => {
  for (const first of [0, 1] as const) {
    const runtime = testRuntime()
    const { emit, seen, sources, lines } = await twoSources(runtime, {}, 'permanent')
    await emit(0, 'a\nb')
    await emit(1, 'c\nd')
    await sources[first].stop()
    expect(await lines.exited).toBe('normal')
    expect(seen).toEqual(['a', 'c', first === 0 ? 'b' : 'd'])
  }
})

test('texts that come and go one after the other leave nothing', async () => {
  const runtime = testRuntime()
  const text = await launch(runtime, decodeText())
  const lines = await launch(runtime, splitLines({ subscribeTo: [text] }))
  const seen: string[] = []
  const sink = await launch(runtime, collecting(atOnce, seen))
  await sink.subscribe(lines)
  for (const number of range(0, 50)) {
    const source = await launch(runtime, fromIterable(chunked(`${number}:a\n${number}:b`, 2)))
    await text.subscribe(source, { cancel: 'transient' })
    await runtime.settle()
  }
  expect(seen).toEqual(range(0, 50).flatMap((number) => [`${number}:a`, `${number}:b`]))
})

describe('pieces are strings', () => {
  const twoWords = async (runtime: TestRuntime, options = {}) => {
    const sources = await Promise.all(['äö', 'ßæ'].map((word) => launch(runtime, fromIterable(chunked(word, 1)))))
    const subscribeTo = sources.map((source) => to(source, { cancel: 'transient' }))
    return launch(runtime, decodeText({ ...options, subscribeTo }))
  }

  test('for all other readers', async () => {
    await shuffled(20, async (runtime) => {
      const text = await twoWords(runtime)
      const pieces: unknown[] = []
      for await (const piece of stream([text])) {
        pieces.push(piece)
        if (pieces.length === 4) break
      }
      expect(sorted(pieces)).toEqual(['ß', 'ä', 'æ', 'ö'])
      const readable = toReadable(await twoWords(runtime))
      expect(sorted(await readable.take(4).toArray())).toEqual(['ß', 'ä', 'æ', 'ö'])
    })
  })

  test('for a dispatcher, and for what it is given', async () => {
    await shuffled(20, async (runtime) => {
      const hashed: unknown[] = []
      const dispatcher = partitionDispatcher({
        partitions: 2,
        hash(piece: string): [string, number] {
          hashed.push(piece)
          return [piece, piece < 'ä' ? 0 : 1]
        },
      })
      const text = await twoWords(runtime, { dispatcher })
      const parts = [0, 1].map(async (partition) => {
        const part: unknown[] = []
        for await (const piece of stream([to(text as never, { partition } as never)])) {
          part.push(piece)
          if (part.length === (partition === 0 ? 1 : 3)) break
        }
        return sorted(part)
      })
      expect(await Promise.all(parts)).toEqual([['ß'], ['ä', 'æ', 'ö']])
      expect(sorted(hashed)).toEqual(['ß', 'ä', 'æ', 'ö'])
    })
  })
})

test.each([
  ['demandDispatcher', demandDispatcher],
  ['broadcastDispatcher', broadcastDispatcher],
])('%s keeps texts apart, beside readers that do not', async (_name, makeDispatcher) => {
  await shuffled(20, async (runtime, seed) => {
    const texts = [linesOf(0, 6), linesOf(1, 6)]
    const sources = await Promise.all(
      texts.map((lines) =>
        launch(runtime, fromIterable(chunked(lines.join('\n'), 1 + (seed % 9)), { demand: 'accumulate' })),
      ),
    )
    const dispatcher = makeDispatcher() as ReturnType<typeof demandDispatcher>
    const text = await launch(runtime, decodeText({ dispatcher }))
    const pieces: unknown[] = []
    if (makeDispatcher === broadcastDispatcher) {
      const Reader = () => consumer({ handleEvents: (events: readonly unknown[]) => void pieces.push(...events) })
      await (await launch(runtime, Reader())).subscribe(text, { maxDemand: 1 + (seed % 5) })
    }
    const lines = await launch(runtime, splitLines())
    const seen: string[] = []
    const sink = await launch(runtime, collecting(atOnce, seen))
    await sink.subscribe(lines, { maxDemand: 2 })
    await lines.subscribe(text, { maxDemand: 1 + (seed % 5) })
    for (const source of sources) await text.subscribe(source, { cancel: 'transient', maxDemand: 1 + (seed % 3) })
    for (const source of sources) source.demand('forward')
    await runtime.settle()
    expect(byText(seen)).toEqual(byText(texts.flat()))
    expect(pieces.every((piece) => typeof piece === 'string')).toBe(true)
    if (makeDispatcher === broadcastDispatcher) {
      expect((pieces as string[]).join('').length).toBe(texts.map((text) => text.join('\n')).join('').length)
    }
  })
})

test('a dispatcher of another stage is refused as everywhere', async () => {
  const runtime = testRuntime()
  const dispatcher = demandDispatcher()
  await launch(runtime, decodeText({ dispatcher }))
  expect(await rejection(launch(runtime, decodeText({ dispatcher })))).toBeInstanceOf(TypeError)
})

test('lines themselves are strings for every reader', async () => {
  const runtime = testRuntime()
  const sources = await Promise.all(['a\nb', 'c\nd'].map((text) => launch(runtime, fromIterable([text]))))
  const subscribeTo = sources.map((source) => to(source, { cancel: 'transient' }))
  const lines = await launch(runtime, splitLines({ subscribeTo }))
  const Shout = () =>
    producerConsumer({ handleEvents: (events: readonly string[]) => events.map((line) => `${line}!`) })
  const shout = await launch(runtime, Shout())
  const seen: unknown[] = []
  const sink = await launch(runtime, collecting(atOnce, seen))
  await sink.subscribe(shout)
  await shout.subscribe(lines)
  await runtime.settle()
  expect(sorted(seen)).toEqual(['a!', 'b!', 'c!', 'd!'])
})
