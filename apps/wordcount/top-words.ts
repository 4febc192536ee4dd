import type { WordCount } from './word-table.ts'

/** The `limit` most frequent words, those that came as often as each other in alphabetical order. */
export function topWords(words: Iterable<WordCount>, limit: number): WordCount[] {
  let top: WordCount[] = []
  let last: WordCount | undefined
  for (const word of words) {
    if (last !== undefined && compare(word, last) > 0) continue
    top.push(word)
    // Never all of them are sorted, nor held: there may be millions.
    if (top.length < 2 * limit) continue
    top = top.sort(compare).slice(0, limit)
    last = top.at(-1)
  }
  return top.sort(compare).slice(0, limit)
}

function compare([word, count]: WordCount, [otherWord, otherCount]: WordCount): number {
  if (count !== otherCount) return otherCount - count
  return word < otherWord ? -1 : 1
}
