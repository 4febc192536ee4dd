import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { array, boolean } from '../../base/option-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { AbortSignalLike } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { consumerKind, defineStage } from '../../stage/definition/define-stage.ts'
import type { ConsumerCallbacks } from '../../stage/types/callbacks.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { ConsumerRef } from '../../stage/types/references.ts'
import type { Source } from '../../stage/types/subscription.ts'
import { exitOnAbort } from '../abort.ts'

/** How a consumer works that writes into a stream. */
export interface SinkOptions<In> {
  /** Producers to subscribe to once set up, each with default options or as `to(producer, options)`. Default: none. */
  readonly subscribeTo?: readonly Source<In>[]
  /**
   * Whether the stream ends with the stage: closed after an orderly end, when all is written, and else destroyed or
   * aborted with the reason. Default: `true`, but `false` for `process.stdout` and `process.stderr`.
   */
  readonly end?: boolean
  /** Ends the stage at once when it is aborted, with its reason; the stream too. */
  readonly signal?: AbortSignalLike
}

/** Options of a sink, complete. */
interface ValidSinkOptions {
  readonly subscribeTo: readonly unknown[]
  readonly end: boolean | undefined
  readonly signal: AbortSignalLike | undefined
}

/** How a consumer works that writes into a stream. */
export const sinkOptions: OptionTable<ValidSinkOptions> = optionTable({
  subscribeTo: { type: array<unknown>(), default: [], text: 'Producers to subscribe to once set up.' },
  end: {
    type: boolean(),
    absent: '`true`, but for `process.stdout` and `process.stderr`',
    text: 'Whether the stream ends with the stage: closed, or destroyed with the reason.',
  },
  signal: { type: abortSignalType, text: 'Ends the stage, and the stream, when it is aborted.' },
})

/** What is outside, as the stage that writes into it sees it. All of it is called in the stage's own turns. */
export interface Sink {
  /** Writes events; a promise settles once more may be written. */
  write(events: readonly unknown[]): void | Promise<void>
  /** No more will be written: closes, and settles once all that was written is out of hand. */
  end(): void | Promise<void>
  /** Settles once all that was written is out of hand, or never will be; the sink stays open. */
  flush(): void | Promise<void>
  /** The stage has ended with this reason; whatever is still held of the outside is let go of. */
  close(reason: ExitReason): void
}

/**
 * Makes the consumer that writes into a sink.
 *
 * @param open Makes the sink, in the stage's set-up; handed a function that has the stage fail, from anywhere, also in the
 *   middle of a callback that waits. What it throws makes the start reject.
 */
export function defineSink<In>(
  open: (fail: (error: unknown) => void) => Sink,
  { subscribeTo, signal }: ValidSinkOptions,
): Stage<ConsumerRef<In>> {
  return defineStage<ConsumerRef<In>>(consumerKind, (stage: ConsumerContext) => {
    const reference = stage.self as unknown as ProcessReference
    const sink = open((error) => reference.process?.fail(error))
    const close = (): void => sink.close(reference.cause?.root.reason)
    stage.signal.addEventListener('abort', close, { once: true })
    if (signal?.aborted === true) return { stop: signal.reason }
    exitOnAbort(stage, signal)
    /** Why a subscription ended last; undefined while none has. */
    let cancelled: { readonly reason: ExitReason } | undefined
    const callbacks: ConsumerCallbacks<unknown> = {
      subscribeTo: subscribeTo as readonly Source<unknown>[],
      handleEvents: (events) => sink.write(events),
      handleCancel(reason) {
        cancelled = { reason: 'down' in reason ? reason.down : reason.cancel }
      },
      terminate(reason) {
        // An end because of another process's failure must not complete what is written.
        if (reference.process?.stopCause?.isClean) return sink.end()
        // What a producer emitted before it failed is written before the failure. A failure of the stage itself must not
        // wait for a stream that may be the cause.
        return cancelled !== undefined && Object.is(cancelled.reason, reason) ? sink.flush() : undefined
      },
    }
    return callbacks
  })
}
