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

/** What has become of all the files. */
export interface FileSummary {
  /** How many were counted. */
  readonly files: number
  /** How many were skipped, because they are binary or generated. */
  readonly skipped: number
  /** What could not be read, or not to its end, in order of the paths. */
  readonly failed: readonly Failure[]
}

/** Keeps the book of files. */
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
      meter.taken++
    },
    summary: () => ({ files, skipped, failed: inOrder(reasons) }),
  })
}

function inOrder(reasons: ReadonlyMap<string, string>): Failure[] {
  const failed = [...reasons].map(([path, reason]) => ({ path, reason }))
  return failed.sort((one, other) => (one.path < other.path ? -1 : 1))
}
