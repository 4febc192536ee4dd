import { type RefOf, to } from 'genstage'
import { gather } from './gather.ts'
import type { Meter } from './meter.ts'
import { pathText } from './path-text.ts'
import type { Finding, Reader } from './reader.ts'

/** A file or folder that could not be read, and why. */
export interface Failure {
  readonly path: string
  readonly reason: string
}

/** How many files were counted, skipped, or could not be read. */
export interface FileSummary {
  /** The number of files counted. */
  readonly files: number
  /** The number of files skipped because they are binary or generated. */
  readonly skipped: number
  /** The files and folders that could not be read completely, ordered by path. */
  readonly failed: readonly Failure[]
}

/** Records which files were counted, skipped, or could not be read. */
export const Ledger = (readers: readonly RefOf<typeof Reader>[], meter: Meter) => {
  let files = 0
  let skipped = 0
  // A file of several pieces may fail more than once.
  const reasons = new Map<string, string>()
  return gather<Finding, FileSummary>({
    from: readers.map((reader) => to(reader, { partition: 'files', cancel: 'transient', maxDemand: 2 })),
    add(finding) {
      if (finding.partition !== 'files') return
      const { path, outcome } = finding
      if (outcome === 'counted') files++
      else if (outcome === 'skipped') skipped++
      else reasons.set(pathText(path), outcome.failed)
      meter.files = files
      meter.added++
    },
    summary: () => ({ files, skipped, failed: inOrder(reasons) }),
  })
}

function inOrder(reasons: ReadonlyMap<string, string>): Failure[] {
  const failed = [...reasons].map(([path, reason]) => ({ path, reason }))
  return failed.sort((one, other) => (one.path < other.path ? -1 : 1))
}
