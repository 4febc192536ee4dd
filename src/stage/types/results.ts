import type { ExitReason } from '../../process/exit/exit-reason.ts'

/** Ends the stage with `stop` as its exit reason, after `events` have gone out and `terminate` has run. */
export interface Stop<out Out = never> {
  /** The exit reason; `'normal'` where the stage has simply finished. */
  readonly stop: ExitReason
  /** Events to send out before. Default: none. */
  readonly events?: readonly Out[]
}

/** Events to send out, and whether the stage then ends: the long form of an answer. */
export interface EmitAndStop<out Out> {
  /** Events to send out. Default: none. */
  readonly events?: readonly Out[]
  /** Ends the stage after that, with this exit reason. Default: it goes on. */
  readonly stop?: ExitReason
}

/**
 * What a callback answers that exists to emit: the events, `[]` for none, or `{ events?, stop? }`.
 *
 * A forgotten `return` does not compile. Whoever answers an array gives it away: it may not be changed afterwards.
 */
export type EmitResult<Out> = readonly Out[] | EmitAndStop<Out> | Promise<readonly Out[] | EmitAndStop<Out>>

/** What a callback answers that may emit on occasion: events, or nothing. */
export type OptionalEmitResult<Out> =
  | void
  | readonly Out[]
  | EmitAndStop<Out>
  | Promise<void | readonly Out[] | EmitAndStop<Out>>

/** What a consumer's callback answers: nothing, or `{ stop: reason }`. A consumer emits no events. */
export type ConsumeResult = void | Stop | Promise<void | Stop>

/**
 * What a request's handler answers: `{ reply }`, with the events to send out before it.
 *
 * A reply that is a promise keeps the call open, with its timeout and its signal, until it settles; a rejection rejects
 * the call. The stage does not wait for it, unless it is to stop after it. Without `reply` the answer is owed by
 * `from.reply`, now or later. With `stop` the stage ends, after the reply. Never a bare array, which could be meant as
 * either.
 */
export type CallResult<Reply, Out> = SettledCallResult<Reply, Out> | Promise<SettledCallResult<Reply, Out>>

/** An {@link CallResult} without the promise. */
type SettledCallResult<Reply, Out> =
  | void
  | { readonly events?: readonly Out[]; readonly stop?: ExitReason }
  | { readonly reply: Reply | PromiseLike<Reply>; readonly events?: readonly Out[]; readonly stop?: ExitReason }

/** What `handleSubscribe` answers: how demand is asked for, or `{ stop: reason }`. Nothing means `'automatic'`. */
export type SubscribeResult<Mode extends 'automatic' | 'manual'> = void | Mode | Stop | Promise<void | Mode | Stop>

/**
 * Why a subscription ended: `{ cancel: reason }` if it was cancelled, `{ down: reason }` if the other side has ended.
 */
export type CancelReason = { readonly cancel: ExitReason } | { readonly down: ExitReason }
