import type { Runtime } from '../../process/runtime.ts'
import type { Thresholds } from './diagnose-options.ts'
import type { Finding } from './finding.ts'
import type { Snapshot } from './snapshot-types.ts'

/** What an observer looks at, and how often. */
export interface ObserverOptions extends Thresholds {
  /** Where the stages are that it looks at. Default: the program's own runtime. */
  readonly runtime?: Runtime
  /** Milliseconds from one snapshot to the next: an integer of at least 10. Default: 500. */
  readonly interval?: number
  /** How long a snapshot is kept, in milliseconds: an integer of at least 0. Default: 60,000. */
  readonly history?: number
  /** Whether snapshots show the states of stages: what their `inspect` answers, or their fields. Default: false. */
  readonly states?: boolean
}

/** Looks at a runtime at intervals, and remembers what it saw. */
export interface Observer {
  /** The newest snapshot; the first is taken when the observer is made. */
  readonly latest: Snapshot
  /** The snapshots that it remembers, from the oldest to the newest. Another array after each. */
  readonly history: readonly Snapshot[]
  /** What is wrong, as of the newest snapshot: the worst first. */
  readonly findings: readonly Finding[]
  /** Whether it has not been closed. */
  readonly isOpen: boolean
  /**
   * Has `listener` called after each new snapshot, from the next one on.
   *
   * @returns Takes the listener away.
   */
  subscribe(listener: (snapshot: Snapshot, findings: readonly Finding[]) => void): () => void
  /** Looks at the runtime now, out of turn, and answers the snapshot. */
  look(): Snapshot
  /** Ends it; what it saw stays readable. Closing again does nothing. */
  close(): void
}

/**
 * Makes an observer of a runtime: it takes a snapshot at each interval, and says what is wrong.
 *
 * While it is open, the runtime counts how long its stages are busy. Its timer does not keep a program alive.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 */
export declare function observer(options?: ObserverOptions): Observer
