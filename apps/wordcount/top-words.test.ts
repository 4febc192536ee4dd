import { expect, test } from 'vitest'
import { topWords } from './top-words.ts'
import type { WordCount } from './word-table.ts'

test('the most frequent words come first, and those of the same count in alphabetical order', () => {
  const words: WordCount[] = [
    ['b', 2],
    ['c', 9],
    ['ab', 2],
    ['a', 2],
  ]
  expect(topWords(words, 3)).toEqual([
    ['c', 9],
    ['a', 2],
    ['ab', 2],
  ])
  expect(topWords([], 3)).toEqual([])
})

test('they are the same as if all words were sorted, whatever the limit', () => {
  const words = Array.from(
    { length: 500 },
    (_, index): WordCount => [((index * 7919) % 500).toString(36), (index * 31) % 17],
  )
  const sorted = words.toSorted((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
  for (const limit of [1, 2, 20, 499, 500, 1_000]) expect(topWords(words, limit)).toEqual(sorted.slice(0, limit))
})
