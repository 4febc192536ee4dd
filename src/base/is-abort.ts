/** How many causes of an error are looked at. */
const CAUSES = 8

/**
 * Whether something was thrown because a signal was aborted with `reason`: it is the reason itself, as `fetch` has it,
 * an `AbortError`, as Node's functions have it, or an error caused by one of these.
 */
export function isAbort(thrown: unknown, reason: unknown): boolean {
  try {
    let error = thrown
    for (let depth = 0; depth < CAUSES; depth++) {
      if (error === reason) return true
      if (typeof error !== 'object' || error === null) return false
      const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown }
      if (name === 'AbortError') return true
      error = cause
    }
  } catch {
    // An error whose properties cannot be read says nothing of an abort.
  }
  return false
}
