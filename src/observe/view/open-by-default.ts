import type { StageSnapshot } from '../snapshot/snapshot-types.ts'
import type { Units } from '../snapshot/unit-tree.ts'
import { namePattern } from './alike.ts'

/** So many nodes are seen at once where units open by themselves. */
const FEW_NODES = 24
/** Parts of one kind and pattern of names count as one from so many on: they fold. */
const FOLDED = 3

/**
 * The units that are open while nobody has said otherwise: from the outermost on, as long as what is then seen stays
 * few. Those whose owner is a stage itself are closed, as its children come and go.
 */
export function openByDefault({ stages, units, outerOf }: Units): ReadonlySet<string> {
  const loose = stages.filter(({ id }) => outerOf(id) === undefined && !units.has(id))
  const outermost = [...units.values()].filter(({ outer }) => outer === undefined)
  let seen = folded(loose) + outermost.length
  const open = new Set<string>()
  for (const { owner, outer, isStage, parts } of units.values()) {
    const isReached = outer === undefined || open.has(outer)
    if (!isReached || isStage) continue
    const more = folded(parts.filter(({ id }) => !units.has(id))) + parts.filter(({ id }) => units.has(id)).length - 1
    if (seen > 1 && seen + more > FEW_NODES) continue
    open.add(owner.id)
    seen += more
  }
  return open
}

/** As how many nodes stages are seen where alike ones fold. */
function folded(stages: readonly StageSnapshot[]): number {
  const sizes = new Map<string, number>()
  for (const stage of stages) sizes.set(namePattern(stage), (sizes.get(namePattern(stage)) ?? 0) + 1)
  let count = 0
  for (const size of sizes.values()) count += size >= FOLDED ? 1 : size
  return count
}
