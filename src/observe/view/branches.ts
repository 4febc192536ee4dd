import type { Snapshot, StageSnapshot, TreeNode } from '../snapshot/snapshot-types.ts'
import { namePattern } from './alike.ts'

/** More alike children than these are shown as one line. */
const FEW_CHILDREN = 6

/** A line of the supervision tree. */
export interface Branch {
  readonly key: string
  /** What is to be read there. */
  readonly text: string
  /** What its supervisor calls it, if that is something else. */
  readonly note: string
  /** What opens when it is chosen; `undefined` for a child that does not run. */
  readonly id: string | undefined
  readonly state: string
  /** How many alike children it stands for; 1 for a process. */
  readonly count: number
  readonly branches: readonly Branch[]
}

/** The supervision tree as lines, in which many alike children are one; empty where nothing is supervised. */
export function branchesOf({ stages, tree }: Pick<Snapshot, 'stages' | 'tree'>): readonly Branch[] {
  const byId = new Map(stages.map((stage) => [stage.id, stage]))
  return linesOf(supervised(tree, byId), byId, '')
}

/** The places from which a supervisor is reached, or a child of one that does not run. */
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
  // What its unit is, is seen from where it stands.
  const own = stage?.name === null && stage.role !== undefined ? `${stage.kind} ${stage.role}` : stage?.label
  const text = own ?? node.child ?? 'a child'
  const strategy = stage?.supervising === undefined ? '' : stage.supervising.strategy
  const restarts = stage?.supervising?.restarts ?? 0
  const isSaid = stage === undefined || [stage.name, stage.id].includes(node.child) || own?.endsWith(` ${node.child}`)
  const child = isSaid === true || node.child === null ? '' : node.child
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
  // Who has children of his own stands for himself.
  if (stage === undefined || children.length > 0) return `${id ?? child}`
  return namePattern(stage)
}
