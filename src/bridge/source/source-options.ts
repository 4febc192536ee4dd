import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { oneOf } from '../../base/option-type.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import { dispatcherType } from '../../dispatcher/dispatcher-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { DemandMode } from '../../stage/types/references.ts'
import type { DefaultRow, OptionalRow } from '../option-rows.ts'

/** What every source can be told that comes from outside of the stages. */
export interface FeedOptions<Out, Options> {
  /** Decides which subscriber gets which event. Default: `demandDispatcher()`. */
  readonly dispatcher?: Dispatcher<Out, Options>
  /**
   * What happens when the last subscriber has gone. Default: `'stop'`.
   *
   * `'stop'`: the stage stops, with the reason if that was a failure, and lets go of its source: a stream is destroyed or
   * cancelled with that reason. `'continue'`: it waits for others, as a supervised consumer that is started again.
   */
  readonly onCancel?: 'stop' | 'continue'
  /** Ends the stage at once when it is aborted, with its reason; the source too. */
  readonly signal?: AbortSignalLike
}

/** How a producer of a stream's chunks works. */
export interface SourceOptions<Out, Options> extends FeedOptions<Out, Options> {
  /** Whether demand is passed on from the start, or held back until told to. Default: `'forward'`. */
  readonly demand?: DemandMode
}

/** Options of every source, complete. */
export interface ValidFeedOptions {
  readonly dispatcher: Dispatcher<unknown, unknown> | undefined
  readonly onCancel: 'stop' | 'continue'
  readonly signal: AbortSignalLike | undefined
}

/** Options of a stream's source, complete. */
interface ValidSourceOptions extends ValidFeedOptions {
  readonly demand: DemandMode
}

/** The rows that every stage has which emits, and can be left by its consumers. */
export const emittingRows: {
  readonly dispatcher: OptionalRow<Dispatcher<unknown, unknown>>
  readonly onCancel: DefaultRow<'stop' | 'continue'>
} = {
  dispatcher: {
    type: dispatcherType,
    absent: '`demandDispatcher()`',
    text: 'Decides which subscriber gets which event.',
  },
  onCancel: {
    type: oneOf('stop', 'continue'),
    default: 'stop',
    text: 'What happens when the last subscriber has gone: stop and let go of the source, or wait for others.',
  },
}

/** The rows that every source has. */
export const feedRows: typeof emittingRows & { readonly signal: OptionalRow<AbortSignalLike> } = {
  ...emittingRows,
  signal: { type: abortSignalType, text: 'Ends the stage, and its source, when it is aborted.' },
}

/** Reads them; what belongs to a subscription, and is looked for here, is told where it belongs. */
export function readSourceOptions(given: unknown, subject: string): ValidSourceOptions {
  for (const key of ['maxDemand', 'minDemand']) {
    if (typeof given !== 'object' || given === null || !Object.hasOwn(given, key)) continue
    throw new TypeError(`expected ${key} where this is subscribed to, as to(source, { ${key}: 8 }), not in ${subject}`)
  }
  return sourceOptions.read(given, subject)
}

/** How a producer of a stream's chunks works. */
export const sourceOptions: OptionTable<ValidSourceOptions> = optionTable({
  ...feedRows,
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: 'Whether demand is passed on from the start, or held back until told to.',
  },
})
