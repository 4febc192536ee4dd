import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { DiagnosisRule } from '../diagnosis.ts'
import { heldBy } from '../measures/backlog.ts'
import { type Indexed, labelOf, type View } from '../view.ts'

/** Producer-consumers whose producers have all ended, and whose consumers do not ask for the remaining events. */
export const heldAfterEnd: DiagnosisRule = (view) =>
  view.newest.snapshot.stages.flatMap((stage) => {
    const { id, label, producing } = stage
    if (producing === undefined || !hasOutlivedProducers(stage) || producing.pending > 0) return []
    const events = heldBy(view.newest, id)
    const quietMs = quietTime(view, stage)
    if (events === 0 || quietMs < view.thresholds.neverAsksAfter || isWorkedFor(view.newest, id)) return []
    const [consumer] = producing.subscribers
    const why =
      consumer === undefined
        ? 'it has no consumer'
        : `${labelOf(view.newest, consumer.consumer)} has not asked for them`
    return [
      {
        kind: 'held-after-end',
        severity: 'warning',
        stage: id,
        label,
        text:
          `${label} holds ${count(events, 'event')} of a producer that has ended, and ${why}: no event has moved for ` +
          `${duration(quietMs)}. It ends once they are delivered: have a consumer ask for them, or stop the stage to drop them.`,
        evidence: { events, quietMs, consumers: producing.subscribers.length },
        asConsequence: {
          text: `${label} holds ${count(events, 'event')} of a producer that has ended.`,
          evidence: { heldAfterEnd: events },
          severity: 'warning',
        },
      },
    ]
  })

function hasOutlivedProducers({ state, consuming }: StageSnapshot): boolean {
  return (state === 'idle' || state === 'blocked') && consuming?.subscriptions.length === 0
}

/** How long no event has moved since its last producer ended, in milliseconds. */
function quietTime({ backwards, newest }: View, { id, producing, consuming }: StageSnapshot): number {
  const subscribed = producing?.subscribers.map(({ since }) => since) ?? []
  const moved = Math.max(producing?.lastEmitted ?? 0, consuming?.lastHandled ?? 0, ...subscribed)
  // The last snapshot with a producer shows that the producer ended after it; without one the time is unknown.
  const last = backwards.findIndex(({ stages }) => (stages.get(id)?.consuming?.subscriptions.length ?? 1) > 0)
  const ended = last > 0 ? (backwards[last - 1] as Indexed).snapshot.time : moved
  return newest.snapshot.time - Math.max(moved, ended)
}

/** Whether any stage downstream is at work and may still ask. */
function isWorkedFor({ stages, downstream }: Indexed, id: string): boolean {
  const seen = new Set([id])
  // A set also iterates over what is added in the meantime.
  for (const each of seen) {
    if (each !== id && isWorking(stages.get(each))) return true
    for (const { consumer } of downstream.get(each) ?? []) seen.add(consumer)
  }
  return false
}

function isWorking(stage: StageSnapshot | undefined): boolean {
  if (stage === undefined || (stage.state !== 'idle' && stage.state !== 'blocked')) return true
  if (stage.consuming !== undefined && stage.consuming.handling > 0) return true
  return stage.supervising?.children.some(({ state }) => state === 'running') ?? false
}
