import type { AbortSignalLike } from '../process/host/abort-signal-like.ts'
import { onAbort as onLaterAbort } from '../process/host/on-abort.ts'
import type { StageContext } from '../stage/types/context.ts'

/**
 * Calls `run` when the signal is aborted, or at once if it already is.
 *
 * @returns A function that removes the listener.
 */
export function onAbort(signal: AbortSignalLike | undefined, run: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  if (!signal.aborted) return onLaterAbort(signal, run)
  run(signal.reason)
  return () => {}
}

/** Ends a stage at once when the signal is aborted, with its reason, even while a callback of it waits. */
export function exitOnAbort(stage: StageContext, signal: AbortSignalLike | undefined): void {
  if (signal === undefined) return
  // A stage ignores the exit signal 'normal', but a signal that is aborted with that reason must still end it.
  const stopListening = onAbort(signal, (reason) => stage.self.exit(reason === 'normal' ? 'shutdown' : reason))
  stage.signal.addEventListener('abort', stopListening, { once: true })
}
