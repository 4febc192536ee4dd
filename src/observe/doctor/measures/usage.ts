import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Indexed, View } from '../view.ts'

// How stages spend their time, and what a bottleneck is.
//
// Of each stage two totals are counted as time passes, and not estimated from looks: the time it was busy, and the time
// it had open demand, that is demand that had reached it and that it had not met. Both as shares of a window:
//
//   busy                     it worked, or waited for a promise of its callback
//   open - busy: waiting     it had demand and nothing to work on: starved by its producers, or by something outside
//   1 - open: held back      its consumers had asked for nothing: blocked
//
// In a pipeline whose stages work at the same time, all have the same throughput, so the busy shares relate as the times
// that the stages take for an event. The slowest is busy nearly always, those upstream of it are held back, those
// downstream wait. So the bottleneck is the busiest stage, unless its idle time is explained from outside the pipeline:
// its producers were waiting (the source gives no more: it keeps up), or its consumers held it back (a reader takes no
// more). Whether its mailbox is empty says nothing: a stage that is handed a batch whenever it asks has none in it.
//
// A look sees one moment. Batches that are as long as the interval of the looks, or a fraction of it, show the same
// moment again and again: a stage that is busy 95 ms out of 100 may be idle in every look at half seconds. So looks
// decide nothing here but whether a queue gets longer or shorter (`backlog.ts`), which outlasts many batches.

/** The least time that shows how a stage spends its time, in milliseconds. */
export const LEAST_TIME = 1_000

/** Shares of the window, from 0 to 1. */
export interface Usage {
  readonly busy: number
  /** 0 for a stage that emits nothing. */
  readonly open: number
  /** How long the stage was there in the window, in milliseconds. */
  readonly ms: number
}

/** How a stage spent the window; all 0 where it is too young. */
export function usageOf(view: View, { id, busy, producing }: StageSnapshot): Usage {
  const first = view.window.find(({ stages }) => stages.has(id)) ?? view.newest
  const ms = view.newest.snapshot.time - first.snapshot.time
  if (ms < LEAST_TIME) return { busy: 0, open: 0, ms }
  const former = first.stages.get(id)
  const share = (time: number): number => Math.max(0, Math.min(1, time / ms))
  return {
    busy: share((busy - (former?.busy ?? 0)) / 1_000),
    ms,
    open: share((producing?.demandTime ?? 0) - (former?.producing?.demandTime ?? 0)),
  }
}

/** The ids of all whose events come to a stage, the nearest first. */
export function ancestorsOf({ upstream }: Indexed, id: string): readonly string[] {
  return reachable(id, (each) => (upstream.get(each) ?? []).map(({ producer }) => producer))
}

/** The ids of all to whom events of a stage come, the nearest first. */
export function descendantsOf({ downstream }: Indexed, id: string): readonly string[] {
  return reachable(id, (each) => (downstream.get(each) ?? []).map(({ consumer }) => consumer))
}

function reachable(start: string, next: (id: string) => readonly string[]): string[] {
  const seen = new Set([start])
  // A set takes in what is added while it is iterated.
  for (const id of seen) for (const other of next(id)) seen.add(other)
  seen.delete(start)
  return [...seen]
}
