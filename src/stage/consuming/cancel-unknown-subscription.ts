import { eventCount } from '../../base/event-count.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { sendCancel } from '../protocol.ts'

/**
 * Handles `count` events that arrived under a tag that a consumer does not know, or no longer knows: cancels the subscription at
 * the producer, discards the events, as in GenStage, and reports them.
 */
export function cancelUnknownSubscription(
  process: Process,
  producer: ProcessReference,
  tag: string,
  count: number,
): void {
  sendCancel(producer, tag, process.reference, 'unknown-subscription')
  if (count === 0) return
  const { runtime, identity: stage } = process
  if (runtime.telemetry.hasListener('events.discarded')) {
    runtime.telemetry.execute('events.discarded', { count }, { stage, cause: 'unknown subscription' })
  }
  runtime.log('warn', `${process.label} discarded ${eventCount(count)} from ${producer.label}: unknown subscription`, {
    process: process.id,
    producer: producer.id,
    discarded: count,
  })
}
