import type { Stage } from '../../process/start/start-types.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { onAbort } from '../abort.ts'
import { errorOf } from '../errors.ts'
import { type DuplexOptions, duplexOptions } from '../stream/duplex-options.ts'
import { DuplexStage } from '../stream/duplex-stage.ts'
import type { AcceptedWrite } from '../stream/inlet.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import {
  makeWritableStream,
  type PlatformReadableStream,
  type PlatformWritableStream,
  type WritableController,
} from './streams.ts'

/** The argument of `pipeThrough`: a stream to write into, and one from which the results are read. */
export interface Transform<in In, out Out> {
  readonly readable: PlatformReadableStream<Out>
  readonly writable: PlatformWritableStream<In>
}

/**
 * A pair of Web Streams around a producer-consumer: the stage handles what is written, and its events can be read.
 *
 * For `readable.pipeThrough(toTransform(stage)).pipeTo(writable)`. It starts the stage, which lives as long as the
 * streams. Reading asks the stage for events, and the stage's demand lets writes through, so back-pressure reaches from
 * end to end.
 *
 * Closing the writable side ends the stage once it has handled everything, and what it emits then can still be read. If
 * the stage fails, or cannot be started, both sides fail with the reason, the readable one after the events that were
 * emitted before. Aborting or cancelling one side ends the stage and the other side at once. A stage that exits cleanly
 * by itself closes the readable side, and the writable side fails with a `TypeError`, like that of a terminated
 * `TransformStream`.
 *
 * @throws {TypeError | RangeError} If `stage` is not a producer-consumer or was started before, or an option is wrong.
 */
export function toTransform<In, Out>(
  stage: Stage<ProducerConsumerRef<In, Out>>,
  options?: DuplexOptions,
): Transform<In, Out> {
  const valid = duplexOptions.read(options, 'the options of toTransform')
  const { highWaterMark, signal } = valid
  let input!: WritableController
  let stopListening = (): void => {}
  /** Ends the stage, and rejects pending writes, with this reason. */
  const stopStage = (reason: unknown): void => {
    duplexStage.stop(reason)
    inlet.fail(reason as Error)
  }
  /** Ends the readable side at once, and the stage. */
  const abortOutput = (reason: unknown): void => {
    stopListening()
    output.abort(reason)
    stopStage(reason)
  }
  /** Ends both sides at once. No effect on a side that has ended before. */
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
  const duplexStage = new DuplexStage('toTransform', stage, valid, {
    accept: (event) => output.accept(event),
    end() {
      output.end()
      if (inlet.isComplete) return
      const error = new TypeError('the stage has exited and accepts no more events')
      input.error(error)
      inlet.fail(error)
    },
    // The stage accepts no more events, so the writer must stop; events that it has emitted can still be read.
    fail(error) {
      input.error(error)
      output.fail(error)
      stopStage(error)
    },
  })
  const { inlet, outlet } = duplexStage
  const writable = makeWritableStream<In>(
    {
      start(controller) {
        input = controller
        // While a write waits for demand, `abort` below would wait for that write. Here the stream is already failing.
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
