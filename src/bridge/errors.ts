import { ExitError, GenStageError } from '../base/errors.ts'
import { isError } from '../base/is-error.ts'
import { type ExitReason, isCleanExit } from '../process/exit/exit-reason.ts'

/** A source that cannot be slowed pushed more events than its stage may keep, and was told to fail then. */
export class OverflowError extends GenStageError {
  readonly code = 'GENSTAGE_OVERFLOW'
  /** How many events the stage may keep that nobody has asked for. */
  readonly bufferSize: number

  constructor(bufferSize: number) {
    super(`expected no more than ${bufferSize} events that nobody has asked for (bufferSize), and one more came`)
    this.bufferSize = bufferSize
  }
}

/** A line of a text is longer than is allowed. */
export class LineTooLongError extends GenStageError {
  readonly code = 'GENSTAGE_LINE_TOO_LONG'
  /** Which line of the text it is, counted from 1. */
  readonly line: number
  /** How many characters a line may have. */
  readonly maxLength: number

  constructor(line: number, maxLength: number) {
    super(`expected no line of more than ${maxLength} characters (maxLength), and line ${line} is longer`)
    this.line = line
    this.maxLength = maxLength
  }
}

/** An event target reported an error by an event that carries none; the event is the `cause`. */
export class ErrorEventError extends GenStageError {
  readonly code = 'GENSTAGE_ERROR_EVENT'

  constructor(type: string, event: unknown) {
    super(`the event target dispatched '${type}'`, { cause: event })
  }
}

/**
 * An exit reason as the error that a stream is to end with: an `Error` is taken as it is.
 *
 * @param target Whose end it was.
 * @returns `undefined` for an orderly end.
 */
export function errorOf(reason: ExitReason, operation: string, target: string): Error | undefined {
  if (isCleanExit(reason)) return undefined
  return isError(reason) ? reason : new ExitError(operation, target, reason)
}
