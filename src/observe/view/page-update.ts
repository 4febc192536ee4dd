import type { Finding } from '../doctor/finding.ts'
import type { Snapshot } from '../snapshot/snapshot-types.ts'

/** Identifies the server: the first event of the stream, `hello`. */
export interface Hello {
  /** The id of this server. It is different after a restart of the program. */
  readonly server: string
  /** The name of the program. */
  readonly program: string
  /** The time from one update to the next, in milliseconds. */
  readonly interval: number
}

/** What the server sends at each interval, as the event `update`. */
export interface PageUpdate {
  readonly snapshot: Snapshot
  /** What is wrong, the most severe first. */
  readonly findings: readonly Finding[]
}
