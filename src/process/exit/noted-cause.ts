import type { ExitCause } from './exit-cause.ts'
import type { ExitReason } from './exit-reason.ts'

/** The end of another process, as the message that is being handled has reported it. */
export class NotedCause {
  private cause: ExitCause | undefined
  /** Which message has reported it. */
  private during = 0

  note(cause: ExitCause | undefined, message: number): void {
    this.cause = cause
    this.during = message
  }

  /** The cause of an exit with this reason while `message` is handled, if that message has brought that very reason. */
  passedOn(reason: ExitReason, message: number): ExitCause | undefined {
    // A process that does not exist has not failed.
    const isPassedOn = this.during === message && this.cause?.reason === reason && reason !== 'noproc'
    return isPassedOn ? this.cause : undefined
  }
}
