import type { Finding } from '../doctor/finding.ts'
import { type DomView, html, ListView, setAttributes, setText } from './dom.ts'

/** How long the room for findings is kept after the last one, in milliseconds, so that the graph does not jump. */
const ROOM_KEPT = 60_000
/** How long a finding is still shown after it is over, in milliseconds: it may return soon. */
const LINGER = 4_000

interface Seen {
  readonly key: string
  readonly finding: Finding
  readonly seenAt: number
  readonly isOver: boolean
}

/** The list of findings, the most severe first. Findings that are over stay for a short time. */
export class FindingsView {
  private readonly box: HTMLElement
  private readonly count: HTMLElement
  private readonly list: ListView<Seen | undefined>
  private seen: Seen[] = []
  private lastSeenAt = Number.NEGATIVE_INFINITY
  private highest = 0

  /** `box` contains the list `parent`, and `count` shows the number of findings. */
  constructor(
    { box, parent, count }: { box: HTMLElement; parent: HTMLElement; count: HTMLElement },
    open: (stage: string) => void,
  ) {
    this.box = box
    this.count = count
    this.list = new ListView(parent, (item) => (item === undefined ? noFinding() : findingView(open)))
  }

  /** Removes all findings. */
  clear(): void {
    this.seen = []
    this.highest = 0
  }

  show(findings: readonly Finding[]): void {
    const now = performance.now()
    const current = findings.map((finding) => ({ key: keyOf(finding), finding, seenAt: now, isOver: false }))
    const keys = new Set(current.map(({ key }) => key))
    const over = this.seen
      .filter(({ key, seenAt }) => !keys.has(key) && now - seenAt < LINGER)
      .map((each) => ({ ...each, isOver: true }))
    this.seen = [...current, ...over]
    if (this.seen.length > 0) this.lastSeenAt = now
    setText(this.count, findings.length > 1 ? String(findings.length) : '')
    this.list.show(this.seen.length === 0 ? [undefined] : this.seen, (item) => item?.key ?? '')
    // The box grows with its content and does not shrink at once.
    if (now - this.lastSeenAt > ROOM_KEPT) this.highest = 0
    this.highest = Math.max(this.highest, this.box.offsetHeight)
    this.box.style.minHeight = `${this.highest}px`
  }
}

function keyOf({ kind, stage, subscription }: Finding): string {
  return [kind, stage, subscription].join(' ')
}

function findingView(open: (stage: string) => void): DomView<Seen | undefined> {
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

function noFinding(): DomView<Seen | undefined> {
  const element = html(
    'li',
    { class: 'fine' },
    'No callback is stuck, no stage blocks another, and no events are dropped.',
  )
  return { element, update: () => {} }
}
