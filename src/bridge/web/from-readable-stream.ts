import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { defineSource, type Feed, type FeedPort } from '../source/feed.ts'
import { readSourceOptions, type SourceOptions } from '../source/source-options.ts'
import { wrongStream } from '../wrong-stream.ts'
import type { ChunkOf, ReadableStreamLike, StreamReader } from './streams.ts'

/**
 * A producer of the chunks of a `ReadableStream`; it ends normally when they do.
 *
 * It locks the stream when it starts. A chunk is read only for demand, one at a time; beyond that the stream may itself
 * read ahead, as its own strategy says.
 *
 * An error of the stream is the stage's exit reason, the same object where it is an `Error`. The stream is cancelled when
 * the stage ends before it, with the stage's exit reason. Whichever it is, the lock is released. An end that comes before
 * anybody has asked waits for the first who does.
 *
 * @throws {TypeError} If `stream` is none, or is locked, or an option is wrong.
 */
export function fromReadableStream<Stream extends ReadableStreamLike<unknown>, Options = {}>(
  stream: Stream,
  options?: SourceOptions<ChunkOf<Stream>, Options>,
): Stage<ProducerRef<ChunkOf<Stream>> & OptionsTrait<Options>> {
  const { demand, ...valid } = readSourceOptions(options, 'the options of fromReadableStream')
  const given: Partial<Stream> | null | undefined = stream
  if (typeof given?.getReader !== 'function') {
    throw wrongStream('a ReadableStream', stream, {
      read: 'fromReadable of genstage/node',
      getWriter: 'intoWritableStream',
    })
  }
  if (stream.locked) throw new TypeError('expected a ReadableStream that nobody reads, got one that is locked')
  return defineSource((port) => new ReaderFeed(stream.getReader(), port), valid, { demand })
}

class ReaderFeed implements Feed {
  private readonly reader: StreamReader<unknown>
  private readonly port: FeedPort
  /** Read, and not fetched yet: never more than was wanted. */
  private arrived: unknown[] = []
  private isReading = false
  /** How the stream has ended; reported once a chunk that is still on its way has arrived. */
  private cause: { readonly error?: unknown } | undefined
  /** Set once the stream has ended, failed or been cancelled. */
  private isOver = false

  constructor(reader: StreamReader<unknown>, port: FeedPort) {
    this.reader = reader
    this.port = port
    // Settles also while no read is pending, and possibly before a read that began earlier.
    reader.closed.then(
      () => this.finish({}),
      (error: unknown) => this.finish({ error }),
    )
  }

  take(wanted: number): unknown[] {
    const chunks = this.arrived
    this.arrived = []
    if (wanted > chunks.length) this.read(wanted - chunks.length)
    return chunks
  }

  private read(wanted: number): void {
    if (this.isReading || this.isOver || wanted <= 0) return
    this.isReading = true
    this.reader.read().then(
      ({ done, value }) => {
        this.isReading = false
        if (this.isOver) return
        if (!done) {
          this.arrived.push(value)
          this.port.wake()
        }
        if (done) this.finish({})
        else if (this.cause !== undefined) this.finish(this.cause)
        else this.read(this.port.wanted - this.arrived.length)
      },
      (error: unknown) => {
        this.isReading = false
        this.finish({ error })
      },
    )
  }

  private finish(ending: { readonly error?: unknown }): void {
    if (this.isOver) return
    this.cause ??= ending
    if (this.isReading) return
    this.letGo()
    if ('error' in this.cause) this.port.fail(this.cause.error)
    else this.port.end()
  }

  close(reason: ExitReason): void {
    if (this.isOver) return
    // Nobody is left who could be told that it failed.
    this.reader.cancel(reason).catch(() => {})
    this.letGo()
  }

  private letGo(): void {
    this.isOver = true
    this.reader.releaseLock()
  }
}
