import { connect, fromIterable, type Scope, stream } from 'genstage'
import { Counter, type WordSummary } from './counter.ts'
import { type FileSummary, Ledger } from './ledger.ts'
import type { Meter } from './meter.ts'
import { Reader } from './reader.ts'
import { topWords } from './top-words.ts'
import type { Piece, Unreadable } from './walk.ts'

/** While one reader waits for the disk, another one counts. */
const readerCount = 4
const counterCount = 4

/** The outcome of a run. */
export interface Result extends WordSummary, FileSummary {}

/** The outcome of a run without any files. */
export const nothingCounted: Result = { files: 0, skipped: 0, failed: [], words: 0, distinct: 0, top: [] }

/**
 * Counts the words of all files that a walk finds. Resolves when all of them are counted.
 *
 * ```text
 *                           ┌─ reader ─┐            ┌─ counter 0 ─┐
 *   walker ── pieces of ────┼─ reader ─┼── counts, ─┼─ counter 1 ─┼── summaries ── result
 *             files, by     ├─ reader ─┤   by word  ├─ counter 2 ─┤
 *             demand        └─ reader ─┘            ├─ counter 3 ─┤
 *                                                   └─ ledger ────┘  (which files were counted)
 * ```
 *
 * The walk proceeds only as readers ask, and readers ask only as counters handle their events. When the walk is over,
 * the walker ends normally, and its end passes through all stages, after the events that they still hold: readers end
 * after the walker, a counter after its last reader, the result after the last counter. No code has to check for it.
 *
 * The stages are linked to the scope in which they are started: if one of them fails, the others are stopped.
 */
export async function countWords(
  scope: Scope,
  walk: AsyncIterable<Piece | Unreadable>,
  top: number,
  meter: Meter,
): Promise<Result> {
  const walker = await scope.startLink(fromIterable(walk), { name: 'walker' })
  const readers = await startAll(readerCount, (index) =>
    scope.startLink(Reader(counterCount, meter), { name: `reader ${index}` }),
  )
  const counters = await startAll(counterCount, (partition) =>
    scope.startLink(Counter(readers, partition, top, meter), { name: `counter ${partition}` }),
  )
  const ledger = await scope.startLink(Ledger(readers, meter), { name: 'ledger' })
  // Each reader has one piece to read and one in reserve, so that it does not wait for the walk's next step.
  await connect(walker, readers, { maxDemand: 2, minDemand: 1 })
  return combine(stream([...counters, ledger]), top)
}

function startAll<Started>(count: number, start: (index: number) => Promise<Started>): Promise<Started[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => start(index)))
}

/** Adds up the summaries. Each word is in one partition only, so the top words are among the top words of each. */
async function combine(summaries: AsyncIterable<WordSummary | FileSummary>, top: number): Promise<Result> {
  let result = nothingCounted
  for await (const summary of summaries) {
    result = 'files' in summary ? { ...result, ...summary } : { ...result, ...sum(result, summary, top) }
  }
  return result
}

function sum(one: WordSummary, other: WordSummary, top: number): WordSummary {
  return {
    words: one.words + other.words,
    distinct: one.distinct + other.distinct,
    top: topWords([...one.top, ...other.top], top),
  }
}
