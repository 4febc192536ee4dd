import type { ProducingInspection } from '../../../telemetry/inspection.ts'
import { count, duration, figure } from '../../snapshot/format.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { growthOf, seriesOf } from '../view.ts'

/** Events that were dropped within the window, or, with a single snapshot, since the start of a stage. */
export const discards: DiagnosisRule = (view) => {
  const { newest, window, elapsed } = view
  return newest.snapshot.stages.flatMap(({ id, label, producing }): Diagnosis[] => {
    if (producing === undefined || producing.discarded === 0) return []
    const { discarded } = producing
    if (window.length === 1) {
      const text = `${label} has dropped ${count(discarded, 'event')} since its start.`
      return [{ kind: 'discards', severity: 'note', stage: id, label, text, evidence: { discarded } }]
    }
    const totals = seriesOf(view, ({ stages }) => stages.get(id)?.producing?.discarded)
    // The total of a stage that was started within the window began at 0.
    const lost = totals.length < window.length ? discarded : growthOf(totals)
    if (lost === 0) return []
    const what = `${label} has dropped ${count(lost, 'event')} within ${duration(elapsed)}`
    return [
      {
        kind: 'discards',
        severity: 'warning',
        stage: id,
        label,
        text: `${what}: ${whyDropped(producing)}.`,
        evidence: { discarded: lost, discardedInAll: discarded, buffered: producing.buffer.events },
        asConsequence: {
          text: `${what}.`,
          evidence: { discarded: lost, dropping: label },
          severity: 'warning',
        },
      },
    ]
  })
}

function whyDropped({ buffer: { size, keep }, dispatcher }: ProducingInspection): string {
  const cancelled = 'a subscriber with queued events was cancelled'
  if (size === null) return cancelled
  const full = `its buffer of ${figure(size)}, which keeps the ${keep}, was full`
  return dispatcher.kind === 'partition' || dispatcher.kind === 'custom' ? `${full}, or ${cancelled}` : full
}
