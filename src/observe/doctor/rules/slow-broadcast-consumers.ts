import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot, SubscriptionSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { Idleness } from '../measures/idleness.ts'
import { unhandledOf, type View } from '../view.ts'

/** Subscribers of a broadcast that all others wait for, because they do not ask for events. */
export const slowBroadcastConsumers: DiagnosisRule = (view) =>
  view.newest.snapshot.stages.flatMap((stage) => {
    if (stage.producing?.dispatcher.kind !== 'broadcast') return []
    const subscriptions = view.newest.downstream.get(stage.id) ?? []
    const late = subscriptions.filter(({ pending }) => pending === 0)
    const others = subscriptions.filter(({ pending }) => pending > 0)
    const [slowest] = late
    // If most subscribers are late, none of them is to blame.
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
  const waiting = unhandledOf(stage)
  const alike = late.length === 1 ? '' : ` (and ${late.length - 1} more like it)`
  const why =
    waiting > 0
      ? `it has ${count(waiting, 'unhandled event')}`
      : 'it has no unhandled events, and has not asked for more'
  const affected = `${count(others.length, 'other subscriber')} of ${producer.label}`
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
      `${label}${alike} has held back ${affected} for ${duration(heldMs)}: ${why}, while the other ` +
      `${others.length === 1 ? 'subscriber has' : 'subscribers have'} open demand for ${count(demand, 'event')}.`,
    evidence: { ...evidence, handling: waiting },
    asConsequence: {
      text: `This holds back ${affected}, a broadcast, with open demand for ${count(demand, 'event')}.`,
      evidence,
      severity: 'problem',
    },
  }
}

/**
 * How long, up to now, late subscribers have had no open demand while the others waited, in milliseconds.
 *
 * 0 if that is not certain: of two equally fast subscribers sometimes the one is late, sometimes the other.
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
