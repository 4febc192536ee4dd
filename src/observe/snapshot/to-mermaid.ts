import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from './snapshot-types.ts'
import { count, figure } from './words.ts'

/** So many alike stages are drawn as one. */
const MANY = 4

/** A node of the chart: a stage, or many that are alike. */
interface Node {
  readonly id: string
  readonly stages: readonly StageSnapshot[]
}

/**
 * Draws a snapshot as a flowchart in Mermaid's language, for documents that show such charts.
 *
 * Stages are nodes, with what they have emitted or handled since their start; subscriptions are edges, with what has
 * been sent and what is still asked for. Four or more stages of one kind that take from the same stages and send to the
 * same ones are one node, unless their names differ by more than numbers. What neither emits nor handles events
 * (supervisors, tasks) is left out.
 */
export function toMermaid(snapshot: Snapshot): string {
  const nodes = nodesOf(snapshot)
  const nodeOf = new Map(nodes.flatMap(({ id, stages }) => stages.map((stage) => [stage.id, id] as const)))
  const lines = nodes.map(({ id, stages }) => `  ${id}${shape(stages)}`)
  const edges = new Map<string, SubscriptionSnapshot[]>()
  for (const subscription of snapshot.subscriptions) {
    const [from, to] = [nodeOf.get(subscription.producer), nodeOf.get(subscription.consumer)]
    // A consumer that has just ended is in the books of its producer for a moment longer.
    if (from === undefined || to === undefined) continue
    const ends = `${from} ${to}`
    add(edges, ends, subscription)
  }
  for (const [ends, subscriptions] of edges) {
    const [from, to] = ends.split(' ')
    lines.push(`  ${from} -->|"${flow(subscriptions)}"| ${to}`)
  }
  return ['flowchart LR', ...lines, ''].join('\n')
}

function nodesOf({ stages, subscriptions }: Snapshot): Node[] {
  const neighbours = new Map<string, string[]>()
  for (const { producer, consumer } of subscriptions) {
    add(neighbours, producer, `to ${consumer}`)
    add(neighbours, consumer, `from ${producer}`)
  }
  const groups = new Map<string, StageSnapshot[]>()
  for (const stage of stages) {
    if (stage.producing === undefined && stage.consuming === undefined) continue
    const { id, kind, name } = stage
    const around = [...new Set(neighbours.get(id) ?? [])].sort()
    const key = JSON.stringify([kind, name === null ? null : withoutNumbers(name), around])
    add(groups, key, stage)
  }
  const drawn = [...groups.values()].flatMap((group) => (group.length < MANY ? group.map((stage) => [stage]) : [group]))
  const place = new Map(stages.map(({ id }, index) => [id, index]))
  const placeOf = ([first]: readonly StageSnapshot[]): number => place.get(first?.id ?? '') ?? 0
  return drawn
    .sort((one, other) => placeOf(one) - placeOf(other))
    .map((group, index) => ({ id: `s${index + 1}`, stages: group }))
}

/** Adds to what there is under a key. */
function add<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\d+/g, '…')
}

/** The outline of a node tells producers, producer-consumers and consumers apart. */
function shape(stages: readonly StageSnapshot[]): string {
  const [{ producing, consuming }] = stages as [StageSnapshot]
  const text = `"${describe(stages)}"`
  if (consuming === undefined) return `([${text}])`
  return producing === undefined ? `[[${text}]]` : `[${text}]`
}

function describe(stages: readonly StageSnapshot[]): string {
  const [first] = stages as [StageSnapshot]
  const { kind, name, label } = first
  const many = name === null ? kind : `${kind} ${withoutNumbers(name)}`
  const title = stages.length === 1 ? label : `${stages.length} × ${many}`
  const handled = total(stages, ({ consuming }) => consuming?.handled)
  const emitted = total(stages, ({ producing }) => producing?.emitted)
  const held = total(stages, ({ producing }) => producing && producing.buffer.events + producing.dispatcher.held)
  const lost = total(stages, ({ producing }) => producing?.discarded)
  const children = total(stages, ({ supervising }) => supervising?.children.length)
  const facts = [
    ...(first.consuming === undefined ? [] : [`${figure(handled)} handled`]),
    ...(first.producing === undefined ? [] : [`${figure(emitted)} emitted`]),
    ...(held === 0 ? [] : [`${figure(held)} buffered`]),
    ...(lost === 0 ? [] : [`${figure(lost)} dropped`]),
    ...(children === 0 ? [] : [count(children, 'child', 'children')]),
  ]
  return `${escaped(title)}<br/>${facts.join(', ')}`
}

function flow(subscriptions: readonly SubscriptionSnapshot[]): string {
  const sent = subscriptions.reduce((sum, each) => sum + each.sent, 0)
  const pending = subscriptions.reduce((sum, each) => sum + each.pending, 0)
  const queued = subscriptions.reduce((sum, each) => sum + (each.queued ?? 0), 0)
  const partitions = subscriptions.flatMap(({ partition }) => partition ?? [])
  const [partition] = partitions
  const which = partitions.length === 1 ? `${escaped(String(partition))}: ` : ''
  const waits = queued === 0 ? '' : `, ${figure(queued)} queued`
  return `${which}${figure(sent)} sent${waits}, ${figure(pending)} asked for`
}

function total(stages: readonly StageSnapshot[], read: (stage: StageSnapshot) => number | undefined): number {
  return stages.reduce((sum, stage) => sum + (read(stage) ?? 0), 0)
}

/** Keeps a name from meaning anything to Mermaid, or to the HTML that it makes. */
function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:;_…×()+/-]/gu, (character) => `#${character.codePointAt(0)};`)
}
