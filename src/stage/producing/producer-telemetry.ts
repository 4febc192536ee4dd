import { BadReturnError } from '../../base/errors.ts'
import { eventCount } from '../../base/event-count.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { AnyStage } from '../callback/any-stage.ts'
import { runCallback } from '../callback/run-callback.ts'
import { ProducerSubscription } from './producer-subscription.ts'

// The telemetry events and log lines of a stage that emits. `subscribers` is the number of subscribers after the event.

const { referenceOf, pendingOf } = ProducerSubscription

/** Emits `subscription.started`. */
export function emitStarted(
  { runtime, identity: producer }: Process,
  subscriber: ProducerSubscription,
  options: Readonly<Record<string, unknown>>,
  subscribers: number,
): void {
  if (!runtime.telemetry.hasListener('subscription.started')) return
  const { tag } = subscriber
  const consumer = referenceOf(subscriber).identity
  runtime.telemetry.execute('subscription.started', { subscribers }, { producer, consumer, tag, options })
}

/** Emits `subscription.cancelled`. */
export function emitCancelled(
  { runtime, identity: producer }: Process,
  subscriber: ProducerSubscription,
  cause: 'cancel' | 'down',
  reason: ExitReason,
  subscribers: number,
): void {
  if (!runtime.telemetry.hasListener('subscription.cancelled')) return
  const { tag } = subscriber
  const consumer = referenceOf(subscriber).identity
  const numbers = { unmet: pendingOf(subscriber), subscribers }
  runtime.telemetry.execute('subscription.cancelled', numbers, { producer, consumer, tag, cause, reason })
}

/** Emits `subscription.refused`. */
export function emitRefused(
  { runtime, identity: producer }: Process,
  by: ProcessReference,
  tag: string,
  reason: ExitReason,
  subscribers: number,
): void {
  if (!runtime.telemetry.hasListener('subscription.refused')) return
  runtime.telemetry.execute('subscription.refused', { subscribers }, { producer, consumer: by.identity, tag, reason })
}

/** Emits `demand.received`. */
export function emitDemand(
  { runtime, identity: producer }: Process,
  subscriber: ProducerSubscription,
  demand: number,
  pending: number,
): void {
  if (!runtime.telemetry.hasListener('demand.received')) return
  const consumer = referenceOf(subscriber).identity
  runtime.telemetry.execute('demand.received', { demand, pending }, { producer, consumer, tag: subscriber.tag })
}

/** Emits `events.discarded` for events that did not fit into the buffer, and logs it unless `formatDiscarded` objects. */
export function reportBufferFull(stage: AnyStage, count: number): void {
  const { process } = stage
  emitDiscarded(process, count, 'buffer full')
  if (stage.callbackTable.formatDiscarded !== undefined) {
    const result = runCallback(stage, 'formatDiscarded', count)
    // The rejection of a promise would report the same mistake a second time.
    if (isThenable(result)) result.then(undefined, () => {})
    if (typeof result !== 'boolean') throw new BadReturnError('formatDiscarded', 'a boolean', result)
    if (!result) return
  }
  logWarning(process, `${process.label} discarded ${eventCount(count)}: buffer full`, { discarded: count })
}

/** Emits and logs `events.discarded` for events that the dispatcher held for a subscriber, and that are lost with it. */
export function reportSubscriberCancelled(process: Process, count: number): void {
  emitDiscarded(process, count, 'subscriber cancelled')
  const message = `${process.label} discarded ${eventCount(count)} held by its dispatcher: subscriber cancelled`
  logWarning(process, message, { discarded: count })
}

function emitDiscarded(
  { runtime, identity: stage }: Process,
  count: number,
  cause: 'subscriber cancelled' | 'buffer full',
): void {
  if (runtime.telemetry.hasListener('events.discarded')) {
    runtime.telemetry.execute('events.discarded', { count }, { stage, cause })
  }
}

/** Logs that a subscription was refused, and why. */
export function logRefused(process: Process, consumer: ProcessReference, cause: string): void {
  logWarning(process, `${process.label} refused a subscription of ${consumer.label}: ${cause}`, {
    consumer: consumer.id,
  })
}

/** Logs a warning of a stage. */
export function logWarning(process: Process, message: string, facts: Readonly<Record<string, unknown>> = {}): void {
  process.runtime.log('warn', message, { process: process.id, ...facts })
}
