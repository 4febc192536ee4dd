/**
 * Whether a value is an error, also one of another realm: of `node:vm`, a frame, a test runner. The only place that
 * checks.
 *
 * Never throws: for a proxy that cannot be inspected it returns `false`.
 */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}
