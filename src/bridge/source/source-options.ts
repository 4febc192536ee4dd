import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { oneOf } from '../../base/options/option-type.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import { dispatcherType } from '../../dispatcher/dispatcher-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { DemandMode } from '../../stage/types/references.ts'
import type { DefaultRow, OptionalRow } from '../option-rows.ts'

/** Options of every source whose events come from outside of the stages. */
export interface ExternalSourceOptions<Out, Options> {
  /** Decides which subscriber gets which event. Default: `demandDispatcher()`. */
  readonly dispatcher?: Dispatcher<Out, Options>
  /**
   * What happens when the last subscription was cancelled. Default: `'stop'`.
   *
   * `'stop'`: the stage stops, with the reason if that was a failure, and releases its source: a stream is destroyed or
   * cancelled with that reason. `'continue'`: it waits for other subscribers, for example a consumer that is restarted.
   */
  readonly onCancel?: 'stop' | 'continue'
  /** Ends the stage at once when it is aborted, with its reason; the source too. */
  readonly signal?: AbortSignalLike
}

/** Options of a producer of a stream's chunks. */
export interface SourceOptions<Out, Options> extends ExternalSourceOptions<Out, Options> {
  /** `'accumulate'`: demand is collected until `demand('forward')` is called. Default: `'forward'`. */
  readonly demand?: DemandMode
}

/** Options of every source, complete. */
export interface ValidExternalSourceOptions {
  readonly dispatcher: Dispatcher<unknown, unknown> | undefined
  readonly onCancel: 'stop' | 'continue'
  readonly signal: AbortSignalLike | undefined
}

/** Options of a stream's source, complete. */
interface ValidSourceOptions extends ValidExternalSourceOptions {
  readonly demand: DemandMode
}

/** The options of every stage of the bridges that emits events. */
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
    text: 'What happens when the last subscription was cancelled: stop and release the source, or wait for others.',
  },
}

/** The options of every source. */
export const externalSourceRows: typeof emittingRows & { readonly signal: OptionalRow<AbortSignalLike> } = {
  ...emittingRows,
  signal: { type: abortSignalType, text: 'Ends the stage, and its source, when it is aborted.' },
}

/** Reads the options of a source; for options of a subscription, the error states where they belong. */
export function readSourceOptions(given: unknown, subject: string): ValidSourceOptions {
  for (const key of ['maxDemand', 'minDemand']) {
    if (typeof given !== 'object' || given === null || !Object.hasOwn(given, key)) continue
    throw new TypeError(`expected ${key} in the subscription, as in to(source, { ${key}: 8 }), not in ${subject}`)
  }
  return sourceOptions.read(given, subject)
}

/** The options of a producer of a stream's chunks. */
export const sourceOptions: OptionTable<ValidSourceOptions> = optionTable({
  ...externalSourceRows,
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: "`'accumulate'`: demand is collected until `demand('forward')` is called.",
  },
})
