import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage, StartOptions } from '../../process/start/start-types.ts'
import type { CallArguments, Callable, CallReply, DemandMode, StageRef } from './references.ts'
import type { Source } from './source.ts'
import type { Subscription } from './subscription.ts'

/**
 * The operations of a stage on itself: the argument of its setup function.
 *
 * The operations are functions, not methods, so they can be destructured: `({ signal, call }) => …`. After the stage
 * has exited each of them throws a `StageEndedError`; async work that is still in flight can therefore start nothing
 * that would outlive the stage.
 */
export interface StageContext {
  /**
   * The stage's own reference, the one that other code has.
   *
   * Some of its operations wait for the stage, such as `stop` and `info`. Inside a callback do not await them: the
   * stage acts on them only after the callback has finished.
   */
  readonly self: StageRef
  /** Aborted when the stage exits, with the exit reason. Pass it to async work that is to stop with the stage. */
  readonly signal: AbortSignalLike
  /**
   * Sends a message to the stage's `handleInfo` after `ms` milliseconds: a number from 0, or `Infinity` for never.
   *
   * The timer keeps the program alive. It is removed when the stage exits.
   *
   * @throws {TypeError | RangeError} If `ms` is not a number, or is below 0.
   */
  readonly sendAfter: (message: unknown, ms: number) => Timer
  /** Queues a message for the stage's own `handleInfo`, after all events that are buffered now. */
  readonly info: (message: unknown) => void
  /**
   * Sends a request to another stage and waits for the reply, as `call` of its reference does.
   *
   * In addition it rejects immediately with a `CallingSelfError` if `ref` is this stage, and with a `DeadlockError`
   * that names the stages if they would wait for each other in a circle.
   */
  readonly call: <Calls, Kind extends keyof Calls>(
    ref: Callable<Calls>,
    kind: Kind,
    ...request: CallArguments<Calls[Kind]>
  ) => Promise<CallReply<Calls[Kind]>>
  /** Starts a stage and links it to this one: if either of them fails, so does the other. */
  readonly startLink: <Ref extends ProcessRef>(stage: Stage<Ref>, options?: StartOptions<NoInfer<Ref>>) => Promise<Ref>
  /**
   * Sends `{ down: ref, reason }` to the stage's `handleInfo` once, when `ref` has exited.
   *
   * If it has exited already, the message is sent immediately, with reason `'noproc'`.
   *
   * @throws {NoProcessError} If `ref` is a name that no process has.
   */
  readonly monitor: (ref: ProcessRef) => Monitor
  /**
   * Links this stage with another process: when one of them fails, the other receives an exit signal.
   *
   * @throws {NoProcessError} If `ref` is a name that no process has.
   */
  readonly link: (ref: ProcessRef) => void
  /**
   * Removes the link with another process, whichever of the two created it. No exit signal of it arrives afterwards.
   */
  readonly unlink: (ref: ProcessRef) => void
}

/** The argument of a producer's setup function. */
export interface ProducerContext extends StageContext {
  /** Sets the stage's own demand mode, as `demand(mode)` of its reference does. */
  readonly demand: (mode: DemandMode) => void
}

/** The argument of the setup function of a consumer or producer-consumer. */
export interface ConsumerContext extends StageContext {
  /**
   * Subscribes this stage to a producer, from inside.
   *
   * A callback cannot await `subscribe` of the stage's own reference, because the stage would wait for itself. This
   * function returns immediately, before the producer has accepted the subscription. It does not check the type of the
   * events, which is not known in a setup function; the option `subscribeTo` does.
   *
   * @throws {TypeError | RangeError} If `source` or one of its options is wrong.
   */
  readonly subscribe: (source: Source<unknown>) => Subscription
  /**
   * Cancels `subscription` with `reason` and subscribes to `source`, in one step. Returns immediately.
   *
   * No other message is handled between the two. Otherwise it is the same as `subscribe`.
   */
  readonly resubscribe: (subscription: Subscription, reason: ExitReason, source: Source<unknown>) => Subscription
}

/** A message that `sendAfter` has yet to send. */
export interface Timer {
  /** Cancels the message. If it has been sent, this does nothing. */
  cancel(): void
}

/** A monitor on another process, as `monitor` returns it. */
export interface Monitor {
  /** Removes the monitor. Its message is discarded, even if it is in the mailbox already. */
  cancel(): void
}

/** The message that `handleInfo` receives when a process that the stage monitors has exited. */
export interface Down {
  /** The process that has exited. */
  readonly down: ProcessRef
  /** Its exit reason; `'noproc'` if it had exited before it was monitored. */
  readonly reason: ExitReason
}

/** The message that `handleInfo` of a stage with `trapExit` receives in place of an exit signal. */
export interface Exit {
  /** The linked process that exited; `undefined` if the signal came from `exit` on this stage's reference. */
  readonly exit: ProcessRef | undefined
  /** The reason of the signal. */
  readonly reason: ExitReason
}
