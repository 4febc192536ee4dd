import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { array, boolean } from '../../base/options/option-type.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { consumerKind, defineStage } from '../../stage/definition/define-stage.ts'
import type { ConsumerCallbacks } from '../../stage/types/callbacks.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { ConsumerRef } from '../../stage/types/references.ts'
import type { Source } from '../../stage/types/source.ts'
import { exitOnAbort } from '../abort.ts'

/** Options of a consumer that writes into a stream. */
export interface SinkOptions<In> {
  /** Producers to subscribe to after setup, each with default options or as `to(producer, options)`. Default: none. */
  readonly subscribeTo?: readonly Source<In>[]
  /**
   * Whether the stream ends with the stage: after a clean exit it is closed once everything is written; otherwise it is
   * destroyed or aborted with the reason. Default: `true`, but `false` for `process.stdout` and `process.stderr`.
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

/** The options of a consumer that writes into a stream. */
export const sinkOptions: OptionTable<ValidSinkOptions> = optionTable({
  subscribeTo: { type: array<unknown>(), default: [], text: 'Producers to subscribe to after setup.' },
  end: {
    type: boolean(),
    absent: '`true`, except for `process.stdout` and `process.stderr`',
    text: 'Whether the stream ends with the stage: closed, or destroyed with the reason.',
  },
  signal: { type: abortSignalType, text: 'Ends the stage, and the stream, when it is aborted.' },
})

/** A stream outside of the stages, as the stage that writes into it uses it. All methods are called in the stage's turns. */
export interface Sink {
  /** Writes events; a promise settles once more may be written. */
  write(events: readonly unknown[]): void | Promise<void>
  /** No more will be written: closes the stream, and settles once everything is written out. */
  end(): void | Promise<void>
  /** Settles once everything is written out, or never will be; the stream stays open. */
  flush(): void | Promise<void>
  /** The stage has exited with this reason: releases the stream. */
  close(reason: ExitReason): void
}

/**
 * Makes the consumer that writes into a sink.
 *
 * @param open Makes the sink, in the stage's setup function. Its argument is a function that makes the stage fail, from
 *   anywhere, even while a callback waits. If it throws, the start rejects.
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
    /** Why the last subscription was cancelled; undefined while none was. */
    let cancelled: { readonly reason: ExitReason } | undefined
    const callbacks: ConsumerCallbacks<unknown> = {
      subscribeTo: subscribeTo as readonly Source<unknown>[],
      handleEvents: (events) => sink.write(events),
      handleCancel(reason) {
        cancelled = { reason: 'down' in reason ? reason.down : reason.cancel }
      },
      terminate(reason) {
        // If the stage exits because another process has failed, the stream must not look complete.
        if (reference.process?.stopCause?.isClean) return sink.end()
        // Events that a producer emitted before it failed are written before the failure. A failure of the stage itself
        // must not wait for a stream that may be its cause.
        return cancelled !== undefined && Object.is(cancelled.reason, reason) ? sink.flush() : undefined
      },
    }
    return callbacks
  })
}
