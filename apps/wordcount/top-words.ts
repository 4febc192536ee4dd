import type { WordCount } from './word-table.ts'

/** The `limit` most frequent words. Words with equal counts are in alphabetical order. */
export function topWords(words: Iterable<WordCount>, limit: number): WordCount[] {
  let top: WordCount[] = []
  let last: WordCount | undefined
  for (const word of words) {
    if (last !== undefined && compare(word, last) > 0) continue
    top.push(word)
    // There may be millions of words, so they are never all sorted or stored here.
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
