/**
 * Whether a callback's answer comes later. The one place that asks.
 *
 * Arrays are answered for first: they are what callbacks answer most, and an array with a `then` is still events. Never
 * throws: what cannot be looked at is not waited for.
 */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null) return false
  try {
    return !Array.isArray(answer) && typeof (answer as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
