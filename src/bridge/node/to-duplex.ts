import { Duplex, finished } from 'node:stream'
import { setImmediate } from 'node:timers'
import type { Stage } from '../../process/start/start-types.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { type PassageOptions, passageOptions } from '../stream/duplex-options.ts'
import { DuplexStage } from '../stream/duplex-stage.ts'
import { destroyOnceRead } from './destroy.ts'
import { pushEvent, roomIn } from './to-readable.ts'

/**
 * A Node `Duplex` around a producer-consumer: what is written are the events it handles, what is read those it emits.
 *
 * For the middle of `stream.pipeline(readable, toDuplex(stage), writable)`. It starts the stage, which lives as long as
 * the stream. Both sides are in object mode, where bytes and strings pass as they are. Reading asks the stage for events,
 * and the stage's demand lets writes through, so back-pressure reaches from end to end.
 *
 * `end()` ends the stage once it has handled everything, and what it emits then can still be read. If the stage fails,
 * or cannot be started, the stream is destroyed with the reason, once all that was emitted before has been read; until then
 * writes wait. If the stream is destroyed, the stage ends. A stage that
 * ends by itself cleanly before all input was written ends the readable side; then the stream is destroyed, and a
 * `pipeline` calls that a premature close.
 *
 * @throws {TypeError | RangeError} If `stage` is no producer-consumer or was started before, or an option is wrong.
 */
export function toDuplex<In, Out>(stage: Stage<ProducerConsumerRef<In, Out>>, options?: PassageOptions): Duplex {
  const valid = passageOptions.read(options, 'the options of toDuplex')
  const passage = new DuplexStage('toDuplex', stage, valid, {
    accept: (event) => pushEvent(duplex, event),
    end: () => duplex.push(null),
    fail: (error) => destroyOnceRead(duplex, error),
  })
  const { inlet, outlet } = passage
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
      passage.leave(error ?? 'normal')
      done(error)
    },
  })
  stopListening = onAbort(valid.signal, (reason) => duplex.destroy(errorOf(reason, 'toDuplex', 'its signal')))
  // A stage that wanted no more has no use for what is still to be written, and whoever writes is to know.
  duplex.once('end', () => {
    if (!inlet.isComplete) duplex.whenPassedOn(() => duplex.destroy())
  })
  return duplex
}

/** A duplex that knows where it is piped to. */
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
   * Runs something when those that it was piped to, and that end with it, have written all there was.
   *
   * A `pipeline` destroys all its streams when one of them closes before its time, and what waits in the last is lost.
   */
  whenPassedOn(run: () => void): void {
    // Pipes end their destinations at the same event.
    setImmediate(() => {
      const cause = this.destinations.filter((each) => (each as Partial<Duplex>).writableEnded === true)
      let left = cause.length
      if (left === 0) run()
      for (const destination of cause) {
        const stopWatching = finished(destination, { readable: false }, () => {
          stopWatching()
          if (--left === 0) run()
        })
      }
    })
  }
}
