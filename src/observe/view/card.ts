import type { Finding, Severity } from '../snapshot/finding.ts'
import type { StageSnapshot } from '../snapshot/snapshot-types.ts'
import { type GraphNode, hasEnded, nodeLabel } from './graph.ts'
import { amount, counted, logarithmicShare, percent, rate } from './numbers.ts'
import type { Point, Rates, Timeline } from './timeline.ts'

/** From this share on a bar says that it is nearly full. */
const HIGH = 0.85

/** A bar of a card. */
export interface Bar {
  readonly name: string
  /** What it stands for: being busy, or events that wait. */
  readonly kind: 'busy' | 'waiting'
  /** How full it is, from 0 to 1; `null` where that is not known. */
  readonly share: number | null
  /** Whether that is so much that somebody should look at it. */
  readonly isHigh: boolean
  readonly text: string
  /** The same in a sentence. */
  readonly title: string
}

/** What is shown of a node. */
export interface Card {
  readonly key: string
  readonly kind: string
  /** Without its kind. */
  readonly title: string
  /** How many stages it stands for that run. */
  readonly count: number
  readonly isFold: boolean
  /** The state of its stage, the commonest of a fold's, or `ended`. */
  readonly state: string
  /** Events per second that it passes: what it emits, what it handles, or both, as `in → out`. */
  readonly flow: string
  readonly bars: readonly Bar[]
  readonly series: readonly Point[]
  /** Of the worst thing that the doctor has found. */
  readonly severity: Severity | undefined
  /** All of it for who does not see it. */
  readonly label: string
}

/** Says what is to be shown of a node; of a fold, sums, and the mean of how busy they are. */
export function cardOf(node: GraphNode, timeline: Timeline, findings: readonly Finding[]): Card {
  const running = node.stages.filter(({ id }) => !node.ended.has(id))
  const shown = running.length > 0 ? running : node.stages
  const kind = node.stages[0]?.kind ?? ''
  const title = nodeLabel(node).slice(kind.length).trim() || kind
  const rates = shown.map(({ id }) => timeline.ratesOf(id))
  const state = hasEnded(node) ? 'ended' : commonest(running.map((stage) => stage.state))
  const flow = hasEnded(node) ? 'ended' : flowOf(rates)
  const bars = barsOf(shown, rates)
  const ids = new Set(node.stages.map(({ id }) => id))
  const severity = findings.find(({ stage }) => ids.has(stage))?.severity
  const what = node.isFold ? `${counted(running.length, 'stage')}, ${nodeLabel(node)}` : nodeLabel(node)
  const label = [
    what,
    state,
    ...(hasEnded(node) ? [] : [`${flow.replace('→', 'in,')} events per second${flow.includes('→') ? ' out' : ''}`]),
    ...bars.map((bar) => bar.title),
    ...(severity === undefined ? [] : [`the doctor has found a ${severity}`]),
  ].join(', ')
  return {
    key: node.key,
    kind,
    title,
    count: running.length,
    isFold: node.isFold,
    state,
    flow,
    bars,
    series: timeline.seriesOf(shown.map(({ id }) => id)),
    severity,
    label,
  }
}

/** How many bars the card of a node has, which is its height. */
export function barCount({ stages: [stage] }: GraphNode): number {
  return stage?.producing !== undefined && stage.consuming !== undefined ? 4 : 3
}

function flowOf(rates: readonly Rates[]): string {
  const handled = sum(rates.map((each) => each.handled))
  const emitted = sum(rates.map((each) => each.emitted))
  if (handled !== null && emitted !== null) return `${rate(handled)} → ${rate(emitted)}`
  return rate(handled ?? emitted)
}

function barsOf(stages: readonly StageSnapshot[], rates: readonly Rates[]): Bar[] {
  const shares = rates.flatMap(({ busy }) => busy ?? [])
  const busy = shares.length === 0 ? null : shares.reduce((total, each) => total + each, 0) / shares.length
  const title = `busy ${percent(busy)} of the time`
  const bars: Bar[] = [
    { name: 'busy', kind: 'busy', share: busy, isHigh: (busy ?? 0) >= HIGH, text: percent(busy), title },
  ]
  const mailbox = total(stages, (stage) => stage.consuming?.mailbox ?? stage.mailbox)
  const noun = stages[0]?.consuming === undefined ? 'message' : 'event'
  bars.push(waiting('mailbox', mailbox, logarithmicShare(mailbox), `${counted(mailbox, noun)} in the mailbox`))
  if (stages[0]?.consuming !== undefined) {
    const held = total(stages, ({ consuming }) => (consuming?.inHand ?? 0) + (consuming?.inbound ?? 0))
    bars.push(waiting('in hand', held, logarithmicShare(held), `${counted(held, 'event')} taken in and not handled`))
  }
  if (stages[0]?.producing !== undefined) bars.push(bufferBar(stages))
  return bars
}

function bufferBar(stages: readonly StageSnapshot[]): Bar {
  const events = total(stages, ({ producing }) =>
    producing === undefined ? 0 : producing.buffer.events + producing.accumulated + producing.dispatcher.held,
  )
  const size = total(stages, ({ producing }) => producing?.buffer.size ?? Number.POSITIVE_INFINITY)
  const isBounded = Number.isFinite(size) && size > 0
  const limit = isBounded ? ` of ${amount(size)}` : ''
  const share = isBounded ? Math.min(1, events / size) : logarithmicShare(events)
  const bar = waiting('buffer', events, share, `${amount(events)}${limit} events in the buffer`)
  return { ...bar, isHigh: isBounded && share >= HIGH }
}

function waiting(name: string, count: number, share: number, title: string): Bar {
  return { name, kind: 'waiting', share, isHigh: false, text: amount(count), title }
}

function commonest(states: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? 'idle'
}

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((all, each) => all + each, 0)
}

function total(stages: readonly StageSnapshot[], count: (stage: StageSnapshot) => number): number {
  return stages.reduce((all, stage) => all + count(stage), 0)
}
