import { quote } from './quote.ts'

/** What a key can be: a primitive value, compared as the keys of a `Map` are. */
export type Key = string | number | bigint | boolean

/**
 * Returns the key that a user's function computed.
 *
 * @param source What returned it, for the message.
 * @throws {TypeError} If it is not a key.
 */
export function expectKey(source: string, value: unknown): Key {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value
    default:
      throw new TypeError(`expected ${source} to return a string, number, bigint or boolean, got: ${quote(value)}`)
  }
}
