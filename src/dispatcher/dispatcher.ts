/** A subscriber as a dispatcher sees it: one consumer's subscription to this stage. Compared by identity. */
export interface Subscriber {
  /** Identifies the subscription, across runtimes too. */
  readonly tag: string
  /** The id of the process that subscribed. */
  readonly consumer: string
}

/** Events for one subscriber, in order; never empty. */
export type Delivery<Event = unknown> = readonly [subscriber: Subscriber, events: readonly Event[]]

/** What `dispatch` of a dispatcher returns. */
export interface DispatchResult {
  /** Which subscriber gets which events, in the order in which they are sent. */
  readonly deliveries: readonly Delivery[]
  /** Events that no subscriber has asked for yet, in order: they go to the stage's buffer. */
  readonly leftover: readonly unknown[]
  /**
   * Demand to be asked again for subscribers that did not want some of these events.
   * The stage does so by a message to itself, after this dispatch.
   */
  readonly returnedDemand?: readonly (readonly [subscriber: Subscriber, count: number])[]
  /**
   * How many of these events the dispatcher discarded. The stage asks upstream for as many others, after this dispatch.
   * Default: 0.
   */
  readonly filtered?: number
}

/** Why a dispatcher refuses a subscription. */
export interface Refusal {
  /** The reason of the cancellation, as `'bad-partition'`. */
  readonly refuse: string
  /** What was expected, what came, and what to do. Default: the reason. */
  readonly message?: string
}

/** What `ask` and `cancel` of a dispatcher return if there is more than a number to return. */
export interface DemandResult {
  /** The demand to add upstream: an integer of at least 0. */
  readonly demand: number
  /** Events that the dispatcher had queued and sends now. */
  readonly deliveries?: readonly Delivery[]
  /** Infos that were queued after those events and are due now, in order. */
  readonly infos?: readonly unknown[]
  /** How many events were dropped because their subscriber was cancelled. */
  readonly discarded?: number
  /** A sentence for the log, at level warning. */
  readonly warning?: string
}

/**
 * Decides which subscriber gets which event.
 *
 * A dispatcher is pure: its methods are called with subscribers, demand and events, and return which subscriber gets
 * what. It sends nothing, and it belongs to one stage for as long as that stage lives. It must keep one promise: no
 * subscriber gets more events than it asked for.
 */
export interface Dispatcher<in Event, in Options = {}> {
  /**
   * A consumer subscribes, with the options it gave.
   *
   * @returns The demand to add upstream (0 for most), or `refuse`: the subscription is then cancelled with that
   *   reason, which never stops the consumer, and `message` is what its `subscribe` rejects with. `cancel` is called for
   *   it as for any other.
   */
  subscribe(subscriber: Subscriber, options: Options): number | Refusal
  /** A subscriber asks for `demand` (at least 1) more events; returns the demand to add upstream. */
  ask(subscriber: Subscriber, demand: number): number | DemandResult
  /** A subscription was cancelled or refused; returns the demand to add upstream. */
  cancel(subscriber: Subscriber): number | DemandResult
  /** Distributes events (at least one), in order, and gives no subscriber more than it asked for. */
  dispatch(events: readonly Event[]): DispatchResult
  /**
   * Returns how many events it would send or queue if it were given any number of them: an integer of at least 0.
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
   * Queues an info after the events that the dispatcher itself has queued.
   *
   * @returns `true` if the dispatcher keeps it, to return it later among the `infos` of `ask` or `cancel`; `false` if
   *   it has no events queued, so that the info is due at once. Dispatchers that queue nothing leave this method out.
   */
  queueInfo?(message: unknown): boolean
  /** How many events the dispatcher itself has queued. Dispatchers that queue nothing leave this method out. */
  queuedCount?(): number
  /**
   * Describes the dispatcher for a snapshot: its kind, and its partitions in order if it has any. Custom dispatchers may
   * leave this method out.
   */
  inspect?(): DispatcherInfo
}

/** What a snapshot shows of a dispatcher. */
export interface DispatcherInfo {
  /** `'custom'` for a dispatcher that is defined outside of this library. */
  readonly kind: 'demand' | 'broadcast' | 'partition' | 'custom'
  /** Of a partition dispatcher: its partitions in order. */
  readonly partitions?: readonly PartitionInfo[]
}

/** What a snapshot shows of a partition. */
export interface PartitionInfo {
  /** Its name. */
  readonly partition: string | number
  /** The tag of its subscription; `null` if it has no subscriber. */
  readonly subscriber: string | null
  /** How many events are queued until its subscriber asks for them. */
  readonly queued: number
}
