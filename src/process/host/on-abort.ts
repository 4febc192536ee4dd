import type { AbortSignalLike } from '../process-ref.ts'

/** What runs when a signal is aborted, an entry for each that asked for it. */
type Waiting = Set<{ readonly run: (reason: unknown) => void }>

/**
 * What waits for a signal, with one listener for all of it: platforms warn of many listeners on one signal, and a
 * signal that a thousand calls are given is no leak.
 */
const waitingFor = new WeakMap<AbortSignalLike, { readonly waiting: Waiting; readonly listener: () => void }>()

/**
 * Runs something when the signal is aborted, in the order in which that was asked for. Not for one that has been.
 *
 * @returns A function that takes it back. With the last one the listener is taken off the signal.
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
      // A signal of somebody's own may throw here. A listener that stays finds nothing to run.
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
