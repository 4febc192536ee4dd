import { quote } from '../../base/quote.ts'
import type { Callback } from './callback-table.ts'

/**
 * The handler for one kind of request, from the table `handleCall` or `handleCast`.
 *
 * The table may be an instance of a class. What every object inherits is no handler: a request of kind `toString` finds
 * none.
 */
export function findHandler(table: object | undefined, tableName: string, kind: PropertyKey): Callback | TypeError {
  if (table === undefined) return new TypeError(`expected a stage with a ${tableName}, got one without`)
  // Anything else would be turned into text first, as `['size']` into `size`, or could not be.
  const isKind = typeof kind === 'string' || typeof kind === 'number' || typeof kind === 'symbol'
  const handler = isKind ? (table as Record<PropertyKey, unknown>)[kind] : undefined
  if (typeof handler === 'function' && !isInheritedByAll(table, kind, handler)) return handler as Callback
  const kinds = kindsOf(table).map(quote).join(', ')
  return new TypeError(`expected a kind of request that ${tableName} has (${kinds}), got: ${quote(kind)}`)
}

/** Whether a table has this under this name only because every object, or every instance of a class, has. */
function isInheritedByAll(table: object, kind: PropertyKey, handler: object): boolean {
  if (kind === 'constructor') return !Object.hasOwn(table, kind)
  return handler === (Object.prototype as unknown as Record<PropertyKey, unknown>)[kind]
}

/** The kinds of request that a table has: its own keys, and the methods of its class. */
function kindsOf(table: object): string[] {
  const kinds = Object.keys(table)
  let prototype: object | null = Object.getPrototypeOf(table)
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    kinds.push(...Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'))
  }
  return kinds
}
