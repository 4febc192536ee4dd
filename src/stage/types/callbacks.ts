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
import type { Source } from './source.ts'
import type { From, SubscribeOptions, SubscriberHandle, Subscription } from './subscription.ts'

/**
 * The callbacks and options of a stage, or a setup function that returns them.
 *
 * A setup function runs each time the stage starts. It is what `init` is in GenStage, and its variables are the state
 * of the stage. It may be async. It may return an instance of a class, whose fields are then the state. If it returns
 * `'ignore'`, the start rejects with a `StartIgnoredError`; if it returns `{ stop: reason }`, with a `StartError`. In
 * both cases no callback runs, not even `terminate`.
 */
export type Setup<Context, Callbacks> = Callbacks | ((stage: Context) => SetupResult<Callbacks>)

/** What a setup function returns: callbacks and options, `'ignore'` or `{ stop: reason }`. */
export type SetupResult<Callbacks> = Callbacks | 'ignore' | Stop | Promise<Callbacks | 'ignore' | Stop>

// A `handleInfo` declares the messages that it expects; what is sent is not checked against that.
// oxlint-disable-next-line typescript/no-explicit-any -- with `unknown`, no handler that declares its messages compiles
// biome-ignore lint/suspicious/noExplicitAny: with `unknown`, no handler that declares its messages would compile
type AnyMessage = any

/** The callbacks and options that every kind of stage has. */
interface StageCallbacks<Out, Calls, Casts> {
  /**
   * The handlers of calls, one per kind: `handleCall: { size: () => ({ reply: items.length }) }`.
   *
   * A handler returns `{ reply }`, or replies by `from`, immediately or later. The types of requests and replies are
   * those of `call` on the stage's reference. A handler that replies by `from` needs the annotation `from:
   * From<Reply>`.
   */
  handleCall?: Calls & { readonly [kind: string]: (request: never, from: From<unknown>) => CallResult<unknown, Out> }
  /** The handlers of casts, which have no reply, one per kind: `handleCast: { clear() { items.length = 0 } }`. */
  handleCast?: Casts & { readonly [kind: string]: (request: never) => OptionalEmitResult<Out> }
  /**
   * Handles all other messages.
   *
   * These are the messages of `send`, `info` and `sendAfter`, the `{ down, reason }` of monitors (`Down`), and with
   * `trapExit` the `{ exit, reason }` of exit signals (`Exit`). A stage without `handleInfo` logs them.
   */
  handleInfo?: (message: AnyMessage) => OptionalEmitResult<Out>
  /**
   * Runs last; the stage exits when it has finished.
   *
   * It does not run after an exit signal that is not trapped, nor after a start that failed. What it throws becomes the
   * exit reason, with the previous reason as its `cause`.
   */
  terminate?: (reason: ExitReason) => void | Promise<void>
  /**
   * Returns what is shown as the state of this stage in snapshots. Default: the fields of the callbacks, if they are an
   * instance of a class.
   */
  inspect?: () => unknown
  /**
   * Whether exit signals of linked processes are passed to `handleInfo` instead of stopping the stage.
   * Default: `false`.
   *
   * The exit signal of the process that started the stage always stops it; with `true`, `terminate` then runs.
   */
  trapExit?: boolean
}

/** The options of every stage that emits events. */
interface ProducingOptions<Out, Options> {
  /**
   * Decides which subscriber receives which event.
   *
   * Default: `demandDispatcher()`, which prefers the subscriber with the most demand.
   */
  dispatcher?: Dispatcher<Out, Options>
  /**
   * The most events that the stage keeps while no subscriber has demand for them: an integer from 0, or `Infinity`.
   *
   * Default: 10,000 for a producer, and `Infinity` for a producer-consumer, which handles events only while there is
   * demand.
   */
  bufferSize?: number
  /** Which events are kept when the buffer is full: the `'first'` or the `'last'` that came. Default: `'last'`. */
  bufferKeep?: 'first' | 'last'
  /**
   * Returns whether to log that `count` events were discarded from a full buffer. Default: always log it.
   *
   * Called once each time events are discarded. It must be synchronous: a promise is refused with a `BadReturnError`.
   * Follows `format_discarded/2` of GenStage.
   */
  formatDiscarded?: (count: number) => boolean
}

/** The options of every stage that handles events. */
export interface ConsumingOptions<In> {
  /**
   * The producers to subscribe to when the stage starts, each by itself or as `to(producer, options)`. Default: none.
   */
  subscribeTo?: readonly Source<In>[]
}

/** The callbacks and options of a producer. */
export interface ProducerCallbacks<Out, Options = {}, Calls = {}, Casts = {}>
  extends StageCallbacks<Out, Calls, Casts>,
    ProducingOptions<Out, Options> {
  /**
   * Whether the producer starts with acting on demand (`'forward'`) or with holding it back (`'accumulate'`).
   * Default: `'forward'`.
   *
   * `demand` on the stage's reference changes it.
   */
  demand?: DemandMode
  /**
   * Returns events for `demand` (an integer from 1) more events that consumers have asked for.
   *
   * Called when the buffer does not meet the demand. It may return fewer events: the missing ones are still owed, are
   * not asked for again, and may be emitted later by any callback. It may return more: the excess is buffered.
   */
  handleDemand: (demand: number) => EmitResult<Out>
  /** Called when a consumer subscribes, with the options of its subscription. */
  handleSubscribe?: (
    role: 'consumer',
    options: SubscribeOptions & Options,
    from: SubscriberHandle,
  ) => SubscribeResult<'automatic'>
  /** Called when the subscription of a consumer has ended. */
  handleCancel?: (reason: CancelReason, from: SubscriberHandle) => OptionalEmitResult<Out>
  /**
   * Called once when the stage drains and its buffer is empty: it may emit what it still holds.
   *
   * It is not asked for events any more. The stage exits when consumers have taken what it emits here.
   */
  handleEnd?: (cause: 'drain') => OptionalEmitResult<Out>
}

/** The callbacks and options of a producer-consumer. */
export interface ProducerConsumerCallbacks<In, Out, Options = {}, Calls = {}, Casts = {}, Own = {}>
  extends StageCallbacks<Out, Calls, Casts>,
    ProducingOptions<Out, Options>,
    ConsumingOptions<In> {
  /**
   * Handles a batch of events, and returns the events to emit.
   *
   * A batch is never empty, and its events are in the order in which the producer sent them. Called only while
   * consumers have demand. Do not change the batch: other stages may have the same array.
   */
  handleEvents: (events: readonly In[], from: Subscription) => EmitResult<Out>
  /**
   * Called when this stage has subscribed to a producer, and when a consumer subscribes to it.
   *
   * `role` is the role of the other stage. For a producer, `'manual'` leaves all asking to `from.ask`; the subscription
   * of a consumer is always automatic. An async function has to return `'manual' as const`, because TypeScript would
   * infer `string`.
   */
  handleSubscribe?: (
    role: 'producer' | 'consumer',
    options: Required<SubscribeOptions> & Own,
    from: Subscription,
  ) => SubscribeResult<'automatic' | 'manual'>
  /**
   * Called when a subscription has ended, to a producer or of a consumer.
   *
   * If the end of the subscription stops the stage, it stops afterwards.
   */
  handleCancel?: (reason: CancelReason, from: Subscription) => OptionalEmitResult<Out>
  /**
   * Called once before the stage exits, when no more events will come: it may emit what it has collected.
   *
   * All earlier events have been handled and taken by consumers. `cause` is `'end'` if the stage stops because its
   * producers have ended cleanly, and `'drain'` if it drains. Not called when a producer fails.
   */
  handleEnd?: (cause: 'end' | 'drain') => OptionalEmitResult<Out>
  /**
   * What happens to events that the stage still holds when the end of a producer stops it. Default: `'drain'`.
   *
   * - `'drain'`: consumers take them first; then `handleCancel` is called and the stage stops. A failure of a producer
   *   has its effect after the events that came before it.
   * - `'stop'`: the stage stops immediately and the events are lost, as in GenStage.
   */
  onProducerEnd?: 'drain' | 'stop'
  /**
   * When the stage subscribes to the producers in `subscribeTo`. Default: `'start'`.
   *
   * - `'start'`: when the stage starts.
   * - `'first-consumer'`: when its first consumer has subscribed. So stages can be started in the order in which events
   *   flow, and a short source does not end before it has a consumer.
   */
  subscribeAt?: 'start' | 'first-consumer'
}

/** The callbacks and options of a consumer. */
export interface ConsumerCallbacks<In, Calls = {}, Casts = {}, Own = {}>
  extends StageCallbacks<never, Calls, Casts>,
    ConsumingOptions<In> {
  /**
   * Handles a batch of events.
   *
   * A batch is never empty, and its events are in the order in which the producer sent them. The stage asks for more
   * when the batch is handled. Do not change the batch: other stages may have the same array.
   */
  handleEvents: (events: readonly In[], from: Subscription) => ConsumeResult
  /**
   * Called when this stage has subscribed to a producer; `'manual'` leaves all asking to `from.ask`.
   *
   * An async function has to return `'manual' as const`, because TypeScript would infer `string`.
   */
  handleSubscribe?: (
    role: 'producer',
    options: Required<SubscribeOptions> & Own,
    from: Subscription,
  ) => SubscribeResult<'automatic' | 'manual'>
  /** Called when a subscription has ended. If that stops the stage, it stops afterwards. */
  handleCancel?: (reason: CancelReason, from: Subscription) => ConsumeResult
  /**
   * Called once before the stage exits, when no more events will come: it may write what it has collected.
   *
   * All earlier events have been handled. `cause` is `'end'` if the stage stops because its producers have ended
   * cleanly, and `'drain'` if it drains. Not called when a producer fails.
   */
  handleEnd?: (cause: 'end' | 'drain') => ConsumeResult
}
