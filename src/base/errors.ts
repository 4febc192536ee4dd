import { isError } from './is-error.ts'
import { quote } from './quote.ts'

/**
 * The base class of all errors of this library: an error with a stable `code`.
 *
 * What to do: test for the `code`, or for the class with `instanceof`. Messages may change between versions.
 */
export abstract class GenStageError extends Error {
  /** Stable across versions, unlike the message. */
  abstract readonly code: string

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    // An own `name`, because V8 prints it, but not enumerable, or it would be printed twice in a log.
    hide(this, 'name', new.target.name)
  }
}

/** The message and the cause of an error, where they differ from the default ones. */
export interface ErrorDetails {
  readonly message: string
  readonly cause: unknown
}

/**
 * An operation timed out.
 *
 * A `call`, `info`, `subscribe` or `stop` rejects with it when no reply has come within its `timeout` (for most, 5,000
 * ms by default). The process goes on, and still handles the request; the reply is dropped.
 *
 * What to do: look for a callback that takes long or never settles: `diagnose` of `genstage/snapshot` names it. If the
 * work may take that long, pass a larger `timeout`, or `Infinity`.
 */
export class TimeoutError extends GenStageError {
  readonly code = 'GENSTAGE_TIMEOUT'
  /** How long the operation waited, in milliseconds. */
  readonly timeout: number

  constructor(operation: string, timeout: number) {
    super(`${operation} timed out after ${timeout} ms`)
    this.timeout = timeout
  }
}

/**
 * The process is not running: it has exited, or no process has the name.
 *
 * Operations that wait for a reply, such as `call`, reject with it at once. `send` and `cast` do nothing instead.
 *
 * What to do: start the process first. If a supervisor restarts it, use a reference by `named`, which finds the new
 * process, and try again later.
 */
export class NoProcessError extends GenStageError {
  readonly code = 'GENSTAGE_NO_PROCESS'
  readonly reason = 'noproc'

  constructor(operation: string, target: string) {
    super(`${operation}: ${target} is not running`)
  }
}

/**
 * A process exited before it had replied, or a stream's producer failed.
 *
 * A `call` rejects with it if the stage exits before it replies, `stop` if the process fails instead of stopping, and a
 * `stream` if one of its producers fails. `reason` is the reason for which the process exited.
 *
 * What to do: look at `reason`, which is mostly also the `cause`. A failed call may have been handled or not, so repeat
 * it only if that does no harm.
 */
export class ExitError extends GenStageError {
  readonly code = 'GENSTAGE_EXIT'
  /** Why the process exited. */
  declare readonly reason: unknown

  constructor(operation: string, target: string, reason: unknown, details?: ErrorDetails) {
    const message = details?.message ?? `${target} exited with reason ${quote(reason)}`
    super(`${operation}: ${message}`, { cause: details === undefined ? reason : details.cause })
    hide(this, 'reason', reason)
  }
}

/**
 * A stage used its own context after it had ended.
 *
 * Every operation of the context throws it, such as `call` or `startLink`, in async work that went on after the end of
 * the stage.
 *
 * What to do: pass the `signal` of the context to async work, so that it stops with the stage.
 */
export class StageEndedError extends GenStageError {
  readonly code = 'GENSTAGE_STAGE_ENDED'
  /** Why the stage ended. */
  declare readonly reason: unknown

  constructor(operation: string, target: string, reason: unknown) {
    super(`${operation}: ${target} has already exited, with reason ${quote(reason)}`, { cause: reason })
    hide(this, 'reason', reason)
  }
}

/**
 * A stage called itself.
 *
 * It handles one message at a time, so it would wait for itself forever. The `call` rejects at once.
 *
 * What to do: call the function that the handler calls directly, or send the stage a message with `info` or `cast`.
 */
export class CallingSelfError extends GenStageError {
  readonly code = 'GENSTAGE_CALLING_SELF'

  constructor(operation: string) {
    super(`${operation}: a stage cannot call itself`)
  }
}

/**
 * Stages called each other in a circle.
 *
 * Each would wait for the next one forever. The call that would close the circle rejects at once; `stages` lists the
 * stages in order.
 *
 * What to do: break the circle: replace one of the calls by a `cast`, or reply later by `from`.
 */
export class DeadlockError extends GenStageError {
  readonly code = 'GENSTAGE_DEADLOCK'
  /** The stages of the circle, each waiting for the next and the last for the first. */
  readonly stages: readonly string[]

  constructor(operation: string, stages: readonly string[]) {
    const [first, ...others] = stages
    super(`${operation} would wait forever: ${first} calls ${[...others, first].join(', which calls ')}`)
    this.stages = stages
  }
}

/**
 * A process could not be started.
 *
 * Its setup function threw or returned `{ stop: reason }`, it exited during its setup, or the scope it was to start in
 * is closed. Nothing of it remains: no name, timer or link.
 *
 * What to do: read `reason`, which is also the `cause`.
 */
export class StartError extends GenStageError {
  readonly code: string = 'GENSTAGE_START'
  /** The reason with which the start failed. */
  declare readonly reason: unknown

  constructor(target: string, reason: unknown, message?: string) {
    super(message ?? `${target} could not be started: ${describeReason(reason)}`, { cause: reason })
    hide(this, 'reason', reason)
  }
}

/**
 * A stage was not started, because its setup function returned `'ignore'`.
 *
 * Under a supervisor that is no error: the child is kept and counts as not running.
 *
 * What to do: if the stage is optional, catch this error and go on without it.
 */
export class StartIgnoredError extends StartError {
  override readonly code = 'GENSTAGE_START_IGNORED'

  constructor(target: string) {
    super(target, 'ignore', `${target} was not started: its setup function returned 'ignore'`)
  }
}

/**
 * A process was not started, because another one has its name.
 *
 * Names are unique in a runtime. They are taken before the setup function runs, and are free again when the process has
 * exited.
 *
 * What to do: use another name, stop the other process first, or use a runtime of its own (`createRuntime`), for
 * example in tests.
 */
export class NameTakenError extends StartError {
  override readonly code = 'GENSTAGE_NAME_TAKEN'

  constructor(name: string, holder: string) {
    super(name, 'name-taken', `the name ${quote(name)} is already taken by ${holder}`)
  }
}

/**
 * A child of a supervisor could not be restarted or deleted, because it runs.
 *
 * `restartChild` and `deleteChild` reject with it. Both are for children that have been terminated.
 *
 * What to do: call `terminateChild` first.
 */
export class ChildRunningError extends GenStageError {
  readonly code = 'GENSTAGE_CHILD_RUNNING'
  /** The child's id. */
  readonly child: string

  constructor(operation: string, child: string) {
    super(`${operation}: child ${quote(child)} is running: terminate it first`)
    this.child = child
  }
}

/**
 * A producer refused a subscription.
 *
 * `subscribe`, `resubscribe` and `connect` reject with it. Its `reason` is for example `'partition-taken'`,
 * `'bad-partition'`, `'already-subscribed'`, or `'noproc'` if the producer has failed before. A refusal does not stop
 * the consumer.
 *
 * What to do: correct the options of the subscription, or subscribe to a producer that runs.
 */
export class SubscriptionRefusedError extends GenStageError {
  readonly code = 'GENSTAGE_SUBSCRIPTION_REFUSED'
  /** The reason that the producer, or its dispatcher, gave. */
  declare readonly reason: unknown

  constructor(consumer: string, producer: string, reason: unknown, details?: ErrorDetails) {
    const message = details?.message ?? `${producer} refused the subscription of ${consumer}: ${describeReason(reason)}`
    super(message, { cause: details === undefined ? reason : details.cause })
    hide(this, 'reason', reason)
  }
}

/**
 * A callback returned a value that it may not return.
 *
 * The stage fails with it. `callback` is the name of the callback, and the message states what it may return and what it
 * did return. A dispatcher, an iterator, a `selector` or `formatDiscarded` counts as a callback here.
 *
 * What to do: correct the callback. A common cause is an array returned by a consumer, which emits no events, or an
 * async function where none is allowed.
 */
export class BadReturnError extends GenStageError {
  readonly code = 'GENSTAGE_BAD_RETURN'
  /** The callback's name, as `handleEvents`. */
  readonly callback: string

  constructor(callback: string, expected: string, got: unknown) {
    super(`expected ${callback} to return ${expected}, got: ${quote(got)}`)
    this.callback = callback
  }
}

/**
 * A callback threw a value that is not an `Error`.
 *
 * The stage fails with this error; the value is its `cause`.
 *
 * What to do: throw an `Error`. To stop a stage with a custom reason, return `{ stop: reason }`.
 */
export class ThrownValueError extends GenStageError {
  readonly code = 'GENSTAGE_THROWN_VALUE'

  constructor(value: unknown) {
    super(`a callback threw ${quote(value)}, which is not an Error`, { cause: value })
  }
}

/** What a failure has besides its reason. */
interface FailureDetails {
  /** The message, where it is not the default one. */
  readonly message?: string
  /** The `cause`, where it is not the reason. */
  readonly cause?: unknown
  /** How many events the stage dropped when it failed. */
  readonly dropped?: number
}

/** The end of a failure's message: how many events were dropped with the stage; empty if none were. */
export function describeDropped(dropped: number): string {
  if (dropped === 0) return ''
  return `; ${dropped} ${dropped === 1 ? 'event was' : 'events were'} dropped`
}

/**
 * A stage failed, and no supervisor handled the failure.
 *
 * It is an uncaught error of the program if the stage was started with `startLink`. In a scope `scope.done` rejects
 * with it, and so does `done` of the reference. If several stages exit because of one failure, it is reported once:
 * `stage` is the one that failed first, and `reason`, which is mostly also the `cause`, is what it failed with.
 *
 * What to do: fix the cause. If you expect such failures, start the stage under a `supervisor`, or in a scope whose
 * failure you catch.
 */
export class StageFailure extends GenStageError {
  readonly code = 'GENSTAGE_STAGE_FAILURE'
  /** The stage that failed first: its kind and its name, as `producer numbers`, or its kind and its id. */
  readonly stage: string
  /** The callback in which it failed, if it was in one. */
  readonly callback: string | undefined
  /** Its exit reason. */
  declare readonly reason: unknown

  constructor(
    stage: string,
    callback: string | undefined,
    reason: unknown,
    { message, cause = reason, dropped = 0 }: FailureDetails = {},
  ) {
    const where = callback === undefined ? '' : ` in ${callback}`
    super((message ?? `${stage} failed${where}: ${describeReason(reason)}`) + describeDropped(dropped), { cause })
    this.stage = stage
    this.callback = callback
    hide(this, 'reason', reason)
  }
}

/**
 * A reason as text: an error's message, and anything else quoted.
 *
 * Never throws. An error is quoted as well if its message is empty, is not a string or cannot be read.
 */
export function describeReason(reason: unknown): string {
  if (!isError(reason)) return quote(reason)
  try {
    const message: unknown = reason.message
    return typeof message === 'string' && message !== '' ? message : quote(reason)
  } catch {
    return quote(reason)
  }
}

/** Gives an error a property that is not printed with it, because the message, or the `cause`, shows the same. */
function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true })
}
