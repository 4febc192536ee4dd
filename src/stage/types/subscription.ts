import type { Subscriber } from '../../dispatcher/dispatcher.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { AcceptsOptions, HandlesOptions, ProducerRef, produces, subscribeOptions } from './references.ts'

/**
 * How a consumer takes events from a producer.
 *
 * A dispatcher may take options of its own (`partition`, `selector`), and so may the `handleSubscribe` of either side:
 * what is not listed here is handed on to them.
 */
export interface SubscribeOptions {
  /**
   * The most events that may be asked for and not yet be handled: an integer of at least 1. Default: 1,000.
   *
   * It bounds what waits for this subscription, and is asked for at once.
   */
  readonly maxDemand?: number
  /**
   * Asks for more once no more than this many events are outstanding: an integer from 0 to `maxDemand - 1`.
   * Default: half of `maxDemand`, rounded down.
   *
   * It also decides the size of batches: a delivery is cut every `maxDemand - minDemand` events.
   */
  readonly minDemand?: number
  /**
   * What happens to the consumer when the subscription ends, by a cancellation or because the producer ends.
   * Default: `'with-last'`.
   *
   * `'with-last'`: it fails as soon as the producer fails, and ends when the last of its subscriptions has ended cleanly;
   * cancelling a subscription itself does not end it. The others are GenStage's. `'permanent'`, the default there: it
   * stops too, always. `'transient'`: only if the reason is none of `'normal'`, `'shutdown'` and `{ shutdown: why }`.
   * `'temporary'`: never. It stops with the reason of the cancellation, or the producer's exit reason.
   */
  readonly cancel?: 'with-last' | 'permanent' | 'transient' | 'temporary'
  /** Any value, handed to both sides' `handleSubscribe` as it is. Default: `undefined`. */
  readonly metadata?: unknown
}

/** What the end of a subscription means for the consumer: see `cancel` of {@link SubscribeOptions}. */
export type CancelMode = NonNullable<SubscribeOptions['cancel']>

/** How long `subscribe` and `resubscribe` wait, and for what. They are no part of the subscription. */
export interface ConfirmOptions {
  /**
   * Whether to wait until the producer has accepted the subscription, and to reject with a `SubscriptionRefusedError` if it does
   * not. Default: `true`. `false` waits only until the consumer has sent its request.
   */
  readonly confirm?: boolean
  /**
   * How long to wait, in milliseconds: more than 0, or `Infinity`. Default: 5,000 for the consumer to send its request,
   * and without a limit for the producer to accept it, which may be in the middle of a callback that takes long.
   */
  readonly timeout?: number
}

/** One consumer's subscription to one producer, as the consumer holds it. Compared by identity. */
export interface Subscription {
  /** Identifies the subscription, on both of its sides. */
  readonly tag: string
  /**
   * Asks the producer for `demand` more events: an integer of at least 0, where 0 asks for nothing.
   *
   * For subscriptions in manual mode, whose `handleSubscribe` answered `'manual'`. In automatic mode the stage asks by
   * itself, and what is asked for on top is logged as excess when it comes. Once the subscription has ended it does
   * nothing.
   */
  ask(demand: number): void
  /**
   * Cancels with `reason` (default: `'normal'`); the consumer then reacts as its `cancel` option says.
   *
   * Asks the producer and returns at once: until the producer has confirmed it, events may still arrive. Both sides'
   * `handleCancel` gets `{ cancel: reason }`.
   */
  cancel(reason?: ExitReason): void
}

/** One consumer's subscription to this stage, as its callbacks see it. Compared by identity. */
export interface SubscriberHandle extends Subscriber {
  /**
   * Ends the subscription with `reason` (default: `'normal'`); the consumer then reacts as its `cancel` option says.
   *
   * Returns at once. Both sides' `handleCancel` gets `{ cancel: reason }`. What was sent before still arrives.
   */
  cancel(reason?: ExitReason): void
}

/** Whoever waits for the reply to a call. */
export interface From<in Reply> {
  /**
   * Replies to the call, at any time, from anywhere; the first reply counts.
   *
   * It goes out at once, so before the events that the callback returns. A promise goes out once it settles, and
   * rejects the call if it rejects; until then the call can still time out, be aborted, or end with the stage. Where
   * nobody waits any more the reply vanishes.
   */
  reply(reply: Reply | PromiseLike<Reply>): void
}

/**
 * What a stage that handles events of type `In` can subscribe to: a producer of them, or `to(producer, options)`.
 *
 * A producer whose dispatcher demands options (`partition`) can only be given with them.
 */
export type Source<In> =
  | (ProducerRef<In> & { readonly [subscribeOptions]?: (options: {}) => void })
  | SourceWithOptions<In>

/** A producer with the options to subscribe with, as `to` makes it. */
export interface SourceWithOptions<out Out> {
  readonly [produces]: Out
  /** The producer. */
  readonly producer: ProducerRef<Out>
  /** The options, the dispatcher's among them. */
  readonly options: SubscribeOptions
}

/** The options argument of `subscribe`: optional, unless the producer's dispatcher or the consumer demands one. */
export type OptionsArgument<Options> = {} extends Options
  ? [options?: SubscribeOptions & ConfirmOptions & Options]
  : [options: SubscribeOptions & ConfirmOptions & Options]

/** The options that a producer's dispatcher takes. */
export type OptionsOf<Ref> = Ref extends AcceptsOptions<infer Options> ? Options : {}

/** The options that a consumer's own `handleSubscribe` reads. */
export type OwnOptionsOf<Ref> = Ref extends HandlesOptions<infer Own> ? Own : {}
