import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumingOptions } from '../types/callbacks.ts'

/** The second argument of a `child` function, after the event. */
export interface ChildContext {
  /** Aborted with the exit reason when the child has to exit. Pass it to the async work of the child. */
  readonly signal: AbortSignalLike
}

/** A consumer supervisor whose children are async functions. */
interface FunctionChild<In> {
  /**
   * Does the work for one event. The child exits when the function has finished, and fails if it throws or rejects.
   *
   * Give either `child` or `start`.
   */
  readonly child: (event: In, context: ChildContext) => unknown
  readonly start?: never
}

/** A consumer supervisor whose children are processes of any kind. */
interface ProcessChild<In> {
  /**
   * Creates the process for one event. The supervisor starts it, linked to itself.
   *
   * Give either `child` or `start`.
   */
  readonly start: (event: In) => Stage<ProcessRef>
  readonly child?: never
}

/** The options of `consumerSupervisor`. */
export type ConsumerSupervisorOptions<In> = (FunctionChild<In> | ProcessChild<In>) &
  ConsumingOptions<In> & {
    /**
     * Whether a child that failed is restarted: never (`'temporary'`), or until it exits cleanly (`'transient'`).
     * Default: `'temporary'`.
     */
    readonly restart?: 'temporary' | 'transient'
    /** How many restarts are allowed within `maxSeconds`; one more makes the supervisor fail. Default: 3. */
    readonly maxRestarts?: number
    /** The period in which restarts are counted, in seconds. Default: 5. */
    readonly maxSeconds?: number
    /**
     * How long a child may take to exit when it is terminated, before it is killed. Default: 5,000.
     *
     * In milliseconds: a number from 0, or `Infinity` for no limit. `'brutal-kill'` kills it immediately.
     */
    readonly shutdown?: number | 'brutal-kill'
  }
