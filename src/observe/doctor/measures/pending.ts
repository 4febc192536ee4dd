import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { View } from '../view.ts'

/** How long the promise of a stage's callback has been pending, in milliseconds; -1 if none is. */
export function pendingTime({ newest }: View, { state, since }: StageSnapshot): number {
  const isPending = state === 'waiting' || state === 'ending' || state === 'starting'
  return isPending && since !== null ? newest.snapshot.time - since : -1
}

/** Whether the `handleDemand` of a producer is pending: a source may wait there for something outside. */
export function isHandlingDemand({ state, callback, consuming }: StageSnapshot): boolean {
  return state === 'waiting' && callback === 'handleDemand' && consuming === undefined
}
