import { count, duration, figure } from '../../snapshot/format.ts'
import type { DiagnosisRule } from '../diagnosis.ts'
import { isRising, seriesOf } from '../view.ts'

/** The length from which on the core itself warns of a mailbox. */
const MOST_MESSAGES = 10_000

/** Stages at which messages arrive faster than they handle them. */
export const growingMailboxes: DiagnosisRule = (view) => {
  const { newest, thresholds, elapsed } = view
  return newest.snapshot.stages.flatMap(({ id, label, mailbox }) => {
    if (mailbox < thresholds.mailboxLength) return []
    const lengths = seriesOf(view, ({ stages }) => stages.get(id)?.mailbox)
    if (!isRising(lengths, 1)) return []
    const growth = mailbox - (lengths[0] as number)
    const grows = `has ${count(mailbox, 'message')} in its mailbox, ${figure(growth)} more than ${duration(elapsed)} ago`
    return [
      {
        kind: 'mailbox-grows',
        severity: mailbox >= MOST_MESSAGES ? 'problem' : 'warning',
        stage: id,
        label,
        text: `${label} ${grows}: messages arrive faster than it handles them.`,
        evidence: { messages: mailbox, growth },
        asConsequence: { text: `It ${grows}.`, evidence: { messages: mailbox, growth }, severity: 'warning' },
      },
    ]
  })
}
