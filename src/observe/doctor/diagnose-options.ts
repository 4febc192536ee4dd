import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, boolean, integer, matching } from '../../base/options/option-type.ts'

/** The thresholds from which something counts as wrong. */
export interface Thresholds {
  /** The length of the window in which snapshots are compared, in milliseconds: at least 1. Default: 10,000. */
  readonly window?: number
  /** How long the promise of a callback may be pending, in milliseconds, or `Infinity`. Default: 10,000. */
  readonly stuckAfter?: number
  /**
   * How long the demand of a producer may be unmet, in milliseconds, or `Infinity`. Default: 30,000. Applies while its
   * `handleDemand` is pending, and to producers that have never emitted; also to a cycle of stages without any events.
   */
  readonly unmetAfter?: number
  /**
   * How long a consumer in manual mode may take before it first asks for events, and any consumer before it asks for the
   * remaining events of a producer that has ended, in milliseconds, or `Infinity`. Default: 30,000.
   */
  readonly neverAsksAfter?: number
  /**
   * How long one subscriber of a broadcast, or one partition, may hold back the others, and how long stages may keep
   * events that their consumers have asked for, in milliseconds, or `Infinity`. Default: 5,000.
   */
  readonly heldBackAfter?: number
  /** How many events the queue of a partition may grow by within the window: at least 1. Default: 100. */
  readonly queueGrowth?: number
  /** How many messages may be in a growing mailbox: at least 1. Default: 1,000. */
  readonly mailboxLength?: number
  /** The share of its time that a stage must be busy to be the bottleneck: above 0 and at most 1. Default: 0.8. */
  readonly busyShare?: number
}

/** The rows of the thresholds, which several tables share. */
const thresholdRows = {
  window: {
    type: integer({ min: 1 }),
    unit: 'ms',
    default: 10_000,
    text: 'The length of the window in which snapshots are compared: always the newest two at least.',
  },
  stuckAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 10_000,
    text: 'How long the promise of a callback may be pending.',
  },
  unmetAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 30_000,
    text: 'How long the demand of a producer may be unmet: while its `handleDemand` is pending, or if it has never emitted; also of a cycle of stages without any events.',
  },
  neverAsksAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 30_000,
    text: 'How long a consumer in manual mode may take before it first asks for events, and any consumer before it asks for the remaining events of a producer that has ended.',
  },
  heldBackAfter: {
    type: integer({ min: 1, infinity: true }),
    unit: 'ms',
    default: 5_000,
    text: 'How long one subscriber of a broadcast, or one partition, may hold back the others, and how long stages may keep events that their consumers have asked for.',
  },
  queueGrowth: {
    type: integer({ min: 1 }),
    unit: 'events',
    default: 100,
    text: 'How many events the queue of a partition may grow by within the window.',
  },
  mailboxLength: {
    type: integer({ min: 1 }),
    unit: 'messages',
    default: 1_000,
    text: 'How many messages may be in a growing mailbox.',
  },
  busyShare: {
    type: matching(
      'a share above 0 and up to 1',
      (value): value is number => typeof value === 'number',
      (value) => value > 0 && value <= 1,
    ),
    default: 0.8,
    text: 'The share of its time that a stage must be busy to be the bottleneck.',
  },
} as const

/** All thresholds, with their defaults. */
export type AllThresholds = Required<Thresholds>

/** The options of `diagnose`. */
export const diagnoseOptions: OptionTable<AllThresholds> = optionTable(thresholdRows)

const runtimeRow = { type: anything(), absent: "the program's own", text: 'The runtime to examine.' } as const

/** The options of `healthy`. */
export const healthOptions: OptionTable<AllThresholds & { readonly runtime: unknown }> = optionTable({
  runtime: runtimeRow,
  ...thresholdRows,
})

/** The options of `observer`. */
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
    text: 'The time from one snapshot to the next.',
  },
  history: { type: integer({ min: 0 }), unit: 'ms', default: 60_000, text: 'How long snapshots are kept.' },
  states: { type: boolean(), default: false, text: 'Whether snapshots contain the states of stages.' },
  ...thresholdRows,
})
