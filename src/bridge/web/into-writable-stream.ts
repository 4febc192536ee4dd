import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumerRef } from '../../stage/types/references.ts'
import { defineSink, type Sink, type SinkOptions, sinkOptions } from '../stream/sink.ts'
import { wrongStream } from '../wrong-stream.ts'
import type { StreamWriter, WritableStreamLike } from './streams.ts'

/**
 * A consumer that writes its events into a `WritableStream`.
 *
 * It locks the stream when it starts. When the stream is full it waits until it is `ready` before it continues, and asks
 * for no events in the meantime. When its producer has exited cleanly it closes the stream, and exits when everything is
 * written out. An error of the stream becomes its exit reason, the same object if it is an `Error`. If the stage fails,
 * the stream is aborted with the reason. If a producer has failed, the events before the failure are written out first. In
 * each case the lock is released.
 *
 * @throws {TypeError} If `stream` is not a `WritableStream`, or is locked, or an option is wrong.
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
    throw new TypeError('expected a WritableStream without a writer, got one that is locked')
  }
  return defineSink<In>(
    (fail) => new WriterSink(stream.getWriter() as StreamWriter<unknown>, valid.end ?? true, fail),
    valid,
  )
}

class WriterSink implements Sink {
  private readonly writer: StreamWriter<unknown>
  private readonly ends: boolean
  /** The last write: settles once its event and those before it are written out. */
  private lastWrite: Promise<unknown> | undefined
  /** Set once the stage closes the stream. */
  private isEnding = false
  /** Set once the stream has closed, failed or been released. */
  private isOver = false

  constructor(writer: StreamWriter<unknown>, ends: boolean, fail: (error: unknown) => void) {
    this.writer = writer
    this.ends = ends
    writer.closed.then(
      () => {
        if (this.isOver || this.isEnding) return
        fail(new TypeError('expected an open WritableStream, got one that is closed'))
      },
      (error: unknown) => {
        if (!this.isOver) fail(error)
      },
    )
    // Rejects if `closed` does, which is handled above.
    writer.ready.catch(() => {})
  }

  write(events: readonly unknown[], start: number = 0): void | Promise<void> {
    const { writer } = this
    for (let next = start; next < events.length; next++) {
      // A failure is reported by `closed`.
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
    // The stage has exited, so a failure to abort cannot be reported. It has no effect on a closed or failed stream.
    if (this.ends) writer.abort(reason).catch(() => {})
    writer.releaseLock()
  }
}
