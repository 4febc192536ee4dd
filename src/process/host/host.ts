import type { Logger } from '../../base/logger.ts'
import type { AbortSignalLike } from './abort-signal-like.ts'

/** A timer of the platform. */
interface HostTimer {
  clear(): void
  /** Lets the program end before the timer fires, if the platform supports that. */
  unref?(): void
}

/** The two ends of an abort. */
export interface HostAbort {
  readonly signal: AbortSignalLike
  abort(reason: unknown): void
}

/** Runs a function in an async context that was captured earlier. */
export type RunInContext = <Result>(run: () => Result) => Result

/**
 * Everything that the core needs from a platform.
 *
 * The implementation is chosen by the `imports` conditions of package.json. It reads the functions of the platform when
 * it is loaded, so that a test which replaces the global timers does not stop the scheduler.
 */
export interface Host {
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** Runs once after `ms` milliseconds (at most 2³¹−1), and keeps the program alive until then. */
  setTimer(run: () => void, ms: number): HostTimer
  /** Runs after pending timers and I/O callbacks. */
  yieldToEventLoop(run: () => void): void
  /** Runs once the running code has returned, before the event loop continues. */
  enqueueMicrotask(run: () => void): void
  /** Throws an error as uncaught, in a task of its own. */
  reportUncaught(error: unknown): void
  /** Captures the current async context. */
  captureContext(): RunInContext
  createAbort(): HostAbort
  /**
   * Prints the lines that `describe` returns to stderr if the program ends because nothing is left to do. Called once.
   *
   * @param describe Its argument is whether a top-level `await` is pending.
   */
  describeEnd(describe: (isAwaiting: boolean) => readonly string[]): void
  /** The logger of a runtime without the option `logger`: warnings and errors to the console. */
  readonly logger: Logger
}
