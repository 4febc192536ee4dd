import type { Finding } from '../doctor/finding.ts'
import type { Snapshot, StageSnapshot } from '../snapshot/snapshot-types.ts'
import { type Fact, factsOf, type SubscriptionFact, subscriptionFacts } from '../view/facts.ts'
import { type GraphNode, nodeLabel } from '../view/graph.ts'
import { amount, percent, rate } from '../view/numbers.ts'
import type { Timeline } from '../view/timeline.ts'
import { pathOf } from './connection.ts'
import { type DomView, html, ListView, setAttributes, setText } from './dom.ts'

/** How often the state of the open stage is read, in milliseconds: that calls its `inspect`. */
const STATE_INTERVAL = 2_000

/** The actions of the details. */
interface DetailsActions {
  readonly open: (stage: string) => void
  readonly close: () => void
  /** Folds or unfolds the alike stages that have this key. */
  toggleFold(key: string): void
  /** Opens or closes the unit of this owner. */
  toggleUnit(owner: string): void
}

/** The most lines of a list. Further ones are only counted. */
const MOST_LINES = 500

/** What the details show. */
export interface Opened {
  /** The stage, if it is one; it may be in a fold. */
  readonly stage: StageSnapshot | undefined
  readonly isEnded: boolean
  /** Its node, or the node that contains it. */
  readonly node: GraphNode | undefined
  /** The unit that it owns or belongs to, and whether that is open. */
  readonly unit: { readonly owner: StageSnapshot; readonly isOpen: boolean } | undefined
}

/** The data that details are shown with. */
interface DetailsContext {
  readonly snapshot: Snapshot
  readonly timeline: Timeline
  readonly findings: readonly Finding[]
}

/** The details of a stage, or the stages of a fold. */
export class DetailsView {
  private readonly parent: HTMLElement
  private readonly title = html('h2', { id: 'details-title' })
  private readonly toggle = html('button', { type: 'button', class: 'quiet' })
  private readonly unitToggle = html('button', { type: 'button', class: 'quiet' })
  private readonly findings = html('ul', { class: 'words' })
  private readonly facts = html('dl', { class: 'facts' })
  private readonly lists = html('div', { class: 'subscriptions' })
  private readonly state = html('pre', { class: 'user-state', tabindex: 0, 'aria-label': 'State' })
  private readonly stateTitle = html('h3', {}, 'State')
  private readonly findingList: ListView<Finding>
  private readonly factList: ListView<Fact>
  private readonly connections: ListView<Connections>
  private foldKey: string | undefined
  private unit: string | undefined
  /** The stage whose state is shown, and when it was last read; undefined while none is. */
  private requested: { readonly id: string; readonly at: number } | undefined

  constructor(parent: HTMLElement, actions: DetailsActions) {
    this.parent = parent
    const close = html('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', title: 'Close (Esc)' }, '✕')
    close.addEventListener('click', actions.close)
    this.toggle.addEventListener('click', () => {
      if (this.foldKey !== undefined) actions.toggleFold(this.foldKey)
    })
    this.unitToggle.addEventListener('click', () => {
      if (this.unit !== undefined) actions.toggleUnit(this.unit)
    })
    this.findingList = new ListView(this.findings, findingView)
    this.factList = new ListView(this.facts, factView)
    this.connections = new ListView(this.lists, () => connectionsView(actions.open))
    const head = html('div', { class: 'details-head' }, this.title, this.unitToggle, this.toggle, close)
    parent.append(head, this.findings, this.facts, this.lists, this.stateTitle, this.state)
  }

  /** Shows a stage or a fold; nothing for undefined. */
  show(opened: Opened | undefined, around: DetailsContext): void {
    const { stage, node } = opened ?? {}
    this.parent.hidden = stage === undefined && node === undefined
    if (opened === undefined || this.parent.hidden) {
      this.requested = undefined
      return
    }
    setText(this.title, stage?.label ?? (node === undefined ? '' : `${nodeLabel(node)} × ${node.count}`))
    const { unit } = opened
    this.unit = unit?.owner.id
    this.unitToggle.hidden = unit === undefined
    setText(this.unitToggle, unit?.isOpen === true ? 'Close unit' : 'Open unit')
    setAttributes(this.unitToggle, { title: unit && `${unit.isOpen ? 'Close' : 'Open'} ${unit.owner.label} (O)` })
    this.foldKey = node?.foldKey
    this.toggle.hidden = this.foldKey === undefined
    setText(this.toggle, node?.isFold === true ? 'Unfold' : 'Fold')
    const ids = stage === undefined ? new Set(node?.stages.map(({ id }) => id)) : new Set([stage.id])
    this.findingList.show(
      around.findings.filter((finding) => ids.has(finding.stage)),
      ({ kind, subscription, stage: id }) => `${kind} ${id} ${subscription}`,
    )
    if (stage === undefined) this.showMembers(node, around)
    else this.showStage(stage, opened, around)
  }

  private showStage(stage: StageSnapshot, { isEnded, node }: Opened, { snapshot, timeline }: DetailsContext): void {
    const parent = stage.parent === null ? undefined : snapshot.stages.find(({ id }) => id === stage.parent)
    const own: Fact[] = [['id', stage.id], ...(parent === undefined ? [] : [['started by', parent.label] as const])]
    const facts = factsOf(stage, timeline.ratesOf(stage.id), snapshot.time)
    const shown = isEnded ? facts.map(([name, value]): Fact => [name, name === 'state' ? 'ended' : value]) : facts
    this.factList.show([...own, ...shown], ([name]) => name)
    const labels = new Map(snapshot.stages.map(({ id, label }) => [id, label]))
    const labelOf = (id: string): string => labels.get(id) ?? id
    const sideOf = (side: 'producer' | 'consumer'): readonly SubscriptionFact[] =>
      subscriptionFacts(stage.id, side, snapshot.subscriptions, labelOf, (tag) => timeline.flowOf(tag))
    const parts = node?.unit?.id === stage.id ? node.stages.filter(({ id }) => id !== stage.id) : []
    this.connections.show(
      [
        { title: 'Producers', lines: sideOf('consumer') },
        { title: 'Consumers', lines: sideOf('producer') },
        { title: 'Parts', lines: parts.map((part) => memberLine(part, node, timeline)) },
      ].filter(({ lines }) => lines.length > 0),
      ({ title }) => title,
    )
    this.stateTitle.hidden = isEnded
    this.state.hidden = isEnded
    if (!isEnded) this.requestState(stage.id)
  }

  private showMembers(node: GraphNode | undefined, { timeline }: DetailsContext): void {
    this.stateTitle.hidden = true
    this.state.hidden = true
    this.factList.show([], ([name]) => name)
    const lines = (node?.stages ?? []).map((stage) => memberLine(stage, node, timeline))
    this.connections.show([{ title: 'Stages', lines }], ({ title }) => title)
  }

  private requestState(id: string): void {
    const now = performance.now()
    if (this.requested?.id === id && now - this.requested.at < STATE_INTERVAL) return
    if (this.requested?.id !== id) setText(this.state, '…')
    this.requested = { id, at: now }
    const show = (text: string): void => {
      // In the meantime another stage may have been opened.
      if (this.requested?.id === id) setText(this.state, text)
    }
    fetch(pathOf(`/stage/${encodeURIComponent(id)}`))
      .then(async (response) => {
        if (!response.ok) return show((await response.text()).trim())
        const { userState } = (await response.json()) as Pick<StageSnapshot, 'userState'>
        show(userState === null || userState === undefined ? 'no state to show' : JSON.stringify(userState, null, 2))
      })
      .catch(() => show('cannot be read at the moment'))
  }
}

function memberLine(
  { id, label, state }: StageSnapshot,
  node: GraphNode | undefined,
  timeline: Timeline,
): SubscriptionFact {
  const { handled, emitted, busy } = timeline.ratesOf(id)
  const isEnded = node?.ended.has(id) === true
  const demand = isEnded ? 'ended' : `${state}, busy ${percent(busy)}`
  return { tag: id, other: id, label, flow: isEnded ? '' : `${rate(handled ?? emitted)}/s`, demand }
}

interface Connections {
  readonly title: string
  readonly lines: readonly SubscriptionFact[]
}

function findingView(): DomView<Finding> {
  const element = html('li')
  return {
    element,
    update({ text, severity }) {
      setText(element, text)
      setAttributes(element, { 'data-severity': severity })
    },
  }
}

function factView(): DomView<Fact> {
  const name = html('dt')
  const value = html('dd')
  const element = html('div', {}, name, value)
  return {
    element,
    update([nameText, valueText]) {
      setText(name, nameText)
      setText(value, valueText)
    },
  }
}

function connectionsView(open: (stage: string) => void): DomView<Connections> {
  const title = html('h3')
  const list = html('ul')
  const lines = new ListView<SubscriptionFact>(list, () => lineView(open))
  const more = html('p', { class: 'note' })
  const element = html('div', {}, title, list, more)
  return {
    element,
    update(connections) {
      const count = connections.lines.length
      setText(title, count > 3 ? `${connections.title} · ${amount(count)}` : connections.title)
      lines.show(connections.lines.slice(0, MOST_LINES), ({ tag }) => tag)
      setText(more, count > MOST_LINES ? `and ${amount(count - MOST_LINES)} more` : '')
    },
  }
}

function lineView(open: (stage: string) => void): DomView<SubscriptionFact> {
  const label = html('span', { class: 'text' })
  const flow = html('span', { class: 'number' })
  const demand = html('span', { class: 'note' })
  const button = html('button', { type: 'button' }, label, flow, demand)
  let other = ''
  button.addEventListener('click', () => open(other))
  return {
    element: html('li', {}, button),
    update(line) {
      other = line.other
      setText(label, line.label)
      setText(flow, line.flow)
      setText(demand, line.demand)
    },
  }
}
