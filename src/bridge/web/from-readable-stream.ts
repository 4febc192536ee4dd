import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { defineSource, type ExternalSource, type SourcePort } from '../source/external-source.ts'
import { readSourceOptions, type SourceOptions } from '../source/source-options.ts'
import { wrongStream } from '../wrong-stream.ts'
import type { ChunkOf, ReadableStreamLike, StreamReader } from './streams.ts'

/**
 * A producer of the chunks of a `ReadableStream`; it ends normally at the end of the stream.
 *
 * It locks the stream when it starts. Chunks are read on demand, one at a time; the stream itself may read ahead, as its
 * queuing strategy specifies.
 *
 * An error of the stream becomes the stage's exit reason, the same object if it is an `Error`. If the stage exits first,
 * the stream is cancelled with the stage's exit reason. In each case the lock is released. An end that comes before any
 * demand is reported to the first consumer that asks.
 *
 * @throws {TypeError} If `stream` is not a `ReadableStream`, or is locked, or an option is wrong.
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
  if (stream.locked) throw new TypeError('expected a ReadableStream without a reader, got one that is locked')
  return defineSource((port) => new ReaderSource(stream.getReader(), port), valid, { demand })
}

class ReaderSource implements ExternalSource {
  private readonly reader: StreamReader<unknown>
  private readonly port: SourcePort
  /** Chunks that were read and not fetched yet; never more than was wanted. */
  private arrived: unknown[] = []
  private isReading = false
  /** How the stream has ended; reported once a chunk that is still in flight has arrived. */
  private cause: { readonly error?: unknown } | undefined
  /** Set once the stream has ended, failed or been cancelled. */
  private isOver = false

  constructor(reader: StreamReader<unknown>, port: SourcePort) {
    this.reader = reader
    this.port = port
    // Settles even while no read is pending, and possibly before a read that began earlier.
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
    this.release()
    if ('error' in this.cause) this.port.fail(this.cause.error)
    else this.port.end()
  }

  close(reason: ExitReason): void {
    if (this.isOver) return
    // The stage has exited, so a failure to cancel cannot be reported.
    this.reader.cancel(reason).catch(() => {})
    this.release()
  }

  private release(): void {
    this.isOver = true
    this.reader.releaseLock()
  }
}
