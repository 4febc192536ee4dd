import type { Inspection } from '../../telemetry/inspection.ts'

/** A value that JSON represents without loss. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/**
 * What a stage is doing.
 *
 * - `starting`: its setup function, or the promise of that, has not finished.
 * - `idle`: it has nothing to do.
 * - `queued`: messages are in its mailbox, and it waits for its turn.
 * - `handling`: one of its callbacks is running: the one that takes the snapshot.
 * - `waiting`: the promise of a callback is pending.
 * - `blocked`: it holds events that it cannot emit before its consumers ask for events.
 * - `ending`: its `terminate` is pending.
 */
export type StageState = 'starting' | 'idle' | 'queued' | 'handling' | 'waiting' | 'blocked' | 'ending'

/** A process in a snapshot: a stage, a supervisor or a task. Counts are numbers of events unless stated otherwise. */
export interface StageSnapshot extends Inspection {
  /** Unique for the lifetime of the program. */
  readonly id: string
  /** `'producer'`, `'producer-consumer'`, `'consumer'`, `'consumer-supervisor'`, `'supervisor'`, `'task'`, `'stream'`. */
  readonly kind: string
  /** The name; a name of more than 200 characters is cut and ends in `…`. `null` if it has none. */
  readonly name: string | null
  /**
   * The kind and the name, as messages show them: `'consumer orders'`.
   *
   * Without a name, the unit and the role, `'consumer orders › batcher db'`, or else the id. A name is cut as in `name`.
   */
  readonly label: string
  /** The id of the process that this one is a part of, which is also in this snapshot; missing if it is part of none. */
  readonly unit?: string
  /** Its role in its unit. */
  readonly role?: string
  /** The id of the process that started it with a link, such as its supervisor; `null` if none did. */
  readonly parent: string | null
  readonly state: StageState
  /** The callback that is running or pending; `null` if none is. */
  readonly callback: string | null
  /** Since when a promise has been pending, on the clock of `time`, accurate to a few ms; `null` if none is. */
  readonly since: number | null
  /** The number of messages in its mailbox, of every kind. A batch of events is one message. */
  readonly mailbox: number
  /**
   * The total time in its callbacks, including their promises, in whole microseconds. Measured only while an observer or
   * the live page is open: see `isObserved`.
   */
  readonly busy: number
  /**
   * The result of its `inspect`, or the public fields of its class; present if the option `states` is `true`.
   *
   * Long or deep values are cut: one state to some 50,000 characters of JSON, and all states of a snapshot to 250,000
   * characters and to 200 ms of reading. The rest is shown as `'…'`.
   */
  readonly userState?: JsonValue
}

/** A subscription in a snapshot: events go from `producer` to `consumer`, and demand the other way. */
export interface SubscriptionSnapshot {
  readonly tag: string
  /** The id of the producer. */
  readonly producer: string
  /** The id of the consumer. */
  readonly consumer: string
  /** The open demand: events that the consumer has asked for and has not been sent. */
  readonly pending: number
  /** The total of events sent. */
  readonly sent: number
  /** When the subscription was accepted, on the clock of `time`. */
  readonly since: number
  // The consumer reports the rest. It is missing if the consumer is in another runtime, or during a cancellation.
  /** `'manual'` if the consumer calls `ask` itself; missing if it is not known. */
  readonly mode?: 'automatic' | 'manual'
  readonly maxDemand?: number
  readonly minDemand?: number
  readonly cancel?: 'with-last' | 'permanent' | 'transient' | 'temporary'
  /** The partition of the consumer, if its producer has partitions. */
  readonly partition?: string | number
  /** Events that are queued for that partition. */
  readonly queued?: number
}

/**
 * A node of the supervision tree.
 *
 * The tree has at most 200 levels. A process that was started below them is listed on the last level, after the process
 * that started it.
 */
export interface TreeNode {
  /** The id of the process; `null` for a child that is not running. */
  readonly id: string | null
  /** The id of the child in its supervisor; `null` if it has no supervisor. */
  readonly child: string | null
  readonly children: readonly TreeNode[]
}

/** All processes and subscriptions of a runtime at one moment, as a JSON value. */
export interface Snapshot {
  /** The version of this format. */
  readonly version: 1
  /** The id of the runtime. It is different after a restart of the program. */
  readonly runtime: string
  /** When the snapshot was taken, in milliseconds on the clock of the runtime, which never goes back. */
  readonly time: number
  /** Whether busy time is measured, because an observer or the live page is open. */
  readonly isObserved: boolean
  /** The processes, in the order in which they were started. */
  readonly stages: readonly StageSnapshot[]
  /** The subscriptions by producer, in the order in which they were accepted. */
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** The supervision tree: processes that the program started, each with the ones that it started. */
  readonly tree: readonly TreeNode[]
  /** How many stages and subscriptions are missing, if a server has sent only a part of them. */
  readonly omitted?: { readonly stages: number; readonly subscriptions: number }
}
