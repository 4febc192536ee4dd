import type { GraphEdge } from './graph.ts'
import { amount, rate } from './numbers.ts'
import type { Timeline } from './timeline.ts'

/** The content of an edge. */
export interface Flow {
  readonly key: string
  /** Events per second; `null` if that is not known. */
  readonly perSecond: number | null
  /** The open demand. */
  readonly pending: number
  /** The open demand as a share of `maxDemand`, from 0 to 1; `null` if that is not known. */
  readonly asked: number | null
  /** `1,200/s`, and the open demand. */
  readonly texts: readonly [flow: string, demand: string]
  readonly isEnded: boolean
  /** In units of the drawing. */
  readonly width: number
}

/** Returns the content of an edge: sums over its subscriptions. */
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
