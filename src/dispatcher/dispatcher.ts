/** A subscriber as a dispatcher sees it: one consumer's subscription to this stage. Compared by identity. */
export interface Subscriber {
  /** Identifies the subscription, across runtimes too. */
  readonly tag: string
  /** The id of the process that subscribed. */
  readonly consumer: string
}

/** Events for one subscriber, in order; never empty. */
export type Delivery<Event = unknown> = readonly [subscriber: Subscriber, events: readonly Event[]]

/** What a dispatcher answers to `dispatch`. */
export interface DispatchResult {
  /** Who gets what, in the order in which it is to be sent. */
  readonly deliveries: readonly Delivery[]
  /** What nobody has asked for yet, in order: it goes to the stage's buffer. */
  readonly leftover: readonly unknown[]
  /**
   * Demand to be asked again on behalf of subscribers that did not want some of these events.
   * The stage asks it by a message to itself, after this dispatch.
   */
  readonly returnedDemand?: readonly (readonly [subscriber: Subscriber, count: number])[]
  /**
   * How many of these events no subscriber is to get, as the dispatcher discards them: the stage asks upstream for others
   * in their place, after this dispatch. Default: 0.
   */
  readonly filtered?: number
}

/** Why a dispatcher does not take a subscriber. */
export interface Refusal {
  /** The reason of the cancellation, as `'bad-partition'`. */
  readonly refuse: string
  /** What was expected, what came, and what to do. Default: the reason. */
  readonly message?: string
}

/** What a dispatcher answers to `ask` and `cancel` when there is more to say than a number. */
export interface DemandResult {
  /** The demand this adds upstream: an integer of at least 0. */
  readonly demand: number
  /** Events the dispatcher held for the subscriber and lets go now. */
  readonly deliveries?: readonly Delivery[]
  /** Infos that were held behind those events and are due now, in order. */
  readonly infos?: readonly unknown[]
  /** How many events were dropped with a subscriber that left. */
  readonly discarded?: number
  /** A sentence for the log, at level warning. */
  readonly warning?: string
}

/**
 * Decides which subscriber gets which event.
 *
 * A dispatcher is pure: it is told of subscribers, demand and events and answers who gets what. It sends nothing,
 * and it belongs to one stage for as long as that stage lives. It must keep one promise: no subscriber is handed
 * more events than it asked for.
 */
export interface Dispatcher<in Event, in Options = {}> {
  /**
   * A consumer subscribes, with the options it gave.
   *
   * @returns The demand this adds upstream (0 for most), or `refuse`: the subscription is then cancelled with that
   *   reason, which never stops the consumer, and `message` is what its `subscribe` rejects with. `cancel` is called for
   *   it as for any other.
   */
  subscribe(subscriber: Subscriber, options: Options): number | Refusal
  /** A subscriber asks for `demand` (at least 1) more events; answers the demand this adds upstream. */
  ask(subscriber: Subscriber, demand: number): number | DemandResult
  /** A subscriber is gone, or was refused; answers the demand this adds upstream. */
  cancel(subscriber: Subscriber): number | DemandResult
  /** Hands out events (at least one), in order, never more to anyone than was asked. */
  dispatch(events: readonly Event[]): DispatchResult
  /**
   * Returns how many events it would hand out or take if it were given any number of them: an integer of at least 0.
   *
   * With this method the stage does the accounting. It dispatches what is buffered up to that number, asks upstream for
   * the rest, and ignores the demand that `subscribe`, `ask` and `cancel` return. Without it the stage adds those numbers
   * up, and offers what is buffered whenever a subscriber has open demand, so `dispatch` is called again with events that
   * it has left over before.
   *
   * Called for every message that asks, so it should not look at every subscriber.
   */
  openDemand?(): number
  /**
   * Queues an info behind the events the dispatcher itself holds back.
   *
   * @returns `true` if the dispatcher keeps it, to answer it later among the `infos` of `ask` or `cancel`; `false` if
   *   it holds no events, so that the info is due at once. Dispatchers that hold nothing leave this method out.
   */
  queueInfo?(message: unknown): boolean
  /** How many events the dispatcher itself holds back. Dispatchers that hold nothing leave this method out. */
  queuedCount?(): number
  /**
   * What it tells of itself, for a snapshot: its kind, and its partitions in order where it has any. A dispatcher of
   * one's own may leave this method out.
   */
  inspect?(): DispatcherInfo
}

/** What a dispatcher tells of itself. */
export interface DispatcherInfo {
  readonly kind: 'demand' | 'broadcast' | 'partition' | 'custom'
  readonly partitions?: readonly PartitionInfo[]
}

/** One partition of a dispatcher, as {@link DispatcherInfo} describes it. */
export interface PartitionInfo {
  readonly partition: string | number
  /** The tag of its subscription; `null` where it has no subscriber. */
  readonly subscriber: string | null
  /** How many events wait for its subscriber to ask. */
  readonly queued: number
}
