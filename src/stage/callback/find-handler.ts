import { quote } from '../../base/quote.ts'
import type { Callback } from './callback-table.ts'

/** What a call or a cast passes to its handler. */
export interface UserRequest {
  readonly kind: PropertyKey
  readonly arguments: readonly unknown[]
}

/**
 * Finds the handler for one kind of request in the table `handleCall` or `handleCast`.
 *
 * The table may be an instance of a class. What every object inherits is not a handler: a request of kind `toString`
 * has none.
 *
 * @returns The handler, or an error that lists the kinds that the table has.
 */
export function findHandler(table: object | undefined, tableName: string, kind: PropertyKey): Callback | TypeError {
  if (table === undefined) return new TypeError(`expected a stage with a ${tableName}, got one without`)
  // A value of another type would be converted to a string first, as `['size']` to `size`, or cannot be converted.
  const isKind = typeof kind === 'string' || typeof kind === 'number' || typeof kind === 'symbol'
  const handler = isKind ? (table as Record<PropertyKey, unknown>)[kind] : undefined
  if (typeof handler === 'function' && !isInheritedByAll(table, kind, handler)) return handler as Callback
  const kinds = kindsOf(table).map(quote).join(', ')
  return new TypeError(`expected a kind of request that ${tableName} has (${kinds}), got: ${quote(kind)}`)
}

/** Whether a table has this member only because every object, or every instance of a class, has it. */
function isInheritedByAll(table: object, kind: PropertyKey, handler: object): boolean {
  if (kind === 'constructor') return !Object.hasOwn(table, kind)
  return handler === (Object.prototype as unknown as Record<PropertyKey, unknown>)[kind]
}

/** The kinds of request that a table has: its own keys and the methods of its class. */
function kindsOf(table: object): string[] {
  const kinds = Object.keys(table)
  let prototype: object | null = Object.getPrototypeOf(table)
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    kinds.push(...Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'))
  }
  return kinds
}
