import type { constants } from 'node:os'
import { GenStageError } from '../base/errors.ts'

/** A signal by which a program is told to end. */
export type Signal = keyof typeof constants.signals

/** Why the `signal` of a program's function was aborted: the program has received a signal of the operating system. */
export class InterruptedError extends GenStageError {
  readonly code = 'GENSTAGE_INTERRUPTED'
  /** The signal, as `'SIGTERM'`. */
  readonly signal: Signal

  constructor(signal: Signal) {
    super(`the program received ${signal}`)
    this.signal = signal
  }
}
