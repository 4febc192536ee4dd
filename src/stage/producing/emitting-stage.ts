import type { Progress } from '../../process/behaviour.ts'
import type { AnyStage } from '../callback/any-stage.ts'

/** A stage that emits events: what its producer half needs of it. */
export interface EmittingStage extends AnyStage {
  /** Reacts to a change of the open demand: sends buffered events and asks upstream for the rest. */
  onDemand(): Progress
}
