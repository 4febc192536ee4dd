import { isError } from './is-error.ts'
import { quote } from './quote.ts'

/** What every error class of this library has in common: a stable `code` to tell it by. */
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

/** An operation was not answered within its time. */
export class TimeoutError extends GenStageError {
  readonly code = 'GENSTAGE_TIMEOUT'
  /** How long was waited, in milliseconds. */
  readonly timeout: number

  constructor(operation: string, timeout: number) {
    super(`expected ${operation} to be answered within ${timeout} ms, and it was not`)
    this.timeout = timeout
  }
}

/** There is no such process (any more), so nobody could be asked. */
export class NoProcessError extends GenStageError {
  readonly code = 'GENSTAGE_NO_PROCESS'
  readonly reason = 'noproc'

  constructor(operation: string, target: string) {
    super(`${operation}: ${target} is not alive`)
  }
}

/** The process that was to answer ended before it did, or ended for another reason than the one asked for. */
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

/** A stage was used by its own callbacks or set-up function after it had ended. */
export class StageEndedError extends GenStageError {
  readonly code = 'GENSTAGE_STAGE_ENDED'
  /** Why the stage ended. */
  declare readonly reason: unknown

  constructor(operation: string, target: string, reason: unknown) {
    super(`${operation}: ${target} has itself ended, with reason ${quote(reason)}`, { cause: reason })
    hide(this, 'reason', reason)
  }
}

/** A stage called itself: it would wait for itself for ever. */
export class CallingSelfError extends GenStageError {
  readonly code = 'GENSTAGE_CALLING_SELF'

  constructor(operation: string, target: string) {
    super(`${operation}: ${target} cannot wait for an answer from itself`)
  }
}

/** Stages called each other in a circle: none of them could ever answer. */
export class DeadlockError extends GenStageError {
  readonly code = 'GENSTAGE_DEADLOCK'
  /** The stages of the circle, each waiting for the next and the last for the first. */
  readonly stages: readonly string[]

  constructor(operation: string, stages: readonly string[]) {
    super(`${operation}: would wait for ever, as ${[...stages, stages[0]].join(' calls ')}`)
    this.stages = stages
  }
}

/** A stage could not be started; the reason is the `cause`. */
export class StartError extends GenStageError {
  readonly code: string = 'GENSTAGE_START'
  /** The reason with which the start failed. */
  declare readonly reason: unknown

  constructor(target: string, reason: unknown, message?: string) {
    super(message ?? `${target} could not be started: ${describeReason(reason)}`, { cause: reason })
    hide(this, 'reason', reason)
  }
}

/** A stage's set-up function answered `'ignore'`. */
export class StartIgnoredError extends StartError {
  override readonly code = 'GENSTAGE_START_IGNORED'

  constructor(target: string) {
    super(target, 'ignore', `${target} was not started: its set-up function answered 'ignore'`)
  }
}

/** The name that a stage was to be started under belongs to another one. */
export class NameTakenError extends StartError {
  override readonly code = 'GENSTAGE_NAME_TAKEN'

  constructor(name: string, holder: string) {
    super(name, 'name-taken', `the name ${quote(name)} is already taken, by ${holder}`)
  }
}

/** A child of a supervisor was to be started again or forgotten, and it runs: only one that was terminated can be. */
export class ChildRunningError extends GenStageError {
  readonly code = 'GENSTAGE_CHILD_RUNNING'
  /** The child's id. */
  readonly child: string

  constructor(operation: string, child: string) {
    super(`${operation}: child ${quote(child)} is running, and only one that was terminated can be`)
    this.child = child
  }
}

/** A producer refused a subscription. */
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

/** A callback answered something that it may not answer. */
export class BadReturnError extends GenStageError {
  readonly code = 'GENSTAGE_BAD_RETURN'
  /** The callback's name, as `handleEvents`. */
  readonly callback: string

  constructor(callback: string, expected: string, got: unknown) {
    super(`expected ${callback} to answer ${expected}, got: ${quote(got)}`)
    this.callback = callback
  }
}

/** A callback threw something that is no `Error`; it is the `cause`. */
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

/** A stage failed, and nobody was there to deal with it; the reason is the `cause`. */
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
