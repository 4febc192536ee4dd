import { describe, expect, test } from 'vitest'
import { lettersAtStart, WordTable } from './word-table.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

function counted(chunks: readonly string[]): Record<string, number> {
  const table = new WordTable()
  for (const chunk of chunks) table.add(bytes(chunk))
  table.finish()
  return Object.fromEntries(table.take(1).flat())
}

describe('a word table', () => {
  test('counts runs of ASCII letters, in lower case', () => {
    expect(counted(["The quick, the_lazy; THE 2nd don't @[`{ caf\xe9 \xc0b"])).toEqual({
      the: 3,
      quick: 1,
      lazy: 1,
      nd: 1,
      don: 1,
      t: 1,
      caf: 1,
      b: 1,
    })
  })

  test('counts nothing in an empty text', () => {
    expect(counted([])).toEqual({})
    expect(counted(['', '\r\n\0 1.5'])).toEqual({})
  })

  test('counts a word once if the ends of chunks cut it', () => {
    expect(counted(['on', 'e', '', ' tw', 'o', ' ', 'one'])).toEqual({ one: 2, two: 1 })
  })

  test('counts a word that is much longer than its chunks', () => {
    const chunk = 'aB'.repeat(1 << 16)
    const table = new WordTable()
    for (let times = 0; times < 20; times++) table.add(bytes(chunk))
    table.finish()
    expect(table.take(1)).toEqual([[['ab'.repeat(20 << 16), 1]]])
  })

  test('distinguishes any number of words, and finds them again', () => {
    const words = Array.from({ length: 30_000 }, (_, index) =>
      index.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!),
    )
    const distinct = new Set(words)
    const counts = counted([...words, ...words].map((word) => `${word} `))
    expect(Object.keys(counts).length).toBe(distinct.size)
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(2 * words.length)
  })

  test('always puts a word into the same part, and only into that one', () => {
    const table = new WordTable()
    const partOf = (text: string) => {
      table.add(bytes(text))
      table.finish()
      return table.take(3).map((part) => part.map(([word]) => word))
    }
    const parts = partOf('one two three four five six seven eight nine ten')
    expect(parts.flat().length).toBe(10)
    for (const [part, words] of parts.entries()) {
      for (const word of words) expect(partOf(`x ${word}`)[part]).toContain(word)
    }
  })

  test('starts again after its counts are taken, or it is cleared in the middle of a word', () => {
    const table = new WordTable()
    table.add(bytes('one two'))
    table.clear()
    expect(table.isInsideWord).toBe(false)
    table.add(bytes('three'))
    expect(table.isInsideWord).toBe(true)
    table.finish()
    expect(table.take(1)).toEqual([[['three', 1]]])
    expect(table.take(1)).toEqual([[]])
  })
})

test('letters at the start are counted up to the first byte that is not a letter', () => {
  expect(['', 'abC', 'aZ9b', ' a', '\xe9'].map((text) => lettersAtStart(bytes(text)))).toEqual([0, 3, 2, 0, 0])
})
