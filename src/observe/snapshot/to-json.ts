import { isError } from '../../base/is-error.ts'
import { quote } from '../../base/quote.ts'
import type { JsonValue } from './snapshot-types.ts'

/** How deep a value is shown. */
const MOST_LEVELS = 4
/** How many entries of an array, a map or an object are shown. */
const MOST_ENTRIES = 50
/** How much of a string is shown, in characters. */
const MOST_CHARACTERS = 500

/**
 * A value as JSON can carry it, for people to look at: cut where it is deep or long, and whatever JSON does not know
 * (functions, dates, errors, big integers, what refers to itself) in words.
 *
 * Getters of the value's own are read, and may throw: then that is what is shown.
 */
export function toJson(value: unknown, levels: number = MOST_LEVELS): JsonValue {
  switch (typeof value) {
    case 'string':
      return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value
    case 'boolean':
      return value
    case 'number':
      // JSON has no `-0` either.
      return Number.isFinite(value) ? value + 0 : String(value)
    case 'object':
      return value === null ? null : objectToJson(value, levels)
    default:
      return quote(value)
  }
}

function objectToJson(value: object, levels: number): JsonValue {
  if (isError(value) || value instanceof Date || levels === 0) return quote(value)
  if (Array.isArray(value)) return listToJson(value, value.length, levels)
  if (value instanceof Set) return listToJson(value, value.size, levels)
  if (value instanceof Map) return entriesToJson(value, value.size, levels)
  const entries = Object.keys(value).map((key) => [key, read(value, key)] as const)
  return entriesToJson(entries, entries.length, levels)
}

function listToJson(items: Iterable<unknown>, size: number, levels: number): JsonValue {
  const list: JsonValue[] = []
  for (const item of items) {
    if (list.length === MOST_ENTRIES) {
      list.push(`… and ${size - MOST_ENTRIES} more`)
      break
    }
    list.push(toJson(item, levels - 1))
  }
  return list
}

function entriesToJson(entries: Iterable<readonly [unknown, unknown]>, size: number, levels: number): JsonValue {
  const record: Record<string, JsonValue> = {}
  let shown = 0
  for (const [key, item] of entries) {
    if (shown === MOST_ENTRIES) {
      record['…'] = `and ${size - MOST_ENTRIES} more`
      break
    }
    shown++
    define(record, typeof key === 'string' ? key : quote(key), toJson(item, levels - 1))
  }
  return record
}

/** An entry may be called `__proto__`. */
function define(record: Record<string, JsonValue>, key: string, value: JsonValue): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true })
}

function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key]
  } catch (error) {
    return error
  }
}
