import { type RefOf, to } from 'genstage'
import { gather } from './gather.ts'
import type { Meter } from './meter.ts'
import type { Finding, Reader } from './reader.ts'
import { topWords } from './top-words.ts'
import type { WordCount } from './word-table.ts'

/** The counts of one partition. */
export interface WordSummary {
  /** The number of words. */
  readonly words: number
  /** The number of distinct words. */
  readonly distinct: number
  /** The most frequent words, in the order in which they are shown. */
  readonly top: readonly WordCount[]
}

/** Adds up the counts of the words of one partition, which no other counter receives. */
export const Counter = (readers: readonly RefOf<typeof Reader>[], partition: number, top: number, meter: Meter) => {
  const counts = new Map<string, number>()
  let total = 0
  return gather<Finding, WordSummary>({
    from: readers.map((reader) => to(reader, { partition, cancel: 'transient', maxDemand: 2 })),
    add(finding) {
      if (finding.partition === 'files') return
      let words = 0
      for (const [word, count] of finding.words) {
        counts.set(word, (counts.get(word) ?? 0) + count)
        words += count
      }
      total += words
      meter.words += words
      meter.added++
    },
    summary: () => ({ words: total, distinct: counts.size, top: topWords(counts, top) }),
  })
}
