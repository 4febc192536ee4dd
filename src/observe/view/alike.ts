import type { StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'

/** The properties of a stage that decide whether it is like another. */
export type Comparable = Pick<StageSnapshot, 'id' | 'kind' | 'name' | 'label' | 'role'> & {
  /** Only stages of the same group are alike. */
  readonly group?: string | undefined
}
/** The properties of a subscription that decide whether stages are alike. */
export type Connection = Pick<SubscriptionSnapshot, 'producer' | 'consumer'>

/**
 * Sorts stages into classes of alike ones.
 *
 * Alike stages have the same kind, names that differ in numbers only, and alike producers and consumers, of whatever
 * number. So a hundred chains `fetch 7 → parse 7` are two classes.
 *
 * The key of a class describes its stages. It stays the same, as far as possible, while other stages start and end.
 * Deterministic.
 *
 * @returns The key of the class of each stage, by the id of the stage.
 */
export function alikeKeys(
  stages: readonly Comparable[],
  connections: readonly Connection[],
): ReadonlyMap<string, string> {
  const neighbours = neighboursOf(stages, connections)
  const classes = new Classes(stages, (stage) => `${stage.group ?? ''} ${namePattern(stage)}`)
  // Only neighbours of stages that moved to another class can move next: in a chain those are two in each round.
  let open: ReadonlySet<string> = new Set(stages.map(({ id }) => id))
  while (open.size > 0) {
    const changed = classes.split(open, (id) => {
      const { producers, consumers } = neighbours.get(id) ?? alone
      return `${classes.among(producers)} > ${classes.among(consumers)}`
    })
    const next = new Set<string>()
    for (const id of changed) {
      const { producers, consumers } = neighbours.get(id) ?? alone
      for (const each of producers) next.add(each)
      for (const each of consumers) next.add(each)
    }
    open = next
  }
  return named(stages, classes.of)
}

/** The kind of a stage with its name, or with its unit and role, and `#` for each number in it. */
export function namePattern({ kind, name, label, role }: Omit<Comparable, 'id'>): string {
  if (name !== null) return `${kind} ${name.replace(/\d+/g, '#')}`
  return role === undefined ? kind : label.replace(/\d+/g, '#')
}

interface Neighbours {
  readonly producers: string[]
  readonly consumers: string[]
}

const alone: Neighbours = { producers: [], consumers: [] }

function neighboursOf(
  stages: readonly Comparable[],
  connections: readonly Connection[],
): ReadonlyMap<string, Neighbours> {
  const neighbours = new Map<string, Neighbours>(stages.map(({ id }) => [id, { producers: [], consumers: [] }]))
  for (const { producer, consumer } of connections) {
    if (!neighbours.has(producer) || !neighbours.has(consumer)) continue
    neighbours.get(consumer)?.producers.push(producer)
    neighbours.get(producer)?.consumers.push(consumer)
  }
  return neighbours
}

/** Stages by the number of their class. Classes can be split further. */
class Classes {
  readonly of: Map<string, number> = new Map()
  private readonly members: Set<string>[] = []

  constructor(stages: readonly Comparable[], signature: (stage: Comparable) => string) {
    const numbers = new Map<string, number>()
    for (const stage of stages) {
      const key = signature(stage)
      const number = numbers.get(key) ?? numbers.size
      numbers.set(key, number)
      this.of.set(stage.id, number)
      const members = this.members[number]
      if (members === undefined) this.members[number] = new Set([stage.id])
      else members.add(stage.id)
    }
  }

  /** The numbers of the classes of these stages. */
  among(ids: readonly string[]): string {
    return [...new Set(ids.map((id) => this.of.get(id) ?? 0))].sort((one, other) => one - other).join(',')
  }

  /**
   * Splits the classes of these stages by their signatures; the other stages of a class have one in common. The largest
   * part of a class keeps its number.
   *
   * @returns The stages that have moved to another class.
   */
  split(ids: ReadonlySet<string>, signature: (id: string) => string): readonly string[] {
    const parts = new Map<number, Map<string, Part>>()
    for (const id of ids) {
      const number = this.of.get(id) ?? 0
      if ((this.members[number]?.size ?? 0) < 2) continue
      const bySignature = parts.get(number) ?? new Map<string, Part>()
      parts.set(number, bySignature)
      const key = signature(id)
      const part = bySignature.get(key)
      if (part === undefined) bySignature.set(key, { ids: [id], others: 0 })
      else part.ids.push(id)
    }
    for (const [number, bySignature] of parts) {
      const members = this.members[number] ?? new Set()
      const others = members.size - [...bySignature.values()].reduce((sum, part) => sum + part.ids.length, 0)
      if (others === 0) continue
      const key = signature(first(members, (id) => !ids.has(id)) ?? '')
      bySignature.set(key, { ids: bySignature.get(key)?.ids ?? [], others })
    }
    const changed: string[] = []
    for (const [number, bySignature] of parts) this.keepLargest(number, [...bySignature.values()], ids, changed)
    return changed
  }

  private keepLargest(number: number, parts: Part[], ids: ReadonlySet<string>, changed: string[]): void {
    const members = this.members[number] ?? new Set()
    const [, ...smaller] = parts.sort((one, other) => sizeOf(other) - sizeOf(one))
    for (const part of smaller) {
      const all = part.others === 0 ? part.ids : [...part.ids, ...[...members].filter((id) => !ids.has(id))]
      for (const id of all) {
        members.delete(id)
        this.of.set(id, this.members.length)
        changed.push(id)
      }
      this.members.push(new Set(all))
    }
  }
}

/** The stages of a class that have the same signature. */
interface Part {
  readonly ids: string[]
  /** The number of its stages that were not examined. */
  readonly others: number
}

function sizeOf({ ids, others }: Part): number {
  return ids.length + others
}

function first(ids: Iterable<string>, isIt: (id: string) => boolean): string | undefined {
  for (const id of ids) if (isIt(id)) return id
  return undefined
}

/** Names the classes. If several have the same name, the second one is `… (2)`, and so on. */
function named(stages: readonly Comparable[], classes: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  const keys = new Map<number, string>()
  const taken = new Map<string, number>()
  const keyOf = new Map<string, string>()
  for (const stage of stages) {
    const number = classes.get(stage.id) ?? 0
    let key = keys.get(number)
    if (key === undefined) {
      const pattern = namePattern(stage)
      const count = (taken.get(pattern) ?? 0) + 1
      taken.set(pattern, count)
      key = count === 1 ? pattern : `${pattern} (${count})`
      keys.set(number, key)
    }
    keyOf.set(stage.id, key)
  }
  return keyOf
}
