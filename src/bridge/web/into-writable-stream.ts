import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumerRef } from '../../stage/types/references.ts'
import { defineSink, type Sink, type SinkOptions, sinkOptions } from '../stream/sink.ts'
import { wrongStream } from '../wrong-stream.ts'
import type { StreamWriter, WritableStreamLike } from './streams.ts'

/**
 * A consumer that writes its events into a `WritableStream`.
 *
 * It locks the stream when it starts. Where the stream is full it waits until it is `ready` before it writes on, and asks
 * for nothing meanwhile. When its producer has ended cleanly it closes the stream, and ends itself when all is
 * written out. An error of the stream is its exit reason, the same object where it is an `Error`. If the stage fails, the
 * stream is aborted with the reason: where a producer has failed, once the events before that are written out. Whichever
 * it is, the lock is released.
 *
 * @throws {TypeError} If `stream` is none, or is locked, or an option is wrong.
 */
export function intoWritableStream<In>(
  stream: WritableStreamLike<In>,
  options?: SinkOptions<NoInfer<In>>,
): Stage<ConsumerRef<In>> {
  const valid = sinkOptions.read(options, 'the options of intoWritableStream')
  const given: Partial<WritableStreamLike<In>> | null | undefined = stream
  if (typeof given?.getWriter !== 'function') {
    throw wrongStream('a WritableStream', stream, {
      write: 'intoWritable of genstage/node',
      getReader: 'fromReadableStream',
    })
  }
  if (stream.locked) {
    throw new TypeError('expected a WritableStream that nobody writes into, got one that is locked')
  }
  return defineSink<In>(
    (fail) => new WriterSink(stream.getWriter() as StreamWriter<unknown>, valid.end ?? true, fail),
    valid,
  )
}

class WriterSink implements Sink {
  private readonly writer: StreamWriter<unknown>
  private readonly ends: boolean
  /** The last event that was written: settles once it and those before it are out of hand. */
  private lastWrite: Promise<unknown> | undefined
  /** Set once the stage closes the stream. */
  private isEnding = false
  /** Set once the stream has closed, failed or been let go of. */
  private isOver = false

  constructor(writer: StreamWriter<unknown>, ends: boolean, fail: (error: unknown) => void) {
    this.writer = writer
    this.ends = ends
    writer.closed.then(
      () => {
        if (this.isOver || this.isEnding) return
        fail(new TypeError('expected a WritableStream that is open, and it has been closed'))
      },
      (error: unknown) => {
        if (!this.isOver) fail(error)
      },
    )
    // Rejects where `closed` does.
    writer.ready.catch(() => {})
  }

  write(events: readonly unknown[], start: number = 0): void | Promise<void> {
    const { writer } = this
    for (let next = start; next < events.length; next++) {
      // What goes wrong is told by `closed`.
      this.lastWrite = writer.write(events[next]).catch(() => {})
      if ((writer.desiredSize ?? 0) <= 0) return writer.ready.then(() => this.write(events, next + 1))
    }
  }

  end(): void | Promise<void> {
    if (!this.ends || this.isOver) return
    this.isEnding = true
    return this.writer.close()
  }

  async flush(): Promise<void> {
    if (this.ends && !this.isOver) await this.lastWrite
  }

  close(reason: ExitReason): void {
    if (this.isOver) return
    this.isOver = true
    const { writer } = this
    // Nobody is left who could be told that it failed. A stream that has closed or failed is not changed by it.
    if (this.ends) writer.abort(reason).catch(() => {})
    writer.releaseLock()
  }
}
