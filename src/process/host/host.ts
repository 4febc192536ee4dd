import type { Logger } from '../../base/logger.ts'
import type { AbortSignalLike } from '../process-ref.ts'

/** A timer of the platform. */
interface HostTimer {
  clear(): void
  /** Has the program not wait for it, where the platform's timers can be told so. */
  unref?(): void
}

/** The two ends of an abort. */
export interface HostAbort {
  readonly signal: AbortSignalLike
  abort(reason: unknown): void
}

/** Runs a function in an async context that was captured before. */
export type RunInContext = <Result>(run: () => Result) => Result

/**
 * What the core needs of a platform, and all that it needs.
 *
 * Chosen by the `imports` conditions of package.json. An implementation takes the platform's functions when it is
 * loaded, so that a test which replaces the global timers does not stop the scheduler.
 */
export interface Host {
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** Runs once after `ms` milliseconds (at most 2³¹−1), and keeps the program alive until then. */
  setTimer(run: () => void, ms: number): HostTimer
  /** Runs after timers and I/O have had their turn. */
  yieldToEventLoop(run: () => void): void
  /** Runs once the running code has returned, before the event loop turns. */
  enqueueMicrotask(run: () => void): void
  /** Raises an error as uncaught, in a task of its own. */
  reportUncaught(error: unknown): void
  /** Takes hold of the present async context. */
  captureContext(): RunInContext
  createAbort(): HostAbort
  /**
   * Has the program print what `describe` returns, on stderr, when it ends because nothing is left to do. Called once.
   *
   * @param describe Whether a top-level `await` is pending is its argument.
   */
  describeEnd(describe: (isAwaiting: boolean) => readonly string[]): void
  /** Where messages go when the runtime was given no logger: warnings and errors to the console. */
  readonly logger: Logger
}
