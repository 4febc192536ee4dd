import { quote } from '../quote.ts'

/**
 * Checks that an argument is one of a few strings, and returns it.
 *
 * @throws {TypeError} If it is not.
 */
export function expectOneOf<const Value extends string>(name: string, given: unknown, values: readonly Value[]): Value {
  const found = values.find((value) => value === given)
  if (found !== undefined) return found
  throw new TypeError(`expected ${name} to be ${values.map(quote).join(' or ')}, got: ${quote(given)}`)
}
