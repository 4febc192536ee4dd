import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import { growthOf, seriesOf, type View } from '../view.ts'
import { usageOf } from './usage.ts'

/** How often each place of a pool must have been taken within the window for its children to count as work. */
const LEAST_TURNS = 2

/** How the places of a consumer supervisor were taken. */
export interface PoolUsage {
  /** The most children that may run at once. */
  readonly places: number
  /** The average number of running children. */
  readonly running: number
  /** The share of the window in which it had no open demand, because all places were taken. */
  readonly taken: number
}

/**
 * How the places of a consumer supervisor were taken over the window.
 *
 * Undefined where that shows no pace: children that live long, such as connections, take all places without being slow.
 */
export function poolUsageOf(view: View, { id, kind, consuming }: StageSnapshot): PoolUsage | undefined {
  const upstream = view.newest.upstream.get(id) ?? []
  if (kind !== 'consumer-supervisor' || consuming === undefined || upstream.length === 0) return undefined
  const places = upstream.reduce((sum, { maxDemand = 0 }) => sum + maxDemand, 0)
  const started = growthOf(seriesOf(view, ({ stages }) => stages.get(id)?.consuming?.handled))
  const counts = seriesOf(view, ({ stages }) => {
    const { supervising } = stages.get(id) ?? {}
    return supervising?.children.filter(({ state }) => state === 'running').length
  })
  const running = counts.reduce((sum, each) => sum + each, 0) / Math.max(1, counts.length)
  if (started < LEAST_TURNS * places || running * 2 < places) return undefined
  const open = upstream.map(({ producer }) => {
    const source = view.newest.stages.get(producer)
    return source === undefined ? 1 : usageOf(view, source).open
  })
  return { places, running, taken: 1 - Math.min(...open) }
}
