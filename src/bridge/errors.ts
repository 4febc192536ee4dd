import { ExitError, GenStageError } from '../base/errors.ts'
import { isError } from '../base/is-error.ts'
import { type ExitReason, isCleanExit } from '../process/exit/exit-reason.ts'

/**
 * A source that cannot be slowed down brought more events than its stage may keep.
 *
 * The stage fails with it, if `whenFull` is `'fail'`: consumers were slower than the source for too long.
 *
 * What to do: make the consumers faster, raise `bufferSize`, or choose which events to drop: `whenFull: 'drop-oldest'`
 * or `'drop-newest'`.
 */
export class OverflowError extends GenStageError {
  readonly code = 'GENSTAGE_OVERFLOW'
  /** How many events the stage may keep that nobody has asked for. */
  readonly bufferSize: number

  constructor(bufferSize: number) {
    super(`expected no more than ${bufferSize} events that nobody has asked for (bufferSize), and one more came`)
    this.bufferSize = bufferSize
  }
}

/**
 * A line of a text is longer than `maxLength`.
 *
 * A `splitLines` stage fails with it, after it has emitted the lines before. So a text without line ends cannot fill
 * the memory.
 *
 * What to do: raise `maxLength`, or check that the text is what you expect: it may be binary, or have other line ends.
 */
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

/**
 * An event target dispatched an error event that carries no error.
 *
 * A `fromEventTarget` stage fails with it; the event is its `cause`. If the event has an `error`, the stage fails with
 * that instead.
 *
 * What to do: look at the `cause`, and at the source: a `WebSocket`, for example, does not say why it failed.
 */
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
