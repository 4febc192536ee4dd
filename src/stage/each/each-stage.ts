import type { Progress } from '../../process/behaviour.ts'
import type { Process } from '../../process/process.ts'
import type { Upstream } from '../consuming/upstream.ts'
import type { Attempt } from './attempt.ts'

/** What the engine needs of the stage that it runs in. */
export interface EachStage {
  readonly process: Process
  /** Whether another event may begin: the consumers of a producer-consumer have demand. */
  readonly hasDemand: boolean
  /** Calls the user's `handleEvent`. */
  handleEvent(event: unknown, context: Attempt): unknown
  /**
   * Takes a result if that needs no turn of the process: nothing, or events that can be emitted at once.
   *
   * Called from a microtask, too. Returns `false`, and has done nothing, if a turn is needed.
   */
  acceptResult(result: unknown): boolean
  /** Acts on a result, in a turn. */
  applyResult(result: unknown): Progress
  /** The first attempt of an event begins. */
  eventBegun(): void
  /** An event of a subscription is done, and may earn new demand. Returns whether the stage needs a turn after it. */
  eventDone(source: Upstream): boolean
}
