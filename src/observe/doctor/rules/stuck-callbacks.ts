import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { isHandlingDemand, pendingTime } from '../measures/pending.ts'
import { unhandledOf, type View } from '../view.ts'

/** Callbacks whose promise has been pending for too long. */
export const stuckCallbacks: DiagnosisRule = (view) => {
  const { thresholds, newest } = view
  const stuck = newest.snapshot.stages.filter(
    (stage) => !isExpectedToWait(stage) && pendingTime(view, stage) >= thresholds.stuckAfter,
  )
  // A supervisor is not stuck itself: it waits for a child that does not start or end.
  const parents = new Set<string | null>()
  for (const { parent } of stuck) {
    for (let id = parent; id !== null && !parents.has(id); id = newest.stages.get(id)?.parent ?? null) parents.add(id)
  }
  return stuck.filter(({ id }) => !parents.has(id)).map((stage) => stuckCallback(view, stage))
}

function stuckCallback(view: View, stage: StageSnapshot): Diagnosis {
  const { id, label, mailbox, producing, consuming } = stage
  const pendingMs = pendingTime(view, stage)
  const callback = stage.callback ?? 'a callback'
  const events = unhandledOf(stage)
  // A batch of events is also a message: its events have been counted.
  const hasOtherMessages = mailbox > (consuming?.mailbox ?? 0)
  const waits = [
    ...(events > 0 ? [count(events, 'unhandled event')] : []),
    ...(hasOtherMessages ? [`${count(mailbox, 'message')} in its mailbox`] : []),
    ...(producing !== undefined && producing.pending > 0 ? [`demand for ${count(producing.pending, 'event')}`] : []),
  ]
  const waiting = waits.length === 0 ? '' : ` Waiting for it: ${waits.join(', ')}.`
  return {
    kind: 'stuck-callback',
    severity: 'problem',
    stage: id,
    label,
    text: `${label} has been waiting for the promise of ${callback} for ${duration(pendingMs)}.${waiting}`,
    evidence: { callback, pendingMs, events, messages: mailbox, demand: producing?.pending ?? 0 },
  }
}

/** Whether a stage may wait for long: a task until it is done, and a source for something outside. */
function isExpectedToWait(stage: StageSnapshot): boolean {
  return stage.kind === 'task' || isHandlingDemand(stage)
}
