import type { StageSnapshot } from '../snapshot/snapshot-types.ts'
import type { Units } from '../snapshot/unit-tree.ts'
import { namePattern } from './alike.ts'

/** The most nodes that are shown when units open by themselves. */
const FEW_NODES = 24
/** From this number on, parts with one kind and pattern of names count as one, because they fold. */
const FOLDED = 3

/**
 * The units that are open until the user opens or closes them.
 *
 * Units open from the outermost on, as long as few nodes are shown then. Units whose owner is a stage itself stay closed,
 * because its children start and end all the time.
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

/** The number of nodes of some stages when alike ones are folded. */
function folded(stages: readonly StageSnapshot[]): number {
  const sizes = new Map<string, number>()
  for (const stage of stages) sizes.set(namePattern(stage), (sizes.get(namePattern(stage)) ?? 0) + 1)
  let count = 0
  for (const size of sizes.values()) count += size >= FOLDED ? 1 : size
  return count
}
