import type { Snapshot, StageSnapshot, TreeNode } from '../snapshot/snapshot-types.ts'
import { namePattern } from './alike.ts'

/** If there are more alike children than this, they are one line. */
const FEW_CHILDREN = 6

/** A line of the supervision tree. */
export interface Branch {
  readonly key: string
  /** The text of the line. */
  readonly text: string
  /** Its id in its supervisor, if it is not in the text, and facts of a supervisor. */
  readonly note: string
  /** The id of the process that it opens; `undefined` for a child that is not running. */
  readonly id: string | undefined
  readonly state: string
  /** The number of alike children that it represents; 1 for a process. */
  readonly count: number
  readonly branches: readonly Branch[]
}

/** The supervision tree as lines, with many alike children as one; empty without a supervisor. */
export function branchesOf({ stages, tree }: Pick<Snapshot, 'stages' | 'tree'>): readonly Branch[] {
  const byId = new Map(stages.map((stage) => [stage.id, stage]))
  return linesOf(supervised(tree, byId), byId, '')
}

/** The nodes that contain a supervisor, or a child that is not running. */
function supervised(tree: readonly TreeNode[], byId: ReadonlyMap<string, StageSnapshot>): readonly TreeNode[] {
  const isSupervisor = ({ id }: TreeNode): boolean => {
    const { supervising, kind } = byId.get(id ?? '') ?? {}
    return id === null || supervising !== undefined || kind === 'supervisor'
  }
  return tree.filter((root) => {
    const open = [root]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (isSupervisor(next)) return true
      for (const child of next.children) open.push(child)
    }
    return false
  })
}

function linesOf(nodes: readonly TreeNode[], byId: ReadonlyMap<string, StageSnapshot>, parent: string): Branch[] {
  const alike = new Map<string, TreeNode[]>()
  for (const node of nodes) {
    const pattern = patternOf(node, byId)
    const others = alike.get(pattern)
    if (others === undefined) alike.set(pattern, [node])
    else others.push(node)
  }
  const isMany = (node: TreeNode): boolean => (alike.get(patternOf(node, byId))?.length ?? 0) > FEW_CHILDREN
  const lines: Branch[] = []
  for (const [index, node] of nodes.entries()) {
    const pattern = patternOf(node, byId)
    if (!isMany(node)) lines.push(lineOf(node, byId, `${parent}/${node.id ?? node.child ?? index}`))
    else if (alike.get(pattern)?.[0] === node) {
      const id = node.id ?? undefined
      const count = alike.get(pattern)?.length ?? 0
      const key = `${parent}/${pattern}`
      lines.push({ key, text: pattern, note: '', id, state: '', count, branches: [] })
    }
  }
  return lines
}

function lineOf(node: TreeNode, byId: ReadonlyMap<string, StageSnapshot>, key: string): Branch {
  const stage = node.id === null ? undefined : byId.get(node.id)
  // Its unit is above it in the tree.
  const own = stage?.name === null && stage.role !== undefined ? `${stage.kind} ${stage.role}` : stage?.label
  const text = own ?? node.child ?? 'a child'
  const strategy = stage?.supervising === undefined ? '' : stage.supervising.strategy
  const restarts = stage?.supervising?.restarts ?? 0
  const isInText = stage === undefined || [stage.name, stage.id].includes(node.child) || own?.endsWith(` ${node.child}`)
  const child = isInText === true || node.child === null ? '' : node.child
  const notes = [child, strategy, restarts === 0 ? '' : `restarts: ${restarts}`]
  return {
    key,
    text,
    note: notes.filter((each) => each !== '').join(', '),
    id: stage?.id,
    state: stage?.state ?? 'not running',
    count: 1,
    branches: linesOf(node.children, byId, key),
  }
}

function patternOf({ id, child, children }: TreeNode, byId: ReadonlyMap<string, StageSnapshot>): string {
  const stage = id === null ? undefined : byId.get(id)
  // A process that has children is never folded.
  if (stage === undefined || children.length > 0) return `${id ?? child}`
  return namePattern(stage)
}
