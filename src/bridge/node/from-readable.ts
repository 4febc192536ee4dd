import { finished, type Readable } from 'node:stream'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { errorOf } from '../errors.ts'
import { defineSource, type ExternalSource, type SourcePort } from '../source/external-source.ts'
import { readSourceOptions, type SourceOptions } from '../source/source-options.ts'
import { wrongStream } from '../wrong-stream.ts'
import { destroyQuietly } from './destroy.ts'

/**
 * A producer of the chunks of a Node `Readable`; it ends normally at the end of the stream.
 *
 * Its events are `Buffer`s. For a stream with an encoding, or in object mode, specify their type:
 * `fromReadable<Row>(rows)`. Nothing is read before a consumer asks, and never more than was asked for, plus what the
 * stream itself reads ahead, its `highWaterMark`. An event is a chunk. With chunks of 64 KiB, the default `maxDemand` of
 * 1,000 allows 63 MiB to be in flight, so subscribe with 16 or less: `to(source, { maxDemand: 16 })`.
 *
 * An error of the stream becomes the stage's exit reason, the same object. If the stream is closed before its end, the
 * reason is an error with the code `ERR_STREAM_PREMATURE_CLOSE`. If the stage exits first, the stream is destroyed, with
 * the reason if that is a failure. An end that comes before any demand is reported to the first consumer that asks.
 *
 * @throws {TypeError} If `readable` is not a `Readable`, or is already being read, or an option is wrong.
 *
 * @example The chunks of a stream
 * ```ts
 * import assert from 'node:assert/strict'
 * import { Readable } from 'node:stream'
 * import { startLink, stream } from 'genstage'
 * import { fromReadable } from 'genstage/node'
 *
 * const rows = Readable.from([{ id: 1 }, { id: 2 }])
 * const source = await startLink(fromReadable<{ id: number }>(rows))
 *
 * const ids: number[] = []
 * for await (const { id } of stream([source])) ids.push(id)
 * assert.deepEqual(ids, [1, 2])
 * ```
 */
export function fromReadable<Out = Buffer, Options = {}>(
  readable: Readable,
  options?: SourceOptions<Out, Options>,
): Stage<ProducerRef<Out> & OptionsTrait<Options>> {
  const { demand, ...valid } = readSourceOptions(options, 'the options of fromReadable')
  const given: Partial<Readable> | null | undefined = readable
  if (typeof given?.read !== 'function' || typeof given.on !== 'function') {
    throw wrongStream('a Readable', readable, {
      getReader: 'fromReadableStream of genstage/web',
      write: 'intoWritable',
    })
  }
  if (!readable.readableEnded && !readable.destroyed) expectUnread(readable)
  return defineSource((port) => new ReadableSource(readable, port), valid, { demand })
}

const UNREAD = 'expected a Readable without a reader, got one'

/** Checks that the stream has no other reader: two readers would each get a part of the chunks, without an error. */
function expectUnread(readable: Readable): void {
  if (readable.readableFlowing === true) throw new TypeError(`${UNREAD} that flows: it has a listener for 'data'`)
  if (readable.listenerCount('readable') > 0) throw new TypeError(`${UNREAD} that has a listener for 'readable'`)
}

/** The streams that a stage reads now; a `ReadableStream` would be locked. */
const beingRead = new WeakSet<Readable>()

class ReadableSource implements ExternalSource {
  private readonly readable: Readable
  private readonly port: SourcePort
  private readonly stopWatching: () => void
  private readonly wake: () => void
  /** Whether reading has begun. Before that the stream must not read ahead either. */
  private isReading = false
  /** Set once the stream has ended, failed or closed. */
  private isOver = false

  constructor(readable: Readable, port: SourcePort) {
    this.readable = readable
    this.port = port
    if (beingRead.has(readable)) throw new TypeError(`${UNREAD} that another stage reads`)
    beingRead.add(readable)
    this.wake = () => port.wake()
    this.stopWatching = finished(readable, { writable: false }, (error) => {
      this.release()
      if (error) port.fail(error)
      else port.end()
    })
  }

  take(wanted: number): unknown[] {
    const { readable } = this
    const chunks: unknown[] = []
    if (this.isOver) return chunks
    if (!this.isReading) {
      this.isReading = true
      readable.on('readable', this.wake)
    }
    while (chunks.length < wanted) {
      const chunk: unknown = readable.read()
      if (chunk === null) break
      chunks.push(chunk)
    }
    // A stream reports its end only if it is read again, and there may be no more demand for that.
    if (readable.readableLength === 0) readable.read(0)
    return chunks
  }

  close(reason: ExitReason): void {
    if (this.isOver) return
    this.release()
    const { label } = this.port.stage.self as unknown as ProcessReference
    destroyQuietly(this.readable, errorOf(reason, 'fromReadable', label))
  }

  private release(): void {
    this.isOver = true
    beingRead.delete(this.readable)
    this.stopWatching()
    this.readable.off('readable', this.wake)
  }
}
