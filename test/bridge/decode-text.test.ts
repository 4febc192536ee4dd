import fc from 'fast-check'
import { fromIterable, type ProducerRef, stream } from 'genstage'
import { decodeText } from 'genstage/bridge'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, launch, range } from '../stage/test-stages.ts'
import { failing, turns } from './test-stages.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Cuts bytes into chunks of these sizes, and the rest into one. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let start = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size))
    start += size
  }
  return [...chunks, bytes.subarray(start)]
}

async function decoded(runtime: TestRuntime, chunks: readonly Uint8Array[], options = {}): Promise<string[]> {
  const source = await launch(runtime, fromIterable(chunks))
  const text = await launch(runtime, decodeText({ ...options, subscribeTo: [source] }))
  const seen: string[] = []
  for await (const piece of stream([text])) seen.push(piece)
  return seen
}

test('cuts no character, wherever chunks end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.array(fc.nat({ max: 5 })), async (text, sizes) => {
      // A byte order mark at the beginning is no part of the text.
      const given = `a${text}`
      expect((await decoded(testRuntime(), chunked(bytesOf(given), sizes))).join('')).toBe(given)
    }),
    { numRuns: 200 },
  )
})

test('each piece has whole characters, and is not empty', async () => {
  const pieces = await decoded(
    testRuntime(),
    range(0, 10).map((index) => bytesOf('aä€😀').subarray(index, index + 1)),
  )
  expect(pieces).toEqual(['a', 'ä', '€', '😀'])
})

test('a character that the end cuts is replaced, or fails the stage', async () => {
  const cut = [bytesOf('a€').subarray(0, 3)]
  expect(await decoded(testRuntime(), cut)).toEqual(['a', '\ufffd'])
  await expect(decoded(testRuntime(), cut, { fatal: true })).rejects.toMatchObject({ reason: expect.any(TypeError) })
})

test('bytes that mean nothing are replaced, or fail the stage', async () => {
  const wrong = [bytesOf('a'), new Uint8Array([0xff]), bytesOf('b')]
  expect((await decoded(testRuntime(), wrong)).join('')).toBe('a\ufffdb')
  await expect(decoded(testRuntime(), wrong, { fatal: true })).rejects.toMatchObject({ reason: expect.any(TypeError) })
})

test('a byte order mark is left out, and other encodings are known', async () => {
  expect(
    (await decoded(testRuntime(), [new Uint8Array([0xef]), new Uint8Array([0xbb, 0xbf]), bytesOf('a')])).join(''),
  ).toBe('a')
  const latin = [new Uint8Array([0xe4])]
  expect(await decoded(testRuntime(), latin, { encoding: 'latin1' })).toEqual(['ä'])
  const utf16 = new Uint8Array([0x3d, 0xd8, 0x00, 0xde])
  expect(await decoded(testRuntime(), chunked(utf16, [1, 2]), { encoding: 'utf-16le' })).toEqual(['😀'])
})

test('the chunks of each producer are a text of their own', async () => {
  await shuffled(30, async (runtime) => {
    const text = await launch(runtime, decodeText())
    for (const word of ['äöü', 'ßæø']) {
      const source = await launch(runtime, fromIterable(chunked(bytesOf(word), [1, 2, 1])))
      await text.subscribe(source, { cancel: 'transient' })
    }
    const pieces: string[] = []
    for await (const piece of stream([text])) {
      pieces.push(piece)
      if (pieces.join('').length === 6) break
    }
    expect(pieces.join('').split('').sort()).toEqual('äöüßæø'.split('').sort())
  })
})

describe('when its last subscription was cancelled', () => {
  test('it stops, with the reason if that was a failure', async () => {
    const boom = new Error('boom')
    const runtime = testRuntime()
    const endless = (function* () {
      for (;;) yield bytesOf('a')
    })()
    const source = await launch(runtime, fromIterable(endless))
    const text = await launch(runtime, decodeText({ subscribeTo: [source] }))
    const sink = await launch(runtime, failing(boom))
    await sink.subscribe(text)
    expect(await text.exited).toBe(boom)
  })

  test('it waits for others where it is to', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(atOnce, 0))
    const text = await launch(runtime, decodeText({ onCancel: 'continue' }))
    await text.subscribe(source as unknown as ProducerRef<Uint8Array>)
    const sink = await launch(runtime, failing(undefined))
    await sink.subscribe(text)
    await sink.stop()
    await turns()
    expect(await text.estimateBufferedCount()).toBe(0)
  })
})

test.each([
  ['a', "'a' (text needs no decoding)"],
  [1, '1'],
])('what is no bytes is refused: %s', async (event, got) => {
  const runtime = testRuntime()
  const source = await launch(runtime, fromIterable([event]))
  const text = await launch(runtime, decodeText())
  await text.subscribe(source as unknown as ProducerRef<Uint8Array>)
  await (await launch(runtime, failing(undefined))).subscribe(text)
  expect(await text.exited).toMatchObject({
    name: 'TypeError',
    message: `expected decodeText to receive bytes, as a Uint8Array, got: ${got}`,
  })
})

test('bytes come in any view of them', async () => {
  const runtime = testRuntime()
  const { buffer } = bytesOf('ab')
  const events = [buffer, new DataView(buffer), Buffer.from('c')] as unknown as Uint8Array[]
  const text = await launch(runtime, decodeText({ subscribeTo: [await launch(runtime, fromIterable(events))] }))
  let all = ''
  for await (const piece of stream([text])) all += piece
  expect(all).toBe('ababc')
})

test('wrong options are refused at once', () => {
  expect(() => decodeText({ encoding: 'utf-9' })).toThrow(RangeError)
  expect(() => decodeText({ encoding: 8 as never })).toThrow('expected encoding to be a string, got: 8')
  expect(() => decodeText({ fatal: 'yes' as never })).toThrow('expected fatal to be true or false')
})
