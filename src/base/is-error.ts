/**
 * Whether a value is an error, also one of another realm: of `node:vm`, a frame, a test runner. The one place that asks.
 *
 * Never throws, whatever the value: of a proxy that refuses to be looked at it says `false`.
 */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}
