import { host } from '#host'
import type { Process } from './process.ts'
import type { AbortSignalLike } from './process-ref.ts'

/** The signal that is aborted when the process ends, or before by {@link abort}; made when it is first asked for. */
export function signalOf(process: Process): AbortSignalLike {
  if (process.abort === undefined) {
    process.abort = host.createAbort()
    if (process.status === 'ended') process.abort.abort(process.reference.exitReason)
  }
  return process.abort.signal
}

/** Aborts the signal of a process that still runs. */
export function abort(process: Process, reason: unknown): void {
  signalOf(process)
  process.abort?.abort(reason)
}
