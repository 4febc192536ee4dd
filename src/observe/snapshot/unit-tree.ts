import type { StageSnapshot, SubscriptionSnapshot } from './snapshot-types.ts'

/** A process with parts that events pass through: a supervisor, a pipeline or a flow. */
export interface Unit {
  readonly owner: StageSnapshot
  /** The id of the unit that this one is a part of. */
  readonly outer: string | undefined
  /** How many units are around it. */
  readonly depth: number
  /** Whether its owner is a stage itself, such as a consumer supervisor. */
  readonly isStage: boolean
  /** Its parts: stages, and owners of inner units. */
  readonly parts: readonly StageSnapshot[]
}

/** The stages of a graph, and their units. */
export interface Units {
  readonly stages: readonly StageSnapshot[]
  /** By the id of their owner, outer ones before inner ones. */
  readonly units: ReadonlyMap<string, Unit>
  /** The id of the unit that a stage or an owner is a part of. */
  readonly outerOf: (id: string) => string | undefined
}

/**
 * Finds the stages that events pass through, and their units. The children of a stage, such as a consumer supervisor,
 * are included, because they handle its events.
 */
export function unitsOf(
  processes: readonly StageSnapshot[],
  subscriptions: readonly Pick<SubscriptionSnapshot, 'producer' | 'consumer'>[],
): Units {
  const byId = new Map(processes.map((process) => [process.id, process]))
  const outer = outerUnits(processes, byId)
  const connected = new Set<string>()
  for (const { producer, consumer } of subscriptions) connected.add(producer).add(consumer)
  const isStage = ({ id, producing, consuming }: StageSnapshot): boolean =>
    producing !== undefined || consuming !== undefined || connected.has(id)
  const stages = processes.filter((process) => {
    const owner = byId.get(outer.get(process.id) ?? '')
    return isStage(process) || (owner !== undefined && isStage(owner))
  })
  const isShown = new Set(stages.map(({ id }) => id))
  // An owner of parts that are owners of shown stages is an owner, too.
  const owners = new Set<string>()
  for (const { id } of stages) {
    for (let at = outer.get(id); at !== undefined && !owners.has(at); at = outer.get(at)) owners.add(at)
  }
  const parts = new Map<string, StageSnapshot[]>([...owners].map((id) => [id, []]))
  for (const process of processes) {
    if (isShown.has(process.id) || owners.has(process.id)) parts.get(outer.get(process.id) ?? '')?.push(process)
  }
  const units = new Map<string, Unit>()
  const open = processes.filter(({ id }) => owners.has(id) && outer.get(id) === undefined)
  for (let index = 0; index < open.length; index++) {
    const owner = open[index] as StageSnapshot
    const own = parts.get(owner.id) ?? []
    const above = outer.get(owner.id)
    const depth = above === undefined ? 0 : (units.get(above)?.depth ?? 0) + 1
    units.set(owner.id, { owner, outer: above, depth, isStage: isShown.has(owner.id), parts: own })
    for (const part of own) if (owners.has(part.id)) open.push(part)
  }
  return { stages, units, outerOf: (id) => outer.get(id) }
}

/** The unit of each process, by the ids of both. A circle of units is cut where it closes. */
function outerUnits(
  processes: readonly StageSnapshot[],
  byId: ReadonlyMap<string, StageSnapshot>,
): ReadonlyMap<string, string> {
  const outer = new Map<string, string>()
  for (const { id, unit } of processes) if (unit !== undefined && unit !== id && byId.has(unit)) outer.set(id, unit)
  const isDone = new Set<string>()
  for (const { id } of processes) {
    const path = new Set<string>()
    for (let at: string | undefined = id; at !== undefined && !isDone.has(at); at = outer.get(at)) {
      path.add(at)
      if (path.has(outer.get(at) ?? '')) outer.delete(at)
    }
    for (const each of path) isDone.add(each)
  }
  return outer
}
