import type { ExitReason } from '../../process/exit/exit-reason.ts'

/** Stops the stage with `stop` as its exit reason, after `events` are emitted and `terminate` has run. */
export interface Stop<out Out = never> {
  /** The exit reason; `'normal'` where the stage has finished its work. */
  readonly stop: ExitReason
  /** Events to emit first. Default: none. */
  readonly events?: readonly Out[]
}

/** Events to emit, and whether the stage stops afterwards: the long form of what a callback returns. */
export interface EmitAndStop<out Out> {
  /** Events to emit. Default: none. */
  readonly events?: readonly Out[]
  /** Stops the stage with this exit reason, after the events are emitted. Default: the stage continues. */
  readonly stop?: ExitReason
}

/**
 * What a callback returns whose purpose is to emit: an array of events, `[]` for none, or `{ events?, stop? }`.
 *
 * `undefined` is no valid result, so that a forgotten `return` does not compile. The stage keeps the returned array
 * without a copy: do not change it afterwards.
 */
export type EmitResult<Out> = readonly Out[] | EmitAndStop<Out> | Promise<readonly Out[] | EmitAndStop<Out>>

/**
 * What a callback returns that may emit: an array of events, `{ events?, stop? }`, or nothing.
 *
 * The stage keeps the returned array without a copy: do not change it afterwards.
 */
export type OptionalEmitResult<Out> =
  | void
  | readonly Out[]
  | EmitAndStop<Out>
  | Promise<void | readonly Out[] | EmitAndStop<Out>>

/** What a consumer's callback returns: nothing, or `{ stop: reason }`. A consumer emits no events. */
export type ConsumeResult = void | Stop | Promise<void | Stop>

/**
 * What a handler of a call returns: `{ reply, events?, stop? }`, or no `reply` where `from.reply` gives it.
 *
 * The events are emitted before the reply is sent. A `reply` that is a promise keeps the call open until it settles,
 * with the timeout and the signal of the call; a rejection rejects the call. The stage handles other messages in the
 * meantime, unless it is to stop: then it stops after the reply. Without `reply`, the call stays open until
 * `from.reply` is called. A bare array is refused, because it could be a reply as well as events.
 */
export type CallResult<Reply, Out> = SettledCallResult<Reply, Out> | Promise<SettledCallResult<Reply, Out>>

/** A {@link CallResult} without the promise. */
type SettledCallResult<Reply, Out> =
  | void
  | { readonly events?: readonly Out[]; readonly stop?: ExitReason }
  | { readonly reply: Reply | PromiseLike<Reply>; readonly events?: readonly Out[]; readonly stop?: ExitReason }

/**
 * What `handleSubscribe` returns: `'automatic'`, `'manual'` where the callback allows it, or `{ stop: reason }`.
 *
 * It decides how the subscription asks for events. Nothing means `'automatic'`.
 */
export type SubscribeResult<Mode extends 'automatic' | 'manual'> = void | Mode | Stop | Promise<void | Mode | Stop>

/**
 * Why a subscription ended: `{ cancel: reason }` if it was cancelled, `{ down: reason }` if the other stage has exited.
 */
export type CancelReason = { readonly cancel: ExitReason } | { readonly down: ExitReason }
