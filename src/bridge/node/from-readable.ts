import { finished, type Readable } from 'node:stream'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { errorOf } from '../errors.ts'
import { defineSource, type Feed, type FeedPort } from '../source/feed.ts'
import { readSourceOptions, type SourceOptions } from '../source/source-options.ts'
import { wrongStream } from '../wrong-stream.ts'
import { destroyQuietly } from './destroy.ts'

/**
 * A producer of the chunks of a Node `Readable`; it ends normally when they do.
 *
 * Its events are `Buffer`s; of a stream with an encoding, or in object mode, say what they are:
 * `fromReadable<Row>(rows)`. Nothing is read before somebody asks, and never more than was asked for, plus what the stream
 * itself reads ahead, its `highWaterMark`. An event is a chunk: where chunks are of 64 KiB, the default `maxDemand` of
 * 1,000 allows 63 MiB to be under way, so subscribe with 16 or less: `to(source, { maxDemand: 16 })`.
 *
 * An error of the stream is the stage's exit reason, the same object, and so is one with the code
 * `ERR_STREAM_PREMATURE_CLOSE` where it is closed before its end. The stream is destroyed when the stage ends before it,
 * with the reason if that is a failure. An end that comes before anybody has asked waits for the first who does.
 *
 * @throws {TypeError} If `readable` is none, or somebody else reads it, or an option is wrong.
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
  return defineSource((port) => new ReadableFeed(readable, port), valid, { demand })
}

const UNREAD = 'expected a Readable that nobody reads, got one'

/** Two readers would share the chunks, and neither would know. */
function expectUnread(readable: Readable): void {
  if (readable.readableFlowing === true) throw new TypeError(`${UNREAD} that flows: somebody listens to its data`)
  if (readable.listenerCount('readable') > 0) throw new TypeError(`${UNREAD} whose 'readable' somebody listens to`)
}

/** Those that a stage reads now, as a `ReadableStream` would be locked. */
const taken = new WeakSet<Readable>()

class ReadableFeed implements Feed {
  private readonly readable: Readable
  private readonly port: FeedPort
  private readonly stopWatching: () => void
  private readonly wake: () => void
  /** Whether reading has begun: before that the stream is not to read ahead either. */
  private isReading = false
  /** Set once the stream has ended, failed or closed. */
  private isOver = false

  constructor(readable: Readable, port: FeedPort) {
    this.readable = readable
    this.port = port
    if (taken.has(readable)) throw new TypeError(`${UNREAD} that another stage reads`)
    taken.add(readable)
    this.wake = () => port.wake()
    this.stopWatching = finished(readable, { writable: false }, (error) => {
      this.letGo()
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
    // A stream tells of its end only to who reads on, and there may be no more demand for that.
    if (readable.readableLength === 0) readable.read(0)
    return chunks
  }

  close(reason: ExitReason): void {
    if (this.isOver) return
    this.letGo()
    const { label } = this.port.stage.self as unknown as ProcessReference
    destroyQuietly(this.readable, errorOf(reason, 'fromReadable', label))
  }

  private letGo(): void {
    this.isOver = true
    taken.delete(this.readable)
    this.stopWatching()
    this.readable.off('readable', this.wake)
  }
}
