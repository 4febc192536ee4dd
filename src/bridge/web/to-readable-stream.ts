import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { callback, matching } from '../../base/options/option-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { produces } from '../../stage/types/references.ts'
import type { Source } from '../../stage/types/source.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { DEFAULT_HIGH_WATER_MARK } from '../stream/duplex-options.ts'
import { Outlet } from '../stream/outlet.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import type { PlatformReadableStream } from './streams.ts'

/** Options of a `ReadableStream` of a stage's events. */
export interface ToReadableStreamOptions<Out> {
  /** How much may be buffered, a number of at least 0: events, or the unit of `size`. Default: 16. */
  readonly highWaterMark?: number
  /** The size of an event, as `chunk.byteLength`. Default: 1 each. With it events are asked for one at a time. */
  readonly size?: (event: Out) => number
  /** Makes the stream fail when it is aborted, with its reason. */
  readonly signal?: AbortSignalLike
}

interface ValidToReadableStreamOptions {
  readonly highWaterMark: number
  readonly size: ((event: unknown) => number) | undefined
  readonly signal: AbortSignalLike | undefined
}

/** The options of a `ReadableStream` of a stage's events. */
export const toReadableStreamOptions: OptionTable<ValidToReadableStreamOptions> = optionTable({
  highWaterMark: {
    type: matching(
      'a number of at least 0',
      (value) => typeof value === 'number',
      (value) => value >= 0,
    ),
    default: DEFAULT_HIGH_WATER_MARK,
    text: 'How much may be buffered in the stream: events, or the unit of `size`.',
  },
  size: { type: callback<(event: unknown) => number>(), absent: '1 each', text: 'The size of an event.' },
  signal: { type: abortSignalType, text: 'Makes the stream fail when it is aborted.' },
})

/**
 * A `ReadableStream` of a stage's events; its free room is the demand.
 *
 * It subscribes at once, or, if its `highWaterMark` is 0, when it is first read. A `maxDemand` of `to(producer, …)` has no
 * effect. It closes when the producer has exited cleanly. A failure of the producer becomes its error, the same object if
 * that is an error, unless it subscribes with `cancel: 'temporary'`; the error comes after all events before the failure.
 * Cancelling the stream cancels the subscription, with the reason, even if it has not been read yet.
 *
 * @throws {TypeError | RangeError} If `source` is not a producer, or an option is wrong.
 */
export function toReadableStream<From extends Source<unknown>>(
  source: From,
  options?: ToReadableStreamOptions<From[typeof produces]>,
): PlatformReadableStream<From[typeof produces]> {
  const { highWaterMark, size, signal } = toReadableStreamOptions.read(options, 'the options of toReadableStream')
  const outgoing = new OutgoingStream<From[typeof produces]>({
    highWaterMark,
    size,
    want: (count) => outlet.want(count),
    cancel(reason) {
      stopListening()
      outlet.cancel(reason ?? 'normal')
    },
    refuse: (error) => outlet.cancel(error),
    over: () => stopListening(),
  })
  const outlet = new Outlet('toReadableStream', source, outgoing)
  const stopListening = onAbort(signal, (reason) => {
    const error = errorOf(reason, 'toReadableStream', 'its signal') ?? reason
    outgoing.abort(error)
    outlet.cancel(error)
  })
  outgoing.fill()
  return outgoing.stream
}
