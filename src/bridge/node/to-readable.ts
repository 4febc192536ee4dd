import { Readable } from 'node:stream'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { boolean, computed, integer } from '../../base/options/option-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { Source } from '../../stage/types/source.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { DEFAULT_HIGH_WATER_MARK } from '../stream/duplex-options.ts'
import { Outlet } from '../stream/outlet.ts'
import { destroyOnceRead } from './destroy.ts'

/** Options of a `Readable` of a stage's events. */
export interface ToReadableOptions {
  /** Whether events are passed on unchanged, of any type. Default: `true`. `false`: as bytes or strings. */
  readonly objectMode?: boolean
  /**
   * How much may be buffered in the stream: an integer of at least 1. Default: 16 events; without `objectMode` 65,536
   * bytes.
   */
  readonly highWaterMark?: number
  /** Destroys the stream when it is aborted, with its reason. */
  readonly signal?: AbortSignalLike
}

interface ValidToReadableOptions {
  readonly objectMode: boolean
  readonly highWaterMark: number
  readonly signal: AbortSignalLike | undefined
}

/** The options of a `Readable` of a stage's events. */
export const toReadableOptions: OptionTable<ValidToReadableOptions> = optionTable({
  objectMode: { type: boolean(), default: true, text: 'Whether events are passed on unchanged, of any type.' },
  highWaterMark: {
    type: integer({ min: 1 }),
    default: computed(
      '16 events; without `objectMode` 65,536 bytes',
      ({ objectMode }: { readonly objectMode: boolean }) => (objectMode ? DEFAULT_HIGH_WATER_MARK : 65_536),
    ),
    text: 'How much may be buffered in the stream.',
  },
  signal: { type: abortSignalType, text: 'Destroys the stream when it is aborted.' },
})

/**
 * A Node `Readable` of a stage's events; reading it asks the stage for events.
 *
 * It subscribes when it is first read, and asks for as many events as its `highWaterMark` leaves room for, or, without
 * `objectMode`, for one chunk at a time; a `maxDemand` of `to(producer, …)` has no effect. It ends when the producer has
 * exited cleanly. A failure destroys it with the reason, the same object if that is an error, unless it subscribes with
 * `cancel: 'temporary'`. That happens once all events before the failure have been read, and not while it is paused.
 * Destroying it cancels the subscription, with the error if there is one, even if it has not been read yet.
 *
 * @throws {TypeError | RangeError} If `source` is not a producer, or an option is wrong.
 *
 * @example Events into a pipeline of Node streams
 * ```ts
 * import assert from 'node:assert/strict'
 * import { text } from 'node:stream/consumers'
 * import { fromIterable, startLink } from 'genstage'
 * import { toReadable } from 'genstage/node'
 *
 * const lines = await startLink(fromIterable(['one\n', 'two\n']))
 * assert.equal(await text(toReadable(lines)), 'one\ntwo\n')
 * ```
 */
export function toReadable(source: Source<unknown>, options?: ToReadableOptions): Readable {
  const { objectMode, highWaterMark, signal } = toReadableOptions.read(options, 'the options of toReadable')
  const outlet = new Outlet('toReadable', source, {
    accept: (event) => pushEvent(readable, event),
    end: () => readable.push(null),
    fail: (error) => destroyOnceRead(readable, error),
  })
  let stopListening = (): void => {}
  const readable: Readable = new Readable({
    objectMode,
    highWaterMark,
    read: () => outlet.want(objectMode ? roomIn(readable) : 1),
    destroy(error, done) {
      stopListening()
      outlet.cancel(error ?? 'normal')
      done(error)
    },
  })
  stopListening = onAbort(signal, (reason) => readable.destroy(errorOf(reason, 'toReadable', 'its signal')))
  return readable
}

/** How many events a stream has room for when it asks for some. */
export function roomIn(readable: Readable): number {
  return Math.max(1, readable.readableHighWaterMark - readable.readableLength)
}

/** Pushes an event. `null`, which means the end to a stream, destroys the stream with an error. */
export function pushEvent(readable: Readable, event: unknown): void {
  if (event !== null) readable.push(event)
  else
    readable.destroy(
      new TypeError('expected an event that a Readable can carry, got: null, which is the end of a stream'),
    )
}
