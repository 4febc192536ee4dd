import type { BatchObservableCallback, Counter, Histogram, Meter } from '@opentelemetry/api'
import type { ProcessRuntime } from '../process/runtime.ts'
import type { TelemetryListeners } from '../telemetry/telemetry.ts'
import { attributesOf, errorAttributes } from './attributes.ts'

/** From a tenth of a millisecond to a minute, in seconds. */
const DURATIONS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]

/** The listeners that record metrics, without that of batches, which also creates spans. */
export function metricListeners(meter: Meter): TelemetryListeners {
  const counter = (name: string, unit: string, description: string) => meter.createCounter(name, { unit, description })
  const sent = counter('genstage.demand.sent', '{event}', 'Events that consumers have asked for.')
  const received = counter('genstage.demand.received', '{event}', 'Events that producers have been asked for.')
  const discarded = counter('genstage.events.discarded', '{event}', 'Events that were dropped.')
  const abandoned = counter('genstage.events.abandoned', '{event}', 'Events that stages still held when they exited.')
  const refused = counter('genstage.subscriptions.refused', '{subscription}', 'Subscriptions that were refused.')
  const restarts = counter('genstage.stage.restarts', '{restart}', 'Processes that a supervisor has restarted.')
  const failures = counter(
    'genstage.stage.failures',
    '{failure}',
    'Failures of processes, without the linked processes that exit with them.',
  )
  const demandDuration = meter.createHistogram('genstage.demand.duration', {
    unit: 's',
    description: 'Duration of handleDemand, including its promise.',
    advice: { explicitBucketBoundaries: DURATIONS },
  })
  return {
    'demand.sent': ({ demand }, { consumer }) => sent.add(demand, attributesOf(consumer)),
    'demand.received': ({ demand }, { producer }) => received.add(demand, attributesOf(producer)),
    'demand.handled': ({ duration }, { producer, error }) =>
      demandDuration.record(duration / 1_000, { ...attributesOf(producer), ...errorAttributes(error) }),
    'events.discarded': ({ count }, { stage, cause }) =>
      discarded.add(count, { ...attributesOf(stage), 'genstage.discard.cause': cause }),
    'stage.stopped': ({ remaining }, { stage }) => {
      if (remaining > 0) abandoned.add(remaining, attributesOf(stage))
    },
    'subscription.refused': (_numbers, { producer }) => refused.add(1, attributesOf(producer)),
    'process.restarted': (_numbers, { stage }) => restarts.add(1, attributesOf(stage)),
    'failure.reported': (_numbers, { stage, reason, callback }) =>
      failures.add(1, {
        ...attributesOf(stage),
        ...errorAttributes(reason ?? '_OTHER'),
        ...(callback !== undefined && { 'genstage.callback': callback }),
      }),
  }
}

/** The instruments that measure batches. */
interface BatchInstruments {
  readonly handled: Counter
  readonly size: Histogram
  readonly duration: Histogram
}

/** Creates the instruments that measure batches. */
export function batchInstruments(meter: Meter): BatchInstruments {
  return {
    handled: meter.createCounter('genstage.events.handled', {
      unit: '{event}',
      description: 'Events passed to handleEvents.',
    }),
    size: meter.createHistogram('genstage.batch.size', {
      unit: '{event}',
      description: 'Events in a batch.',
      advice: { explicitBucketBoundaries: SIZES },
    }),
    duration: meter.createHistogram('genstage.batch.duration', {
      unit: 's',
      description: 'Duration of handleEvents, including its promise.',
      advice: { explicitBucketBoundaries: DURATIONS },
    }),
  }
}

/**
 * Counts the running processes by their kind whenever metrics are collected.
 *
 * @returns Stops counting.
 */
export function countAlive(meter: Meter, runtime: ProcessRuntime): () => void {
  const alive = meter.createObservableUpDownCounter('genstage.stages.alive', {
    unit: '{stage}',
    description: 'Running processes.',
  })
  /** A kind without running processes is reported as 0, not left out. */
  const counts = new Map<string, number>()
  const observe: BatchObservableCallback = (result) => {
    for (const kind of counts.keys()) counts.set(kind, 0)
    for (const { kind } of runtime.processes.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    for (const [kind, count] of counts) result.observe(alive, count, { 'genstage.stage.kind': kind })
  }
  meter.addBatchObservableCallback(observe, [alive])
  return () => meter.removeBatchObservableCallback(observe, [alive])
}
