import process from 'node:process'
import { finished, type Writable } from 'node:stream'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumerRef } from '../../stage/types/references.ts'
import { errorOf } from '../errors.ts'
import { defineSink, type Sink, type SinkOptions, sinkOptions } from '../stream/sink.ts'
import { wrongStream } from '../wrong-stream.ts'
import { destroyQuietly, prematureClose } from './destroy.ts'

/**
 * A consumer that writes its events into a Node `Writable`, or into the writable side of a `Duplex`.
 *
 * When `write` returns `false` the stage waits for `'drain'` before it continues, and asks for no events in the meantime.
 * When its producer has exited cleanly it ends the stream, and exits when everything is written out. An error of the
 * stream becomes its exit reason, the same object. If the stream is closed or ended by other code, the reason is an error
 * with the code `ERR_STREAM_PREMATURE_CLOSE`. If the stage fails, the stream is destroyed with the reason. If a producer
 * has failed, the events before the failure are written out first.
 *
 * @throws {TypeError} If `writable` is not a `Writable`, or an option is wrong.
 */
export function intoWritable<In = string | Uint8Array>(
  writable: Writable,
  options?: SinkOptions<NoInfer<In>>,
): Stage<ConsumerRef<In>> {
  const valid = sinkOptions.read(options, 'the options of intoWritable')
  const given: Partial<Writable> | null | undefined = writable
  if (typeof given?.write !== 'function' || typeof given.on !== 'function') {
    throw wrongStream('a Writable', writable, { getWriter: 'intoWritableStream of genstage/web', read: 'fromReadable' })
  }
  const ends = valid.end ?? !standardStreams.includes(writable)
  return defineSink<In>((fail) => new WritableSink(writable, ends, fail), valid)
}

/** These belong to the whole program, and cannot be closed. */
const standardStreams: readonly unknown[] = [process.stdout, process.stderr]

class WritableSink implements Sink {
  private readonly writable: Writable
  private readonly ends: boolean
  private readonly stopWatching: () => void
  /** Continues to write; set only while a full stream drains. */
  private whenDrained: (() => void) | undefined
  /** Called once everything is written out; set by `end`. */
  private whenFinished: (() => void) | undefined
  /** How many events the stream has not written out yet. */
  private unwritten = 0
  /** Called once there are none; set by `flush`. */
  private whenFlushed: (() => void) | undefined
  /** Set once the stream has finished, failed or closed. */
  private isOver = false

  constructor(writable: Writable, ends: boolean, fail: (error: unknown) => void) {
    this.writable = writable
    this.ends = ends
    writable.on('drain', this.drained)
    this.stopWatching = finished(writable, { readable: false }, (error) => {
      this.release()
      if (error) fail(error)
      else if (this.whenFinished === undefined) fail(prematureClose())
      else this.whenFinished()
    })
  }

  write(events: readonly unknown[], start: number = 0): void | Promise<void> {
    for (let next = start; next < events.length; next++) {
      const hasRoom = this.writable.write(events[next], this.written)
      this.unwritten++
      if (hasRoom) continue
      return new Promise<void>((resolve) => {
        this.whenDrained = resolve
      }).then(() => this.write(events, next + 1))
    }
  }

  end(): void | Promise<void> {
    if (!this.ends) return
    return new Promise<void>((resolve) => {
      this.whenFinished = resolve
      this.writable.end()
    })
  }

  flush(): void | Promise<void> {
    if (!this.ends || this.isOver || this.unwritten === 0) return
    return new Promise<void>((resolve) => {
      this.whenFlushed = resolve
    })
  }

  close(reason: ExitReason): void {
    if (this.isOver) return
    this.release()
    if (this.ends) destroyQuietly(this.writable, errorOf(reason, 'intoWritable', 'the stage that wrote'))
  }

  private readonly drained = (): void => {
    const resume = this.whenDrained
    this.whenDrained = undefined
    resume?.()
  }

  private readonly written = (): void => {
    if (--this.unwritten === 0) this.whenFlushed?.()
  }

  private release(): void {
    this.isOver = true
    this.whenFlushed?.()
    this.stopWatching()
    this.writable.off('drain', this.drained)
  }
}
