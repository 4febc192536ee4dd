import { partitionDispatcher, producerConsumer } from 'genstage'
import { countPiece } from './count-piece.ts'
import type { Meter } from './meter.ts'
import { reasonOf } from './reason.ts'
import type { Piece, Unreadable } from './walk.ts'
import { type WordCount, WordTable } from './word-table.ts'

/** The number of bytes to read at once. */
const chunkSize = 64 << 10

/** Counts of the words in one piece of a file that belong to this partition. */
export interface CountedWords {
  readonly partition: number
  readonly words: readonly WordCount[]
}

/** The outcome for a file. For a file that could be read only in part, there may be several. */
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
 * Each piece results in a few events, whatever its size: one for each partition with the words that belong there, and a
 * note about the file. So demand for these events is proportional to demand for pieces.
 */
export const Reader = (wordPartitions: number, meter: Meter) =>
  producerConsumer(() => {
    const table = new WordTable()
    const chunk = Buffer.allocUnsafeSlow(chunkSize)

    const examine = async (item: Piece | Unreadable): Promise<Finding[]> => {
      if ('reason' in item) return [note(item.path, { failed: item.reason })]
      try {
        const kind = await countPiece(item, table, chunk)
        // All pieces of a file have the same kind, so only the first piece reports it.
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
        meter.emitted += findings.length
        return findings
      },
    }
  })

function note(path: Buffer, outcome: FileNote['outcome']): FileNote {
  return { partition: 'files', path, outcome }
}

/** Omits partitions without words. */
function countedWords(parts: readonly (readonly WordCount[])[]): CountedWords[] {
  return parts.map((words, partition) => ({ partition, words })).filter(({ words }) => words.length > 0)
}
