import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, boolean, integer, matching } from '../../base/option-type.ts'

/** From when on something counts as wrong. */
export interface Thresholds {
  /** How far back snapshots are compared, in milliseconds: at least 1. Default: 10,000. */
  readonly window?: number
  /** How long a callback's promise may be pending, in milliseconds, or `Infinity`. Default: 10,000. */
  readonly stuckAfter?: number
  /**
   * How long a producer may leave demand unanswered, in milliseconds, or `Infinity`. Default: 30,000. Counts while its
   * `handleDemand` is pending, or as long as it has never emitted. So long stages in a cycle may wait for a first event.
   */
  readonly unansweredAfter?: number
  /**
   * How long a consumer in manual mode may take until it asks first, and any consumer until it asks for what is left of
   * a producer that has ended, in milliseconds, or `Infinity`. Default: 30,000.
   */
  readonly neverAsksAfter?: number
  /**
   * How long one subscriber of a broadcast, or one partition, may keep the others waiting, and how long stages may stand
   * still with events that are asked for, in milliseconds, or `Infinity`. Default: 5,000.
   */
  readonly heldBackAfter?: number
  /** By how many events a partition's queue may grow within the window: at least 1. Default: 100. */
  readonly queueGrowth?: number
  /** How many messages may be in a mailbox that grows: at least 1. Default: 1,000. */
  readonly mailboxLength?: number
  /** The share of its time, above 0 and at most 1, from which on a stage may be the bottleneck. Default: 0.8. */
  readonly busyShare?: number
}

/** The rows of thresholds, for every table that has them among its options. */
const thresholdRows = {
  window: {
    type: integer({ min: 1 }),
    unit: 'ms',
    default: 10_000,
    text: 'How far back snapshots are compared. Where that leaves fewer than two, the last two are.',
  },
  stuckAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 10_000,
    text: "How long a callback's promise may be pending.",
  },
  unansweredAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 30_000,
    text: 'How long a producer may leave demand unanswered: while its `handleDemand` is pending, or as long as it has never emitted. So long stages in a cycle may wait for a first event.',
  },
  neverAsksAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 30_000,
    text: 'How long a consumer in manual mode may take until it asks first, and any consumer until it asks for what is left of a producer that has ended.',
  },
  heldBackAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 5_000,
    text: 'How long one subscriber of a broadcast, or one partition, may keep the others waiting, and how long stages may stand still with events that are asked for.',
  },
  queueGrowth: {
    type: integer({ min: 1 }),
    unit: 'events',
    default: 100,
    text: "By how many events a partition's queue may grow within the window.",
  },
  mailboxLength: {
    type: integer({ min: 1 }),
    unit: 'messages',
    default: 1_000,
    text: 'How long a mailbox may be that grows.',
  },
  busyShare: {
    type: matching(
      'a share above 0 and up to 1',
      (value): value is number => typeof value === 'number',
      (value) => value > 0 && value <= 1,
    ),
    default: 0.8,
    text: 'The share of its time from which on a busy stage may be the bottleneck.',
  },
} as const

/** Thresholds, each of which is there. */
export type AllThresholds = Required<Thresholds>

/** What `diagnose` reads its options by. */
export const diagnoseOptions: OptionTable<AllThresholds> = optionTable(thresholdRows)

const runtimeRow = { type: anything(), absent: "the program's own", text: 'The runtime to look at.' } as const

/** What `healthy` reads its options by. */
export const healthOptions: OptionTable<AllThresholds & { readonly runtime: unknown }> = optionTable({
  runtime: runtimeRow,
  ...thresholdRows,
})

/** What `observer` reads its options by. */
export const observerOptions: OptionTable<
  AllThresholds & {
    readonly runtime: unknown
    readonly interval: number
    readonly history: number
    readonly states: boolean
  }
> = optionTable({
  runtime: runtimeRow,
  interval: {
    type: integer({ min: 10, max: 2 ** 31 - 1 }),
    unit: 'ms',
    default: 500,
    text: 'How long it is from one snapshot to the next.',
  },
  history: { type: integer({ min: 0 }), unit: 'ms', default: 60_000, text: 'How long a snapshot is kept.' },
  states: { type: boolean(), default: false, text: 'Whether snapshots show the states of stages.' },
  ...thresholdRows,
})
