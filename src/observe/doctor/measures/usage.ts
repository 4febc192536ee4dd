import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Indexed, View } from '../view.ts'

// How stages spend their time, and what a bottleneck is.
//
// Two totals of each stage are measured continuously, not estimated from snapshots: the time it was busy, and the time it
// had open demand, that is demand that had reached it and that it had not met. Both are shares of a window:
//
//   busy                     it worked, or waited for the promise of a callback
//   open - busy: waiting     it had demand and no events: it waited for its producers, or for something outside
//   1 - open: blocked        its consumers had not asked for events
//
// In a pipeline whose stages work at the same time, all have the same throughput, so the busy shares relate as the times
// that the stages take for an event. The slowest is busy nearly always, those upstream of it are blocked, those
// downstream wait. So the bottleneck is the busiest stage, unless its idle time is explained from outside the pipeline:
// its producers were waiting (the source has no more events, so it keeps up), or its consumers blocked it (a reader takes
// no more). An empty mailbox proves nothing: a stage that receives a batch whenever it asks has none in its mailbox.
//
// A snapshot shows one moment. If batches take as long as the interval of snapshots, or a fraction of it, each snapshot
// shows the same moment of a batch: a stage that is busy for 95 ms out of 100 may be idle in every one. So snapshots only
// decide whether a queue gets longer or shorter (`backlog.ts`), which outlasts many batches.

/** A shorter window does not show how a stage spends its time, in milliseconds. */
export const LEAST_TIME = 1_000

/** Shares of the window, from 0 to 1. */
export interface Usage {
  readonly busy: number
  /** 0 for a stage that does not emit. */
  readonly open: number
  /** How long the stage has existed in the window, in milliseconds. */
  readonly ms: number
}

/** How a stage spent the window; all 0 if it is too young. */
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

/** The ids of all stages upstream of a stage, the nearest first. */
export function ancestorsOf({ upstream }: Indexed, id: string): readonly string[] {
  return reachable(id, (each) => (upstream.get(each) ?? []).map(({ producer }) => producer))
}

/** The ids of all stages downstream of a stage, the nearest first. */
export function descendantsOf({ downstream }: Indexed, id: string): readonly string[] {
  return reachable(id, (each) => (downstream.get(each) ?? []).map(({ consumer }) => consumer))
}

function reachable(start: string, next: (id: string) => readonly string[]): string[] {
  const seen = new Set([start])
  // A set also iterates over what is added in the meantime.
  for (const id of seen) for (const other of next(id)) seen.add(other)
  seen.delete(start)
  return [...seen]
}
