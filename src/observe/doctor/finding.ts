/**
 * What can be wrong with a pipeline.
 *
 * - `stuck-callback`: the promise of a callback has been pending for too long.
 * - `never-asks`: a consumer in manual mode has subscribed and has never asked for events.
 * - `unmet-demand`: a producer has had open demand for too long and has never emitted, or its `handleDemand` is pending.
 * - `slow-broadcast-consumer`: one subscriber of a broadcast holds back all others.
 * - `partition-backlog`: the queue of one partition grows, or is so long that the other partitions receive no events.
 * - `mailbox-grows`: messages arrive at a stage faster than it handles them.
 * - `discards`: events are dropped.
 * - `undelivered-buffer`: a stage keeps events in its buffer although all of its subscribers have open demand.
 * - `stalled-cycle`: no event moves in a cycle of stages.
 * - `held-after-end`: a producer-consumer holds events of a producer that has ended, and no consumer asks for them.
 * - `bottleneck`: the stage that sets the pace of its pipeline.
 */
export type FindingKind =
  | 'stuck-callback'
  | 'never-asks'
  | 'unmet-demand'
  | 'slow-broadcast-consumer'
  | 'partition-backlog'
  | 'mailbox-grows'
  | 'discards'
  | 'undelivered-buffer'
  | 'stalled-cycle'
  | 'held-after-end'
  | 'bottleneck'

/**
 * How severe a finding is.
 *
 * - `problem`: does not get better by itself. A runtime with a problem is not healthy.
 * - `warning`: should be looked at.
 * - `note`: good to know.
 */
export type Severity = 'problem' | 'warning' | 'note'

/** What is wrong with a pipeline, in words and figures. One cause is one finding, however many stages it affects. */
export interface Finding {
  readonly kind: FindingKind
  readonly severity: Severity
  /** The id of the stage where the cause lies. */
  readonly stage: string
  /** The label of that stage, as messages show it. */
  readonly label: string
  /** The tag of the subscription that the finding is about, if it is about one. */
  readonly subscription?: string
  /** One or more English sentences, with figures. */
  readonly text: string
  /** The same figures by name: events, messages, milliseconds (`…Ms`), shares from 0 to 1 (`…Share`), labels of stages. */
  readonly evidence: Readonly<Record<string, number | string>>
}
