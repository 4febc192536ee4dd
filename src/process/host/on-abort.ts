import type { AbortSignalLike } from './abort-signal-like.ts'

/** What runs when a signal is aborted; an entry for each request. */
type Waiting = Set<{ readonly run: (reason: unknown) => void }>

/**
 * What waits for each signal. All entries of a signal share one listener: platforms warn about many listeners on one
 * signal, and a signal that is passed to a thousand calls is no leak.
 */
const waitingFor = new WeakMap<AbortSignalLike, { readonly waiting: Waiting; readonly listener: () => void }>()

/**
 * Runs a function when the signal is aborted, after those that were added before. The signal must not be aborted yet.
 *
 * @returns Removes the function. With the last one, the listener is removed from the signal.
 */
export function onAbort(signal: AbortSignalLike, run: (reason: unknown) => void): () => void {
  const { waiting, listener } = waitingFor.get(signal) ?? listenTo(signal)
  const entry = { run }
  waiting.add(entry)
  return () => {
    if (!waiting.delete(entry) || waiting.size > 0) return
    waitingFor.delete(signal)
    try {
      signal.removeEventListener('abort', listener)
    } catch {
      // A user-defined signal may throw here. A listener that stays has nothing to run.
    }
  }
}

function listenTo(signal: AbortSignalLike): { readonly waiting: Waiting; readonly listener: () => void } {
  const waiting: Waiting = new Set()
  const listener = (): void => {
    waitingFor.delete(signal)
    const due = [...waiting]
    waiting.clear()
    for (const { run } of due) run(signal.reason)
  }
  signal.addEventListener('abort', listener, { once: true })
  const listening = { waiting, listener }
  waitingFor.set(signal, listening)
  return listening
}
