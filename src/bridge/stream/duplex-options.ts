import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, integer } from '../../base/option-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { Runtime } from '../../process/runtime.ts'

/** How a stage works as the middle of a pipeline of streams. */
export interface PassageOptions {
  /** How many events may wait on either side: an integer of at least 1. Default: 16. */
  readonly highWaterMark?: number
  /** Destroys the whole when it is aborted, with its reason. */
  readonly signal?: AbortSignalLike
  /** The runtime to run the stage in. Default: the program's own. */
  readonly runtime?: Runtime
}

/** Options of a passage, complete. */
export interface ValidPassageOptions {
  readonly highWaterMark: number
  readonly signal: AbortSignalLike | undefined
  readonly runtime: unknown
}

/** The highest number of events that wait in a stream, where nothing is said. */
export const DEFAULT_HIGH_WATER_MARK = 16

/** How a stage works as the middle of a pipeline of streams. */
export const passageOptions: OptionTable<ValidPassageOptions> = optionTable({
  highWaterMark: {
    type: integer({ min: 1 }),
    default: DEFAULT_HIGH_WATER_MARK,
    unit: 'events',
    text: 'How many may wait on either side.',
  },
  signal: { type: abortSignalType, text: 'Destroys the whole when it is aborted.' },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to run the stage in.' },
})
