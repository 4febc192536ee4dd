/**
 * The protocol of stages: the messages by which a consumer and a producer exchange demand and events. They send each
 * other nothing else, so any process that obeys these rules can be a stage.
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
 * - MUST choose a tag that it has not used before, and monitor the producer before it subscribes.
 * - MUST subscribe before it asks, and MAY ask before the subscription is confirmed.
 * - MUST ask for integers of at least 1.
 * - MUST send a cancel when events arrive under a tag that it does not know, or no longer knows.
 * - MUST, to end a subscription, send a cancel and continue until it is confirmed; events MAY arrive until then.
 * - MUST treat the exit of the producer as a cancellation with its exit reason.
 * - MAY replace a subscription by another (`cancelFirst`): the producer cancels the old one first.
 *
 * **The producer**
 * - MUST monitor the consumer from the moment it subscribes, and treat its exit as a cancellation.
 * - MUST NOT send more events under a tag than were asked for under it.
 * - MUST NOT change a batch once it is sent. It MAY send the same array to many consumers.
 * - MUST confirm each cancel of a tag that it knows by `cancelled` with the same reason, and send no events under that
 *   tag afterwards. It MAY cancel a subscription by itself, with the same message.
 * - MUST send `cancelled` for a subscription under a tag that it knows already, and for an ask under one that it does
 *   not know.
 * - MUST, where a subscription asks for confirmation, send one empty batch when it has accepted it. A consumer MUST NOT
 *   pass an empty batch to its callbacks.
 *
 * **Records.** Between two stages of one runtime, most asks and events need no message. A consumer sends its own record of
 * the subscription with `subscribe`, and a producer that accepts connects it to its own. From then on, an ask or a batch is
 * an entry of the receiver's mailbox whose target is the receiver's record.
 * - Such an entry means what a message with the tag of the record means, and all rules above hold for it. If the
 *   subscription has ended, it is received as under an unknown tag.
 * - A stage MAY send either kind of entry at any time: both are in one mailbox, and arrive in the order in which they were
 *   sent.
 * - A stage MUST drop the record of the other one when the subscription or the other stage ends.
 * - A stage that was given no record sends messages, and so does `ask` of a subscription. A stage that gives none, as a
 *   stream or a probe, is sent messages. A record never leaves its runtime, so between runtimes there are messages only.
 *
 * Messages are plain data that can be cloned, except for records and for what users put into them (an event, a reason, a
 * `selector`): tags are strings that contain the id of the runtime, and a reference stands for its `id`. Messages from one
 * process to another arrive in the order in which they were sent; the protocol relies on that.
 */

import type { ExitReason } from '../process/exit/exit-reason.ts'
import { Message } from '../process/message.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import type { ProcessReference } from '../process/reference.ts'

/** The version of the protocol; a producer refuses a subscription of any other version. */
export const PROTOCOL_VERSION = 1

/** A consumer's own record of a subscription, as far as its producer needs to know it. */
export interface SubscriptionRecord {
  /**
   * The producer has accepted the subscription: from now on asks may be sent to its own record. Called in a turn of the
   * producer, so nothing else may depend on it.
   */
  connect(record: object): void
}

/** The body of `subscribe`. */
export interface SubscribeBody {
  readonly version: number
  /** A subscription of the same consumer that is cancelled first. */
  readonly cancelFirst: { readonly tag: string; readonly reason: ExitReason } | undefined
  /** The options of the consumer, with `metadata` and the options of the dispatcher. */
  readonly options: Readonly<Record<string, unknown>>
  /** Whether the producer sends an empty batch once it has accepted the subscription. */
  readonly confirm: boolean
  /** The consumer's record of the subscription, if it is a stage of the same runtime. */
  readonly record?: SubscriptionRecord
}

/** The body of `cancelled`. */
export interface Cancelled {
  readonly reason: ExitReason
  /** Whether the subscription was never accepted: then it does not stop the consumer, whatever its `cancel` option is. */
  readonly isRefused: boolean
  /** Why it was refused, in words, where the dispatcher gives more than a reason. */
  readonly message?: string | undefined
}

/** To a producer: `from` subscribes under `tag`. */
export type SubscribeMessage = Message<'subscribe', SubscribeBody>
/**
 * To a producer: the subscriber asks for `body` more events. A producer sends `ask-again` to itself, for demand that the
 * dispatcher has returned.
 */
export type AskMessage = Message<'ask' | 'ask-again', number>
/** To a producer: the subscriber cancels its subscription. */
export type CancelMessage = Message<'cancel', ExitReason>
/** To a consumer: events that it has asked for. `meta` is reserved: for acknowledgements, and tracing across machines. */
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

/**
 * Asks for `demand` more events, and emits `demand.sent`.
 *
 * @param record The producer's record of the subscription, if the consumer was given it.
 */
export function sendAsk(
  producer: ProcessReference,
  tag: string,
  consumer: ProcessReference,
  demand: number,
  record?: object,
): void {
  if (consumer.runtime.telemetry.hasListeners) emitDemandSent(producer, tag, consumer, demand)
  if (record !== undefined) producer.deliverDirect(record, demand)
  else producer.deliver(new Message('ask', tag, consumer, demand))
}

function emitDemandSent(producer: ProcessReference, tag: string, consumer: ProcessReference, demand: number): void {
  const { telemetry } = consumer.runtime
  if (!telemetry.hasListener('demand.sent')) return
  telemetry.execute('demand.sent', { demand }, { consumer: consumer.identity, producer: producer.identity, tag })
}

/** Asks for the subscription to be cancelled. */
export function sendCancel(producer: ProcessReference, tag: string, consumer: ProcessRef, reason: ExitReason): void {
  producer.deliver(new Message('cancel', tag, consumer, reason))
}

/**
 * Sends events that were asked for.
 *
 * @param record The consumer's record of the subscription, if the producer was given it.
 */
export function sendEvents(
  consumer: ProcessReference,
  tag: string,
  producer: ProcessRef,
  events: readonly unknown[],
  record?: object,
): void {
  if (record !== undefined) consumer.deliverDirect(record, events)
  else consumer.deliver(new Message('events', tag, producer, events))
}

/** Confirms that a subscription has ended. */
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
