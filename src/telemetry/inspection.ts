import type { DispatcherInfo } from '../dispatcher/dispatcher.ts'

/**
 * What a process tells of itself when it is asked: plain data, which JSON carries without loss.
 *
 * Each kind of process answers the parts it has. Counts are events, totals are since its start, and times are
 * milliseconds on the clock of the runtime, true to a few milliseconds.
 */
export interface Inspection {
  /** Whether it holds events that it cannot handle before somebody asks for what it emits. */
  readonly isBlocked: boolean
  /**
   * The id of the process that this one is a part of: of a pipeline, for one of its processors. A process with parts is a
   * unit, shown as one box that opens. Without it, a supervisor is the unit of its children.
   */
  readonly unit?: string
  /** What it is in its unit: `'processors'`, `'batcher db'`. Without it, what its supervisor calls it. */
  readonly role?: string
  /** What it does as a producer. */
  readonly producing?: ProducingInspection
  /** What it does as a consumer. */
  readonly consuming?: ConsumingInspection
  /** What it does as a supervisor. */
  readonly supervising?: SupervisingInspection
}

/** The producing half of a stage. */
export interface ProducingInspection {
  readonly dispatcher: DispatcherInspection
  readonly demandMode: 'forward' | 'accumulate'
  /** Demand of all its subscribers that no event has met. */
  readonly pending: number
  /** Events that wait for demand; `size` is the most there may be, `null` where there is no limit. */
  readonly buffer: { readonly events: number; readonly size: number | null; readonly keep: 'first' | 'last' }
  /** Events that it holds back while its demand mode is `'accumulate'`. */
  readonly accumulated: number
  /** Total of events that its callbacks emitted. */
  readonly emitted: number
  /** Total of events sent to subscribers: an event sent to four counts four times. */
  readonly sent: number
  /** Total of events dropped: from a full buffer, or with a subscriber that left. */
  readonly discarded: number
  /** When it last emitted; `null` if it never has. */
  readonly lastEmitted: number | null
  /** Since when it has had demand that nothing it emitted has answered; `null` where nobody waits. */
  readonly demandSince: number | null
  /**
   * Total time, in milliseconds, in which demand had reached it that it had not met: it worked on that, or waited for
   * events. In the rest of the time its consumers held it back. A broadcast is reached by what all have asked for.
   * Counts only while somebody observes.
   */
  readonly demandTime: number
  readonly subscribers: readonly SubscriberInspection[]
}

/** A dispatcher. */
export interface DispatcherInspection extends DispatcherInfo {
  /** Events that the dispatcher itself has queued. */
  readonly queued: number
}

/** A subscription as its producer keeps it. */
export interface SubscriberInspection {
  readonly tag: string
  /** The id of the consumer. */
  readonly consumer: string
  /** Demand that no event has met. */
  readonly pending: number
  /** Total of events sent to it. */
  readonly sent: number
  /** When it was accepted. */
  readonly since: number
}

/** The consuming half of a stage. */
export interface ConsumingInspection {
  /** Total of events whose handling has begun. */
  readonly handled: number
  /** Total of batches whose handling has begun. */
  readonly batches: number
  /** Events of the present delivery that have not been handled: in a callback's hands, or behind those. */
  readonly handling: number
  /** Events in its mailbox. */
  readonly mailbox: number
  /** Events that wait for demand of its own consumers: the inbound queue of a producer-consumer. */
  readonly inbound: number
  /** When it last began to handle a batch; `null` if it never has. */
  readonly lastHandled: number | null
  readonly subscriptions: readonly UpstreamInspection[]
}

/** A subscription as its consumer keeps it. */
export interface UpstreamInspection {
  readonly tag: string
  /** The id of the producer. */
  readonly producer: string
  /** `'manual'` where the consumer's own code asks. */
  readonly mode: 'automatic' | 'manual'
  readonly maxDemand: number
  readonly minDemand: number
  readonly cancel: 'with-last' | 'permanent' | 'transient' | 'temporary'
}

/** A supervisor. */
export interface SupervisingInspection {
  /** `'one-for-one'` and so on; `'per-event'` for a consumer supervisor. */
  readonly strategy: 'one-for-one' | 'one-for-all' | 'rest-for-one' | 'per-event'
  /** Total of restarts. */
  readonly restarts: number
  /** In the order in which they are started. */
  readonly children: readonly ChildInspection[]
}

/** A child of a supervisor. */
export interface ChildInspection {
  /** What its supervisor calls it; the id of the process for a child of a consumer supervisor. */
  readonly id: string
  /** The id of its process; `null` while none runs. */
  readonly process: string | null
  readonly kind: string | null
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly state: 'running' | 'stopped' | 'restarting'
}
