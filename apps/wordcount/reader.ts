import { partitionDispatcher, producerConsumer } from 'genstage'
import { countPiece } from './count-piece.ts'
import type { Meter } from './meter.ts'
import { reasonOf } from './reason.ts'
import type { Piece, Unreadable } from './walk.ts'
import { type WordCount, WordTable } from './word-table.ts'

/** How much is read at once, in bytes. */
const chunkSize = 64 << 10

/** Counts of words out of one piece of a file, all of which belong to this partition. */
export interface CountedWords {
  readonly partition: number
  readonly words: readonly WordCount[]
}

/** What has become of a file. For a file that could be read only in part, there may be several. */
export interface FileNote {
  readonly partition: 'files'
  readonly path: Buffer
  readonly outcome: 'counted' | 'skipped' | { readonly failed: string }
}

/** What a reader emits. */
export type Finding = CountedWords | FileNote

/**
 * Reads pieces of files and counts their words.
 *
 * A piece is answered with a handful of events, whatever its size: one per partition with the words that belong there,
 * and a note on the file. So demand for these events is honest demand for pieces.
 */
export const Reader = (wordPartitions: number, meter: Meter) =>
  producerConsumer(() => {
    const table = new WordTable()
    const chunk = Buffer.allocUnsafeSlow(chunkSize)

    const examine = async (item: Piece | Unreadable): Promise<Finding[]> => {
      if ('reason' in item) return [note(item.path, { failed: item.reason })]
      try {
        const kind = await countPiece(item, table, chunk)
        // Every piece of a file is found to be of the same kind, and the first piece speaks for all.
        const notes = item.start === 0 ? [note(item.path, kind === 'text' ? 'counted' : 'skipped')] : []
        return kind === 'text' ? [...countedWords(table.take(wordPartitions)), ...notes] : notes
      } catch (error) {
        return [note(item.path, { failed: reasonOf(error) })]
      } finally {
        table.clear()
      }
    }

    return {
      dispatcher: partitionDispatcher({
        partitions: [...Array(wordPartitions).keys(), 'files' as const],
        hash: (finding: Finding) => [finding, finding.partition],
      }),
      async handleEvents(items: readonly (Piece | Unreadable)[]) {
        const findings: Finding[] = []
        for (const item of items) {
          findings.push(...(await examine(item)))
          meter.read++
        }
        meter.given += findings.length
        return findings
      },
    }
  })

function note(path: Buffer, outcome: FileNote['outcome']): FileNote {
  return { partition: 'files', path, outcome }
}

/** Nothing is sent to partitions of which there is no word. */
function countedWords(parts: readonly (readonly WordCount[])[]): CountedWords[] {
  return parts.map((words, partition) => ({ partition, words })).filter(({ words }) => words.length > 0)
}
