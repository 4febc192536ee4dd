import type { StageSnapshot } from './snapshot-types.ts'

/** Completes the units, roles and labels of processes. By default, children of a supervisor are its parts. */
export function withUnits(stages: readonly StageSnapshot[]): StageSnapshot[] {
  const known = new Set(stages.map(({ id }) => id))
  const supervised = supervisedBy(stages)
  const parts = new Map<string, StageSnapshot>()
  for (const stage of stages) {
    const child = supervised.get(stage.id)
    const { unit: _unit, role: _role, ...rest } = stage
    const unit = stage.unit ?? child?.unit
    const role = stage.role ?? child?.role
    const hasUnit = unit !== undefined && unit !== stage.id && known.has(unit)
    parts.set(stage.id, { ...rest, ...(hasUnit && { unit, ...(role !== undefined && { role }) }) })
  }
  const names = new Map<string, string>()
  return [...parts.values()].map((stage) => {
    if (stage.name !== null || stage.role === undefined) return stage
    return { ...stage, label: `${stage.kind} ${partName(stage, parts, names)}` }
  })
}

/** By the process of a child: its supervisor, and its id in there. */
function supervisedBy(
  stages: readonly StageSnapshot[],
): ReadonlyMap<string, { readonly unit: string; readonly role: string | undefined }> {
  const supervised = new Map<string, { readonly unit: string; readonly role: string | undefined }>()
  for (const { id: unit, supervising } of stages) {
    for (const { id, process } of supervising?.children ?? []) {
      // In a consumer supervisor the id of a child is the id of its process, which is no role.
      if (process !== null) supervised.set(process, { unit, role: id === process ? undefined : id })
    }
  }
  return supervised
}

/** The path of roles from the nearest process with a name: `orders › processors`. */
function partName(stage: StageSnapshot, parts: ReadonlyMap<string, StageSnapshot>, names: Map<string, string>): string {
  const path: StageSnapshot[] = []
  const isOnPath = new Set<string>()
  let name: string | undefined
  for (let at: StageSnapshot | undefined = stage; at !== undefined; at = parts.get(at.unit ?? '')) {
    name = names.get(at.id) ?? at.name ?? undefined
    if (name !== undefined) break
    if (at.role === undefined || isOnPath.has(at.id)) {
      name = at.id
      break
    }
    isOnPath.add(at.id)
    path.push(at)
  }
  for (const part of path.reverse()) {
    name = `${name} › ${part.role}`
    names.set(part.id, name)
  }
  return name ?? stage.id
}
