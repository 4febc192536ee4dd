/// <reference lib="esnext.disposable" preserve="true" />
import type { DrainResult } from './drain.ts'
import type { ExitReason } from './exit/exit-reason.ts'

/** How long an operation that waits for an answer may take. */
export interface CallOptions {
  /** Milliseconds, more than 0, or `Infinity`. Default: 5,000. */
  readonly timeout?: number
  /** Gives up when aborted: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignalLike
}

/** How a process is stopped. */
export interface StopOptions {
  /** Milliseconds after which the wait is given up, not the stop. Default: `Infinity`. */
  readonly timeout?: number
}

/** How a process is drained. */
export interface DrainOptions {
  /**
   * Milliseconds after which the process is stopped, and what it still holds is dropped: more than 0, or `Infinity`.
   * Default: `Infinity`.
   */
  readonly deadline?: number
}

/**
 * A handle on a process; all that anyone but the process itself ever holds.
 *
 * It stays usable after the process has ended, when it keeps its id, name and exit reason and nothing else.
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
   * The promise is created when it is first read: a failure that is handled elsewhere does not become an unhandled
   * rejection here.
   */
  readonly done: Promise<void>
  /**
   * Ends the process once everything it has taken is done: the way to end without losing events.
   *
   * A stage cancels its subscriptions, handles what it was sent, hands on what it holds as its consumers ask for it, calls
   * its `handleEnd`, and ends with `'shutdown'`. A producer is asked for nothing more. A supervisor or consumer supervisor
   * drains its children and starts none again.
   *
   * Resolves once the process has ended, however it ended. After `deadline` it is stopped like a supervisor's child, and
   * `undone` lists what was left. Draining a process twice, or one that has ended, is no error.
   */
  drain(options?: DrainOptions): Promise<DrainResult>
  /**
   * Ends the process now: after what is already in its mailbox, running its `terminate`.
   *
   * Events that it holds or has asked for are dropped, and their number is logged as a warning; `drain` handles them
   * first. Waits for a callback that is pending. Resolves once the process has ended with `reason` (default `'normal'`), or
   * cleanly, or if it had ended before. Rejects with an `ExitError` if it failed in the meantime.
   */
  stop(reason?: ExitReason, options?: StopOptions): Promise<void>
  /**
   * Sends an exit signal, as OTP's `Process.exit/2`.
   *
   * A reason other than `'normal'` ends the process at once, also in the middle of a pending callback, and without
   * `terminate`, unless it traps exits: then its `handleInfo` gets `{ exit, reason }`. `'kill'` cannot be trapped; the
   * others hear `'killed'`.
   */
  exit(reason: ExitReason): void
  /** Sends an ordinary message, for `handleInfo`. To a process that has ended it vanishes. */
  send(message: unknown): void
}

/** The platform's `AbortSignal`, or the part of it that is used here, where the platform's types have none. */
export type AbortSignalLike = typeof globalThis extends {
  AbortSignal: { prototype: infer Signal extends object }
}
  ? Signal
  : MinimalAbortSignal

/** The part of an `AbortSignal` that this library relies on. */
interface MinimalAbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
