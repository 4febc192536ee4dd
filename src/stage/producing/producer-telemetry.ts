import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { ProducerSubscription } from './producer-subscription.ts'

// The telemetry events of a stage that emits. `subscribers` is how many it has after what happened.

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

/** Emits `events.discarded`. */
export function emitDiscarded(
  { runtime, identity: stage }: Process,
  count: number,
  cause: 'subscriber cancelled' | 'buffer full',
): void {
  if (runtime.telemetry.hasListener('events.discarded')) {
    runtime.telemetry.execute('events.discarded', { count }, { stage, cause })
  }
}
