import type { Stage } from '../../process/start/start-types.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { type PassageOptions, passageOptions } from '../stream/duplex-options.ts'
import { DuplexStage } from '../stream/duplex-stage.ts'
import type { AcceptedWrite } from '../stream/inlet.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import {
  makeWritableStream,
  type PlatformReadableStream,
  type PlatformWritableStream,
  type WritableController,
} from './streams.ts'

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
 * the stage fails, or cannot be started, both sides fail with the reason, the readable one after the events that were
 * emitted before; aborting or cancelling one side ends the stage and the other side at once. A stage that ends by itself
 * cleanly closes the readable side, and the writable side fails with a `TypeError`, as that of a `TransformStream`
 * does which is terminated.
 *
 * @throws {TypeError | RangeError} If `stage` is no producer-consumer or was started before, or an option is wrong.
 */
export function toTransform<In, Out>(
  stage: Stage<ProducerConsumerRef<In, Out>>,
  options?: PassageOptions,
): Transform<In, Out> {
  const valid = passageOptions.read(options, 'the options of toTransform')
  const { highWaterMark, signal } = valid
  let input!: WritableController
  let stopListening = (): void => {}
  /** Ends the stage, and what is still to be written, for this reason. */
  const leave = (reason: unknown): void => {
    passage.leave(reason)
    inlet.refuse(reason as Error)
  }
  /** Ends the readable side at once, and the stage. */
  const abortOutput = (reason: unknown): void => {
    stopListening()
    output.abort(reason)
    leave(reason)
  }
  /** Ends both sides at once. A side that has ended before does not mind. */
  const abort = (reason: unknown): void => {
    input.error(reason)
    abortOutput(reason)
  }
  const output = new OutgoingStream<Out>({
    highWaterMark,
    want: (count) => outlet.want(count),
    cancel: (reason) => abort(reason ?? new TypeError('the readable side has been cancelled')),
    over: () => stopListening(),
  })
  const passage = new DuplexStage('toTransform', stage, valid, {
    accept: (event) => output.accept(event),
    end() {
      output.end()
      if (inlet.isComplete) return
      const error = new TypeError('the stage has ended, and takes nothing more')
      input.error(error)
      inlet.refuse(error)
    },
    // What is written has no use any more, and its source is to stop; what has come out of the stage can still be read.
    fail(error) {
      input.error(error)
      output.fail(error)
      leave(error)
    },
  })
  const { inlet, outlet } = passage
  const writable = makeWritableStream<In>(
    {
      start(controller) {
        input = controller
        // Where a write waits for demand, `abort` below would wait for that write. The stream itself fails by that.
        controller.signal?.addEventListener('abort', () => abortOutput(controller.signal?.reason))
      },
      write: (event) => settled((taken) => inlet.offer([event], taken)),
      close: () => settled((taken) => inlet.end(taken)),
      abort: (reason) => abortOutput(reason),
    },
    { highWaterMark },
  )
  stopListening = onAbort(signal, (reason) => abort(errorOf(reason, 'toTransform', 'its signal') ?? reason))
  output.fill()
  return { readable: output.stream, writable }
}

/** A promise that settles when the inlet calls back. */
function settled(begin: (taken: AcceptedWrite) => void): Promise<void> {
  return new Promise((resolve, reject) => begin((error) => (error ? reject(error) : resolve())))
}
