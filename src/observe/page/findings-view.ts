import type { Finding } from '../snapshot/finding.ts'
import { html, ListView, setAttributes, setText, type View } from './dom.ts'

/** How long a finding that has gone is still shown, in milliseconds: the doctor may think of it again. */
const LINGER = 4_000

interface Seen {
  readonly key: string
  readonly finding: Finding
  readonly seenAt: number
  readonly isOver: boolean
}

/** What the doctor has found, the worst first; what is over stays a little. */
export class FindingsView {
  private readonly list: ListView<Seen | undefined>
  private seen: Seen[] = []

  constructor(parent: Element, open: (stage: string) => void) {
    this.list = new ListView(parent, (item) => (item === undefined ? noFinding() : findingView(open)))
  }

  /** Forgets what was found before. */
  clear(): void {
    this.seen = []
  }

  show(findings: readonly Finding[]): void {
    const now = performance.now()
    const current = findings.map((finding) => ({ key: keyOf(finding), finding, seenAt: now, isOver: false }))
    const keys = new Set(current.map(({ key }) => key))
    const over = this.seen
      .filter(({ key, seenAt }) => !keys.has(key) && now - seenAt < LINGER)
      .map((each) => ({ ...each, isOver: true }))
    this.seen = [...current, ...over]
    this.list.show(this.seen.length === 0 ? [undefined] : this.seen, (item) => item?.key ?? '')
  }
}

function keyOf({ kind, stage, subscription }: Finding): string {
  return [kind, stage, subscription].join(' ')
}

function findingView(open: (stage: string) => void): View<Seen | undefined> {
  const badge = html('span', { class: 'badge' })
  const text = html('span', { class: 'text' })
  const button = html('button', { type: 'button' }, badge, text)
  const element = html('li', { class: 'finding' }, button)
  let stage = ''
  button.addEventListener('click', () => open(stage))
  return {
    element,
    update(item) {
      if (item === undefined) return
      stage = item.finding.stage
      setText(badge, item.finding.severity)
      setText(text, item.finding.text)
      setAttributes(element, { 'data-severity': item.finding.severity, 'data-over': item.isOver ? '' : undefined })
    },
  }
}

function noFinding(): View<Seen | undefined> {
  const element = html('li', { class: 'fine' }, 'Nothing is stuck, nobody holds the others up, nothing is dropped.')
  return { element, update: () => {} }
}
