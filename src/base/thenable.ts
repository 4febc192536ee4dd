/**
 * Whether a callback's answer comes later. The one place that asks.
 *
 * Arrays are answered for first: they are what callbacks answer most, and an array with a `then` is still events.
 */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    !Array.isArray(answer) &&
    typeof (answer as { then?: unknown }).then === 'function'
  )
}
