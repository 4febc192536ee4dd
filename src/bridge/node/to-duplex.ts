import { Duplex, finished } from 'node:stream'
import { setImmediate } from 'node:timers'
import type { Stage } from '../../process/start/start-types.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { type DuplexOptions, duplexOptions } from '../stream/duplex-options.ts'
import { DuplexStage } from '../stream/duplex-stage.ts'
import { destroyOnceRead } from './destroy.ts'
import { pushEvent, roomIn } from './to-readable.ts'

/**
 * A Node `Duplex` around a producer-consumer: the stage handles what is written, and its events can be read.
 *
 * For the middle of `stream.pipeline(readable, toDuplex(stage), writable)`. It starts the stage, which lives as long as
 * the stream. Both sides are in object mode, where bytes and strings pass as they are. Reading asks the stage for events,
 * and the stage's demand lets writes through, so back-pressure reaches from end to end.
 *
 * `end()` ends the stage once it has handled everything, and what it emits then can still be read. If the stage fails,
 * or cannot be started, the stream is destroyed with the reason, once all events before have been read; until then writes
 * wait. If the stream is destroyed, the stage exits. A stage that exits cleanly by itself before all input was written
 * ends the readable side; then the stream is destroyed, which a `pipeline` reports as a premature close.
 *
 * @throws {TypeError | RangeError} If `stage` is not a producer-consumer or was started before, or an option is wrong.
 */
export function toDuplex<In, Out>(stage: Stage<ProducerConsumerRef<In, Out>>, options?: DuplexOptions): Duplex {
  const valid = duplexOptions.read(options, 'the options of toDuplex')
  const duplexStage = new DuplexStage('toDuplex', stage, valid, {
    accept: (event) => pushEvent(duplex, event),
    end: () => duplex.push(null),
    fail: (error) => destroyOnceRead(duplex, error),
  })
  const { inlet, outlet } = duplexStage
  let stopListening = (): void => {}
  const duplex = new PipedDuplex({
    objectMode: true,
    highWaterMark: valid.highWaterMark,
    read: () => outlet.want(roomIn(duplex)),
    write: (event: unknown, _encoding, done) => inlet.offer([event], done),
    writev: (writes, done) =>
      inlet.offer(
        writes.map(({ chunk }) => chunk as unknown),
        done,
      ),
    final: (done) => inlet.end(done),
    destroy(error, done) {
      stopListening()
      duplexStage.stop(error ?? 'normal')
      done(error)
    },
  })
  stopListening = onAbort(valid.signal, (reason) => duplex.destroy(errorOf(reason, 'toDuplex', 'its signal')))
  // The stage has exited and takes no more input; destroying the stream reports that to the writer.
  duplex.once('end', () => {
    if (!inlet.isComplete) duplex.whenDestinationsFinish(() => duplex.destroy())
  })
  return duplex
}

/** A duplex that records where it is piped to. */
class PipedDuplex extends Duplex {
  private readonly destinations: NodeJS.WritableStream[] = []

  override pipe<Destination extends NodeJS.WritableStream>(
    destination: Destination,
    options?: { readonly end?: boolean },
  ): Destination {
    this.destinations.push(destination)
    return super.pipe(destination, options)
  }

  /**
   * Calls `run` when the destinations that end with this stream have written everything.
   *
   * A `pipeline` destroys all its streams when one of them closes too early, and what is buffered in the last is lost.
   */
  whenDestinationsFinish(run: () => void): void {
    // Pipes end their destinations at the same event as this is called.
    setImmediate(() => {
      const ending = this.destinations.filter((each) => (each as Partial<Duplex>).writableEnded === true)
      let remaining = ending.length
      if (remaining === 0) run()
      for (const destination of ending) {
        const stopWatching = finished(destination, { readable: false }, () => {
          stopWatching()
          if (--remaining === 0) run()
        })
      }
    })
  }
}
