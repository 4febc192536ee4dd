import type { ExitCause } from '../../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { Upstream } from './upstream.ts'

/** A subscription that has ended, and why. */
export interface SubscriptionEnd {
  readonly upstream: Upstream
  readonly kind: 'cancel' | 'down'
  readonly reason: ExitReason
  readonly isRefused: boolean
  /** Why the producer exited; undefined if the subscription was cancelled. */
  readonly cause: ExitCause | undefined
  /** Whether the stage had no other subscription left at that moment. */
  readonly isLast: boolean
}

/** Whether a subscription has ended cleanly: all of its events have arrived. */
export function isCleanEnd({ reason, cause }: SubscriptionEnd): boolean {
  return isCleanExit(reason) && (cause === undefined || cause.isClean)
}
