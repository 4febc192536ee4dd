import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { DiagnosisRule } from '../diagnosis.ts'
import type { View } from '../view.ts'

/** Stages that keep events in their buffer although each of their subscribers has open demand: a fault of a dispatcher. */
export const undeliveredBuffers: DiagnosisRule = (view) =>
  view.newest.snapshot.stages.flatMap((stage) => {
    const { id, label, producing } = stage
    if (producing === undefined || !isKeeping(stage)) return []
    const keptMs = keepingTime(view, stage)
    if (keptMs < view.thresholds.heldBackAfter) return []
    const { buffer, pending, subscribers, dispatcher } = producing
    const advice =
      dispatcher.kind === 'custom'
        ? 'Check what its dispatcher returns from ask and dispatch: demand that it withholds is never met.'
        : 'This is a fault of its dispatcher, not of the pipeline: please report it.'
    return [
      {
        kind: 'undelivered-buffer',
        severity: 'problem',
        stage: id,
        label,
        text:
          `${label} has ${count(buffer.events, 'event')} in its buffer and has sent none for ${duration(keptMs)}, although ` +
          `${subscribers.length === 1 ? 'its subscriber has' : `all ${subscribers.length} subscribers have`} open demand: ` +
          `${count(pending, 'event')}. ${advice}`,
        evidence: { buffered: buffer.events, unmetDemand: pending, subscribers: subscribers.length, keptMs },
      },
    ]
  })

function isKeeping({ producing }: StageSnapshot): boolean {
  if (producing === undefined || producing.buffer.events === 0 || producing.subscribers.length === 0) return false
  return producing.subscribers.every(({ pending }) => pending > 0)
}

/** How long, up to now, a stage has kept events in its buffer and sent none, in milliseconds. */
function keepingTime({ backwards, newest }: View, { id, producing }: StageSnapshot): number {
  let since = newest.snapshot.time
  for (const { stages, snapshot } of backwards) {
    const former = stages.get(id)
    if (former === undefined || !isKeeping(former) || former.producing?.sent !== producing?.sent) break
    since = snapshot.time
  }
  return newest.snapshot.time - since
}
