import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { matching } from '../../base/option-type.ts'
import { count, figure } from './format.ts'
import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from './snapshot-types.ts'
import { type Units, unitsOf } from './unit-tree.ts'

/** So many alike stages are drawn as one. */
const MANY = 4

/** How a chart is drawn. */
export interface MermaidOptions {
  /**
   * Which units are drawn with their parts: all of them, none, or those with these names or ids. The others are one node
   * each. Default: `'open'`; a consumer supervisor is drawn with its children only where it is named.
   */
  readonly units?: 'open' | 'closed' | readonly string[]
}

/** How a chart is drawn. */
export const mermaidOptions: OptionTable<Required<MermaidOptions>> = optionTable({
  units: {
    type: matching(
      "'open', 'closed' or an array of names and ids",
      (value): value is 'open' | 'closed' | readonly string[] => typeof value === 'string' || Array.isArray(value),
      (value) => Array.isArray(value) || value === 'open' || value === 'closed',
    ),
    default: 'open',
    text: 'Which units are drawn with their parts: all, none, or those with these names or ids.',
  },
})

/** A node of the chart: a stage, many that are alike, or a unit that is closed. */
interface Node {
  readonly id: string
  readonly stages: readonly StageSnapshot[]
  /** The owner of the unit that it stands for. */
  readonly unit: StageSnapshot | undefined
  /** The owner of the unit that it is drawn in. */
  readonly group: string | undefined
}

/**
 * Draws a snapshot as a flowchart in Mermaid's language, for documents that show such charts.
 *
 * Stages are nodes, with what they have emitted or handled since their start; subscriptions are edges, with what has
 * been sent and what is still asked for. Four or more stages of one kind that take from the same stages and send to the
 * same ones are one node, unless their names differ by more than numbers. A unit, as a supervisor with its children is,
 * is a subgraph of its parts, or one node. What else neither emits nor handles events (tasks) is left out.
 *
 * @throws {TypeError} If an option is unknown or wrong.
 */
export function toMermaid(snapshot: Snapshot, options?: MermaidOptions): string {
  const { units: shown } = mermaidOptions.read(options, 'the options of toMermaid')
  const units = unitsOf(snapshot.stages, snapshot.subscriptions)
  const open = openUnits(units, shown)
  const nodes = nodesOf(snapshot, units, open)
  const nodeOf = new Map<string, string>()
  for (const { id, stages } of nodes) for (const stage of stages) nodeOf.set(stage.id, id)
  const lines = written(nodes, units, open)
  const edges = new Map<string, SubscriptionSnapshot[]>()
  for (const subscription of snapshot.subscriptions) {
    const [from, to] = [nodeOf.get(subscription.producer), nodeOf.get(subscription.consumer)]
    // A consumer that has just ended is in the books of its producer for a moment longer.
    if (from === undefined || to === undefined) continue
    // What goes on within a closed unit is not drawn.
    if (from === to && nodes.some(({ id, unit }) => id === from && unit !== undefined)) continue
    const ends = `${from} ${to}`
    const others = edges.get(ends)
    if (others === undefined) edges.set(ends, [subscription])
    else others.push(subscription)
  }
  for (const [ends, subscriptions] of edges) {
    const [from, to] = ends.split(' ')
    lines.push(`  ${from} -->|"${flow(subscriptions)}"| ${to}`)
  }
  return ['flowchart LR', ...lines, ''].join('\n')
}

/** The owners of units that are drawn with their parts: an inner one only within an outer one that is. */
function openUnits({ units }: Units, shown: Required<MermaidOptions>['units']): ReadonlySet<string> {
  const open = new Set<string>()
  for (const [id, { owner, outer, isStage }] of units) {
    const isMeant =
      typeof shown === 'string' ? shown === 'open' && !isStage : shown.includes(id) || shown.includes(owner.name ?? id)
    if (isMeant && (outer === undefined || open.has(outer))) open.add(id)
  }
  return open
}

/** The lines of the nodes, those of a unit within its subgraph, in the order of what was started first. */
function written(nodes: readonly Node[], { units }: Units, open: ReadonlySet<string>): string[] {
  const within = new Map<string, { readonly place: number; readonly lines: readonly string[] }[]>()
  const put = (group: string | undefined, place: number, lines: readonly string[]): void => {
    const others = within.get(group ?? '')
    if (others === undefined) within.set(group ?? '', [{ place, lines }])
    else others.push({ place, lines })
  }
  const inOrder = (group: string): { readonly place: number; readonly lines: readonly string[] }[] =>
    (within.get(group) ?? []).sort((one, other) => one.place - other.place)
  for (const [place, node] of nodes.entries()) put(node.group, place, [`  ${node.id}${shape(node)}`])
  const numbers = new Map([...open].map((id, index) => [id, index + 1]))
  // Inner ones first: each is put into the one around it when it is complete.
  for (const id of [...open].reverse()) {
    const { owner, outer } = units.get(id) ?? {}
    const parts = inOrder(id)
    if (owner === undefined || parts[0] === undefined) continue
    const inner = parts.flatMap(({ lines }) => lines.map((line) => `  ${line}`))
    put(outer, parts[0].place, [`  subgraph u${numbers.get(id)}["${escaped(owner.label)}"]`, ...inner, '  end'])
  }
  return inOrder('').flatMap(({ lines }) => lines)
}

function nodesOf(snapshot: Snapshot, { stages, units, outerOf }: Units, open: ReadonlySet<string>): Node[] {
  /** By the owner of a unit that is not drawn with its parts: the outermost such unit around it. */
  const closed = new Map<string, string>()
  for (const [id, { outer }] of units) {
    const around = closed.get(outer ?? '')
    if (around !== undefined || !open.has(id)) closed.set(id, around ?? id)
  }
  const groupOf = ({ id }: StageSnapshot): string | undefined => (units.has(id) ? id : outerOf(id))
  const itemOf = (stage: StageSnapshot): string => closed.get(groupOf(stage) ?? '') ?? stage.id
  const items = new Map(stages.map((stage) => [stage.id, itemOf(stage)]))
  const neighbours = neighboursOf(snapshot.subscriptions, items)
  const folds = new Map<string, { stages: StageSnapshot[]; unit: string | undefined; group: string | undefined }>()
  for (const stage of stages) {
    const item = itemOf(stage)
    const unit = closed.has(item) ? item : undefined
    const group = unit === undefined ? groupOf(stage) : outerOf(unit)
    const around = [...(neighbours.get(item) ?? [])].sort()
    const key = JSON.stringify(unit === undefined ? [stage.kind, patternOf(stage), group, around] : [unit])
    const fold = folds.get(key)
    if (fold === undefined) folds.set(key, { stages: [stage], unit, group })
    else fold.stages.push(stage)
  }
  const place = new Map(stages.map(({ id }, index) => [id, index]))
  const placeOf = ([first]: readonly StageSnapshot[]): number => place.get(first?.id ?? '') ?? 0
  return [...folds.values()]
    .flatMap((fold) =>
      fold.unit !== undefined || fold.stages.length >= MANY
        ? [fold]
        : fold.stages.map((stage) => ({ ...fold, stages: [stage] })),
    )
    .sort((one, other) => placeOf(one.stages) - placeOf(other.stages))
    .map(({ stages: own, unit, group }, index) => ({
      id: `s${index + 1}`,
      stages: own,
      unit: units.get(unit ?? '')?.owner,
      group,
    }))
}

function neighboursOf(
  subscriptions: readonly SubscriptionSnapshot[],
  items: ReadonlyMap<string, string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const neighbours = new Map<string, Set<string>>()
  const note = (item: string, neighbour: string): void => {
    const known = neighbours.get(item)
    if (known === undefined) neighbours.set(item, new Set([neighbour]))
    else known.add(neighbour)
  }
  for (const { producer, consumer } of subscriptions) {
    const [from, to] = [items.get(producer) ?? producer, items.get(consumer) ?? consumer]
    note(from, `to ${to}`)
    note(to, `from ${from}`)
  }
  return neighbours
}

/** What alike stages have in common of their names; `null` where they have none. */
function patternOf({ name, role, label }: StageSnapshot): string | null {
  if (name !== null) return withoutNumbers(name)
  return role === undefined ? null : withoutNumbers(label)
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\d+/g, '…')
}

/** The outline of a node tells producers, producer-consumers and consumers apart. */
function shape({ stages, unit }: Node): string {
  const [{ producing, consuming }] = (unit === undefined || isStage(unit) ? [unit ?? stages[0]] : stages) as [
    StageSnapshot,
  ]
  const text = `"${describe(stages, unit)}"`
  if (unit !== undefined && !isStage(unit)) return `{{${text}}}`
  if (consuming === undefined) return `([${text}])`
  return producing === undefined ? `[[${text}]]` : `[${text}]`
}

function isStage({ producing, consuming }: StageSnapshot): boolean {
  return producing !== undefined || consuming !== undefined
}

function describe(all: readonly StageSnapshot[], unit: StageSnapshot | undefined): string {
  // A unit that is a stage itself is shown as that, with the number of its children.
  const stages = unit !== undefined && isStage(unit) ? [unit] : all
  const [first] = stages as [StageSnapshot]
  const { kind, name, role, label } = first
  const many = name === null && role === undefined ? kind : withoutNumbers(name === null ? label : `${kind} ${name}`)
  const title = unit?.label ?? (stages.length === 1 ? label : `${stages.length} × ${many}`)
  const handled = total(stages, ({ consuming }) => consuming?.handled)
  const emitted = total(stages, ({ producing }) => producing?.emitted)
  const held = total(stages, ({ producing }) => producing && producing.buffer.events + producing.dispatcher.queued)
  const lost = total(stages, ({ producing }) => producing?.discarded)
  const children = total(stages, ({ supervising }) => supervising?.children.length)
  const isWhole = unit !== undefined && !isStage(unit)
  const facts = [
    ...(isWhole ? [count(stages.length, 'stage')] : []),
    ...(isWhole || first.consuming === undefined ? [] : [`${figure(handled)} handled`]),
    ...(isWhole || first.producing === undefined ? [] : [`${figure(emitted)} emitted`]),
    ...(held === 0 ? [] : [`${figure(held)} buffered`]),
    ...(lost === 0 ? [] : [`${figure(lost)} dropped`]),
    ...(isWhole || children === 0 ? [] : [count(children, 'child', 'children')]),
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
  return text.replaceAll(/[^\p{L}\p{N} .,:;_…×›()+/-]/gu, (character) => `#${character.codePointAt(0)};`)
}
