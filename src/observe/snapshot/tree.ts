import type { StageSnapshot, TreeNode } from './snapshot-types.ts'

/** The most levels of a tree: `JSON.stringify` and its readers would fail on a chain of 20,000. */
export const MOST_LEVELS = 200

interface Place extends TreeNode {
  readonly children: Place[]
}

/**
 * Builds the supervision tree: processes that the program started, each with the ones that it started with a link.
 *
 * Processes below `MOST_LEVELS` are listed on the last level.
 */
export function treeOf(stages: readonly StageSnapshot[]): readonly TreeNode[] {
  const known = new Set(stages.map(({ id }) => id))
  const startedBy = new Map<string | null, StageSnapshot[]>()
  for (const stage of stages) {
    const parent = stage.parent !== null && known.has(stage.parent) ? stage.parent : null
    const siblings = startedBy.get(parent)
    if (siblings === undefined) startedBy.set(parent, [stage])
    else siblings.push(stage)
  }
  const roots: Place[] = []
  // Without recursion: a chain of stages that started one another may be of any length.
  const open: {
    readonly stage: StageSnapshot
    readonly into: Place[]
    readonly level: number
  }[] = []
  const add = (stage: StageSnapshot, child: string | null, siblings: Place[], level: number): void => {
    const place: Place = { id: stage.id, child, children: [] }
    siblings.push(place)
    open.push({ stage, into: level < MOST_LEVELS ? place.children : siblings, level })
  }
  for (const stage of startedBy.get(null) ?? []) add(stage, null, roots, 1)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { stage, into, level } = next
    const own = new Map((startedBy.get(stage.id) ?? []).map((each) => [each.id, each]))
    const below = level < MOST_LEVELS ? level + 1 : level
    for (const { id, process } of stage.supervising?.children ?? []) {
      const running = process === null ? undefined : own.get(process)
      if (running === undefined) into.push({ id: null, child: id, children: [] })
      else {
        own.delete(running.id)
        add(running, id, into, below)
      }
    }
    for (const other of own.values()) add(other, null, into, below)
  }
  return roots
}
