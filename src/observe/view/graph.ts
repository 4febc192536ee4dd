import type { StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'
import { alikeKeys } from './alike.ts'
import type { EndedStage } from './timeline.ts'

/** From so many stages on, alike ones are folded unless somebody says otherwise. */
export const MANY_STAGES = 25
/** The least stages that are folded into one node. */
export const LEAST_ALIKE = 3

/** A stage of the graph, or a fold of alike ones. */
export interface GraphNode {
  /** The id of its stage, or the key of its group. */
  readonly key: string
  /** The key of the group that its stage is one of, folded or not; `undefined` where there are too few alike. */
  readonly group: string | undefined
  /** Whether it stands for a group. */
  readonly isFold: boolean
  /** In the order in which they were started: those that run, then those that have ended. */
  readonly stages: readonly StageSnapshot[]
  /** The ids of those among them that have ended. */
  readonly ended: ReadonlySet<string>
}

/** The subscriptions from the stages of one node to those of another. */
export interface GraphEdge {
  readonly key: string
  /** Keys of nodes. */
  readonly from: string
  readonly to: string
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** Whether all of them are of a stage that has ended. */
  readonly isEnded: boolean
}

/** Where events go. */
export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** By the id of a stage, the key of its node. */
  readonly nodeOf: ReadonlyMap<string, string>
}

/** What a graph is made of. */
export interface GraphParts {
  readonly stages: readonly StageSnapshot[]
  readonly subscriptions: readonly SubscriptionSnapshot[]
  readonly ended: readonly EndedStage[]
}

/** How a graph is folded. */
export interface Folding {
  /** Whether alike stages are folded. */
  readonly isOn: boolean
  /** The keys of groups that are not as the others are: unfolded where folding is on. */
  readonly unfolded: ReadonlySet<string>
}

/** Makes the graph of those stages that events can go through: supervisors and tasks are not in it. */
export function graphOf({ stages, subscriptions, ended }: GraphParts, { isOn, unfolded }: Folding): Graph {
  const running = flowing(stages, subscriptions)
  const isRunning = new Set(running.map(({ id }) => id))
  const gone = ended.filter(({ stage, subscriptions: former }) => flowing([stage], former).length > 0)
  const endedIds = new Set(gone.map(({ stage }) => stage.id))
  const all = [...running, ...gone.map(({ stage }) => stage)]
  const connections = uniqueByTag([...subscriptions, ...gone.flatMap((each) => each.subscriptions)]).filter(
    ({ producer, consumer }) =>
      (isRunning.has(producer) || endedIds.has(producer)) && (isRunning.has(consumer) || endedIds.has(consumer)),
  )
  const groups = groupsOf(all, connections)
  const nodes = new Map<string, GraphNode>()
  const nodeOf = new Map<string, string>()
  for (const stage of all) {
    const group = groups.get(stage.id)
    const isFold = isOn && group !== undefined && !unfolded.has(group)
    const key = isFold ? group : stage.id
    const before = nodes.get(key)
    const members = [...(before?.stages ?? []), stage]
    const ids = members.filter(({ id }) => endedIds.has(id)).map(({ id }) => id)
    nodes.set(key, { key, group, isFold, stages: members, ended: new Set(ids) })
    nodeOf.set(stage.id, key)
  }
  const current = new Set(subscriptions.map(({ tag }) => tag))
  return { nodes: [...nodes.values()], edges: edgesOf(connections, nodeOf, current), nodeOf }
}

/** Whether all stages of a node have ended. */
export function hasEnded(node: GraphNode): boolean {
  return node.ended.size === node.stages.length
}

/** What a node is called: a stage's label, or the pattern of a fold. */
export function nodeLabel({ key, isFold, stages: [first] }: GraphNode): string {
  return isFold || first === undefined ? key : first.label
}

/** The stages of a kind that has to do with events, and whatever else is subscribed. */
function flowing(stages: readonly StageSnapshot[], subscriptions: readonly SubscriptionSnapshot[]): StageSnapshot[] {
  const connected = new Set(subscriptions.flatMap(({ producer, consumer }) => [producer, consumer]))
  return stages.filter(
    ({ id, producing, consuming }) => producing !== undefined || consuming !== undefined || connected.has(id),
  )
}

function uniqueByTag(subscriptions: readonly SubscriptionSnapshot[]): SubscriptionSnapshot[] {
  // The first stands: what is current comes before what was.
  const byTag = new Map<string, SubscriptionSnapshot>()
  for (const each of subscriptions) if (!byTag.has(each.tag)) byTag.set(each.tag, each)
  return [...byTag.values()]
}

/** The group of each stage that has enough alike. */
function groupsOf(
  stages: readonly StageSnapshot[],
  connections: readonly SubscriptionSnapshot[],
): ReadonlyMap<string, string> {
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
