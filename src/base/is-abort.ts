/** How many causes of an error are checked. */
const CAUSES = 8

/**
 * Whether a value was thrown because a signal was aborted with `reason`: it is the reason itself, as with `fetch`, an
 * `AbortError`, as with Node's functions, or an error caused by one of these.
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
    // An error whose properties cannot be read does not count as an abort.
  }
  return false
}
