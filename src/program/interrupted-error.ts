import type { constants } from 'node:os'
import { GenStageError } from '../base/errors.ts'

/** A signal that asks a program to end. */
export type Signal = keyof typeof constants.signals

/**
 * The program received a signal of the operating system.
 *
 * It is the reason of the `signal` that `runUntilSignal` passes to its function: `signal.reason`. Operations that are
 * aborted by that signal may reject with it.
 *
 * What to do: nothing: this is how a program is asked to end. Close what you have opened, and return. A function that
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
