import type { constants } from 'node:os'
import { GenStageError } from '../base/errors.ts'

/** A signal by which a program is told to end. */
export type Signal = keyof typeof constants.signals

/**
 * The program received a signal of the operating system.
 *
 * It is the reason of the `signal` that `runUntilSignal` hands to its function: `signal.reason`. What stops because of
 * that signal may reject with it.
 *
 * What to do: nothing: it is how a program is told to end. Close what you have opened, and return. A function that
 * rejects with this error has not failed.
 */
export class InterruptedError extends GenStageError {
  readonly code = 'GENSTAGE_INTERRUPTED'
  /** The signal, as `'SIGTERM'`. */
  readonly signal: Signal

  constructor(signal: Signal) {
    super(`the program received ${signal}`)
    this.signal = signal
  }
}
