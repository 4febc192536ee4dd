import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countPiece } from './count-piece.ts'
import { WordTable } from './word-table.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wordcount-piece-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const chunk = Buffer.alloc(16 << 10)

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function wordsIn(path: string, start: number, end: number, memory = chunk): Promise<string[]> {
  const table = new WordTable()
  await countPiece({ path: Buffer.from(path), start, end }, table, memory)
  return table.take(1).flatMap((part) => part.flatMap(([word, count]) => Array<string>(count).fill(word)))
}

describe('a piece', () => {
  test('contains the words that begin in it', async () => {
    const path = write('foxes', 'the quick brown fox')
    expect(await wordsIn(path, 0, 7)).toEqual(['the', 'quick'])
    expect(await wordsIn(path, 7, 17)).toEqual(['brown', 'fox'])
    expect(await wordsIn(path, 17, 19)).toEqual([])
  })

  test('contains a word that begins exactly at its start, and none that ends there', async () => {
    const path = write('exactly', 'abc def')
    expect(await wordsIn(path, 0, 3)).toEqual(['abc'])
    expect(await wordsIn(path, 3, 4)).toEqual([])
    expect(await wordsIn(path, 4, 7)).toEqual(['def'])
  })

  test('of any size, read in chunks of any size, contains each word once', async () => {
    const text = 'a bb ccc  dddd-eeeee ffffff ggggggggggggggggggggg h'
    const path = write('any', text)
    const whole = text.match(/[a-z]+/g)
    for (let size = 1; size <= text.length; size++) {
      for (const chunkSize of [1, 2, 7, 64]) {
        const found: string[] = []
        for (let start = 0; start < text.length; start += size) {
          found.push(...(await wordsIn(path, start, Math.min(text.length, start + size), Buffer.alloc(chunkSize))))
        }
        expect(found, `pieces of ${size}, chunks of ${chunkSize}`).toEqual(whole)
      }
    }
  })

  test('without an end extends to the end of the file', async () => {
    expect(await wordsIn(write('endless', 'one two'), 0, Number.POSITIVE_INFINITY)).toEqual(['one', 'two'])
  })

  test('ends with the file if that has become shorter', async () => {
    const path = write('shorter', 'one two three')
    truncateSync(path, 5)
    expect(await wordsIn(path, 0, 13)).toEqual(['one', 't'])
    expect(await wordsIn(path, 8, 13)).toEqual([])
  })
})

describe('a file', () => {
  const kindOf = (path: string, start: number) =>
    countPiece({ path: Buffer.from(path), start, end: start + 100 }, new WordTable(), chunk)

  test('is binary, in all its pieces, if there is a NUL byte in its first 8 KiB', async () => {
    const text = Buffer.alloc(20_000, 'word ')
    text[8_191] = 0
    const binary = write('binary', text)
    expect(await countPiece({ path: Buffer.from(binary), start: 0, end: 20_000 }, new WordTable(), chunk)).toBe(
      'binary',
    )
    expect(await kindOf(binary, 15_000)).toBe('binary')
  })

  test('is a text if the first NUL byte comes later', async () => {
    const text = Buffer.alloc(20_000, 'word ')
    text[8_192] = 0
    const path = write('text', text)
    expect(await countPiece({ path: Buffer.from(path), start: 0, end: 20_000 }, new WordTable(), chunk)).toBe('text')
    expect(await kindOf(path, 8_190)).toBe('text')
  })

  test('that does not exist, or is a folder or a symbolic link, cannot be read', async () => {
    await expect(kindOf(join(folder, 'missing'), 0)).rejects.toThrow('ENOENT')
    await expect(kindOf(folder, 0)).rejects.toThrow('EISDIR')
    symlinkSync(write('target', 'text'), join(folder, 'link'))
    await expect(kindOf(join(folder, 'link'), 0)).rejects.toThrow('ELOOP')
  })
})
