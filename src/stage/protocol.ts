/**
 * The stages' protocol: the messages by which a consumer and a producer talk about demand and events. They say nothing
 * else to each other, so whoever speaks it can be a stage.
 *
 * ```text
 *   consumer                                    producer
 *      │ ── subscribe (tag, options) ──────────────> │
 *      │ ── ask (tag, 1000) ───────────────────────> │
 *      │ <──────────────── events (tag, [… 500]) ─── │
 *      │ ── ask (tag, 500) ────────────────────────> │
 *      │ ── cancel (tag, reason) ──────────────────> │
 *      │ <──────────────── cancelled (tag, reason) ─ │
 * ```
 *
 * **The consumer**
 * - MUST choose a tag that it has not used before, and watch the producer before it subscribes.
 * - MUST subscribe before it asks, and MAY ask without waiting for an answer.
 * - MUST ask for integers of at least 1.
 * - MUST answer events under a tag it does not know, or knows no more, with a cancel.
 * - MUST, to end a subscription, send a cancel and go on until it is confirmed; events MAY arrive until then.
 * - MUST treat the producer's end as a cancellation with its exit reason.
 * - MAY put a subscription in the place of another (`cancelFirst`): the producer cancels that one first.
 *
 * **The producer**
 * - MUST watch the consumer from the moment it subscribes, and treat its end as a cancellation.
 * - MUST NOT send more events under a tag than were asked for under it.
 * - MUST NOT change a batch once it is sent. It MAY send one array to many.
 * - MUST confirm each cancel of a tag it knows by `cancelled` with the same reason, and send no events under that tag
 *   afterwards. It MAY cancel by itself, in the same words.
 * - MUST answer a subscription under a tag it knows already, and an ask under one it does not know, with `cancelled`.
 * - MUST, where a subscription asks for confirmation, send one empty batch when it has accepted it. A consumer MUST NOT
 *   show its callbacks an empty batch.
 *
 * Messages are plain data that can be cloned, except for what a user put in (an event, a reason, a `selector`):
 * tags are strings that carry the runtime's id, and a reference stands for its `id`. Messages from one process to
 * another arrive in the order in which they were sent; the protocol relies on it.
 */

import type { ExitReason } from '../process/exit/exit-reason.ts'
import { Message } from '../process/message.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import type { ProcessReference } from '../process/reference.ts'

/** The version of the protocol; a producer refuses a subscription in another one. */
export const PROTOCOL_VERSION = 1

/** What a `subscribe` says. */
export interface SubscribeBody {
  readonly version: number
  /** A subscription of the same consumer to be cancelled before. */
  readonly cancelFirst: { readonly tag: string; readonly reason: ExitReason } | undefined
  /** The consumer's options, the dispatcher's and `metadata` among them. */
  readonly options: Readonly<Record<string, unknown>>
  /** Whether an empty batch is to be sent once the subscription is accepted. */
  readonly confirm: boolean
}

/** What a `cancelled` says. */
export interface Cancelled {
  readonly reason: ExitReason
  /** Whether the subscription was never accepted: then it does not stop the consumer, whatever its `cancel` says. */
  readonly isRefused: boolean
  /** Why it was refused, in words, where the dispatcher says more than the reason. */
  readonly message?: string | undefined
}

/** To a producer: `from` subscribes under `tag`. */
export type SubscribeMessage = Message<'subscribe', SubscribeBody>
/**
 * To a producer: the subscriber asks for `body` more events. `ask-again` a producer sends to itself, for what it has
 * taken back from a subscriber.
 */
export type AskMessage = Message<'ask' | 'ask-again', number>
/** To a producer: the subscriber wants no more. */
export type CancelMessage = Message<'cancel', ExitReason>
/** To a consumer: events it has asked for. `meta` is reserved: for acknowledgements, and tracing across machines. */
export type EventsMessage = Message<'events', readonly unknown[]> & { readonly meta?: unknown }
/** To a consumer: the subscription has ended. */
export type CancelledMessage = Message<'cancelled', Cancelled>

/** Subscribes `consumer` to `producer`. */
export function sendSubscribe(
  producer: ProcessReference,
  tag: string,
  consumer: ProcessRef,
  body: SubscribeBody,
): void {
  producer.deliver(new Message('subscribe', tag, consumer, body))
}

/** Asks for `demand` more events. */
export function sendAsk(producer: ProcessReference, tag: string, consumer: ProcessRef, demand: number): void {
  producer.deliver(new Message('ask', tag, consumer, demand))
}

/** Asks for the subscription to be cancelled. */
export function sendCancel(producer: ProcessReference, tag: string, consumer: ProcessRef, reason: ExitReason): void {
  producer.deliver(new Message('cancel', tag, consumer, reason))
}

/** Sends events that were asked for. */
export function sendEvents(
  consumer: ProcessReference,
  tag: string,
  producer: ProcessRef,
  events: readonly unknown[],
): void {
  consumer.deliver(new Message('events', tag, producer, events))
}

/** Says that a subscription has ended. */
export function sendCancelled(
  consumer: ProcessReference,
  tag: string,
  producer: ProcessRef,
  reason: ExitReason,
  isRefused: boolean,
  message?: string,
): void {
  consumer.deliver(new Message('cancelled', tag, producer, { reason, isRefused, message } satisfies Cancelled))
}
