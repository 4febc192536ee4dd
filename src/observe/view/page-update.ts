import type { Finding } from '../doctor/finding.ts'
import type { Snapshot } from '../snapshot/snapshot-types.ts'

/** What is streamed first, as the event `hello`: who speaks. */
export interface Hello {
  /** Of this start of the program: another one after a restart. */
  readonly server: string
  /** What the program is called. */
  readonly program: string
  /** Milliseconds from one update to the next. */
  readonly interval: number
}

/** What is streamed at each interval, as the event `update`. */
export interface PageUpdate {
  readonly snapshot: Snapshot
  /** What is wrong, the worst first. */
  readonly findings: readonly Finding[]
}
