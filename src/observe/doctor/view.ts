import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'
import type { AllThresholds } from './diagnose-options.ts'

/** A snapshot, indexed by ids. */
export interface Indexed {
  readonly snapshot: Snapshot
  readonly stages: ReadonlyMap<string, StageSnapshot>
  readonly subscriptions: ReadonlyMap<string, SubscriptionSnapshot>
  /** Subscriptions by the id of their consumer. */
  readonly upstream: ReadonlyMap<string, readonly SubscriptionSnapshot[]>
  /** Subscriptions by the id of their producer. */
  readonly downstream: ReadonlyMap<string, readonly SubscriptionSnapshot[]>
}

/** What rules examine: the newest snapshot and the ones before it. */
export interface View {
  readonly newest: Indexed
  /** All snapshots of the newest one's runtime, from the newest to the oldest. */
  readonly backwards: readonly Indexed[]
  /** The snapshots of the window, from the oldest to the newest: at least two, unless there is only one. */
  readonly window: readonly Indexed[]
  /** How long the window is, in milliseconds. */
  readonly elapsed: number
  readonly thresholds: AllThresholds
}

/** Indexes that were made before: each snapshot of a history is examined again with every new one. */
const indexes = new WeakMap<Snapshot, Indexed>()

/** Creates the view of snapshots from the oldest to the newest; undefined if there are none. */
export function viewOf(snapshots: readonly Snapshot[], thresholds: AllThresholds): View | undefined {
  const last = snapshots.at(-1)
  if (last === undefined) return undefined
  const backwards: Indexed[] = []
  for (let place = snapshots.length - 1; place >= 0; place--) {
    const snapshot = snapshots[place] as Snapshot
    // Snapshots from before a restart of the program have other ids and another clock.
    if (snapshot.runtime !== last.runtime) break
    backwards.push(indexed(snapshot))
  }
  const since = last.time - thresholds.window
  const recent = backwards.filter(({ snapshot }) => snapshot.time >= since)
  const window = (recent.length > 1 ? recent : backwards.slice(0, 2)).reverse()
  const oldest = window[0] as Indexed
  return { newest: indexed(last), backwards, window, elapsed: last.time - oldest.snapshot.time, thresholds }
}

function indexed(snapshot: Snapshot): Indexed {
  const known = indexes.get(snapshot)
  if (known !== undefined) return known
  const { stages, subscriptions } = snapshot
  const index: Indexed = {
    snapshot,
    stages: new Map(stages.map((stage) => [stage.id, stage])),
    subscriptions: new Map(subscriptions.map((subscription) => [subscription.tag, subscription])),
    upstream: groupBy(subscriptions, ({ consumer }) => consumer),
    downstream: groupBy(subscriptions, ({ producer }) => producer),
  }
  indexes.set(snapshot, index)
  return index
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** The values that `read` returns for the snapshots of the window, from the oldest to the newest, without undefined. */
export function seriesOf<Value>(view: View, read: (index: Indexed) => Value | undefined): readonly Value[] {
  return view.window.flatMap((index) => {
    const value = read(index)
    return value === undefined ? [] : [value]
  })
}

/** Whether values have risen by at least `least`, and not only at the end. */
export function isRising(values: readonly number[], least: number): boolean {
  const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0]
  if (values.length < 2 || last - first < least) return false
  const middle = values[values.length >> 1] as number
  return values.length === 2 || (first < middle && middle <= last)
}

/** The difference between the last and the first of some totals. */
export function growthOf(values: readonly number[]): number {
  return (values.at(-1) ?? 0) - (values[0] ?? 0)
}

/** The number of events that a consumer has received and not handled. */
export function unhandledOf(stage: StageSnapshot | undefined): number {
  const { handling = 0, mailbox = 0, inbound = 0 } = stage?.consuming ?? {}
  return handling + mailbox + inbound
}

/** The label of the stage with this id, as messages show it. */
export function labelOf({ stages }: Indexed, id: string): string {
  return stages.get(id)?.label ?? id
}
