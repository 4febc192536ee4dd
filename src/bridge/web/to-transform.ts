import type { Stage } from '../../process/startable.ts'
import type { ProducerConsumerRef } from '../../stage/references.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { Passage } from '../passage.ts'
import { type PassageOptions, passageOptions } from '../passage-options.ts'
import {
  makeReadableStream,
  makeWritableStream,
  type PlatformReadableStream,
  type PlatformWritableStream,
  type ReadableController,
  type WritableController,
} from './streams.ts'
import { enqueue, roomIn } from './to-readable-stream.ts'

/** What `pipeThrough` takes: a stream to write into, and one to read what came of it. */
export interface Transform<in In, out Out> {
  readonly readable: PlatformReadableStream<Out>
  readonly writable: PlatformWritableStream<In>
}

/**
 * A pair of Web Streams around a producer-consumer: what is written are the events it handles, what is read those it
 * emits.
 *
 * For `readable.pipeThrough(toTransform(stage)).pipeTo(writable)`. It starts the stage, which lives as long as the
 * streams. Reading asks the stage for events, and the stage's demand lets writes through, so back-pressure reaches from
 * end to end.
 *
 * Closing the writable side ends the stage once it has handled everything, and what it emits then can still be read. If
 * the stage fails, or cannot be started, both sides fail with the reason; aborting or cancelling one side ends the stage
 * and the other side. A stage that ends by itself in good order closes the readable side, and the writable side fails
 * with a `TypeError`, as that of a `TransformStream` does which is terminated.
 *
 * @throws {TypeError | RangeError} If `stage` is no producer-consumer or was started before, or an option is wrong.
 */
export function toTransform<In, Out>(
  stage: Stage<ProducerConsumerRef<In, Out>>,
  options?: PassageOptions,
): Transform<In, Out> {
  const valid = passageOptions.read(options, 'the options of toTransform')
  const { highWaterMark, signal } = valid
  let output!: ReadableController
  let input!: WritableController
  let stopListening = (): void => {}
  /** Ends the stage, and the readable side, for this reason. */
  const leave = (reason: unknown): void => {
    stopListening()
    passage.leave(reason)
    output.error(reason)
    inlet.refuse(reason as Error)
  }
  /** Ends both sides, and the stage. A side that has ended before does not mind. */
  const fail = (reason: unknown): void => {
    input.error(reason)
    leave(reason)
  }
  const passage = new Passage('toTransform', stage, valid, {
    accept: (event) => enqueue(output, event, fail),
    end() {
      stopListening()
      output.close()
      if (inlet.isComplete) return
      const error = new TypeError('the stage has ended, and takes nothing more')
      input.error(error)
      inlet.refuse(error)
    },
    fail,
  })
  const { inlet, outlet } = passage
  const readable = makeReadableStream<Out>(
    {
      start(controller) {
        output = controller
      },
      pull: () => outlet.want(roomIn(output)),
      cancel: (reason) => fail(reason ?? new TypeError('the readable side has been cancelled')),
    },
    { highWaterMark },
  )
  const writable = makeWritableStream<In>(
    {
      start(controller) {
        input = controller
        // Where a write waits for demand, `abort` below would wait for that write. The stream itself fails by that.
        controller.signal?.addEventListener('abort', () => leave(controller.signal?.reason))
      },
      write: (event) =>
        new Promise((resolve, reject) => inlet.offer([event], (error) => (error ? reject(error) : resolve()))),
      close: () => new Promise((resolve) => inlet.end(resolve)),
      abort: (reason) => leave(reason),
    },
    { highWaterMark },
  )
  stopListening = onAbort(signal, (reason) => fail(errorOf(reason, 'toTransform', 'its signal') ?? reason))
  return { readable, writable }
}
