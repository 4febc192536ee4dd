import type { DispatcherInfo } from '../dispatcher/dispatcher.ts'

/**
 * The state of a process at one moment, as plain data that JSON represents without loss.
 *
 * Each kind of process has the parts that apply to it. Counts are numbers of events, and totals count from the start of
 * the process. Times are milliseconds on the clock of the runtime, accurate to a few milliseconds.
 */
export interface Inspection {
  /**
   * Whether the process is blocked: it holds events that it cannot emit before its consumers ask for events. Only a
   * producer-consumer is ever blocked.
   */
  readonly isBlocked: boolean
  /**
   * The id of the process that this one is a part of, such as the pipeline of a processor.
   *
   * A process with parts is a unit, which is shown as one box that opens. By default a supervisor is the unit of its
   * children.
   */
  readonly unit?: string
  /** The role of the process in its unit: `'processors'`, `'batcher db'`. Default: its child id in its supervisor. */
  readonly role?: string
  /** Its state as a producer. */
  readonly producing?: ProducingInspection
  /** Its state as a consumer. */
  readonly consuming?: ConsumingInspection
  /** Its state as a supervisor. */
  readonly supervising?: SupervisingInspection
}

/** The state of a producer, or of a producer-consumer towards its consumers. */
export interface ProducingInspection {
  readonly dispatcher: DispatcherInspection
  readonly demandMode: 'forward' | 'accumulate'
  /** The open demand: events that subscribers have asked for and have not been sent. */
  readonly pending: number
  /** Events that have been emitted without demand. `size` is the limit of the buffer; `null` means no limit. */
  readonly buffer: { readonly events: number; readonly size: number | null; readonly keep: 'first' | 'last' }
  /** Events that are kept while the demand mode is `'accumulate'`. */
  readonly accumulated: number
  /** The total of events that callbacks have emitted. */
  readonly emitted: number
  /** The total of events sent to subscribers. An event that is sent to four of them counts four times. */
  readonly sent: number
  /** The total of events dropped, because the buffer was full or because their subscriber was cancelled. */
  readonly discarded: number
  /** The time of the last emit; `null` before the first one. */
  readonly lastEmitted: number | null
  /** Since when demand has been open without an emit; `null` if no demand is open. */
  readonly demandSince: number | null
  /**
   * The total time with open demand, in milliseconds.
   *
   * In that time the stage was producing events, or it was waiting for events. In the rest of the time its consumers had
   * not asked for any. Demand reaches a broadcast once all of its subscribers have asked. Measured only while an
   * observer or the live page is open.
   */
  readonly demandTime: number
  /** The subscriptions of its consumers, in the order in which they were accepted. */
  readonly subscribers: readonly SubscriberInspection[]
}

/** The state of a dispatcher: its description, and how many events it holds. */
export interface DispatcherInspection extends DispatcherInfo {
  /** Events that are queued in the dispatcher. */
  readonly queued: number
}

/** A subscription from the side of the producer. */
export interface SubscriberInspection {
  /** The tag of the subscription. */
  readonly tag: string
  /** The id of the consumer. */
  readonly consumer: string
  /** The open demand of the consumer. */
  readonly pending: number
  /** The total of events sent to the consumer. */
  readonly sent: number
  /** When the subscription was accepted. */
  readonly since: number
}

/** The state of a consumer, or of a producer-consumer towards its producers. */
export interface ConsumingInspection {
  /** The total of events passed to `handleEvents`; those of a pending call are included. */
  readonly handled: number
  /** The total of batches passed to `handleEvents`; that of a pending call is included. */
  readonly batches: number
  /** Events of the current delivery that are not handled yet: the batch of a pending call and the batches after it. */
  readonly handling: number
  /** Events in the mailbox. */
  readonly mailbox: number
  /** Events in the inbound queue of a producer-consumer, which wait for demand of its consumers. */
  readonly inbound: number
  /** When `handleEvents` was last called; `null` before the first call. */
  readonly lastHandled: number | null
  /** The subscriptions to its producers. */
  readonly subscriptions: readonly UpstreamInspection[]
}

/** A subscription from the side of the consumer. */
export interface UpstreamInspection {
  /** The tag of the subscription. */
  readonly tag: string
  /** The id of the producer. */
  readonly producer: string
  /** `'manual'` if the consumer calls `ask` itself. */
  readonly mode: 'automatic' | 'manual'
  readonly maxDemand: number
  readonly minDemand: number
  readonly cancel: 'with-last' | 'permanent' | 'transient' | 'temporary'
}

/** The state of a supervisor. */
export interface SupervisingInspection {
  /** `'per-event'` for a consumer supervisor. */
  readonly strategy: 'one-for-one' | 'one-for-all' | 'rest-for-one' | 'per-event'
  /** The total of restarts. */
  readonly restarts: number
  /** The children, in the order in which they are started. */
  readonly children: readonly ChildInspection[]
}

/** The state of a child of a supervisor. */
export interface ChildInspection {
  /** The child id in its supervisor; for a child of a consumer supervisor the id of its process. */
  readonly id: string
  /** The id of its process; `null` while it does not run. */
  readonly process: string | null
  /** The kind of its process; `null` before its first start. */
  readonly kind: string | null
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly state: 'running' | 'stopped' | 'restarting'
}

/** Returns a time, or `null` for `NaN`. Fields use `NaN` for "never", because a field that only holds numbers is faster. */
export function timeOrNull(time: number): number | null {
  return Number.isNaN(time) ? null : time
}
