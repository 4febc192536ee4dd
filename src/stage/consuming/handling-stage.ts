import type { Progress } from '../../process/behaviour.ts'
import type { AnyStage } from '../callback/any-stage.ts'
import type { SubscriptionEnd } from './subscription-end.ts'

/** A stage that handles events: what its consumer half needs of it. */
export interface HandlingStage extends AnyStage {
  /** Reacts to the end of a subscription: now, or once the events that arrived before it are handled. */
  scheduleEnd(cancellation: SubscriptionEnd): Progress
}
