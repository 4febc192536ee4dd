import type { Inspection } from '../../telemetry/inspection.ts'

/** A value that JSON carries without loss. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/**
 * What a stage is doing.
 *
 * - `starting`: its set-up has not answered yet.
 * - `idle`: nothing waits for it.
 * - `queued`: messages wait, and it waits for its turn.
 * - `handling`: a callback of it runs: the one that takes the snapshot, as nothing runs beside.
 * - `waiting`: a callback has answered a promise that is pending.
 * - `unhandledOfSlice`: it holds events that it cannot handle before its own consumers ask.
 * - `ending`: its `terminate` is pending.
 */
export type StageState = 'starting' | 'idle' | 'queued' | 'handling' | 'waiting' | 'blocked' | 'ending'

/** A process: a stage, a supervisor, a task. Counts are events unless said otherwise. */
export interface StageSnapshot extends Inspection {
  /** Unlike any other in this program's life. */
  readonly id: string
  /** `'producer'`, `'producer-consumer'`, `'consumer'`, `'consumer-supervisor'`, `'supervisor'`, `'task'`, `'stream'`. */
  readonly kind: string
  /** Of a name of more than 200 characters the beginning, and `…`. */
  readonly name: string | null
  /**
   * What it is called: its kind, then its name; without a name its unit and its role, `'consumer orders › batcher db'`;
   * without these its id. Its name is cut as `name` is.
   */
  readonly label: string
  /** The id of the process that it is a part of, which is in this snapshot too; missing where it is part of none. */
  readonly unit?: string
  /** What it is in its unit. */
  readonly role?: string
  /** The id of the process that started it linked to itself: its supervisor; `null` where none did. */
  readonly parent: string | null
  readonly state: StageState
  /** The callback that runs or is pending; `null` where none does. */
  readonly callback: string | null
  /** Since when that is so, in milliseconds on the clock of `time`, true to a few ms; `null` where nothing is. */
  readonly since: number | null
  /** Messages in its mailbox, of every kind: a batch of events is one. */
  readonly mailbox: number
  /**
   * Total of time it has spent handling, waiting for promises of its callbacks included, in whole microseconds. Counts
   * only while somebody observes: see `isObserved`.
   */
  readonly busy: number
  /**
   * What its `inspect` returns, or the public fields of its class; there if `states` were asked for. Cut where it is long
   * or deep: one state to some 50,000 characters of JSON, all of a snapshot to 250,000, and to 200 ms of reading them.
   * What comes after that is `'…'`.
   */
  readonly userState?: JsonValue
}

/** A subscription: events go from `producer` to `consumer`, demand the other way. */
export interface SubscriptionSnapshot {
  readonly tag: string
  /** Ids of stages. */
  readonly producer: string
  readonly consumer: string
  /** Demand that no event has met. */
  readonly pending: number
  /** Total of events sent. */
  readonly sent: number
  /** When it was accepted, on the clock of `time`. */
  readonly since: number
  /** The rest is what the consumer says; missing where it is no stage of this runtime, or is being cancelled. */
  readonly mode?: 'automatic' | 'manual'
  readonly maxDemand?: number
  readonly minDemand?: number
  readonly cancel?: 'with-last' | 'permanent' | 'transient' | 'temporary'
  /** The partition it is for, where its producer has partitions, and what waits there. */
  readonly partition?: string | number
  readonly queued?: number
}

/**
 * A place in the supervision tree.
 *
 * The tree is nested a hundred levels deep at most; a process that was started below those stands on the last of them,
 * behind its starter, which is its stage's `parent`.
 */
export interface TreeNode {
  /** The id of the process; `null` for a child that does not run. */
  readonly id: string | null
  /** What its supervisor calls it; `null` where it has none. */
  readonly child: string | null
  readonly children: readonly TreeNode[]
}

/** All that runs in a runtime, at one moment, as one JSON value. */
export interface Snapshot {
  /** Of this format. */
  readonly version: 1
  /** The id of the runtime: another one after a restart of the program. */
  readonly runtime: string
  /** When it was taken, in milliseconds on the runtime's clock, which only goes forward. */
  readonly time: number
  /** Whether `busy` is being counted: somebody observes. */
  readonly isObserved: boolean
  /** In the order in which they were started. */
  readonly stages: readonly StageSnapshot[]
  /** By producer, in the order in which they were accepted. */
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** What was started by the program itself, each with what it started. */
  readonly tree: readonly TreeNode[]
  /** How many more there are, where a server has sent only a part of them. */
  readonly omitted?: { readonly stages: number; readonly subscriptions: number }
}
