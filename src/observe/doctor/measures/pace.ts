import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import { growthOf, type Indexed, seriesOf, type View, waitingFor } from '../view.ts'
import { heldBy, heldFor, isWorkedOff, rises } from './backlog.ts'
import { ancestorsOf, descendantsOf, LEAST_TIME, type Usage, usageOf } from './usage.ts'

/** What sources emit less than this share of what a stage handles while a queue is worked off. */
const BURST = 0.9
/** Less idle time than this share says nothing: there is always some between two batches. */
const LEAST_IDLE = 0.02
/** Where consumer and producer take turns, the consumer has demand open for so small a share of the time. */
const TAKING_TURNS = { busy: 0.9, open: 0.1 } as const

/** Whether a stage that was busy for this share of the window sets the pace: others wait for it, and not it for others. */
export function setsThePace(view: View, stage: StageSnapshot, share: number): boolean {
  if (stage.consuming === undefined) return isSteadySource(view, stage, share)
  const producers = (view.newest.upstream.get(stage.id) ?? []).map(({ producer }) => producer)
  // Without a producer it has all its work from messages.
  if (producers.length === 0) return false
  const idle = 1 - share
  const ancestors = ancestorsOf(view.newest, stage.id)
  const roots = ancestors.filter((id) => (view.newest.upstream.get(id) ?? []).length === 0)
  const chain = [stage.id, ...ancestors]
  const backlog = (index: Indexed): number => chain.reduce((sum, id) => sum + heldBy(index, id), 0)
  const isBurst = comesByBursts(view, stage, roots) && roots.every((id) => gaveAll(view, id))
  if (isBurst && isWorkedOff(view, backlog)) return false
  const queue = (index: Indexed): number => waitingFor(index.stages.get(stage.id)) + heldFor(index, stage.id)
  if (idle < LEAST_IDLE && rises(view, queue)) return true
  const isBehind = (index: Indexed): boolean => {
    const { mailbox = 0, inbound = 0 } = index.stages.get(stage.id)?.consuming ?? {}
    return heldFor(index, stage.id) > 0 || (idle < LEAST_IDLE && mailbox + inbound > 0)
  }
  const looks = view.window.filter((index) => index.stages.has(stage.id))
  if (looks.every(isBehind) && !isWorkedOff(view, queue)) return true

  const starved = Math.min(...producers.map((id) => waitingShare(view, id)))
  const quiet = roots.length === 0 ? 0 : Math.min(...roots.map((id) => waitingShare(view, id)))
  if (starved >= share || (quiet >= share && !rises(view, backlog))) return false
  if (idle < LEAST_IDLE) return true
  if (starved * 2 >= idle && !takesTurns(view, share, producers, ancestors)) return false
  return !isHeldBack(view, stage, idle)
}

/** A source that emits now and then waits for something outside, and all is well. */
function isSteadySource(view: View, stage: StageSnapshot, share: number): boolean {
  if (stage.producing === undefined) return false
  const emitted = seriesOf(view, ({ stages }) => stages.get(stage.id)?.producing?.emitted)
  const emitting = emitted.filter((total, place) => place > 0 && total > (emitted[place - 1] as number)).length
  return emitting * 2 >= emitted.length - 1 && usageOf(view, stage).open >= 0.9 * share
}

/** Whether less has come from the sources of late than the stage has handled: a burst, which a queue is there for. */
function comesByBursts({ window, newest }: View, stage: StageSnapshot, roots: readonly string[]): boolean {
  const former = window[window.length >> 1] as Indexed
  const emitted = ({ stages }: Indexed): number =>
    roots.reduce((sum, id) => sum + (stages.get(id)?.producing?.emitted ?? 0), 0)
  const handled = ({ stages }: Indexed): number => stages.get(stage.id)?.consuming?.handled ?? 0
  const [came, went] = [emitted(newest) - emitted(former), handled(newest) - handled(former)]
  return roots.length > 0 && (came === 0 || came < BURST * went)
}

/** Whether a source has no more to give at once: it emits without being asked, or leaves demand open. */
function gaveAll({ newest, window }: View, id: string): boolean {
  if (window.some((index) => heldBy(index, id) > 0)) return true
  const { state, producing } = newest.stages.get(id) ?? {}
  const { demandSince = null } = producing ?? {}
  // One whose handleDemand is pending works on it.
  return state === 'idle' && demandSince !== null && newest.snapshot.time - demandSince >= LEAST_TIME
}

/**
 * Whether consumer and producer never work at the same time, as the one asks for no more than it handles at once: then
 * a producer that waits for something outside looks the same as one that is slow, and the busier one is to be named.
 * One that emits without being asked would have had events buffered.
 */
function takesTurns(view: View, share: number, producers: readonly string[], ancestors: readonly string[]): boolean {
  if (share < TAKING_TURNS.busy || Math.min(...producers.map((id) => usageById(view, id).open)) >= TAKING_TURNS.open) {
    return false
  }
  return view.window.every(({ stages }) => ancestors.every((id) => !stages.get(id)?.producing?.buffer.events))
}

/** Whether its idle time is explained by consumers that asked for nothing, though none of them was busy. */
function isHeldBack(view: View, stage: StageSnapshot, idle: number): boolean {
  if (stage.producing === undefined) return false
  const downstream = descendantsOf(view.newest, stage.id)
  const busy = downstream.reduce((sum, id) => sum + usageById(view, id).busy, 0)
  return (1 - usageOf(view, stage).open - busy) * 2 >= idle
}

/** The share of the window in which a stage had demand, and nothing to work on. */
function waitingShare(view: View, id: string): number {
  const { open, busy } = usageById(view, id)
  return Math.max(0, open - busy)
}

/** Of a producer that is not in this runtime nothing is known; it may well have given all it has. */
function usageById(view: View, id: string): Usage {
  const stage = view.newest.stages.get(id)
  return stage === undefined ? { busy: 0, open: 1, ms: view.elapsed } : usageOf(view, stage)
}

/** By how much a total of a stage has grown over the window. */
export function growthIn(view: View, id: string, read: (stage: StageSnapshot) => number | undefined): number {
  return growthOf(
    seriesOf(view, ({ stages }) => {
      const stage = stages.get(id)
      return stage && read(stage)
    }),
  )
}
