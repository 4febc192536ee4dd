import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { type View, waitingFor } from '../view.ts'

/** Callbacks that have answered a promise long ago. */
export const stuckCallbacks: DiagnosisRule = (view) => {
  const { thresholds, newest } = view
  const stuck = newest.snapshot.stages.filter(
    (stage) => !isSupposedToWait(stage) && pendingFor(view, stage) >= thresholds.stuckAfter,
  )
  // A supervisor waits for the child that does not start or end.
  const parents = new Set<string | null>()
  for (const { parent } of stuck) {
    for (let id = parent; id !== null && !parents.has(id); id = newest.stages.get(id)?.parent ?? null) parents.add(id)
  }
  return stuck.filter(({ id }) => !parents.has(id)).map((stage) => stuckCallback(view, stage))
}

function stuckCallback(view: View, stage: StageSnapshot): Diagnosis {
  const { id, label, mailbox, producing, consuming } = stage
  const pendingMs = pendingFor(view, stage)
  const callback = stage.callback ?? 'a callback'
  const events = waitingFor(stage)
  // A batch of events is a message too, and need not be told twice.
  const isFlooded = mailbox > (consuming?.mailbox ?? 0)
  const waits = [
    ...(events > 0 ? [`${count(events, 'event')} in its hands or behind`] : []),
    ...(isFlooded ? [`${count(mailbox, 'message')} in its mailbox`] : []),
    ...(producing !== undefined && producing.pending > 0 ? [`demand for ${count(producing.pending, 'event')}`] : []),
  ]
  const waiting = waits.length === 0 ? '' : ` What waits for it: ${waits.join(', ')}.`
  return {
    kind: 'stuck-callback',
    severity: 'problem',
    stage: id,
    label,
    text: `${label} has waited ${duration(pendingMs)} in ${callback} for a promise.${waiting}`,
    evidence: { callback, pendingMs, events, messages: mailbox, demand: producing?.pending ?? 0 },
  }
}

/** Producers that were asked long ago: whose `handleDemand` is pending, or who have answered nothing, ever. */
export const unmetDemand: DiagnosisRule = (view) => {
  const { newest, thresholds } = view
  return newest.snapshot.stages.flatMap((stage) => {
    const { producing, consuming } = stage
    if (producing === undefined || consuming !== undefined) return []
    if (isAnsweringDemand(stage)) {
      return pendingFor(view, stage) >= thresholds.unansweredAfter ? [pendingAnswer(view, stage)] : []
    }
    const { demandSince, lastEmitted } = producing
    if (demandSince === null || lastEmitted !== null || !isAsked(stage)) return []
    return newest.snapshot.time - demandSince >= thresholds.unansweredAfter ? [neverEmitted(view, stage)] : []
  })
}

function pendingAnswer(view: View, stage: StageSnapshot): Diagnosis {
  const { id, label, producing } = stage
  const pendingMs = pendingFor(view, stage)
  const demand = producing?.pending ?? 0
  return {
    kind: 'unmet-demand',
    severity: 'warning',
    stage: id,
    label,
    text:
      `${label} has waited ${duration(pendingMs)} in handleDemand for a promise, while ${count(demand, 'event')} ` +
      'are asked of it. Until it answers it can be neither subscribed to nor stopped: what waits for something outside ' +
      'had better answer [] and emit when that has come.',
    evidence: { callback: 'handleDemand', pendingMs, demand, emitted: producing?.emitted ?? 0 },
  }
}

function neverEmitted({ newest }: View, stage: StageSnapshot): Diagnosis {
  const { id, label, producing } = stage
  const demand = producing?.pending ?? 0
  const askedMs = newest.snapshot.time - (producing?.demandSince ?? newest.snapshot.time)
  const isHeldBack = producing?.demandMode === 'accumulate'
  const why = isHeldBack
    ? "Its demand mode is 'accumulate': it is asked for nothing before somebody sets that to 'forward'."
    : 'It was asked and answered nothing; a source that still waits for its first event looks the same.'
  return {
    kind: 'unmet-demand',
    severity: 'warning',
    stage: id,
    label,
    text: `${label} has never emitted, though ${count(demand, 'event')} have been asked of it for ${duration(askedMs)}. ${why}`,
    evidence: { askedMs, demand, emitted: 0, demandMode: producing?.demandMode ?? 'forward' },
  }
}

/** Whether demand has got through to the producer itself: a broadcast passes on what all have asked for. */
function isAsked({ producing }: StageSnapshot): boolean {
  if (producing === undefined || producing.pending === 0) return false
  return producing.dispatcher.kind !== 'broadcast' || producing.subscribers.every(({ pending }) => pending > 0)
}

/** A task runs as long as it has something to do, and a source may wait for its outside. */
function isSupposedToWait(stage: StageSnapshot): boolean {
  return stage.kind === 'task' || isAnsweringDemand(stage)
}

function isAnsweringDemand({ state, callback, consuming }: StageSnapshot): boolean {
  return state === 'waiting' && callback === 'handleDemand' && consuming === undefined
}

/** How long its callback's promise has been pending, in milliseconds; -1 where none is. */
function pendingFor({ newest }: View, { state, since }: StageSnapshot): number {
  const isPending = state === 'waiting' || state === 'ending' || state === 'starting'
  return isPending && since !== null ? newest.snapshot.time - since : -1
}
