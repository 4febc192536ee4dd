import { quote } from '../base/quote.ts'

/**
 * Makes the error for an argument that is not the stream that a bridge takes.
 *
 * @param wanted What follows "expected" in the message: `a Readable`.
 * @param others The bridges that take other objects, each by a method that such an object has.
 */
export function wrongStream(wanted: string, given: unknown, others: Readonly<Record<string, string>>): TypeError {
  const methods = (given ?? {}) as Readonly<Record<string, unknown>>
  const method = Object.keys(others).find((name) => typeof methods[name] === 'function')
  const hint = method === undefined ? '' : ` (${others[method]} takes it)`
  return new TypeError(`expected ${wanted}, got: ${quote(given)}${hint}`)
}
