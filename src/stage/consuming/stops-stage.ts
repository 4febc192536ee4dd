import { isCleanExit } from '../../process/exit/exit-reason.ts'
import { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import { isCleanEnd, type SubscriptionEnd } from './subscription-end.ts'

/**
 * Decides whether the end of a subscription stops the consumer, according to the option `cancel` of the subscription.
 *
 * @param isDraining Whether the stage is draining.
 * @param hasNoSubscriptions Whether the stage has no subscription now; it may have subscribed again since the end.
 */
export function stopsStage(end: SubscriptionEnd, isDraining: boolean, hasNoSubscriptions: boolean): boolean {
  const { upstream, reason, isRefused, isLast } = end
  const { cancel } = upstream.options
  if (isRefused || cancel === 'temporary') return false
  const isClean = isCleanEnd(end)
  // A stage that is draining stops by itself, when the last of its producers has exited and all events are handled.
  if (isDraining && (isClean || reason === 'noproc')) return false
  if (cancel === 'permanent') return true
  if (cancel === 'transient') return !isCleanExit(reason)
  if (SubscriptionHandle.isCancelled(upstream.handle)) return false
  return !isClean || (isLast && hasNoSubscriptions)
}
