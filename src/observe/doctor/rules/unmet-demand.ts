import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { isHandlingDemand, pendingTime } from '../measures/pending.ts'
import type { View } from '../view.ts'

/** Producers with open demand whose `handleDemand` has been pending for too long, or that have never emitted. */
export const unmetDemand: DiagnosisRule = (view) => {
  const { newest, thresholds } = view
  return newest.snapshot.stages.flatMap((stage) => {
    const { producing, consuming } = stage
    if (producing === undefined || consuming !== undefined) return []
    if (isHandlingDemand(stage)) {
      return pendingTime(view, stage) >= thresholds.unmetAfter ? [pendingDemand(view, stage)] : []
    }
    const { demandSince, lastEmitted } = producing
    if (demandSince === null || lastEmitted !== null || !hasReachedProducer(stage)) return []
    return newest.snapshot.time - demandSince >= thresholds.unmetAfter ? [neverEmitted(view, stage)] : []
  })
}

function pendingDemand(view: View, stage: StageSnapshot): Diagnosis {
  const { id, label, producing } = stage
  const pendingMs = pendingTime(view, stage)
  const demand = producing?.pending ?? 0
  return {
    kind: 'unmet-demand',
    severity: 'warning',
    stage: id,
    label,
    text:
      `${label} has been waiting for the promise of handleDemand for ${duration(pendingMs)}, with open demand for ` +
      `${count(demand, 'event')}. Until the promise settles, it accepts no subscription and cannot stop. To wait for ` +
      'something outside, return [] and emit events when they arrive.',
    evidence: { callback: 'handleDemand', pendingMs, demand, emitted: producing?.emitted ?? 0 },
  }
}

function neverEmitted({ newest }: View, stage: StageSnapshot): Diagnosis {
  const { id, label, producing } = stage
  const demand = producing?.pending ?? 0
  const askedMs = newest.snapshot.time - (producing?.demandSince ?? newest.snapshot.time)
  const why =
    producing?.demandMode === 'accumulate'
      ? "Its demand mode is 'accumulate': handleDemand is not called until the mode is 'forward'."
      : 'Its handleDemand returned no events. A source that is waiting for its first event looks the same.'
  return {
    kind: 'unmet-demand',
    severity: 'warning',
    stage: id,
    label,
    text: `${label} has never emitted, although demand for ${count(demand, 'event')} has been open for ${duration(askedMs)}. ${why}`,
    evidence: { askedMs, demand, emitted: 0, demandMode: producing?.demandMode ?? 'forward' },
  }
}

/** Whether demand has reached the producer itself: a broadcast forwards what all subscribers have asked for. */
function hasReachedProducer({ producing }: StageSnapshot): boolean {
  if (producing === undefined || producing.pending === 0) return false
  return producing.dispatcher.kind !== 'broadcast' || producing.subscribers.every(({ pending }) => pending > 0)
}
