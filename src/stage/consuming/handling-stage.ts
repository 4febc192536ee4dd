import type { Progress } from '../../process/behaviour.ts'
import type { AnyStage } from '../callback/any-stage.ts'
import type { SubscriptionEnd } from './subscription-end.ts'

/** A stage that handles events: what its consumer half needs of it. */
export interface HandlingStage extends AnyStage {
  /** The `concurrency` of a stage with `handleEvent`; undefined for one with `handleEvents`. */
  readonly concurrency: number | undefined
  /** Reacts to the end of a subscription: now, or once the events that arrived before it are handled. */
  scheduleEnd(cancellation: SubscriptionEnd): Progress
}
