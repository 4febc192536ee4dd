/// <reference lib="esnext.disposable" preserve="true" />
import type { ExitReason } from './exit/exit-reason.ts'
import type { AbortSignalLike } from './host/abort-signal-like.ts'

/** How long an operation that waits for a reply may take. */
export interface CallOptions {
  /** Milliseconds, more than 0, or `Infinity`. Default: 5,000. */
  readonly timeout?: number
  /** Gives up when aborted: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignalLike
}

/** How a process is stopped. */
export interface StopOptions {
  /** Milliseconds after which the promise rejects; the process still stops. Default: `Infinity`. */
  readonly timeout?: number
}

/** How a process is drained. */
export interface DrainOptions {
  /**
   * Milliseconds after which the process is stopped, and the events that it still holds are dropped: more than 0, or
   * `Infinity`. Default: `Infinity`.
   */
  readonly deadline?: number
}

/** A process that ended with events that it had not handled or emitted. */
export interface UndoneStage {
  /** Its kind, and its name or else its id. */
  readonly label: string
  /** Its exit reason. */
  readonly reason: ExitReason
  /** The number of events that it still held, by place. */
  readonly remaining: Readonly<Record<string, number>>
}

/** The result of a drain. */
export interface DrainResult {
  /** The processes that ended with events left, for example because the deadline had passed; empty if there are none. */
  readonly undone: readonly UndoneStage[]
}

/**
 * A handle on a process. Code outside of the process only ever holds its reference.
 *
 * It stays usable after the process has ended: it then keeps the id, the name and the exit reason, and nothing else.
 */
export interface ProcessRef extends AsyncDisposable {
  /** Identifies the process for as long as the program runs. */
  readonly id: string
  /** The name it was started under. */
  readonly name: string | undefined
  /** Resolves with the exit reason once the process has ended; never rejects. */
  readonly exited: Promise<ExitReason>
  /**
   * Resolves once the process has ended cleanly, and rejects with a `StageFailure` if it failed, or was shut down because
   * another process failed.
   *
   * The promise is created when it is first read, so a failure that is handled elsewhere does not become an unhandled
   * rejection here.
   */
  readonly done: Promise<void>
  /**
   * Ends the process once it has handled everything it has received: the way to end without losing events.
   *
   * A stage cancels its subscriptions, handles the events it was sent, emits the events it holds as its consumers ask for
   * them, calls its `handleEnd`, and exits with `'shutdown'`. A producer receives no more demand. A supervisor or consumer
   * supervisor drains its children and does not restart them.
   *
   * Resolves once the process has ended, for whatever reason. After `deadline` the process is stopped as a supervisor
   * stops a child, and `undone` lists the events that were left. It is no error to drain a process twice, or one that has
   * ended.
   */
  drain(options?: DrainOptions): Promise<DrainResult>
  /**
   * Ends the process after the messages that are already in its mailbox, and runs its `terminate`.
   *
   * Events that it holds or has asked for are dropped, and their number is logged as a warning; `drain` handles them
   * first. A pending callback is awaited. Resolves once the process has ended with `reason` (default `'normal'`) or
   * cleanly, or if it had ended before. Rejects with an `ExitError` if the process failed in the meantime.
   */
  stop(reason?: ExitReason, options?: StopOptions): Promise<void>
  /**
   * Sends an exit signal, like `Process.exit/2` in OTP.
   *
   * A reason other than `'normal'` ends the process at once, even in the middle of a pending callback, and without
   * `terminate`. If the process traps exits, its `handleInfo` receives `{ exit, reason }` instead. `'kill'` cannot be
   * trapped; linked processes then receive the reason `'killed'`.
   */
  exit(reason: ExitReason): void
  /** Sends an ordinary message, for `handleInfo`. If the process has ended, the message is dropped. */
  send(message: unknown): void
}
