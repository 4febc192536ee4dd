import type { Subscriber } from '../../dispatcher/dispatcher.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'

/**
 * How a consumer takes events from a producer.
 *
 * The producer's dispatcher may read further options (`partition`, `selector`), and so may the `handleSubscribe` of
 * both stages: what is not listed here is passed to them.
 */
export interface SubscribeOptions {
  /**
   * The most events that are in flight on this subscription, asked for and not yet handled: an integer from 1.
   * Default: 1,000.
   *
   * The consumer asks for all of them at once when it subscribes. So this is also the most events that it may have to
   * hold in memory for this subscription.
   */
  readonly maxDemand?: number
  /**
   * The number of events in flight at which the consumer asks for more: an integer from 0 to `maxDemand - 1`.
   * Default: half of `maxDemand`, rounded down.
   *
   * It also sets the size of batches: events are handled in batches of at most `maxDemand - minDemand`.
   */
  readonly minDemand?: number
  /**
   * What happens to the consumer when the subscription ends, because it is cancelled or the producer exits.
   * Default: `'with-last'`.
   *
   * - `'with-last'`: the consumer stops when the producer fails, and when the last of its subscriptions has ended
   *   cleanly. A consumer that cancels a subscription itself continues.
   * - `'permanent'`: it always stops. This is the default of GenStage.
   * - `'transient'`: it stops unless the reason is `'normal'`, `'shutdown'` or `{ shutdown: why }`.
   * - `'temporary'`: it never stops.
   *
   * It stops with the reason of the cancellation, or with the producer's exit reason. The last three modes are those of
   * GenStage.
   */
  readonly cancel?: 'with-last' | 'permanent' | 'transient' | 'temporary'
  /** Any value, passed unchanged to the `handleSubscribe` of both stages. Default: `undefined`. */
  readonly metadata?: unknown
}

/** What the end of a subscription does to the consumer: see `cancel` of {@link SubscribeOptions}. */
export type CancelMode = NonNullable<SubscribeOptions['cancel']>

/** What `subscribe` and `resubscribe` wait for, and how long. These options are not part of the subscription. */
export interface ConfirmOptions {
  /**
   * Whether to wait until the producer has accepted the subscription. Default: `true`.
   *
   * With `true` the promise rejects with a `SubscriptionRefusedError` if the producer refuses the subscription. With
   * `false` it resolves once the consumer has sent its request.
   */
  readonly confirm?: boolean
  /**
   * How long to wait, in milliseconds: more than 0, or `Infinity`.
   *
   * Default: 5,000 for the consumer to send its request, and no limit for the producer to accept it, which may be
   * running a callback that takes long.
   */
  readonly timeout?: number
}

/** A consumer's subscription to a producer, as the consumer sees it. Compare it by identity. */
export interface Subscription {
  /** The identifier of the subscription, the same for both stages. */
  readonly tag: string
  /**
   * Asks the producer for `demand` more events: an integer from 0, where 0 does nothing.
   *
   * It is meant for manual mode, which `handleSubscribe` selects with `'manual'`. In automatic mode the stage asks by
   * itself, and events beyond its own demand are handled and logged as excess. After the subscription has ended, `ask`
   * does nothing.
   *
   * @throws {TypeError | RangeError} If `demand` is not an integer from 0.
   */
  ask(demand: number): void
  /**
   * Cancels the subscription with `reason` (default: `'normal'`), and applies the consumer's `cancel` option.
   *
   * It sends the request and returns. Until the producer has confirmed it, events may still arrive. The `handleCancel`
   * of both stages receives `{ cancel: reason }`.
   */
  cancel(reason?: ExitReason): void
}

/** A consumer's subscription to this stage, as the callbacks of the producer see it. Compare it by identity. */
export interface SubscriberHandle extends Subscriber {
  /**
   * Cancels the subscription with `reason` (default: `'normal'`); the consumer applies its `cancel` option.
   *
   * Returns immediately. The `handleCancel` of both stages receives `{ cancel: reason }`. Events that were sent before
   * still arrive.
   */
  cancel(reason?: ExitReason): void
}

/** The caller that waits for the reply to a call. */
export interface From<in Reply> {
  /**
   * Replies to the call. It may be called at any time and from anywhere; only the first reply counts.
   *
   * The reply is sent immediately, so before the events that the callback returns. A promise is sent when it settles,
   * and rejects the call if it rejects; until then the call can time out, be aborted, or fail because the stage exits.
   * A reply to a call that no longer waits is dropped.
   */
  reply(reply: Reply | PromiseLike<Reply>): void
}
