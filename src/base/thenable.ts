/**
 * Whether a value that a callback returned is a promise. The only place that checks.
 *
 * Arrays are checked first: callbacks return them most, and an array with a `then` is still events. Never throws: a value
 * that cannot be inspected is no promise.
 */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null) return false
  try {
    return !Array.isArray(answer) && typeof (answer as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
