import type { Finding } from '../doctor/finding.ts'
import type { Snapshot, StageSnapshot, TreeNode } from '../snapshot/snapshot-types.ts'
import type { PageUpdate } from '../view/page-update.ts'

/** The most stages of a reply; fewer if it would be too long. */
const MOST_STAGES = 25_000
/** The most findings of a reply. The most severe come first. */
const MOST_FINDINGS = 1_000
/** The longest reply, in characters. */
const LONGEST = 32 << 20
/** The most levels of a tree: `JSON.stringify` and most readers use the stack for each level. */
const DEEPEST = 500

/** A snapshot as JSON of bounded length. Of too many stages it has those that were started first, and the number of the others. */
export function snapshotJson(snapshot: Snapshot): string {
  return boundedJson(snapshot.stages.length, (most) => cutSnapshot(snapshot, most))
}

/** An update as JSON of bounded length, in the same way. */
export function updateJson({ snapshot, findings }: PageUpdate): string {
  const worst: readonly Finding[] = findings.slice(0, MOST_FINDINGS)
  return boundedJson(snapshot.stages.length, (most) => ({ snapshot: cutSnapshot(snapshot, most), findings: worst }))
}

/** Reduces the number of stages until the JSON is short enough. */
function boundedJson(count: number, make: (most: number) => unknown): string {
  for (let most = MOST_STAGES; most > 0; most = Math.floor(Math.min(most, count) / 4)) {
    const text = textOf(make(most))
    if (text.length <= LONGEST) return text
  }
  return textOf(make(0))
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // It is longer than the longest possible string.
    if (error instanceof RangeError) return ' '.repeat(LONGEST + 1)
    throw error
  }
}

function cutSnapshot(snapshot: Snapshot, most: number): Snapshot {
  const { stages, subscriptions, tree } = snapshot
  const isShort =
    stages.length <= most && subscriptions.length <= 2 * most && !stages.some((stage) => isLong(stage, most))
  if (isShort && !isDeep(tree)) return snapshot
  const kept = stages.slice(0, most).map((stage) => cutStage(stage, most))
  const ids = new Set(kept.map(({ id }) => id))
  const between = subscriptions.filter(({ producer, consumer }) => ids.has(producer) && ids.has(consumer))
  const shown = between.slice(0, 2 * most)
  const omitted = { stages: stages.length - kept.length, subscriptions: subscriptions.length - shown.length }
  return { ...snapshot, stages: kept, subscriptions: shown, tree: cutTree(tree, ids, 1), omitted }
}

function isLong({ producing, consuming, supervising }: StageSnapshot, most: number): boolean {
  const lists = [producing?.subscribers, consuming?.subscriptions, supervising?.children]
  return lists.some((list) => list !== undefined && list.length > most)
}

/** Cuts the lists of a stage, which may be as long as there are stages. */
function cutStage(stage: StageSnapshot, most: number): StageSnapshot {
  const { producing, consuming, supervising } = stage
  const cut = <Item>(list: readonly Item[]): readonly Item[] => list.slice(0, most)
  return {
    ...stage,
    ...(producing && { producing: { ...producing, subscribers: cut(producing.subscribers) } }),
    ...(consuming && { consuming: { ...consuming, subscriptions: cut(consuming.subscriptions) } }),
    ...(supervising && { supervising: { ...supervising, children: cut(supervising.children) } }),
  }
}

/** Whether a tree has too many levels. Without recursion, because it may be very deep. */
function isDeep(tree: readonly TreeNode[]): boolean {
  let level = tree
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) level = level.flatMap(({ children }) => children)
  return level.length > 0
}

/** Lists nodes that are too deep on the last level. Children that are not running are left out there. */
function cutTree(tree: readonly TreeNode[], kept: ReadonlySet<string>, depth: number): readonly TreeNode[] {
  const isKept = ({ id }: TreeNode): boolean => id === null || kept.has(id)
  if (depth < DEEPEST) {
    return tree.filter(isKept).map((node) => ({ ...node, children: cutTree(node.children, kept, depth + 1) }))
  }
  const flat: TreeNode[] = []
  for (let level = tree; level.length > 0; level = level.flatMap(({ children }) => children)) {
    for (const node of level) if (node.id !== null && kept.has(node.id)) flat.push({ ...node, children: [] })
  }
  return flat
}
