import { quote } from '../base/quote.ts'

/**
 * The error for what is not the stream that a bridge takes.
 *
 * @param wanted As it stands after "expected": `a Readable`.
 * @param others The bridges that take something else, each by a method by which that is known.
 */
export function wrongStream(wanted: string, given: unknown, others: Readonly<Record<string, string>>): TypeError {
  const methods = (given ?? {}) as Readonly<Record<string, unknown>>
  const method = Object.keys(others).find((name) => typeof methods[name] === 'function')
  const hint = method === undefined ? '' : ` (${others[method]} takes it)`
  return new TypeError(`expected ${wanted}, got: ${quote(given)}${hint}`)
}
