import type { AbortSignalLike } from '../process/process-ref.ts'
import type { StageContext } from '../stage/context.ts'

/**
 * Runs something when the signal is aborted, at once if it has been.
 *
 * @returns A function that takes the listener away again.
 */
export function onAbort(signal: AbortSignalLike | undefined, run: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  const listener = (): void => run(signal.reason)
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** Ends a stage at once when the signal is aborted, with its reason: also in the middle of a callback that waits. */
export function exitOnAbort(stage: StageContext, signal: AbortSignalLike | undefined): void {
  if (signal === undefined) return
  // A stage does not die of the signal 'normal'; whoever aborts for that reason wants it to, all the same.
  const stopListening = onAbort(signal, (reason) => stage.self.exit(reason === 'normal' ? 'shutdown' : reason))
  stage.signal.addEventListener('abort', stopListening, { once: true })
}
