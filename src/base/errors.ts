import { isError } from './is-error.ts'
import { quote } from './quote.ts'

/**
 * What every error class of this library extends: an error with a stable `code`.
 *
 * What to do: test for the `code`, or for the class with `instanceof`. Messages may change between versions.
 */
export abstract class GenStageError extends Error {
  /** Stable across versions; a message may change, this may not. */
  abstract readonly code: string

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    // An own `name`, as V8 prints it, but not enumerable: it would show twice in a log.
    hide(this, 'name', new.target.name)
  }
}

/** The message and the cause of an error, where the usual ones would not do. */
export interface ErrorDetails {
  readonly message: string
  readonly cause: unknown
}

/**
 * An operation was not answered in time.
 *
 * A `call`, `info`, `subscribe` or `stop` rejects with it when no answer has come within its `timeout` (for most, 5,000
 * ms by default). The process goes on, and still handles the request; the answer is dropped.
 *
 * What to do: look for a callback that takes long or never settles: `diagnose` of `genstage/snapshot` names it. If the
 * work may take that long, pass a larger `timeout`, or `Infinity`.
 */
export class TimeoutError extends GenStageError {
  readonly code = 'GENSTAGE_TIMEOUT'
  /** How long was waited, in milliseconds. */
  readonly timeout: number

  constructor(operation: string, timeout: number) {
    super(`expected ${operation} to be answered within ${timeout} ms, and it was not`)
    this.timeout = timeout
  }
}

/**
 * The process does not run: it has ended, or no process has the name.
 *
 * Operations that wait for an answer, such as `call`, reject with it at once. `send` and `cast` do nothing instead.
 *
 * What to do: start the process first. If a supervisor restarts it, use a reference by `named`, which finds the new
 * process, and try again later.
 */
export class NoProcessError extends GenStageError {
  readonly code = 'GENSTAGE_NO_PROCESS'
  readonly reason = 'noproc'

  constructor(operation: string, target: string) {
    super(`${operation}: ${target} is not alive`)
  }
}

/**
 * A process ended before it had answered, or a stream's producer failed.
 *
 * A `call` rejects with it if the stage ends meanwhile, `stop` if the process fails instead of stopping, and a `stream`
 * if one of its producers fails. `reason` says why the process ended.
 *
 * What to do: look at `reason`, which is mostly also the `cause`. A failed call may have been handled or not, so repeat
 * it only if that does no harm.
 */
export class ExitError extends GenStageError {
  readonly code = 'GENSTAGE_EXIT'
  /** Why the process ended. */
  declare readonly reason: unknown

  constructor(operation: string, target: string, reason: unknown, details?: ErrorDetails) {
    const message = details?.message ?? `${target} ended with reason ${quote(reason)}`
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
    super(`${operation}: ${target} has itself ended, with reason ${quote(reason)}`, { cause: reason })
    hide(this, 'reason', reason)
  }
}

/**
 * A stage called itself.
 *
 * It handles one message at a time, so it would wait for itself forever. The `call` rejects at once.
 *
 * What to do: call the function behind the handler directly, or send the stage a message with `info` or `cast`.
 */
export class CallingSelfError extends GenStageError {
  readonly code = 'GENSTAGE_CALLING_SELF'

  constructor(operation: string, target: string) {
    super(`${operation}: ${target} cannot wait for an answer from itself`)
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
    super(`${operation}: would wait for ever, as ${[...stages, stages[0]].join(' calls ')}`)
    this.stages = stages
  }
}

/**
 * A process could not be started.
 *
 * Its set-up function threw or returned `{ stop: reason }`, it ended during its set-up, or the scope it was to start in
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
 * A stage was not started, because its set-up function returned `'ignore'`.
 *
 * Under a supervisor that is no error: the child is kept and counts as not running.
 *
 * What to do: if the stage is optional, catch this error and go on without it.
 */
export class StartIgnoredError extends StartError {
  override readonly code = 'GENSTAGE_START_IGNORED'

  constructor(target: string) {
    super(target, 'ignore', `${target} was not started: its set-up function answered 'ignore'`)
  }
}

/**
 * A process was not started, because another one has its name.
 *
 * Names are unique in a runtime. They are taken before the set-up runs, and are free again when the process has ended.
 *
 * What to do: use another name, stop the other process first, or use a runtime of its own (`createRuntime`), for
 * example in tests.
 */
export class NameTakenError extends StartError {
  override readonly code = 'GENSTAGE_NAME_TAKEN'

  constructor(name: string, holder: string) {
    super(name, 'name-taken', `the name ${quote(name)} is already taken, by ${holder}`)
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
    super(`${operation}: child ${quote(child)} is running, and only one that was terminated can be`)
    this.child = child
  }
}

/**
 * A producer refused a subscription.
 *
 * `subscribe`, `resubscribe` and `connect` reject with it. `reason` says why: for example `'partition-taken'`,
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
 * The stage fails with it. `callback` names the callback, and the message says what it may return and what it did
 * return. A dispatcher, an iterator, a `selector` or `formatDiscarded` counts as a callback here.
 *
 * What to do: correct the callback. A common cause is an array returned by a consumer, which emits no events, or an
 * async function where none is allowed.
 */
export class BadReturnError extends GenStageError {
  readonly code = 'GENSTAGE_BAD_RETURN'
  /** The callback's name, as `handleEvents`. */
  readonly callback: string

  constructor(callback: string, expected: string, got: unknown) {
    super(`expected ${callback} to answer ${expected}, got: ${quote(got)}`)
    this.callback = callback
  }
}

/**
 * A callback threw a value that is not an `Error`.
 *
 * The stage fails with this error; the value is its `cause`.
 *
 * What to do: throw an `Error`. To end a stage with a reason of your own, return `{ stop: reason }`.
 */
export class ThrownValueError extends GenStageError {
  readonly code = 'GENSTAGE_THROWN_VALUE'

  constructor(value: unknown) {
    super(`a callback threw ${quote(value)}, which is no Error`, { cause: value })
  }
}

/** What a failure says besides its reason. */
interface FailureDetails {
  /** The message, where the usual one would not do. */
  readonly message?: string
  /** The `cause`, where it is not the reason. */
  readonly cause?: unknown
  /** How many events the stage dropped when it failed. */
  readonly dropped?: number
}

/** The end of a failure's line: how many events were dropped with the stage; empty where none were. */
export function droppedInWords(dropped: number): string {
  if (dropped === 0) return ''
  return `; ${dropped} ${dropped === 1 ? 'event was' : 'events were'} dropped`
}

/**
 * A stage failed, and no supervisor dealt with it.
 *
 * It is an uncaught error of the program if the stage was started with `startLink`. In a scope `scope.done` rejects
 * with it, and so does `done` of the reference. However many stages end because of one failure, it is reported once:
 * `stage` is the one in which it began, and `reason`, mostly also the `cause`, is what it failed with.
 *
 * What to do: fix the cause. If such failures are to be expected, start the stage under a `supervisor`, or in a scope
 * whose failure you catch.
 */
export class StageFailure extends GenStageError {
  readonly code = 'GENSTAGE_STAGE_FAILURE'
  /** The stage that failed first: its kind and its name, as `producer numbers`, or its kind and its id. */
  readonly stage: string
  /** The callback in which it failed, where it was one. */
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
    super((message ?? `${stage} failed${where}: ${describeReason(reason)}`) + droppedInWords(dropped), { cause })
    this.stage = stage
    this.callback = callback
    hide(this, 'reason', reason)
  }
}

/**
 * A reason in words: an error's message, anything else quoted.
 *
 * Never throws. An error whose message is missing, is no text or cannot be read is quoted, too.
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

/** Gives an error a property that is not printed with it: it says what the message, or the `cause`, says already. */
function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true })
}
