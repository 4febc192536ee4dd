import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { callback, matching } from '../../base/option-type.ts'
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

/** How a stage becomes a `ReadableStream`. */
export interface ToReadableStreamOptions<Out> {
  /** How much may wait to be read, a number of at least 0: events, or what `size` counts. Default: 16. */
  readonly highWaterMark?: number
  /** How much an event counts, as `chunk.byteLength`. Default: 1 each. With it events are asked for one at a time. */
  readonly size?: (event: Out) => number
  /** Makes the stream fail when it is aborted, with its reason. */
  readonly signal?: AbortSignalLike
}

interface ValidToReadableStreamOptions {
  readonly highWaterMark: number
  readonly size: ((event: unknown) => number) | undefined
  readonly signal: AbortSignalLike | undefined
}

/** How a stage becomes a `ReadableStream`. */
export const toReadableStreamOptions: OptionTable<ValidToReadableStreamOptions> = optionTable({
  highWaterMark: {
    type: matching(
      'a number of at least 0',
      (value) => typeof value === 'number',
      (value) => value >= 0,
    ),
    default: DEFAULT_HIGH_WATER_MARK,
    text: 'How much may wait in the stream: events, or what `size` counts.',
  },
  size: { type: callback<(event: unknown) => number>(), absent: '1 each', text: 'How much an event counts.' },
  signal: { type: abortSignalType, text: 'Makes the stream fail when it is aborted.' },
})

/**
 * A `ReadableStream` of a stage's events; the room that it has is the demand.
 *
 * It subscribes at once, unless its `highWaterMark` is 0: then when it is first read. A `maxDemand` of `to(producer, …)`
 * has no effect here. It closes when the producer has ended cleanly. A failure is its error, the same object where that
 * is an error, unless it subscribes with `cancel: 'temporary'`; it comes after the events before it. Cancelling the stream
 * cancels the subscription, with the reason, also where it has not been read yet.
 *
 * @throws {TypeError | RangeError} If `source` is no producer, or an option is wrong.
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
      outlet.leave(reason ?? 'normal')
    },
    refuse: (error) => outlet.leave(error),
    over: () => stopListening(),
  })
  const outlet = new Outlet('toReadableStream', source, outgoing)
  const stopListening = onAbort(signal, (reason) => {
    const error = errorOf(reason, 'toReadableStream', 'its signal') ?? reason
    outgoing.abort(error)
    outlet.leave(error)
  })
  outgoing.fill()
  return outgoing.stream
}
