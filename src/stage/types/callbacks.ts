import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { DemandMode } from './references.ts'
import type {
  CallResult,
  CancelReason,
  ConsumeResult,
  EmitResult,
  OptionalEmitResult,
  Stop,
  SubscribeResult,
} from './results.ts'
import type { From, Source, SubscribeOptions, SubscriberHandle, Subscription } from './subscription.ts'

/**
 * Callbacks, or the function that sets them up when the stage starts.
 *
 * The function is GenStage's `init`, and its variables are the stage's state. It may be async, and may answer an
 * instance of a class, whose fields are then the state. `'ignore'` makes the start reject with a `StartIgnoredError`,
 * `{ stop: reason }` with a `StartError`; the stage then never runs, its `terminate` included.
 */
export type Setup<Context, Callbacks> = Callbacks | ((stage: Context) => SetupResult<Callbacks>)

/** What a set-up function answers. */
export type SetupResult<Callbacks> = Callbacks | 'ignore' | Stop | Promise<Callbacks | 'ignore' | Stop>

// Whoever writes a `handleInfo` says what its messages are; whatever is sent is not checked against it.
// oxlint-disable-next-line typescript/no-explicit-any -- with `unknown`, no handler that says what it expects compiles
// biome-ignore lint/suspicious/noExplicitAny: with `unknown`, no handler that says what it expects would compile
type AnyMessage = any

/** The callbacks and options that every kind of stage has. */
interface StageCallbacks<Out, Calls, Casts> {
  /**
   * A handler per kind of request, as `handleCall: { size: () => ({ reply: items.length }) }`.
   *
   * Each answers `{ reply }`, or replies by `from`, now or later; the types of requests and replies are what
   * `call` on the stage's reference then takes and gives. A reply by `from` needs the annotation `from: From<Reply>`.
   */
  handleCall?: Calls & { readonly [kind: string]: (request: never, from: From<unknown>) => CallResult<unknown, Out> }
  /** A handler per kind of request that nobody waits for, as `handleCast: { clear() { items.length = 0 } }`. */
  handleCast?: Casts & { readonly [kind: string]: (request: never) => OptionalEmitResult<Out> }
  /**
   * Handles all other messages: from `send`, `info` and `sendAfter`, `{ down, reason }` of monitors (`Down`), and with
   * `trapExit` `{ exit, reason }` (`Exit`).
   */
  handleInfo?: (message: AnyMessage) => OptionalEmitResult<Out>
  /**
   * Runs last, and the stage has ended when it has finished.
   *
   * Not after an exit signal that was not trapped, nor after a failed start. What it throws becomes the exit reason,
   * with the former one as its `cause`.
   */
  terminate?: (reason: ExitReason) => void | Promise<void>
  /** What is shown as this stage's state. Default: the fields of the callbacks' class, if they have one. */
  inspect?: () => unknown
  /**
   * Whether exit signals of linked processes go to `handleInfo` instead of ending the stage. Default: `false`.
   *
   * The signal of the process that started it still ends the stage, but through `terminate`.
   */
  trapExit?: boolean
}

/** The options that every stage has which emits events. */
interface ProducingOptions<Out, Options> {
  /** Decides which subscriber gets which event. Default: `demandDispatcher()`, whoever has asked for the most. */
  dispatcher?: Dispatcher<Out, Options>
  /**
   * How many events to keep that nobody has asked for yet: an integer of at least 0, or `Infinity`.
   * Default: 10,000 for a producer, `Infinity` for a producer-consumer, which takes events in only while there is demand.
   */
  bufferSize?: number
  /** Which events to keep when the buffer is full: the `'first'` or the `'last'` that came. Default: `'last'`. */
  bufferKeep?: 'first' | 'last'
  /**
   * Whether to log that `count` events were dropped from a full buffer. Default: always logged.
   *
   * Called once per drop. Answers at once: a promise is a `BadReturnError`.
   */
  formatDiscarded?: (count: number) => boolean
}

/** The options that every stage has which handles events. */
export interface ConsumingOptions<In> {
  /**
   * Producers to subscribe to once set up, each with default options or as `to(producer, options)`. Default: none.
   */
  subscribeTo?: readonly Source<In>[]
}

/** What a producer is made of: its callbacks and options. */
export interface ProducerCallbacks<Out, Options = {}, Calls = {}, Casts = {}>
  extends StageCallbacks<Out, Calls, Casts>,
    ProducingOptions<Out, Options> {
  /** Whether demand is passed on from the start, or held back until told to `'forward'`. Default: `'forward'`. */
  demand?: DemandMode
  /**
   * Consumers have asked for `demand` (at least 1) more events.
   *
   * Called once what is buffered does not meet the demand. The answer may be shorter: what is missing is not asked for
   * again, it is owed, and goes out with any callback that answers events. It may be longer: the rest is buffered.
   */
  handleDemand: (demand: number) => EmitResult<Out>
  /** A consumer subscribes, with these options. */
  handleSubscribe?: (
    role: 'consumer',
    options: SubscribeOptions & Options,
    from: SubscriberHandle,
  ) => SubscribeResult<'automatic'>
  /** A subscription of a consumer has ended. */
  handleCancel?: (reason: CancelReason, from: SubscriberHandle) => OptionalEmitResult<Out>
  /**
   * The stage is being drained, and will be asked for nothing more: it may emit what it still holds.
   *
   * Called once, when its buffer is empty; the stage ends when what it emits here has been taken.
   */
  handleEnd?: (cause: 'drain') => OptionalEmitResult<Out>
}

/** What a producer-consumer is made of: its callbacks and options. */
export interface ProducerConsumerCallbacks<In, Out, Options = {}, Calls = {}, Casts = {}, Own = {}>
  extends StageCallbacks<Out, Calls, Casts>,
    ProducingOptions<Out, Options>,
    ConsumingOptions<In> {
  /**
   * A batch has arrived, in the order in which it was sent and never empty; what is answered goes on.
   *
   * Called only while consumers have demand. The batch may be shared with others and may not be changed.
   */
  handleEvents: (events: readonly In[], from: Subscription) => EmitResult<Out>
  /**
   * This stage has subscribed to a producer (`role` is what the other side is), or a consumer subscribes to it.
   *
   * For a producer, `'manual'` leaves all asking to `from.ask`; a consumer's is always automatic. An async function has
   * to return `'manual' as const`, as TypeScript takes the literal for a `string` otherwise.
   */
  handleSubscribe?: (
    role: 'producer' | 'consumer',
    options: Required<SubscribeOptions> & Own,
    from: Subscription,
  ) => SubscribeResult<'automatic' | 'manual'>
  /** A subscription has ended, on either side. If it stops the stage, then after this. */
  handleCancel?: (reason: CancelReason, from: Subscription) => OptionalEmitResult<Out>
  /**
   * No more events will come: it may emit what it has collected.
   *
   * Called once before the stage ends, after all that came before was handled and handed on: with `'end'` when a clean end
   * of its producers ends it, and with `'drain'` when it is being drained. Not called when a producer fails.
   */
  handleEnd?: (cause: 'end' | 'drain') => OptionalEmitResult<Out>
  /**
   * What happens to events that were taken but not handed on yet when a producer's end stops this stage.
   * Default: `'drain'`.
   *
   * `'drain'`: consumers first take what is there, and only then `handleCancel` is called and the stage stops; a failure
   * comes after the events that came before it. `'stop'`: it stops at once and they are lost, as in GenStage.
   */
  onProducerEnd?: 'drain' | 'stop'
  /**
   * When the stage subscribes to the producers in `subscribeTo`. Default: `'start'`, as soon as it is set up.
   *
   * `'first-consumer'`: when its first consumer has subscribed, so that stages can be started in the order in which events
   * flow, and a short source does not end before there is a consumer.
   */
  subscribeAt?: 'start' | 'first-consumer'
}

/** What a consumer is made of: its callbacks and options. */
export interface ConsumerCallbacks<In, Calls = {}, Casts = {}, Own = {}>
  extends StageCallbacks<never, Calls, Casts>,
    ConsumingOptions<In> {
  /**
   * A batch has arrived, in the order in which it was sent and never empty; more is asked for once it is handled.
   *
   * The batch may be shared with others and may not be changed.
   */
  handleEvents: (events: readonly In[], from: Subscription) => ConsumeResult
  /**
   * This stage has subscribed to a producer; `'manual'` leaves all asking to `from.ask`.
   *
   * An async function has to return `'manual' as const`, as TypeScript takes the literal for a `string` otherwise.
   */
  handleSubscribe?: (
    role: 'producer',
    options: Required<SubscribeOptions> & Own,
    from: Subscription,
  ) => SubscribeResult<'automatic' | 'manual'>
  /** A subscription has ended. If it stops the stage, then after this. */
  handleCancel?: (reason: CancelReason, from: Subscription) => ConsumeResult
  /**
   * No more events will come: the place to write what was collected.
   *
   * Called once before the stage ends, after all that came before was handled: with `'end'` when a clean end of its
   * producers ends it, and with `'drain'` when it is being drained. Not called when a producer fails.
   */
  handleEnd?: (cause: 'end' | 'drain') => ConsumeResult
}
