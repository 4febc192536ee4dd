import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, integer } from '../../base/options/option-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { Runtime } from '../../process/runtime.ts'

/** Options of a stage between two streams. */
export interface DuplexOptions {
  /** The most events that may be buffered on each side: an integer of at least 1. Default: 16. */
  readonly highWaterMark?: number
  /** Destroys both sides and the stage when it is aborted, with its reason. */
  readonly signal?: AbortSignalLike
  /** The runtime to run the stage in. Default: the program's own. */
  readonly runtime?: Runtime
}

/** The same options, complete. */
export interface ValidDuplexOptions {
  readonly highWaterMark: number
  readonly signal: AbortSignalLike | undefined
  readonly runtime: unknown
}

/** The most events that are buffered in a stream, unless an option states otherwise. */
export const DEFAULT_HIGH_WATER_MARK = 16

/** The options of a stage between two streams. */
export const duplexOptions: OptionTable<ValidDuplexOptions> = optionTable({
  highWaterMark: {
    type: integer({ min: 1 }),
    default: DEFAULT_HIGH_WATER_MARK,
    unit: 'events',
    text: 'The most events that may be buffered on each side.',
  },
  signal: { type: abortSignalType, text: 'Destroys both sides and the stage when it is aborted.' },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to run the stage in.' },
})
