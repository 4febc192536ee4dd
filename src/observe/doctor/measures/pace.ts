import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import { growthOf, type Indexed, seriesOf, unhandledOf, type View } from '../view.ts'
import { heldBy, heldFor, isWorkedOff, rises } from './backlog.ts'
import { ancestorsOf, descendantsOf, LEAST_TIME, type Usage, usageOf } from './usage.ts'

/** While a queue is worked off, sources emit less than this share of what a stage handles. */
const BURST = 0.9
/** A smaller share of idle time is not significant: there is always some between two batches. */
const LEAST_IDLE = 0.02
/** If consumer and producer take turns, the one is this busy, and demand is open for this share of the time at most. */
const TAKING_TURNS = { busy: 0.9, open: 0.1 } as const

/** Whether a stage that was busy for this share of the window sets the pace: others wait for it, and it for no other. */
export function setsThePace(view: View, stage: StageSnapshot, share: number): boolean {
  if (stage.consuming === undefined) return isSteadySource(view, stage, share)
  const producers = (view.newest.upstream.get(stage.id) ?? []).map(({ producer }) => producer)
  // Without a producer all its work comes from messages.
  if (producers.length === 0) return false
  const idle = 1 - share
  const ancestors = ancestorsOf(view.newest, stage.id)
  const roots = ancestors.filter((id) => (view.newest.upstream.get(id) ?? []).length === 0)
  const chain = [stage.id, ...ancestors]
  const backlog = (index: Indexed): number => chain.reduce((sum, id) => sum + heldBy(index, id), 0)
  const isBurst = comesByBursts(view, stage, roots) && roots.every((id) => hasNothingLeft(view, id))
  if (isBurst && isWorkedOff(view, backlog)) return false
  const queue = (index: Indexed): number => unhandledOf(index.stages.get(stage.id)) + heldFor(index, stage.id)
  if (idle < LEAST_IDLE && rises(view, queue)) return true
  const hasBacklog = (index: Indexed): boolean => {
    const { mailbox = 0, inbound = 0 } = index.stages.get(stage.id)?.consuming ?? {}
    return heldFor(index, stage.id) > 0 || (idle < LEAST_IDLE && mailbox + inbound > 0)
  }
  const snapshots = view.window.filter((index) => index.stages.has(stage.id))
  if (snapshots.every(hasBacklog) && !isWorkedOff(view, queue)) return true

  const waitedForProducers = Math.min(...producers.map((id) => waitingShare(view, id)))
  const waitedForSources = roots.length === 0 ? 0 : Math.min(...roots.map((id) => waitingShare(view, id)))
  if (waitedForProducers >= share || (waitedForSources >= share && !rises(view, backlog))) return false
  if (idle < LEAST_IDLE) return true
  if (waitedForProducers * 2 >= idle && !takesTurns(view, share, producers, ancestors)) return false
  return !isBlockedDownstream(view, stage, idle)
}

/** Whether a source emits all the time. One that emits now and then waits for something outside, which is healthy. */
function isSteadySource(view: View, stage: StageSnapshot, share: number): boolean {
  if (stage.producing === undefined) return false
  const emitted = seriesOf(view, ({ stages }) => stages.get(stage.id)?.producing?.emitted)
  const emitting = emitted.filter((total, place) => place > 0 && total > (emitted[place - 1] as number)).length
  return emitting * 2 >= emitted.length - 1 && usageOf(view, stage).open >= 0.9 * share
}

/** Whether sources have recently emitted less than the stage has handled: it works off a burst. */
function comesByBursts({ window, newest }: View, stage: StageSnapshot, roots: readonly string[]): boolean {
  const former = window[window.length >> 1] as Indexed
  const emitted = ({ stages }: Indexed): number =>
    roots.reduce((sum, id) => sum + (stages.get(id)?.producing?.emitted ?? 0), 0)
  const handled = ({ stages }: Indexed): number => stages.get(stage.id)?.consuming?.handled ?? 0
  const [came, went] = [emitted(newest) - emitted(former), handled(newest) - handled(former)]
  return roots.length > 0 && (came === 0 || came < BURST * went)
}

/** Whether a source has no more events at present: it emits without demand, or leaves demand open. */
function hasNothingLeft({ newest, window }: View, id: string): boolean {
  if (window.some((index) => heldBy(index, id) > 0)) return true
  const { state, producing } = newest.stages.get(id) ?? {}
  const { demandSince = null } = producing ?? {}
  // While its handleDemand is pending, it works on the demand.
  return state === 'idle' && demandSince !== null && newest.snapshot.time - demandSince >= LEAST_TIME
}

/**
 * Whether consumer and producer never work at the same time, because the consumer asks for one batch at a time.
 *
 * Then a producer that waits for something outside looks like one that is slow, and the busier of both is named. A
 * producer that emits without demand would have had buffered events.
 */
function takesTurns(view: View, share: number, producers: readonly string[], ancestors: readonly string[]): boolean {
  if (share < TAKING_TURNS.busy || Math.min(...producers.map((id) => usageById(view, id).open)) >= TAKING_TURNS.open) {
    return false
  }
  return view.window.every(({ stages }) => ancestors.every((id) => !stages.get(id)?.producing?.buffer.events))
}

/** Whether its idle time is explained by consumers that had no open demand although none of them was busy. */
function isBlockedDownstream(view: View, stage: StageSnapshot, idle: number): boolean {
  if (stage.producing === undefined) return false
  const downstream = descendantsOf(view.newest, stage.id)
  const busy = downstream.reduce((sum, id) => sum + usageById(view, id).busy, 0)
  return (1 - usageOf(view, stage).open - busy) * 2 >= idle
}

/** The share of the window in which a stage had demand and no events. */
function waitingShare(view: View, id: string): number {
  const { open, busy } = usageById(view, id)
  return Math.max(0, open - busy)
}

/** Nothing is known about a producer of another runtime: it is taken to have emitted all it has. */
function usageById(view: View, id: string): Usage {
  const stage = view.newest.stages.get(id)
  return stage === undefined ? { busy: 0, open: 1, ms: view.elapsed } : usageOf(view, stage)
}

/** How much a total of a stage has grown over the window. */
export function growthIn(view: View, id: string, read: (stage: StageSnapshot) => number | undefined): number {
  return growthOf(
    seriesOf(view, ({ stages }) => {
      const stage = stages.get(id)
      return stage && read(stage)
    }),
  )
}
