import { thrownReason } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { defineStage, producerKind } from '../../stage/definition/define-stage.ts'
import type { ProducerCallbacks } from '../../stage/types/callbacks.ts'
import type { ProducerContext } from '../../stage/types/context.ts'
import { exitOnAbort } from '../abort.ts'
import { runSelfMessage, SelfMessage, type SelfMessageResult } from './self-message.ts'
import type { ValidExternalSourceOptions } from './source-options.ts'
import { SubscriberTracker } from './subscriber-tracker.ts'

/**
 * A source of events outside of the stages, for example a stream or an emitter, as its stage uses it. All methods are
 * called in the stage's turns.
 */
export interface ExternalSource {
  /** Settles once the source is ready; without it, the source is ready as soon as it is made. */
  readonly opened?: Promise<unknown> | undefined
  /**
   * Returns events that have arrived: no more than `wanted`, except for those that could not be returned later.
   *
   * Called whenever there is new demand, and after each `wake` of the port.
   */
  take(wanted: number): unknown[]
  /** Whether it still has events that it returns once there is demand again; an end is reported after them. */
  readonly hasMore?: boolean
  /** The stage has exited with this reason: releases whatever is still open. */
  close(reason: ExitReason): void
}

/** Sent by a stage to itself after the last event: it stops when all events before have been sent. */
const ended = /* @__PURE__ */ new SelfMessage(() => ({ stop: 'normal' }))

/**
 * Through its port an external source notifies its stage, from anywhere, that there is something to fetch.
 *
 * ```text
 *   source ──wake, end, fail──> port ──message──> turn of the stage ──take──> source ──events──> consumers
 * ```
 */
export class SourcePort {
  readonly stage: ProducerContext
  /** Demand that no event has met. */
  wanted = 0
  private source: ExternalSource | undefined
  /** Whether a consumer has ever asked. An end is delayed until then, as there would be no consumer to notify. */
  private wasAsked = false
  /** Set from `wake` until the stage handles the message that fetches. */
  private isFetchPending = false
  private isEnded = false
  /** Set once the message that stops the stage has been sent. */
  private isEndSent = false
  private failure: { readonly reason: ExitReason } | undefined

  constructor(stage: ProducerContext) {
    this.stage = stage
  }

  /** There is something to fetch. */
  wake(): void {
    if (this.isFetchPending) return
    this.isFetchPending = true
    this.stage.self.send(
      new SelfMessage(() => {
        this.isFetchPending = false
        return this.fetch()
      }),
    )
  }

  /** No more events will come: the stage ends normally once it has sent all that have come. */
  end(): void {
    this.isEnded = true
    this.wake()
  }

  /** The source has failed: the stage fails as well, after it has emitted what can be fetched. */
  fail(error: unknown): void {
    this.failure ??= { reason: thrownReason(error) }
    this.wake()
  }

  /** Sets the source that this port belongs to. */
  attach(source: ExternalSource): void {
    this.source = source
  }

  demand(count: number): SelfMessageResult {
    this.wasAsked = true
    this.wanted += count
    return this.fetch()
  }

  /** The stage is being drained: fetches what has come, because the stage will not be asked again. */
  drain(): SelfMessageResult {
    return { events: this.source?.take(this.wanted) ?? [] }
  }

  private fetch(): SelfMessageResult {
    const events = this.source?.take(this.wanted) ?? []
    this.wanted = Math.max(0, this.wanted - events.length)
    if (this.failure !== undefined) return { events, stop: this.failure.reason }
    if (this.isEnded && this.wasAsked && !this.isEndSent && this.source?.hasMore !== true) {
      this.isEndSent = true
      this.stage.info(ended)
    }
    return { events }
  }
}

/**
 * Makes the producer of an external source's events.
 *
 * @param open Makes the source, in the stage's setup function. If it throws, the start rejects.
 * @param more Callbacks and options besides those that every external source needs.
 */
export function defineSource<Ref extends ProcessRef>(
  open: (port: SourcePort) => ExternalSource,
  { dispatcher, onCancel, signal }: ValidExternalSourceOptions,
  more: Partial<ProducerCallbacks<unknown, unknown>> = {},
): Stage<Ref> {
  return defineStage<Ref>(producerKind, (stage: ProducerContext) => {
    const port = new SourcePort(stage)
    const subscribers = new SubscriberTracker(stage.self, onCancel)
    const source = open(port)
    port.attach(source)
    stage.signal.addEventListener('abort', () => source.close(stage.signal.reason), { once: true })
    if (signal?.aborted === true) return { stop: signal.reason }
    exitOnAbort(stage, signal)
    const callbacks: ProducerCallbacks<unknown, unknown> = {
      ...more,
      ...(dispatcher === undefined ? {} : { dispatcher }),
      handleDemand: (count) => port.demand(count),
      handleSubscribe(_role, _options, from) {
        subscribers.add(from)
      },
      handleCancel(reason, from) {
        subscribers.remove(from, reason)
      },
      handleInfo: runSelfMessage,
      handleEnd: () => port.drain(),
    }
    return source.opened === undefined ? callbacks : source.opened.then(() => callbacks)
  })
}
