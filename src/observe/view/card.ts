import type { Finding, Severity } from '../doctor/finding.ts'
import type { StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'
import { type GraphNode, hasEnded, nodeLabel } from './graph.ts'
import { amount, counted, logarithmicShare, percent, rate } from './numbers.ts'
import type { Point, Rates, Timeline } from './timeline.ts'

/** From this share on, a bar is shown as nearly full, and a stage as busy. */
export const HIGH = 0.85

/** A bar of a card. */
export interface Bar {
  readonly name: string
  /** What it measures: busy time, or waiting events. */
  readonly kind: 'busy' | 'waiting'
  /** How full it is, from 0 to 1; `null` if that is not known. */
  readonly share: number | null
  /** Whether it is so full that it should be noticed. */
  readonly isHigh: boolean
  readonly text: string
  /** The same as a phrase. */
  readonly title: string
}

/** The content of a card. */
export interface Card {
  readonly key: string
  readonly kind: string
  /** Without its kind. */
  readonly title: string
  /** What it opens into: `× 200` alike stages, `12 parts` of a unit; empty for a stage. */
  readonly content: string
  readonly isFold: boolean
  readonly isUnit: boolean
  /** The state of its stage, the most frequent one of several stages, or `ended`. */
  readonly state: string
  /** The text in the place of the state: the restarts of a unit, or the state. */
  readonly note: string
  /** How busy it is, from 0 to 1; a unit is as busy as its busiest stage; `null` if that is not known. */
  readonly busy: number | null
  /** Events per second: emitted, handled, or both, as `in → out`. */
  readonly flow: string
  readonly bars: readonly Bar[]
  readonly series: readonly Point[]
  /** The severity of its most severe finding. */
  readonly severity: Severity | undefined
  /** The whole content as text, for screen readers. */
  readonly label: string
}

/**
 * Returns the content of a node's card.
 *
 * A fold has sums, and the mean busy share of its stages. A unit has the events that enter and leave it, and the busy
 * share of its busiest stage.
 */
export function cardOf(
  node: GraphNode,
  title: string,
  timeline: Timeline,
  findings: readonly Finding[],
  subscriptions: readonly SubscriptionSnapshot[],
): Card {
  const { unit, isFold } = node
  const running = node.stages.filter(({ id }) => !node.ended.has(id))
  const shown = running.length > 0 ? running : node.stages
  const kind = (unit ?? node.stages[0])?.kind ?? ''
  const rates = shown.map(({ id }) => timeline.ratesOf(id))
  const isOver = hasEnded(node)
  const state = isOver ? 'ended' : mostFrequent(running.map((stage) => stage.state))
  const restarts = unit?.supervising?.restarts ?? 0
  const flow = isOver ? 'ended' : unit === undefined ? flowOf(rates) : flowThrough(shown, subscriptions, timeline)
  const busy = busyOf(node, timeline)
  const bars = barsOf(shown, busy, unit)
  const severity = severityOf(node, findings)
  const content = contentOf(node, running.length)
  const label = [
    isFold ? `${counted(node.count, 'stage')}, ${nodeLabel(node)}` : nodeLabel(node),
    ...(unit === undefined ? [] : [content]),
    state,
    ...(isOver ? [] : [`${flow.replace('→', 'in,')} events per second${flow.includes('→') ? ' out' : ''}`]),
    ...bars.map((bar) => bar.title),
    ...(severity === undefined ? [] : [`the doctor has found a ${severity}`]),
  ].join(', ')
  return {
    key: node.key,
    kind,
    title,
    content,
    isFold,
    isUnit: unit !== undefined,
    state,
    note: unit === undefined || isOver ? state : restarts === 0 ? '' : counted(restarts, 'restart'),
    busy,
    flow,
    bars,
    series: timeline.seriesOf((unit === undefined ? shown : sourcesOf(shown, subscriptions)).map(({ id }) => id)),
    severity,
    label,
  }
}

/** The mean busy share of a node's stages; for a unit that of its owner, if it is a stage, or else of its busiest stage. */
export function busyOf({ stages, ended, unit }: GraphNode, timeline: Timeline): number | null {
  if (isStage(unit)) return timeline.ratesOf(unit.id).busy
  let [sum, most, known] = [0, 0, 0]
  for (const { id } of stages) {
    const busy = ended.has(id) ? null : timeline.ratesOf(id).busy
    if (busy === null) continue
    sum += busy
    most = Math.max(most, busy)
    known++
  }
  if (known === 0) return null
  return unit === undefined ? sum / known : most
}

/** Whether the owner of a unit is a stage itself. */
function isStage(unit: StageSnapshot | undefined): unit is StageSnapshot {
  return unit?.consuming !== undefined || unit?.producing !== undefined
}

/** The severity of a node's most severe finding. */
export function severityOf({ stages, unit }: GraphNode, findings: readonly Finding[]): Severity | undefined {
  if (findings.length === 0) return undefined
  const ids = new Set(stages.map(({ id }) => id))
  return findings.find(({ stage }) => ids.has(stage) || stage === unit?.id)?.severity
}

function contentOf({ unit, isFold, stages, count }: GraphNode, running: number): string {
  if (isFold) return `× ${amount(stages.length === count ? running : count)}`
  if (unit === undefined) return ''
  // An owner that is a stage itself is no part.
  return counted(stages.filter(({ id }) => id !== unit.id).length, 'part')
}

/** The number of bars on the card of a node, which decides its height. */
export function barCount({ stages: [stage], unit }: GraphNode): number {
  return unit !== undefined || (stage?.producing !== undefined && stage.consuming !== undefined) ? 4 : 3
}

/** The events per second that enter a unit and that leave it. */
function flowThrough(
  stages: readonly StageSnapshot[],
  subscriptions: readonly SubscriptionSnapshot[],
  timeline: Timeline,
): string {
  const ratesOf = (some: readonly StageSnapshot[]): readonly Rates[] => some.map(({ id }) => timeline.ratesOf(id))
  const coming = sum(ratesOf(sourcesOf(stages, subscriptions)).map(({ handled, emitted }) => handled ?? emitted))
  const going = sum(ratesOf(sinksOf(stages, subscriptions)).map(({ handled, emitted }) => emitted ?? handled))
  return coming === going ? rate(coming) : `${rate(coming)} → ${rate(going)}`
}

function sourcesOf(
  stages: readonly StageSnapshot[],
  subscriptions: readonly SubscriptionSnapshot[],
): readonly StageSnapshot[] {
  return endsOf(stages, subscriptions, 'consumer', 'producer')
}

function sinksOf(
  stages: readonly StageSnapshot[],
  subscriptions: readonly SubscriptionSnapshot[],
): readonly StageSnapshot[] {
  return endsOf(stages, subscriptions, 'producer', 'consumer')
}

/** The stages that have none of the others on one side. */
function endsOf(
  stages: readonly StageSnapshot[],
  subscriptions: readonly SubscriptionSnapshot[],
  own: 'producer' | 'consumer',
  other: 'producer' | 'consumer',
): readonly StageSnapshot[] {
  const ids = new Set(stages.map(({ id }) => id))
  const inside = new Set<string>()
  for (const subscription of subscriptions) {
    if (ids.has(subscription[own]) && ids.has(subscription[other])) inside.add(subscription[own])
  }
  return stages.filter(
    ({ id, producing, consuming }) => !inside.has(id) && (producing !== undefined || consuming !== undefined),
  )
}

function flowOf(rates: readonly Rates[]): string {
  const handled = sum(rates.map((each) => each.handled))
  const emitted = sum(rates.map((each) => each.emitted))
  if (handled !== null && emitted !== null) return `${rate(handled)} → ${rate(emitted)}`
  return rate(handled ?? emitted)
}

function barsOf(stages: readonly StageSnapshot[], busy: number | null, unit: StageSnapshot | undefined): Bar[] {
  const isUnit = unit !== undefined
  const title = `${isUnit && !isStage(unit) ? 'its busiest stage ' : ''}busy ${percent(busy)} of the time`
  const bars: Bar[] = [
    { name: 'busy', kind: 'busy', share: busy, isHigh: (busy ?? 0) >= HIGH, text: percent(busy), title },
  ]
  const isConsuming = stages.some(({ consuming }) => consuming !== undefined)
  const mailbox = total(stages, (stage) => stage.consuming?.mailbox ?? stage.mailbox)
  const noun = isConsuming ? 'event' : 'message'
  bars.push(waiting('mailbox', mailbox, logarithmicShare(mailbox), `${counted(mailbox, noun)} in the mailbox`))
  if (isConsuming || isUnit) {
    const held = total(stages, ({ consuming }) => (consuming?.handling ?? 0) + (consuming?.inbound ?? 0))
    bars.push(waiting('in flight', held, logarithmicShare(held), `${counted(held, 'event')} in flight`))
  }
  if (isUnit || stages.some(({ producing }) => producing !== undefined)) bars.push(bufferBar(stages))
  return bars
}

function bufferBar(stages: readonly StageSnapshot[]): Bar {
  const events = total(stages, ({ producing }) =>
    producing === undefined ? 0 : producing.buffer.events + producing.accumulated + producing.dispatcher.queued,
  )
  const size = total(stages, ({ producing }) =>
    producing === undefined ? 0 : (producing.buffer.size ?? Number.POSITIVE_INFINITY),
  )
  const isBounded = Number.isFinite(size) && size > 0
  const limit = isBounded ? ` of ${amount(size)}` : ''
  const share = isBounded ? Math.min(1, events / size) : logarithmicShare(events)
  const bar = waiting('buffer', events, share, `${amount(events)}${limit} events in the buffer`)
  return { ...bar, isHigh: isBounded && share >= HIGH }
}

function waiting(name: string, count: number, share: number, title: string): Bar {
  return { name, kind: 'waiting', share, isHigh: false, text: amount(count), title }
}

function mostFrequent(states: readonly string[]): string {
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
