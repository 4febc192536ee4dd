import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage, StartOptions } from '../../process/start/start-types.ts'
import type { CallArguments, Callable, CallReply, DemandMode, StageRef } from './references.ts'
import type { Source, Subscription } from './subscription.ts'

/**
 * What a stage knows of itself and can do from inside: what its set-up function is handed.
 *
 * Its operations are functions, not methods, so they may be taken out: `({ signal, call }) => …`. Once the stage has
 * ended each of them throws an `StageEndedError`, so that what was still under way in an async callback starts nothing that
 * nobody would stop.
 */
export interface StageContext {
  /**
   * The stage itself, as others hold it.
   *
   * What its operations wait for (`stop`, `info`) comes after the callback that is running: do not await it there.
   */
  readonly self: StageRef
  /** Aborted with the exit reason when the stage ends: what its async work stops on. */
  readonly signal: AbortSignalLike
  /**
   * Sends the stage a message for `handleInfo` after `ms` milliseconds: 0 or more, or `Infinity` for never.
   *
   * The timer ends with the stage, and keeps the program alive until then.
   */
  readonly sendAfter: (message: unknown, ms: number) => Timer
  /** Queues a message for `handleInfo` behind all events that are buffered now. */
  readonly info: (message: unknown) => void
  /**
   * Sends a request to another stage and waits for its reply, as the reference's `call` does.
   *
   * Beyond that it rejects at once with a `CallingSelfError` where the other is this stage, and with a `DeadlockError`
   * that names the stages where they would wait for each other in a circle.
   */
  readonly call: <Calls, Kind extends keyof Calls>(
    ref: Callable<Calls>,
    kind: Kind,
    ...request: CallArguments<Calls[Kind]>
  ) => Promise<CallReply<Calls[Kind]>>
  /** Starts a stage linked to this one: if either fails, so does the other. */
  readonly startLink: <Ref extends ProcessRef>(stage: Stage<Ref>, options?: StartOptions<NoInfer<Ref>>) => Promise<Ref>
  /**
   * Tells `handleInfo` once when `ref` has ended: `{ down: ref, reason }`.
   *
   * At once, with reason `'noproc'`, if it has ended before.
   */
  readonly monitor: (ref: ProcessRef) => Monitor
  /** Links this stage with another process: an abnormal end of one is sent to the other as an exit signal. */
  readonly link: (ref: ProcessRef) => void
  /** Takes the link with another process away, whoever made it; afterwards no exit signal of it arrives. */
  readonly unlink: (ref: ProcessRef) => void
}

/** What a producer's set-up function is handed. */
export interface ProducerContext extends StageContext {
  /** Sets this stage's own demand mode, as its reference's `demand(mode)` does. */
  readonly demand: (mode: DemandMode) => void
}

/** What a consumer's or producer-consumer's set-up function is handed. */
export interface ConsumerContext extends StageContext {
  /**
   * Subscribes this stage: what it may not do by its own reference's `subscribe`, which would wait for itself.
   *
   * Returns at once. The type of the events is not checked here, as it is not known yet; `subscribeTo` checks it.
   */
  readonly subscribe: (source: Source<unknown>) => Subscription
  /** Cancels `subscription` with `reason` and subscribes anew, with nothing in between; otherwise as `subscribe`. */
  readonly resubscribe: (subscription: Subscription, reason: ExitReason, source: Source<unknown>) => Subscription
}

/** A message that is yet to be sent, by `sendAfter`. */
export interface Timer {
  /** Takes the message back; if it has been sent, nothing happens. */
  cancel(): void
}

/** A watch on another process, by `monitor`. */
export interface Monitor {
  /** Ends the watch; the message is discarded, even if it lies in the mailbox already. */
  cancel(): void
}

/** What `handleInfo` gets when a process that the stage monitors has ended. */
export interface Down {
  /** The process that has ended. */
  readonly down: ProcessRef
  /** Why it ended; `'noproc'` if that was before it was monitored. */
  readonly reason: ExitReason
}

/** What `handleInfo` of a stage with `trapExit` gets in place of an exit signal. */
export interface Exit {
  /** The linked process that ended; `undefined` where somebody called `exit` on this stage's reference. */
  readonly exit: ProcessRef | undefined
  /** The reason of the signal. */
  readonly reason: ExitReason
}
