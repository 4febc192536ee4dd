import fc from 'fast-check'
import { fromIterable, type ProducerRef, partitionDispatcher, stream, to } from 'genstage'
import { decodeText, LineTooLongError, splitLines } from 'genstage/bridge'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { launch, range, rejection } from '../stage/test-stages.ts'
import { failing } from './test-stages.ts'

async function linesOf(runtime: TestRuntime, pieces: readonly string[], maxLength?: number): Promise<string[]> {
  const source = await launch(runtime, fromIterable(pieces))
  const lines = await launch(
    runtime,
    splitLines({ subscribeTo: [source], ...(maxLength !== undefined && { maxLength }) }),
  )
  const seen: string[] = []
  for await (const line of stream([to(lines, { maxDemand: 3 })])) seen.push(line)
  return seen
}

/** What lines a text has: the definition, for whole texts. */
function expected(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop()
  const ended = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  return last === undefined || last === '' ? ended : [...ended, last]
}

const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', '\r\n', 'ä') })

test('cuts no line, wherever pieces end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.integer({ min: 1, max: 1_000_000 }), async (pieces, seed) => {
      expect(await linesOf(testRuntime({ seed }), pieces)).toEqual(expected(pieces.join('')))
    }),
    { numRuns: 300 },
  )
})

test.each([
  [[], []],
  [[''], []],
  [['\n'], ['']],
  [['a'], ['a']],
  [['a\n'], ['a']],
  [['a\n\nb'], ['a', '', 'b']],
  [
    ['a\r', '\nb\r\n', '\r\n'],
    ['a', 'b', ''],
  ],
  [['a\rb\r'], ['a\rb\r']],
])('%j has the lines %j', async (pieces, lines) => {
  expect(await linesOf(testRuntime(), pieces)).toEqual(lines)
})

test('a line of many pieces costs no more than its length', async () => {
  const pieces = range(0, 50_000).map(() => 'abcdefghij')
  const [line] = await linesOf(testRuntime(), pieces)
  expect(line?.length).toBe(500_000)
})

describe('the last line', () => {
  test('arrives even without demand at the end', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(runtime, fromIterable(['one\ntwo\nthr', 'ee']))
      const lines = await launch(runtime, splitLines({ subscribeTo: [source] }))
      const seen: string[] = []
      for await (const line of stream([to(lines, { maxDemand: 1 })])) seen.push(line)
      expect(seen).toEqual(['one', 'two', 'three'])
    })
  })

  test('of each producer is one', async () => {
    const runtime = testRuntime()
    const lines = await launch(runtime, splitLines())
    for (const text of ['a\nb', 'c\nd']) {
      const source = await launch(runtime, fromIterable([text]))
      await lines.subscribe(source, { cancel: 'transient' })
    }
    const seen: string[] = []
    for await (const line of stream([lines])) {
      seen.push(line)
      if (seen.length === 4) break
    }
    expect(seen.sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('of a producer that fails is none', async () => {
    const boom = new Error('boom')
    const runtime = testRuntime()
    const failingText = (function* () {
      yield 'one\ntw'
      throw boom
    })()
    const source = await launch(runtime, fromIterable(failingText))
    const lines = await launch(runtime, splitLines({ subscribeTo: [source] }))
    const seen: string[] = []
    const error = await rejection(
      (async () => {
        for await (const line of stream([lines])) seen.push(line)
      })(),
    )
    expect(error.reason).toBe(boom)
    expect(seen).not.toContain('tw')
  })
})

describe('a line that is too long', () => {
  test.each([
    ['in one piece', ['abc\nabcde\nabcd']],
    ['in several', ['abc\nab', 'c', 'de\nabcd']],
    ['without an end in sight', ['abc\nabcd', 'efgh', 'ijkl']],
    ['as the last one', ['abc\nabcde']],
    ['with a return that ends no line', ['abc\nabcd\r', 'x']],
    ['with a return at the end', ['abc\nabcd\r']],
  ])('%s fails the stage, after the lines before it', async (_how, pieces) => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable(pieces, { demand: 'accumulate' }))
    const lines = await launch(runtime, splitLines({ maxLength: 4 }))
    await lines.subscribe(source)
    const seen: string[] = []
    const reading = (async () => {
      for await (const line of stream([lines])) seen.push(line)
    })()
    source.demand('forward')
    const { reason } = await rejection(reading)
    expect(reason).toBeInstanceOf(LineTooLongError)
    expect(reason).toMatchObject({ code: 'GENSTAGE_LINE_TOO_LONG', line: 2, maxLength: 4 })
    expect(reason.message).toBe('expected lines of at most 4 characters (maxLength), but line 2 is longer')
    expect(seen).toEqual(['abc'])
  })

  test('is one beyond the limit, however it ends', async () => {
    expect(await linesOf(testRuntime(), ['abcd\nabcd\r\nabcd\r', '\nabcd'], 4)).toEqual([
      'abcd',
      'abcd',
      'abcd',
      'abcd',
    ])
    expect(await linesOf(testRuntime(), ['\n\r\n'], 0)).toEqual(['', ''])
  })

  test('has a limit by default, and none if that is wanted', async () => {
    const long = 'a'.repeat(1_048_577)
    expect((await rejection(linesOf(testRuntime(), [long]))).reason).toMatchObject({ maxLength: 1_048_576 })
    expect(await linesOf(testRuntime(), [long], Number.POSITIVE_INFINITY)).toEqual([long])
  })
})

test('bytes are refused, with a word on what makes text of them', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, fromIterable([Buffer.from('a\n')]))
  const lines = await launch(runtime, splitLines())
  await lines.subscribe(source as unknown as ProducerRef<string>)
  const sink = await launch(runtime, failing(undefined))
  await sink.subscribe(lines)
  expect(await lines.exited).toMatchObject({ message: expect.stringContaining('as decodeText makes from bytes') })
})

test('downstream of decodeText, into partitions', async () => {
  await shuffled(20, async (runtime, seed) => {
    const text = range(0, 200)
      .map((number) => `zeile ${number} ä`)
      .join('\r\n')
    const bytes = new TextEncoder().encode(text)
    const size = 1 + (seed % 13)
    const chunks = range(0, Math.ceil(bytes.length / size)).map((index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    const parity = partitionDispatcher({
      partitions: 2,
      hash: (line: string) => [line, Number(line.split(' ')[1]) % 2],
    })
    const source = await launch(runtime, fromIterable(chunks))
    const decoded = await launch(runtime, decodeText())
    const lines = await launch(runtime, splitLines({ dispatcher: parity }))
    const seen = [0, 1].map(async (partition) => {
      const part: string[] = []
      for await (const line of stream([to(lines, { partition, maxDemand: 5 })])) part.push(line)
      return part
    })
    await lines.subscribe(decoded, { maxDemand: 4 })
    await decoded.subscribe(source, { maxDemand: 4 })
    expect((await Promise.all(seen)).map((part) => part.length)).toEqual([100, 100])
  })
})

test('a text that ends at once is reported to the first consumer', async () => {
  await shuffled(20, async (runtime) => {
    const source = await launch(runtime, fromIterable<string>([]))
    const decoded = await launch(runtime, splitLines({ subscribeTo: [source] }))
    const lines = await launch(runtime, splitLines({ subscribeTo: [decoded] }))
    await runtime.settle()
    const seen: string[] = []
    for await (const line of stream([lines])) seen.push(line)
    expect(seen).toEqual([])
  })
})

test('a consumer that is refused is none', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, fromIterable<string>([]))
  const dispatcher = partitionDispatcher({ partitions: 1, hash: (line: string) => [line, 0] })
  const lines = await launch(runtime, splitLines({ dispatcher, subscribeTo: [source] }))
  await rejection(stream([to(lines, { partition: 1 })]).next())
  await runtime.settle()
  // The text, which is over at once, has waited for the next one.
  for await (const _line of stream([to(lines, { partition: 0 })]));
  expect(await lines.exited).toBe('normal')
})

test('wrong options are refused', () => {
  expect(() => splitLines({ subscribeTo: [{} as never] })).toThrow('expected a producer to subscribe to, got: {}')
  expect(() => splitLines({ maxLength: -1 })).toThrow(RangeError)
  expect(() => splitLines({ maxLen: 1 } as never)).toThrow('did you mean maxLength?')
})
