import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumingOptions } from '../types/callbacks.ts'

/** What the child of a consumer supervisor is handed beside its event. */
export interface ChildContext {
  /** Aborted with the exit reason when the child is to end: what its work stops on. */
  readonly signal: AbortSignalLike
}

/** A consumer supervisor whose children are async functions. */
interface FunctionChild<In> {
  /**
   * The work for one event; the child ends when it does, abnormally if it throws or rejects.
   *
   * Exactly one of `child` and `start` is given.
   */
  readonly child: (event: In, context: ChildContext) => unknown
  readonly start?: never
}

/** A consumer supervisor whose children are processes of any kind. */
interface ProcessChild<In> {
  /**
   * Makes the process for one event, which is then started, linked to the supervisor.
   *
   * Exactly one of `child` and `start` is given.
   */
  readonly start: (event: In) => Stage<ProcessRef>
  readonly child?: never
}

/** What a consumer supervisor is made of. */
export type ConsumerSupervisorOptions<In> = (FunctionChild<In> | ProcessChild<In>) &
  ConsumingOptions<In> & {
    /**
     * Whether a child that ended abnormally is started again: never (`'temporary'`), or as long as it does
     * (`'transient'`). Default: `'temporary'`.
     */
    readonly restart?: 'temporary' | 'transient'
    /** How many restarts within `maxSeconds` are borne; one more ends the supervisor. Default: 3. */
    readonly maxRestarts?: number
    /** The time within which restarts are counted, in seconds. Default: 5. */
    readonly maxSeconds?: number
    /**
     * How long children may take to end when told to, in milliseconds, before they are killed: 0 or more, `Infinity`
     * for as long as it takes, `'brutal-kill'` to kill them right away. Default: 5,000.
     */
    readonly shutdown?: number | 'brutal-kill'
  }
