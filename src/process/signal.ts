import { host } from '#host'
import type { Process } from './process.ts'
import type { AbortSignalLike } from './process-ref.ts'

/** The signal that is aborted when the process ends; made when it is first asked for. */
export function signalOf(process: Process): AbortSignalLike {
  if (process.abort === undefined) {
    process.abort = host.createAbort()
    if (process.status === 'ended') process.abort.abort(process.reference.exitReason)
  }
  return process.abort.signal
}
