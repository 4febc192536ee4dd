import type { AbortSignalLike } from '../process/host/abort-signal-like.ts'
import { onAbort as onLaterAbort } from '../process/host/on-abort.ts'
import type { StageContext } from '../stage/types/context.ts'

/**
 * Runs something when the signal is aborted, at once if it has been.
 *
 * @returns A function that takes that back.
 */
export function onAbort(signal: AbortSignalLike | undefined, run: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  if (!signal.aborted) return onLaterAbort(signal, run)
  run(signal.reason)
  return () => {}
}

/** Ends a stage at once when the signal is aborted, with its reason: also in the middle of a callback that waits. */
export function exitOnAbort(stage: StageContext, signal: AbortSignalLike | undefined): void {
  if (signal === undefined) return
  // A stage does not die of the signal 'normal'; whoever aborts for that reason wants it to, all the same.
  const stopListening = onAbort(signal, (reason) => stage.self.exit(reason === 'normal' ? 'shutdown' : reason))
  stage.signal.addEventListener('abort', stopListening, { once: true })
}
