import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { CallOptions, ProcessRef } from '../../process/process-ref.ts'
import type { ConfirmOptions, SubscribeOptions, Subscription } from './subscription.ts'

// Keys that exist only in types: they carry the types of events, calls and options. The compiler prints their names
// where a subscription or a call does not fit, so the names are words that users know.

/** The type of the events that a producer emits. */
export declare const produces: unique symbol
/** The type of the events that a consumer handles. */
declare const consumes: unique symbol
/** The calls that a stage handles. */
declare const calls: unique symbol
/** The casts that a stage handles. */
declare const casts: unique symbol
/** The options that a producer's dispatcher reads from its subscribers. */
export declare const subscribeOptions: unique symbol
/** The options that a consumer's `handleSubscribe` reads from its own subscriptions. */
declare const ownSubscribeOptions: unique symbol

/**
 * Whether a producer acts on demand: `'forward'`, or `'accumulate'` to hold it back.
 *
 * With `'accumulate'` a producer keeps demand, and events that it would emit, in the order in which they came, until
 * its mode is `'forward'` again. The modes are those of `GenStage.demand/2`.
 */
export type DemandMode = 'forward' | 'accumulate'

/**
 * A reference to a stage that was started: the operations that other code has on it.
 *
 * Its type shows what the stage can do. A stage that emits events is a {@link ProducerRef}, one that handles events a
 * {@link ConsumerRef}, one that does both a {@link ProducerConsumerRef}. A stage with a `handleCall` is also
 * {@link Callable}, one with a `handleCast` also {@link Castable}.
 */
export interface StageRef extends ProcessRef {
  /**
   * Queues a message for `handleInfo`, after all events that the stage has buffered.
   *
   * A message by `send` is handled before buffered events are emitted; one by `info` keeps its place after them. The
   * promise resolves when the message is queued, not when it is handled. It rejects as a call does: with a
   * `TimeoutError` after the timeout, and with a `NoProcessError` or an `ExitError` if the stage has exited. Follows
   * `GenStage.sync_info/3`.
   */
  info(message: unknown, options?: CallOptions): Promise<void>
}

/** A stage that emits events of type `Out`. */
export interface ProducerRef<out Out> extends StageRef {
  readonly [produces]: Out
  /** Reads the demand mode. That of a producer-consumer is always `'forward'`. Rejects as a call does. */
  demand(options?: CallOptions): Promise<DemandMode>
  /**
   * Sets the demand mode: `'accumulate'` holds demand and events back, `'forward'` releases them in the order in which
   * they came.
   *
   * A producer that starts with `'accumulate'` emits nothing before all of its consumers have subscribed. Returns
   * immediately. A producer-consumer always forwards; it logs a request to accumulate and ignores it. Follows
   * `GenStage.demand/2`.
   *
   * @throws {TypeError} If `mode` is neither `'forward'` nor `'accumulate'`.
   */
  demand(mode: DemandMode): void
  /**
   * Reads how many events are in the stage's buffer. Rejects as a call does.
   *
   * It is an estimate, because the number may have changed by the time the promise resolves. Follows
   * `GenStage.estimate_buffered_count/2`.
   */
  estimateBufferedCount(options?: CallOptions): Promise<number>
}

/** A stage that handles events of type `In`. */
export interface ConsumerRef<in In> extends StageRef {
  readonly [consumes]: (event: In) => void
  /**
   * Subscribes this stage to `producer`; the stage then asks the producer for events.
   *
   * Resolves when the producer has accepted the subscription, or has exited cleanly before it could; with `confirm:
   * false`, when the stage has sent its request. Rejects with a `SubscriptionRefusedError` if the producer refuses the
   * subscription or has failed, with a `TypeError` or `RangeError` if an option is wrong, and as a call does.
   *
   * A stage may subscribe to several producers, and to one producer several times if the producer's dispatcher allows
   * it. `connect` connects several stages at a time. Follows `GenStage.sync_subscribe/3`.
   */
  subscribe<Producer extends ProducerRef<In>>(
    producer: Producer,
    ...options: OptionsArgument<OptionsOf<Producer> & OwnOptionsOf<this>>
  ): Promise<Subscription>
  /**
   * Cancels `subscription` with `reason` and subscribes to `producer`, in one step.
   *
   * Use it to change the options of a subscription or its producer. No other message is handled between the two. The
   * stage continues, unless `subscription` is `'permanent'`, or `'transient'` and `reason` is a failure. Resolves and
   * rejects as `subscribe` does. Follows `GenStage.sync_resubscribe/5`.
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
 * A stage with a `handleCall`: it replies to calls.
 *
 * `Calls` lists the kinds of call as methods: `Callable<{ size(): number; find(id: number): Job | undefined }>`.
 */
export interface Callable<out Calls> {
  // Beside the method: TypeScript compares generic methods with `any` for their parameters, and would accept any stage.
  readonly [calls]: Calls
  /**
   * Sends a request and waits for the reply.
   *
   * Rejects with a `TimeoutError` if no reply arrives within `timeout` (default: 5,000 ms), with a `NoProcessError` if
   * the stage is not running, with an `ExitError` if it exits before it replies, and with the reason of `signal` when
   * that is aborted. A reply that arrives later is dropped.
   *
   * Inside a stage, use `call` of its context instead: it detects stages that wait for each other in a circle.
   */
  call<Kind extends keyof Calls>(kind: Kind, ...request: CallArguments<Calls[Kind]>): Promise<CallReply<Calls[Kind]>>
}

/**
 * A stage with a `handleCast`: it handles requests that have no reply.
 *
 * `Casts` lists the kinds of cast as methods: `Castable<{ push(job: Job): void }>`.
 */
export interface Castable<out Casts> {
  readonly [casts]: Casts
  /** Sends a request and returns immediately. A request to a stage that has exited is dropped. */
  cast<Kind extends keyof Casts>(kind: Kind, ...request: CastArguments<Casts[Kind]>): void
}

/** The arguments of a call after its kind: the request, if this kind has one, and the options of the call. */
export type CallArguments<Method> = Method extends (...request: infer Request) => unknown
  ? [...Request, options?: CallOptions]
  : never

/** The type of the reply to a call of this kind. */
export type CallReply<Method> = Method extends (...request: never) => infer Reply ? Reply : never

/** The arguments of a cast after its kind: the request, if this kind has one. */
type CastArguments<Method> = Method extends (...request: infer Request) => unknown ? Request : never

/**
 * A producer whose dispatcher reads options from its subscribers: optional ones, as `selector`, or required ones, as
 * `partition`.
 *
 * A producer with required options is accepted in `subscribeTo` only as `to(producer, options)`.
 */
export interface AcceptsOptions<in Options> {
  readonly [subscribeOptions]: (options: Options) => void
}

/** A consumer whose `handleSubscribe` reads additional options, which its `subscribe` accepts. */
export interface HandlesOptions<in Options> {
  readonly [ownSubscribeOptions]: (options: Options) => void
}

/** A reference to a consumer that runs one child per event, as `consumerSupervisor` creates it. */
export interface ConsumerSupervisorRef<in In> extends ConsumerRef<In> {
  /**
   * Starts a child for `event`, which did not come from a producer.
   *
   * The child is in addition to those that `maxDemand` allows, and no demand is sent when it exits. Resolves with the
   * child, or with `'ignore'` if its setup function returned that. Rejects with a `StartError` if the child could not
   * be started. Waits without a timeout.
   */
  startChild(event: In): Promise<ProcessRef | 'ignore'>
  /**
   * Stops a child within the time that the option `shutdown` allows. Waits without a timeout.
   *
   * Resolves with `true` when the child has exited, and with `false` if `child` is not, or no longer, a child of this
   * stage.
   */
  terminateChild(child: ProcessRef): Promise<boolean>
  /** Lists the children. The `ref` of a child that waits to be restarted is `'restarting'`. */
  whichChildren(): Promise<readonly { readonly ref: ProcessRef | 'restarting' }[]>
  /** Counts the children. */
  countChildren(): Promise<ChildrenCount>
}

/** The numbers of children of a consumer supervisor. */
export interface ChildrenCount {
  /** Child specifications: always 1. */
  readonly specs: 1
  /** Children that are running. */
  readonly active: number
  /** Children that are supervisors, including those that wait to be restarted. */
  readonly supervisors: number
  /** Children that are not supervisors, including those that wait to be restarted. */
  readonly workers: number
}

/** The options argument of `subscribe`: optional, unless the producer's dispatcher or the consumer requires one. */
export type OptionsArgument<Options> = {} extends Options
  ? [options?: SubscribeOptions & ConfirmOptions & Options]
  : [options: SubscribeOptions & ConfirmOptions & Options]

/** The options that a producer's dispatcher reads. */
export type OptionsOf<Ref> = Ref extends AcceptsOptions<infer Options> ? Options : {}

/** The options that a consumer's own `handleSubscribe` reads. */
type OwnOptionsOf<Ref> = Ref extends HandlesOptions<infer Own> ? Own : {}
