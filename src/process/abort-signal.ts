import { host } from '#host'
import type { AbortSignalLike } from './host/abort-signal-like.ts'
import type { ProcessRecord } from './process-record.ts'

/** The signal that is aborted when the process ends, or earlier by {@link abort}. Created when it is first read. */
export function signalOf(process: ProcessRecord): AbortSignalLike {
  if (process.abort === undefined) {
    process.abort = host.createAbort()
    if (process.status === 'ended') process.abort.abort(process.reference.exitReason)
  }
  return process.abort.signal
}

/** Aborts the signal of a process that is still running. */
export function abort(process: ProcessRecord, reason: unknown): void {
  signalOf(process)
  process.abort?.abort(reason)
}
