import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot, SubscriptionSnapshot } from '../../snapshot/snapshot-types.ts'
import type { DiagnosisRule } from '../diagnosis.ts'
import { labelOf } from '../view.ts'

/** Consumers in manual mode that have subscribed and have never asked for events. */
export const neverAsks: DiagnosisRule = ({ newest, thresholds }) =>
  newest.snapshot.subscriptions.flatMap((subscription) => {
    const { tag, producer, consumer, since } = subscription
    const sinceMs = newest.snapshot.time - since
    const stage = newest.stages.get(consumer)
    const source = newest.stages.get(producer)
    if (stage === undefined || source === undefined || sinceMs < thresholds.neverAsksAfter) return []
    if (!hasNeverAsked(subscription) || !couldAsk(stage) || !couldServe(source)) return []
    const from = labelOf(newest, producer)
    const buffered = source.producing?.buffer.events ?? 0
    const waiting = buffered > 0 ? ` The buffer of ${from} holds ${count(buffered, 'event')}.` : ''
    const text =
      `${stage.label} has been subscribed to ${from} in manual mode for ${duration(sinceMs)} and has never asked for ` +
      `events, so it receives none.${waiting}`
    return [
      {
        kind: 'never-asks',
        severity: 'warning',
        stage: consumer,
        label: stage.label,
        subscription: tag,
        text,
        evidence: { producer: from, subscribedMs: sinceMs, buffered },
      },
    ]
  })

/** Whether no event was sent and no demand is open: together they are all that a consumer has ever asked for. */
function hasNeverAsked({ mode, pending, sent }: SubscriptionSnapshot): boolean {
  return mode === 'manual' && pending === 0 && sent === 0
}

/** Whether a stage has a reason to ask: a producer-consumer without demand has none. */
function couldAsk({ producing, supervising }: StageSnapshot): boolean {
  return supervising === undefined && (producing === undefined || producing.pending > 0)
}

function couldServe({ state, producing }: StageSnapshot): boolean {
  return state !== 'starting' && state !== 'ending' && producing?.demandMode !== 'accumulate'
}
