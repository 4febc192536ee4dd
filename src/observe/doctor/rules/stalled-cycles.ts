import { count, duration } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { heldBy } from '../measures/backlog.ts'
import { type Indexed, labelOf, type View } from '../view.ts'

/** The most stages of a cycle that a text names. */
const MOST_NAMED = 5

/**
 * Cycles of stages in which no event moves.
 *
 * Either each stage holds events and waits for demand of the next one, or the cycle has never had any events and has no
 * producer outside.
 */
export const stalledCycles: DiagnosisRule = (view) => {
  const { newest, thresholds } = view
  return cyclesIn(newest).flatMap((cycle): Diagnosis[] => {
    if (!cycle.every((id) => isStill(newest.stages.get(id))) || isBlockedOutside(newest, cycle)) return []
    const stillMs = stillTime(view, cycle)
    const events = heldIn(newest, cycle)
    if (events > 0) return stillMs >= thresholds.heldBackAfter ? [stalled(newest, cycle, events, stillMs)] : []
    return isUnfed(newest, cycle) && stillMs >= thresholds.unmetAfter ? [unfed(newest, cycle, stillMs)] : []
  })
}

function stalled(index: Indexed, cycle: readonly string[], events: number, stillMs: number): Diagnosis {
  const fullest = cycle.reduce((most, id) => (heldBy(index, id) > heldBy(index, most) ? id : most))
  return {
    kind: 'stalled-cycle',
    severity: 'problem',
    stage: fullest,
    label: labelOf(index, fullest),
    text:
      `No event has moved for ${duration(stillMs)} in the cycle of ${namesOf(index, cycle)}: it holds ` +
      `${count(events, 'event')}, and each stage waits for demand of the next one. Emit fewer events than arrive, or ` +
      'return them by a cast to a producer, whose buffer accepts them without demand.',
    evidence: { stages: cycle.length, events, stillMs },
  }
}

function unfed(index: Indexed, cycle: readonly string[], stillMs: number): Diagnosis {
  const [first] = cycle as readonly [string, ...string[]]
  return {
    kind: 'stalled-cycle',
    severity: 'warning',
    stage: first,
    label: labelOf(index, first),
    text:
      `No event has moved for ${duration(stillMs)} in the cycle of ${namesOf(index, cycle)}: none of them has emitted ` +
      'any, and each waits for events of another. Subscribe one of them to a producer, or have one emit the first events.',
    evidence: { stages: cycle.length, events: 0, stillMs },
  }
}

function namesOf(index: Indexed, cycle: readonly string[]): string {
  const named = cycle.slice(0, MOST_NAMED).map((id) => labelOf(index, id))
  if (named.length < cycle.length) named.push(`${cycle.length - named.length} more`)
  return named.length === 1 ? `${named[0]}` : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`
}

function heldIn(index: Indexed, cycle: readonly string[]): number {
  return cycle.reduce((sum, id) => sum + heldBy(index, id), 0)
}

function isStill(stage: StageSnapshot | undefined): boolean {
  return stage !== undefined && (stage.state === 'idle' || stage.state === 'blocked')
}

/** Whether a consumer outside has no open demand: it may set the cycle going again, or it is the cause itself. */
function isBlockedOutside({ downstream }: Indexed, cycle: readonly string[]): boolean {
  const inside = new Set(cycle)
  return cycle.some((id) =>
    (downstream.get(id) ?? []).some(({ consumer, pending }) => !inside.has(consumer) && pending === 0),
  )
}

/** Whether none of the stages has ever emitted, and none has a producer outside. */
function isUnfed({ stages, upstream }: Indexed, cycle: readonly string[]): boolean {
  const inside = new Set(cycle)
  return cycle.every(
    (id) =>
      stages.get(id)?.producing?.emitted === 0 &&
      (upstream.get(id) ?? []).every(({ producer }) => inside.has(producer)),
  )
}

/** How long, up to now, no event has moved in a cycle, in milliseconds. */
function stillTime({ backwards, newest }: View, cycle: readonly string[]): number {
  const movedIn = (index: Indexed): string =>
    cycle
      .map((id) => {
        const { producing, consuming } = index.stages.get(id) ?? {}
        return `${consuming?.handled} ${producing?.emitted} ${producing?.sent} ${heldBy(index, id)}`
      })
      .join(' ')
  const moved = movedIn(newest)
  let since = newest.snapshot.time
  for (const index of backwards) {
    if (movedIn(index) !== moved) break
    since = index.snapshot.time
  }
  return newest.snapshot.time - since
}

/** The cycles of a graph, without manual subscriptions: in each of them every stage is downstream of every other. */
function cyclesIn({ snapshot, stages }: Indexed): string[][] {
  const next = new Map<string, string[]>()
  const before = new Map<string, string[]>()
  for (const { producer, consumer, mode } of snapshot.subscriptions) {
    if (mode !== 'automatic' || !stages.has(producer) || !stages.has(consumer)) continue
    append(next, producer, consumer)
    append(before, consumer, producer)
  }
  const left = new Set(next.keys())
  prune(left, before, next)
  prune(left, next, before)
  const cycles: string[][] = []
  for (const id of left) {
    const following = reachable(id, next)
    const leading = reachable(id, before)
    // A stage between two cycles is in none: it is not downstream of itself.
    if (!following.has(id)) continue
    const cycle = [id, ...[...following].filter((each) => each !== id && leading.has(each))]
    for (const each of cycle) left.delete(each)
    cycles.push(cycle)
  }
  return cycles
}

/** Removes all stages without edges, until each of the others is in a cycle or leads to one. */
function prune(left: Set<string>, edges: ReadonlyMap<string, string[]>, back: ReadonlyMap<string, string[]>): void {
  const counts = new Map([...left].map((id) => [id, (edges.get(id) ?? []).filter((each) => left.has(each)).length]))
  const open = [...left].filter((id) => counts.get(id) === 0)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    left.delete(id)
    for (const other of back.get(id) ?? []) {
      const count = (counts.get(other) ?? 0) - 1
      counts.set(other, count)
      if (count === 0) open.push(other)
    }
  }
}

/** All stages that edges lead to from a stage: the stage itself only through others. */
function reachable(start: string, edges: ReadonlyMap<string, string[]>): Set<string> {
  const seen = new Set(edges.get(start))
  // A set also iterates over what is added in the meantime.
  for (const id of seen) for (const other of edges.get(id) ?? []) seen.add(other)
  return seen
}

function append(edges: Map<string, string[]>, from: string, to: string): void {
  const others = edges.get(from)
  if (others === undefined) edges.set(from, [to])
  else others.push(to)
}
