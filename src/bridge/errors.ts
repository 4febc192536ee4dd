import { ExitError, GenStageError } from '../base/errors.ts'
import { isError } from '../base/is-error.ts'
import { type ExitReason, isCleanExit } from '../process/exit/exit-reason.ts'

/**
 * A source that cannot be slowed down emitted more events than its stage may buffer.
 *
 * The stage fails with it, if `whenFull` is `'fail'`: consumers were slower than the source for too long.
 *
 * What to do: make the consumers faster, raise `bufferSize`, or choose which events to drop: `whenFull: 'drop-oldest'`
 * or `'drop-newest'`.
 */
export class OverflowError extends GenStageError {
  readonly code = 'GENSTAGE_OVERFLOW'
  /** How many events the stage may buffer. */
  readonly bufferSize: number

  constructor(bufferSize: number) {
    super(
      `expected at most ${bufferSize} buffered events (bufferSize), got one more: consumers are slower than the source`,
    )
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
    super(`expected lines of at most ${maxLength} characters (maxLength), but line ${line} is longer`)
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
 * What to do: look at the `cause`, and at the source: a `WebSocket`, for example, does not report why it failed.
 */
export class ErrorEventError extends GenStageError {
  readonly code = 'GENSTAGE_ERROR_EVENT'

  constructor(type: string, event: unknown) {
    super(`the event target dispatched '${type}'`, { cause: event })
  }
}

/**
 * Makes the error with which a stream ends from an exit reason: an `Error` is used as it is.
 *
 * @param target The process that exited.
 * @returns `undefined` for a clean exit.
 */
export function errorOf(reason: ExitReason, operation: string, target: string): Error | undefined {
  if (isCleanExit(reason)) return undefined
  return isError(reason) ? reason : new ExitError(operation, target, reason)
}
