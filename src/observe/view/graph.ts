import type { StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'
import { type Unit, type Units, unitsOf } from '../snapshot/unit-tree.ts'
import { alikeKeys, type Comparable, type Connection } from './alike.ts'
import type { EndedStage } from './timeline.ts'

/** From this number of stages on, alike ones are folded, unless the user has chosen. */
export const MANY_STAGES = 25
/** The least number of alike stages that are folded into one node. */
const LEAST_ALIKE = 3

/** A node of the graph: a stage, a fold of alike stages, or a closed unit. */
export interface GraphNode {
  /** The id of its stage or of the owner of its unit, or the key of its fold. */
  readonly key: string
  /** The key that it has in common with those alike, folded or not; `undefined` where there are too few. */
  readonly foldKey: string | undefined
  /** Whether it stands for alike stages that are folded. */
  readonly isFold: boolean
  /** The number of stages or units that it represents: more than one only for a fold. */
  readonly count: number
  /** The owner of the closed unit that it represents. */
  readonly unit: StageSnapshot | undefined
  /** The key of the group that it belongs to. */
  readonly group: string | undefined
  /** Its stages: running ones, then ended ones, each in the order of their starts. */
  readonly stages: readonly StageSnapshot[]
  /** The ids of its stages that have ended. */
  readonly ended: ReadonlySet<string>
}

/** A group of nodes: the parts of an open unit. */
export interface GraphGroup {
  /** The id of the owner of the unit. */
  readonly key: string
  readonly owner: StageSnapshot
  /** The key of the group that it belongs to. */
  readonly group: string | undefined
}

/** The subscriptions from the stages of one node to those of another. */
export interface GraphEdge {
  readonly key: string
  /** Keys of nodes. */
  readonly from: string
  readonly to: string
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** Whether all of its subscriptions have ended. */
  readonly isEnded: boolean
}

/** The graph of stages and subscriptions. */
export interface Graph {
  readonly nodes: readonly GraphNode[]
  /** Outer ones before inner ones. */
  readonly groups: readonly GraphGroup[]
  readonly edges: readonly GraphEdge[]
  /** By the id of a stage or of the owner of a closed unit, the key of its node. */
  readonly nodeOf: ReadonlyMap<string, string>
}

/** The processes and subscriptions that a graph is made of. */
export interface GraphParts {
  readonly stages: readonly StageSnapshot[]
  readonly subscriptions: readonly SubscriptionSnapshot[]
  readonly ended: readonly EndedStage[]
}

/** How a graph is folded. */
interface Folding {
  /** Whether alike stages are folded. */
  readonly isOn: boolean
  /** The fold keys of alike stages that are not folded while folding is on. */
  readonly unfolded: ReadonlySet<string>
  /** Whether a unit is open. Default: units are open unless their owner is a stage itself. */
  readonly isOpen?: (unit: Unit, units: Units) => boolean
}

/** Creates the graph of all stages that events can pass through, in their units. Tasks are not in it. */
export function graphOf({ stages, subscriptions, ended }: GraphParts, { isOn, unfolded, isOpen }: Folding): Graph {
  const endedStages = ended.filter(({ stage }) => stage.producing !== undefined || stage.consuming !== undefined)
  const endedIds = new Set(endedStages.map(({ stage }) => stage.id))
  const connections = uniqueByTag([...subscriptions, ...endedStages.flatMap((each) => each.subscriptions)])
  const units = unitsOf([...stages, ...endedStages.map(({ stage }) => stage)], connections)
  const items = new Items(units, (unit) => isOpen?.(unit, units) ?? !unit.isStage)
  const between = connections.flatMap(({ producer, consumer }) => {
    const [from, to] = [items.itemOf(producer), items.itemOf(consumer)]
    return from === undefined || to === undefined ? [] : [{ producer: from, consumer: to }]
  })
  const foldKeys = foldKeysOf(items.all, between)
  const nodes = new Map<string, ReturnType<typeof newNode>>()
  const nodeOf = new Map<string, string>()
  for (const { id, stages: own, ids, unit, group } of items.all) {
    const foldKey = foldKeys.get(id)
    const isFold = isOn && foldKey !== undefined && !unfolded.has(foldKey)
    const key = isFold ? foldKey : id
    const node = nodes.get(key) ?? newNode({ key, foldKey, isFold, group, unit: isFold ? undefined : unit })
    node.count++
    for (const stage of own) {
      node.stages.push(stage)
      if (endedIds.has(stage.id)) node.ended.add(stage.id)
    }
    nodes.set(key, node)
    for (const each of ids) nodeOf.set(each, key)
  }
  const current = new Set(subscriptions.map(({ tag }) => tag))
  return { nodes: [...nodes.values()], groups: items.groups, edges: edgesOf(connections, nodeOf, current), nodeOf }
}

function newNode(
  given: Pick<GraphNode, 'key' | 'foldKey' | 'isFold' | 'unit' | 'group'>,
): Omit<GraphNode, 'count' | 'stages' | 'ended'> & { count: number; stages: StageSnapshot[]; ended: Set<string> } {
  return { ...given, count: 0, stages: [], ended: new Set() }
}

/** Whether all stages of a node have ended. */
export function hasEnded(node: GraphNode): boolean {
  return node.ended.size === node.stages.length
}

/** The label of a node: that of its stage or of its unit's owner, or the pattern of a fold. */
export function nodeLabel({ key, isFold, unit, stages: [first] }: GraphNode): string {
  if (isFold) return key
  return unit?.label ?? first?.label ?? key
}

/** What may be folded with alike ones: a stage outside of closed units, or a closed unit. */
interface GraphItem extends Comparable {
  readonly group: string | undefined
  readonly unit: StageSnapshot | undefined
  /** The stages that it represents. */
  readonly stages: StageSnapshot[]
  /** The ids of all processes that it represents. */
  readonly ids: string[]
}

/** The items of a graph in which some units are open. */
class Items {
  readonly all: readonly GraphItem[]
  readonly groups: readonly GraphGroup[]
  private readonly byProcess = new Map<string, GraphItem>()

  constructor(units: Units, isOpen: (unit: Unit) => boolean) {
    const items = new Map<string, GraphItem>()
    const groups: GraphGroup[] = []
    /** By the owner of a unit that is closed or in a closed one: the item of that. */
    const closed = new Map<string, GraphItem>()
    for (const [id, unit] of units.units) {
      const around = closed.get(unit.outer ?? '')
      if (around === undefined && isOpen(unit)) {
        groups.push({ key: id, owner: unit.owner, group: unit.outer })
        continue
      }
      const item = around ?? itemFor(unit.owner, unit.outer, unit.owner)
      closed.set(id, item)
      this.put(id, item)
      if (around === undefined) items.set(id, item)
    }
    for (const stage of units.stages) {
      const outer = units.outerOf(stage.id)
      // An owner that is a stage itself is in its own group.
      const own = units.units.has(stage.id) ? stage.id : outer
      const item = closed.get(own ?? '') ?? items.get(stage.id) ?? itemFor(stage, own, undefined)
      item.stages.push(stage)
      this.put(stage.id, item)
      items.set(item.id, item)
    }
    const order = new Map(units.stages.map(({ id }, index) => [id, index]))
    const place = ({ stages: [first] }: GraphItem): number => order.get(first?.id ?? '') ?? 0
    this.all = [...items.values()].sort((one, other) => place(one) - place(other))
    this.groups = groups
  }

  /** The id of the item that a process is in. */
  itemOf(id: string): string | undefined {
    return this.byProcess.get(id)?.id
  }

  private put(id: string, item: GraphItem): void {
    if (this.byProcess.has(id)) return
    this.byProcess.set(id, item)
    item.ids.push(id)
  }
}

function itemFor(process: StageSnapshot, group: string | undefined, unit: StageSnapshot | undefined): GraphItem {
  const { id, kind, name, label, role } = process
  return { id, kind, name, label, ...(role !== undefined && { role }), group, unit, stages: [], ids: [] }
}

function uniqueByTag(subscriptions: readonly SubscriptionSnapshot[]): SubscriptionSnapshot[] {
  // The first one is kept: current subscriptions come before ended ones.
  const byTag = new Map<string, SubscriptionSnapshot>()
  for (const each of subscriptions) if (!byTag.has(each.tag)) byTag.set(each.tag, each)
  return [...byTag.values()]
}

/** By the id of a stage with enough alike ones: their common key. */
function foldKeysOf(stages: readonly Comparable[], connections: readonly Connection[]): ReadonlyMap<string, string> {
  const keys = alikeKeys(stages, connections)
  const sizes = new Map<string, number>()
  for (const key of keys.values()) sizes.set(key, (sizes.get(key) ?? 0) + 1)
  return new Map([...keys].filter(([, key]) => (sizes.get(key) ?? 0) >= LEAST_ALIKE))
}

function edgesOf(
  connections: readonly SubscriptionSnapshot[],
  nodeOf: ReadonlyMap<string, string>,
  current: ReadonlySet<string>,
): GraphEdge[] {
  const edges = new Map<string, { from: string; to: string; subscriptions: SubscriptionSnapshot[] }>()
  for (const subscription of connections) {
    const from = nodeOf.get(subscription.producer)
    const to = nodeOf.get(subscription.consumer)
    if (from === undefined || to === undefined) continue
    const key = JSON.stringify([from, to])
    const edge = edges.get(key) ?? { from, to, subscriptions: [] }
    edge.subscriptions.push(subscription)
    edges.set(key, edge)
  }
  return [...edges].map(([key, edge]) => ({
    key,
    ...edge,
    isEnded: edge.subscriptions.every(({ tag }) => !current.has(tag)),
  }))
}
