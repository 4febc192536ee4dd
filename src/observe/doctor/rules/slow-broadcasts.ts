import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot, SubscriptionSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { Idleness } from '../measures/idleness.ts'
import { type View, waitingFor } from '../view.ts'

/** Broadcasts in which all wait for one who does not ask. */
export const slowBroadcasts: DiagnosisRule = (view) =>
  view.newest.snapshot.stages.flatMap((stage) => {
    if (stage.producing?.dispatcher.kind !== 'broadcast') return []
    const subscriptions = view.newest.downstream.get(stage.id) ?? []
    const late = subscriptions.filter(({ pending }) => pending === 0)
    const others = subscriptions.filter(({ pending }) => pending > 0)
    const [slowest] = late
    // Where many are late, they are so together: then nobody is to be named.
    if (slowest === undefined || late.length > others.length) return []
    const heldMs = waitingTime(view, late, others)
    return heldMs >= view.thresholds.heldBackAfter ? [heldBack(view, stage, late, others, heldMs)] : []
  })

function heldBack(
  { newest, thresholds }: View,
  producer: StageSnapshot,
  late: readonly SubscriptionSnapshot[],
  others: readonly SubscriptionSnapshot[],
  heldMs: number,
): Diagnosis {
  const { tag, consumer } = late[0] as SubscriptionSnapshot
  const stage = newest.stages.get(consumer)
  const label = stage?.label ?? consumer
  const demand = others.reduce((sum, { pending }) => sum + pending, 0)
  const waiting = waitingFor(stage)
  const alike = late.length === 1 ? '' : ` (and ${late.length - 1} more like it)`
  const doing = waiting > 0 ? `it has ${count(waiting, 'event')} in hand` : 'it has nothing in hand, and does not ask'
  const suffering = `${count(others.length, 'other subscriber')} of ${producer.label}`
  const quietMs = newest.snapshot.time - (stage?.consuming?.lastHandled ?? newest.snapshot.time)
  const isOver = waiting === 0 && quietMs >= thresholds.neverAsksAfter
  const evidence = { producer: producer.label, heldBack: others.length, heldMs, unmetDemand: demand }
  return {
    kind: 'slow-broadcast-consumer',
    severity: isOver ? 'problem' : 'warning',
    stage: consumer,
    label,
    subscription: tag,
    text:
      `${label}${alike} has held back ${suffering} for ${duration(heldMs)}: ${doing}, while they wait for ` +
      `${count(demand, 'event')}.`,
    evidence: { ...evidence, handling: waiting },
    asConsequence: {
      text: `That holds back ${suffering}, a broadcast: they wait for ${count(demand, 'event')}.`,
      evidence,
      severity: 'problem',
    },
  }
}

/**
 * For how long, up to now, these have asked for nothing while the others waited, in milliseconds; 0 where they only
 * seem to: between two subscribers of one pace it is now this one that is late and now that.
 */
function waitingTime(
  { backwards, newest }: View,
  late: readonly SubscriptionSnapshot[],
  others: readonly SubscriptionSnapshot[],
): number {
  const idleness = new Idleness()
  let since = newest.snapshot.time
  for (const index of backwards) {
    const pendingOf = ({ tag }: SubscriptionSnapshot): number => index.subscriptions.get(tag)?.pending ?? -1
    if (!late.every((each) => pendingOf(each) === 0) || !others.every((each) => pendingOf(each) > 0)) break
    idleness.look(index, others)
    since = index.snapshot.time
  }
  return idleness.isCertain ? newest.snapshot.time - since : 0
}
