/**
 * Whether a value that a callback returned is a promise. The only place that checks.
 *
 * Arrays are checked first: callbacks return them most, and an array with a `then` is still events. Never throws: a value
 * that cannot be inspected is not a promise.
 */
export function isThenable(result: unknown): result is PromiseLike<unknown> {
  if ((typeof result !== 'object' && typeof result !== 'function') || result === null) return false
  try {
    return !Array.isArray(result) && typeof (result as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
