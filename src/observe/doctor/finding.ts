/**
 * What can be wrong with a pipeline.
 *
 * - `stuck-callback`: a callback has answered a promise that has been pending for long.
 * - `never-asks`: a consumer in manual mode has subscribed and never asked.
 * - `unmet-demand`: a producer has been asked long ago, and has never emitted.
 * - `slow-broadcast-consumer`: one subscriber of a broadcast keeps all others waiting.
 * - `partition-backlog`: events wait for one partition, more and more of them, or so many that the others get none.
 * - `mailbox-grows`: messages come to a stage faster than it handles them.
 * - `discards`: events are dropped.
 * - `undelivered-buffer`: a stage keeps events in its buffer though all its subscribers have open demand.
 * - `stalled-cycle`: stages that take events from each other in a cycle stand still.
 * - `held-after-end`: a producer-consumer holds events of a producer that has ended, and no consumer asks for them.
 * - `bottleneck`: the stage that all others wait for.
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
 * How bad it is.
 *
 * - `problem`: does not get better by itself; makes `healthy` answer no.
 * - `warning`: somebody should look at it.
 * - `note`: good to know.
 */
export type Severity = 'problem' | 'warning' | 'note'

/** What is wrong with a pipeline, in words and figures. One illness is one finding, however many stages suffer of it. */
export interface Finding {
  readonly kind: FindingKind
  readonly severity: Severity
  /** The id of the stage where the cause lies. */
  readonly stage: string
  /** What messages call that stage. */
  readonly label: string
  /** The tag of the subscription it is about, where it is about one. */
  readonly subscription?: string
  /** One or more plain English sentences, with the figures in them. */
  readonly text: string
  /** The figures by name: events, messages, milliseconds (`…Ms`), shares from 0 to 1 (`…Share`), labels of stages. */
  readonly evidence: Readonly<Record<string, number | string>>
}
