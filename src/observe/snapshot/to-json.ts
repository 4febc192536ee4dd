import { byteLengthOf } from '../../base/byte-length-of.ts'
import { isError } from '../../base/is-error.ts'
import { quote } from '../../base/quote.ts'
import { Allowance } from './allowance.ts'
import type { JsonValue } from './snapshot-types.ts'

/** The most levels of a value that are shown. */
const MOST_LEVELS = 4
/** The most entries of an array, a map or an object that are shown. */
const MOST_ENTRIES = 50
/** The longest part of a string that is shown, in characters. */
const MOST_CHARACTERS = 500
/** The cost of a value besides its text, in characters: quotes, commas, and the work of reading it. */
const COST = 8

/**
 * Converts a value to JSON for people to read.
 *
 * Deep and long values are cut. Values that JSON cannot represent, such as functions, dates, errors, big integers and
 * circular references, are shown as text. For bytes only their number is shown.
 *
 * Never throws. Reads no more entries of a value than it shows; only the keys of an object are all listed, because there
 * is no other way to get some of them. Getters are called; if one throws, its error is shown.
 *
 * @param allowance How much may be shown. What is shown is deducted from it.
 */
export function toJson(
  value: unknown,
  allowance: Allowance = new Allowance(),
  levels: number = MOST_LEVELS,
): JsonValue {
  switch (typeof value) {
    case 'string':
      return text(value, allowance)
    case 'boolean':
      allowance.use(COST)
      return value
    case 'number':
      allowance.use(COST)
      // JSON has no `-0` either.
      return Number.isFinite(value) ? value + 0 : String(value)
    case 'object':
      return value === null ? null : objectToJson(value, allowance, levels)
    default:
      return text(quote(value), allowance)
  }
}

function objectToJson(value: object, allowance: Allowance, levels: number): JsonValue {
  try {
    if (levels === 0 || isShownAsText(value)) return text(quote(value), allowance)
    if (value instanceof String) return text(String.prototype.valueOf.call(value), allowance)
    allowance.use(COST)
    if (Array.isArray(value)) return listToJson(itemsOf(value), value.length, allowance, levels)
    if (value instanceof Set) {
      return listToJson(Set.prototype.values.call(value), sizeOf(Set, value), allowance, levels)
    }
    if (value instanceof Map) {
      return entriesToJson(Map.prototype.entries.call(value), sizeOf(Map, value), allowance, levels)
    }
    const keys = Object.keys(value)
    return entriesToJson(propertiesOf(value, keys), keys.length, allowance, levels)
  } catch {
    return '[unreadable]'
  }
}

function isShownAsText(value: object): boolean {
  return isError(value) || value instanceof Date || value instanceof RegExp || byteLengthOf(value) !== undefined
}

/** Reads the size by the getter of the class itself: a subclass may have another one. */
function sizeOf({ prototype }: MapConstructor | SetConstructor, value: object): number {
  return Reflect.get(prototype, 'size', value)
}

function* itemsOf(list: readonly unknown[]): Generator<unknown> {
  // Not by the iterator of the list, which a subclass may have replaced.
  for (let index = 0; index < list.length; index++) yield read(list, index)
}

function* propertiesOf(value: object, keys: readonly string[]): Generator<readonly [string, unknown]> {
  for (const key of keys) yield [key, read(value, key)]
}

function listToJson(items: Iterable<unknown>, size: number, allowance: Allowance, levels: number): JsonValue {
  const list: JsonValue[] = []
  if (size === 0) return list
  for (const item of items) {
    list.push(toJson(item, allowance, levels - 1))
    if (list.length === size) return list
    if (list.length === MOST_ENTRIES || allowance.isUsedUp) break
  }
  const more = size - list.length
  if (more > 0) list.push(`… and ${more} more`)
  return list
}

function entriesToJson(
  entries: Iterable<readonly [unknown, unknown]>,
  size: number,
  allowance: Allowance,
  levels: number,
): JsonValue {
  const record: Record<string, JsonValue> = {}
  if (size === 0) return record
  let shown = 0
  for (const [key, item] of entries) {
    const name = text(typeof key === 'string' ? key : quote(key), allowance)
    define(record, name, toJson(item, allowance, levels - 1))
    shown++
    if (shown === MOST_ENTRIES || allowance.isUsedUp) break
  }
  if (size > shown) define(record, '…', `and ${size - shown} more`)
  return record
}

function text(value: string, allowance: Allowance): string {
  const shown = value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value
  allowance.use(shown.length + COST)
  return shown
}

/** Adds an entry, even one with the name `__proto__`. */
function define(record: Record<string, JsonValue>, key: string, value: JsonValue): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true })
}

function read(value: object, key: string | number): unknown {
  try {
    return (value as Record<string | number, unknown>)[key]
  } catch (error) {
    return error
  }
}
