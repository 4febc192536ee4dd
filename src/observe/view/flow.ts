import type { GraphEdge } from './graph.ts'
import { amount, rate } from './numbers.ts'
import type { Timeline } from './timeline.ts'

/** What is shown of an edge. */
export interface Flow {
  readonly key: string
  /** Events per second; `null` while that is not known. */
  readonly perSecond: number | null
  /** Demand that no event has met. */
  readonly pending: number
  /** The share of the demand that may be pending, from 0 to 1; `null` where nobody says how much may be. */
  readonly asked: number | null
  /** `1,200/s`, and how much is asked for. */
  readonly texts: readonly [flow: string, demand: string]
  readonly isEnded: boolean
  /** In units of the drawing. */
  readonly width: number
}

/** Says what is to be shown of an edge: sums over its subscriptions. */
export function flowOf({ key, subscriptions, isEnded }: GraphEdge, timeline: Timeline): Flow {
  const flows = subscriptions.flatMap(({ tag }) => timeline.flowOf(tag) ?? [])
  const perSecond = flows.length === 0 || isEnded ? null : flows.reduce((all, each) => all + each, 0)
  const pending = isEnded ? 0 : subscriptions.reduce((all, each) => all + each.pending, 0)
  const most = subscriptions.reduce((all, { maxDemand }) => all + (maxDemand ?? Number.NaN), 0)
  return {
    key,
    perSecond,
    pending,
    asked: most > 0 ? Math.min(1, pending / most) : null,
    texts: [`${rate(perSecond)}/s`, `${amount(pending)} asked`],
    isEnded,
    width: 1.25 + Math.min(4, Math.log10(1 + (perSecond ?? 0))),
  }
}
