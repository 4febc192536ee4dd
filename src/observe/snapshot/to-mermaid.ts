import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { matching } from '../../base/options/option-type.ts'
import { count, figure } from './format.ts'
import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from './snapshot-types.ts'
import { type Units, unitsOf } from './unit-tree.ts'

/** From this number on, alike stages are drawn as one node. */
const MANY = 4

/** The options of {@link toMermaid}. */
export interface MermaidOptions {
  /**
   * The units that are drawn with their parts: all of them, none, or those with these names or ids. Each of the others is
   * one node. A consumer supervisor is drawn with its children only if it is in the list. Default: `'open'`.
   */
  readonly units?: 'open' | 'closed' | readonly string[]
}

/** The options of {@link toMermaid}. */
export const mermaidOptions: OptionTable<Required<MermaidOptions>> = optionTable({
  units: {
    type: matching(
      "'open', 'closed' or an array of names and ids",
      (value): value is 'open' | 'closed' | readonly string[] => typeof value === 'string' || Array.isArray(value),
      (value) => Array.isArray(value) || value === 'open' || value === 'closed',
    ),
    default: 'open',
    text: 'The units that are drawn with their parts: all, none, or those with these names or ids.',
  },
})

/** A node of the chart: a stage, several alike stages, or a closed unit. */
interface Node {
  readonly id: string
  readonly stages: readonly StageSnapshot[]
  /** The owner of the closed unit that it represents. */
  readonly unit: StageSnapshot | undefined
  /** The owner of the open unit that it is drawn in. */
  readonly group: string | undefined
}

/**
 * Draws a snapshot as a flowchart in the language of Mermaid.
 *
 * Stages are nodes, with the totals of events that they have emitted and handled. Subscriptions are edges, with the
 * total of events sent and the open demand. Four or more stages of one kind with the same producers and consumers are
 * one node, unless their names differ by more than numbers. A unit, such as a supervisor with its children, is a subgraph
 * or one node. Other processes that neither emit nor handle events, such as tasks, are left out.
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
  const lines = nodeLines(nodes, units, open)
  const edges = new Map<string, SubscriptionSnapshot[]>()
  for (const subscription of snapshot.subscriptions) {
    const [from, to] = [nodeOf.get(subscription.producer), nodeOf.get(subscription.consumer)]
    // A producer may still list a consumer that has just exited.
    if (from === undefined || to === undefined) continue
    // Subscriptions within a closed unit are not drawn.
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

/** The owners of open units. An inner unit is open only if the outer one is. */
function openUnits({ units }: Units, shown: Required<MermaidOptions>['units']): ReadonlySet<string> {
  const open = new Set<string>()
  for (const [id, { owner, outer, isStage }] of units) {
    const isMeant =
      typeof shown === 'string' ? shown === 'open' && !isStage : shown.includes(id) || shown.includes(owner.name ?? id)
    if (isMeant && (outer === undefined || open.has(outer))) open.add(id)
  }
  return open
}

/** The lines of the nodes, those of a unit in its subgraph, in the order of their starts. */
function nodeLines(nodes: readonly Node[], { units }: Units, open: ReadonlySet<string>): string[] {
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
  // Inner units first: each is added to the one around it when it is complete.
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
  /** By the owner of a unit that is not drawn with its parts: the outermost closed unit around it. */
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

/** The part of a name that alike stages have in common; `null` without a name. */
function patternOf({ name, role, label }: StageSnapshot): string | null {
  if (name !== null) return withoutNumbers(name)
  return role === undefined ? null : withoutNumbers(label)
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\d+/g, '…')
}

/** Draws producers, producer-consumers and consumers with different outlines. */
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
  // A unit that is a stage itself is shown as a stage, with the number of its children.
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
  const isClosedUnit = unit !== undefined && !isStage(unit)
  const facts = [
    ...(isClosedUnit ? [count(stages.length, 'stage')] : []),
    ...(isClosedUnit || first.consuming === undefined ? [] : [`${figure(handled)} handled`]),
    ...(isClosedUnit || first.producing === undefined ? [] : [`${figure(emitted)} emitted`]),
    ...(held === 0 ? [] : [`${figure(held)} buffered`]),
    ...(lost === 0 ? [] : [`${figure(lost)} dropped`]),
    ...(isClosedUnit || children === 0 ? [] : [count(children, 'child', 'children')]),
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

/** Escapes what has a meaning in Mermaid, or in the HTML that it generates. */
function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:;_…×›()+/-]/gu, (character) => `#${character.codePointAt(0)};`)
}
