import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { CallOptions, ProcessRef } from '../../process/process-ref.ts'
import type { OptionsArgument, OptionsOf, OwnOptionsOf, Subscription } from './subscription.ts'

// Keys that exist only in types: they carry what a stage produces, consumes, answers. Their names are what the message
// of a wrong subscription shows, so they are words a user knows.

/** What a producer emits. */
export declare const produces: unique symbol
/** What a consumer handles. */
declare const consumes: unique symbol
/** The calls a stage answers. */
declare const calls: unique symbol
/** The casts a stage takes. */
declare const casts: unique symbol
/** The options a producer's dispatcher takes. */
export declare const subscribeOptions: unique symbol
/** The options a consumer reads of its own subscriptions. */
declare const ownSubscribeOptions: unique symbol

/**
 * Whether a producer passes demand on: `'forward'` does, `'accumulate'` holds demand and events back, in order, until
 * it is told to forward.
 */
export type DemandMode = 'forward' | 'accumulate'

/**
 * A handle on a running stage; all that anyone but the stage itself ever holds.
 *
 * Which operations it has says what the stage can do: one that emits is a {@link ProducerRef}, one that handles events
 * a {@link ConsumerRef}, one that does both a {@link ProducerConsumerRef}; one with a `handleCall` also
 * {@link Callable}, one with a `handleCast` also {@link Castable}.
 */
export interface StageRef extends ProcessRef {
  /**
   * Queues a message for `handleInfo`, to be delivered after all events that are buffered by then.
   *
   * Resolves once the message is queued, not when it is handled. Rejects like a call: with a `TimeoutError`, or with a
   * `NoProcessError` or an `ExitError` where the stage is gone.
   */
  info(message: unknown, options?: CallOptions): Promise<void>
}

/** A stage that emits events of type `Out`. */
export interface ProducerRef<out Out> extends StageRef {
  readonly [produces]: Out
  /** Reads the demand mode; a producer-consumer's is always `'forward'`. Rejects like a call. */
  demand(options?: CallOptions): Promise<DemandMode>
  /**
   * Sets the demand mode: `'accumulate'` holds demand and events back, `'forward'` lets them through, in the order in
   * which they came.
   *
   * A way to begin only once all consumers have subscribed. Returns at once. A producer-consumer always forwards; asked
   * to accumulate, it logs that and goes on.
   */
  demand(mode: DemandMode): void
  /** How many events wait in the stage's buffer; an estimate, for by the time it arrives it may have changed. */
  estimateBufferedCount(options?: CallOptions): Promise<number>
}

/** A stage that handles events of type `In`. */
export interface ConsumerRef<in In> extends StageRef {
  readonly [consumes]: (event: In) => void
  /**
   * Makes this stage a subscriber of `producer`, from which it then asks for events.
   *
   * Resolves once the producer has accepted the subscription, or has ended cleanly before it could; with `confirm: false`,
   * once the stage has sent its request. Rejects with a `SubscriptionRefusedError` if the producer refuses it or has failed, like a
   * call, and with a `RangeError` or `TypeError` where an option is wrong. Several stages are best connected by `connect`.
   * A stage may subscribe to many producers, and to one of them more than once where its dispatcher allows it.
   */
  subscribe<Producer extends ProducerRef<In>>(
    producer: Producer,
    ...options: OptionsArgument<OptionsOf<Producer> & OwnOptionsOf<this>>
  ): Promise<Subscription>
  /**
   * Cancels `subscription` with `reason` and subscribes anew, to the same producer or another, with nothing in between.
   *
   * Meant for new options, or another producer. The stage goes on, unless `subscription` is `'permanent'`, or
   * `'transient'` and the reason is no clean one.
   */
  resubscribe<Producer extends ProducerRef<In>>(
    subscription: Subscription,
    reason: ExitReason,
    producer: Producer,
    ...options: OptionsArgument<OptionsOf<Producer> & OwnOptionsOf<this>>
  ): Promise<Subscription>
}

/** A stage that handles events of type `In` and emits events of type `Out`. */
export interface ProducerConsumerRef<in In, out Out> extends ConsumerRef<In>, ProducerRef<Out> {}

/**
 * A stage with a `handleCall`: it answers requests.
 *
 * `Calls` lists the kinds of request as methods: `Answers<{ size(): number; find(id: number): Job | undefined }>`.
 */
export interface Callable<out Calls> {
  // Beside the method, or TypeScript compares generic methods with `any` for their parameters and accepts every stage.
  readonly [calls]: Calls
  /**
   * Sends a request and waits for its reply.
   *
   * Rejects with a `TimeoutError` when none came in time (default: 5,000 ms), with a `NoProcessError` if the stage is
   * not alive, with an `ExitError` if it ends before it has replied, and with the reason of `signal` once that is
   * aborted. A reply that comes later is dropped.
   *
   * From inside a stage use its context's `call`, which notices when stages wait for each other in a circle.
   */
  call<Kind extends keyof Calls>(kind: Kind, ...request: CallArguments<Calls[Kind]>): Promise<CallReply<Calls[Kind]>>
}

/**
 * A stage with a `handleCast`: it takes requests that nobody waits for.
 *
 * `Casts` lists the kinds of request as methods: `Accepts<{ push(job: Job): void }>`.
 */
export interface Castable<out Casts> {
  readonly [casts]: Casts
  /** Sends a request and forgets it; to a stage that has ended it vanishes. */
  cast<Kind extends keyof Casts>(kind: Kind, ...request: CastArguments<Casts[Kind]>): void
}

/** What follows the kind in a call: the request, if that kind has one, and the options of the call. */
export type CallArguments<Method> = Method extends (...request: infer Request) => unknown
  ? [...Request, options?: CallOptions]
  : never

/** What a call of that kind resolves with. */
export type CallReply<Method> = Method extends (...request: never) => infer Reply ? Reply : never

/** What follows the kind in a cast: the request, if that kind has one. */
type CastArguments<Method> = Method extends (...request: infer Request) => unknown ? Request : never

/**
 * A stage whose dispatcher takes options from its subscribers, as `selector`, or demands them, as `partition`.
 *
 * One that demands them cannot stand in a `subscribeTo` by itself, only as `to(stage, options)`.
 */
export interface AcceptsOptions<in Options> {
  readonly [subscribeOptions]: (options: Options) => void
}

/** A consumer whose `handleSubscribe` reads options of its own, which `subscribe` then takes. */
export interface HandlesOptions<in Options> {
  readonly [ownSubscribeOptions]: (options: Options) => void
}

/** A consumer that runs one child per event, as `consumerSupervisor` makes it. */
export interface ConsumerSupervisorRef<in In> extends ConsumerRef<In> {
  /**
   * Starts a child for an event that came from nowhere but here; it counts on top of those that were asked for.
   *
   * Resolves with the child, or with `'ignore'` where its set-up answered that. Rejects with a `StartError` if it could
   * not be started.
   */
  startChild(event: In): Promise<ProcessRef | 'ignore'>
  /** Stops a child as its `shutdown` says; resolves with `false` where it is no child of this stage (any more). */
  terminateChild(child: ProcessRef): Promise<boolean>
  /** Its children, those that wait to be restarted among them. */
  whichChildren(): Promise<readonly { readonly ref: ProcessRef | 'restarting' }[]>
  /** Counts its children. */
  countChildren(): Promise<ChildrenCount>
}

/** How many children a consumer supervisor has. */
export interface ChildrenCount {
  /** Kinds of children: always 1. */
  readonly specs: 1
  /** Children that run. */
  readonly active: number
  /** Children that are supervisors, those that wait to be restarted included. */
  readonly supervisors: number
  /** Children that are no supervisors, those that wait to be restarted included. */
  readonly workers: number
}
