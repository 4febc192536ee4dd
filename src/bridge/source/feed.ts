import { thrownReason } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { defineStage, producerKind } from '../../stage/definition/define-stage.ts'
import type { ProducerCallbacks } from '../../stage/types/callbacks.ts'
import type { ProducerContext } from '../../stage/types/context.ts'
import { exitOnAbort } from '../abort.ts'
import { type Result, runOwnMessage, SelfMessage } from './self-message.ts'
import type { ValidFeedOptions } from './source-options.ts'
import { SubscriberTracker } from './subscriber-tracker.ts'

/** What is outside, as the stage that emits its events sees it. All of it is called in the stage's own turns. */
export interface Feed {
  /** Settles once the feed is ready; where there is none, it is ready as soon as it is made. */
  readonly opened?: Promise<unknown> | undefined
  /**
   * Hands out events that have come: no more than `wanted`, unless they could not be had later.
   *
   * Called whenever there is new demand, and after each `wake` of the port.
   */
  take(wanted: number): unknown[]
  /** Whether it still has events, which it hands out once there is demand again; an end is told behind them. */
  readonly holdsBack?: boolean
  /** The stage has ended with this reason; whatever is still held of the outside is let go of. */
  close(reason: ExitReason): void
}

/** Says that all events before it have gone out. */
const ended = /* @__PURE__ */ new SelfMessage(() => ({ stop: 'normal' }))

/**
 * The door of a source's stage: through it the outside says that there is something to fetch, from wherever it is.
 *
 * ```text
 *   outside ──wake, end, fail──> port ──a message──> the stage's turn ──take──> feed ──events──> consumers
 * ```
 */
export class FeedPort {
  readonly stage: ProducerContext
  /** Demand that no event has met. */
  wanted = 0
  private feed: Feed | undefined
  /** Whether anybody has ever asked. Before that an end is kept to itself, or nobody could be told of it. */
  private wasAsked = false
  /** Set while a message is under way that will fetch what there is. */
  private isCalled = false
  private isEnded = false
  private endIsTold = false
  private failure: { readonly reason: ExitReason } | undefined

  constructor(stage: ProducerContext) {
    this.stage = stage
  }

  /** There is something to fetch. */
  wake(): void {
    if (this.isCalled) return
    this.isCalled = true
    this.stage.self.send(
      new SelfMessage(() => {
        this.isCalled = false
        return this.fetch()
      }),
    )
  }

  /** No more will come: the stage ends normally once what has come is out of its hands. */
  end(): void {
    this.isEnded = true
    this.wake()
  }

  /** The outside has failed, and so does the stage, after what can be fetched. */
  fail(error: unknown): void {
    this.failure ??= { reason: thrownReason(error) }
    this.wake()
  }

  /** Takes the feed whose door this is. */
  attach(feed: Feed): void {
    this.feed = feed
  }

  demand(count: number): Result {
    this.wasAsked = true
    this.wanted += count
    return this.fetch()
  }

  /** The stage is being drained: fetches what has come, as it will not be asked again. */
  drain(): Result {
    return { events: this.feed?.take(this.wanted) ?? [] }
  }

  private fetch(): Result {
    const events = this.feed?.take(this.wanted) ?? []
    this.wanted = Math.max(0, this.wanted - events.length)
    if (this.failure !== undefined) return { events, stop: this.failure.reason }
    if (this.isEnded && this.wasAsked && !this.endIsTold && this.feed?.holdsBack !== true) {
      this.endIsTold = true
      this.stage.info(ended)
    }
    return { events }
  }
}

/**
 * Makes the producer of a feed's events.
 *
 * @param open Makes the feed, in the stage's set-up. What it throws makes the start reject.
 * @param more Callbacks and options beside those that a feed needs.
 */
export function defineSource<Ref extends ProcessRef>(
  open: (port: FeedPort) => Feed,
  { dispatcher, onCancel, signal }: ValidFeedOptions,
  more: Partial<ProducerCallbacks<unknown, unknown>> = {},
): Stage<Ref> {
  return defineStage<Ref>(producerKind, (stage: ProducerContext) => {
    const port = new FeedPort(stage)
    const audience = new SubscriberTracker(stage.self, onCancel)
    const feed = open(port)
    port.attach(feed)
    stage.signal.addEventListener('abort', () => feed.close(stage.signal.reason), { once: true })
    if (signal?.aborted === true) return { stop: signal.reason }
    exitOnAbort(stage, signal)
    const callbacks: ProducerCallbacks<unknown, unknown> = {
      ...more,
      ...(dispatcher === undefined ? {} : { dispatcher }),
      handleDemand: (count) => port.demand(count),
      handleSubscribe(_role, _options, from) {
        audience.join(from)
      },
      handleCancel(reason, from) {
        audience.leave(from, reason)
      },
      handleInfo: runOwnMessage,
      handleEnd: () => port.drain(),
    }
    return feed.opened === undefined ? callbacks : feed.opened.then(() => callbacks)
  })
}
