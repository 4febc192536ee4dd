import type { Progress } from '../../process/behaviour.ts'
import type { Process } from '../../process/process.ts'
import type { CallbackTable } from './callback-table.ts'
import type { EmitRule } from './emit-rule.ts'

/** What the code that calls callbacks and applies their results needs of a stage, whatever its kind. */
export interface AnyStage {
  readonly process: Process
  /** The callbacks object: `this` in every callback. */
  readonly callbacks: object
  readonly callbackTable: CallbackTable
  /** What the callbacks may return that emit events only on occasion. */
  readonly defaultRule: EmitRule
  /** Whether the stage is draining: it takes nothing new, and exits once it has emitted what it holds. */
  readonly isDraining: boolean
  /** Emits the events that a callback returned. */
  emitAll(events: readonly unknown[]): Progress
  /** Stops a stage that is draining and has nothing left to do. */
  stopIfDone(): Progress
  /** Calls `handleEnd`, then runs `next`. */
  handleEnd(cause: 'end' | 'drain', next: () => Progress): Progress
}
