import { byteLengthOf } from './byte-length-of.ts'
import { isError } from './is-error.ts'

/** The longest text that `quote` returns, in UTF-16 code units. */
const longest = 80
/** Objects in objects are shown down to this depth; of deeper ones only their existence is shown. */
const deepest = 3
/** How much of a text is read: a text from a user may be of any length. */
const mostRead = 1_000
/** A big integer of up to this many bits is written out, which takes time that grows with the square of its length. */
const mostBits = 256

/**
 * Shows a value for an error message: `expected maxDemand to be an integer of at least 1, got: 'ten'`.
 *
 * Returns one line of at most 80 characters, which distinguishes values that are easily confused: `'1'` and `1`, `0` and
 * `-0`, `[]` and `''`. Never throws. Getters are not called, except for the name and the message of an error.
 */
export function quote(value: unknown): string {
  try {
    return fit(show(value, longest, []), longest)
  } catch {
    return 'a value that cannot be shown'
  }
}

/** Shows `value` in about `room` characters; `above` are the objects that contain it, outermost first. */
function show(value: unknown, room: number, above: readonly object[]): string {
  switch (typeof value) {
    case 'string':
      return showString(value, room)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return BigInt.asIntN(mostBits, value) === value ? `${value}n` : `a bigint of more than ${mostBits} bits`
    case 'function':
      return showFunction(value)
    case 'object':
      return value === null ? 'null' : showObject(value, room, above)
    default:
      return String(value)
  }
}

function showString(value: string, room: number): string {
  const shown = value.length > room ? value.slice(0, room) : value
  const escaped = JSON.stringify(shown).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  // Cut before the closing quote, to show that there was more.
  return `'${fit(escaped, Math.max(room - 2, 1), shown !== value)}'`
}

function showFunction(value: object): string {
  const name = dataOf(value, 'name')
  const isClass = Function.prototype.toString.call(value).startsWith('class')
  return `${isClass ? 'class' : 'function'} ${typeof name === 'string' && name !== '' ? name : '(anonymous)'}`
}

function showObject(value: object, room: number, above: readonly object[]): string {
  if (above.includes(value)) return '[circular]'
  try {
    if (isError(value)) return showError(value)
    if (value instanceof Date || value instanceof RegExp) return `${value}`
    // It has a key for each character, as typed arrays have one for each byte.
    if (value instanceof String) return showString(String.prototype.valueOf.call(value), room)
    const within = [...above, value]
    if (Array.isArray(value)) return showItems('[', ']', room, within, elements(value))
    const name = constructorName(value)
    if (value instanceof Map || value instanceof Set) return `${name}(${value.size})`
    const bytes = byteLengthOf(value)
    if (bytes !== undefined) return `${name}(${bytes} bytes)`
    return showItems(name === '' || name === 'Object' ? '{' : `${name} {`, '}', room, within, properties(value))
  } catch {
    return '[unreadable]'
  }
}

/** As `Error.prototype.toString`, but omits a message or name that is not a string or cannot be read. */
function showError(error: Error): string {
  const name = textOf(error, 'name') || 'Error'
  const message = textOf(error, 'message')
  if (message !== '') return `${name}: ${message}`
  // Its class may be all that identifies it, and a class does not set `name` by itself.
  return name === 'Error' ? constructorName(error) || name : name
}

/** A property that is a string, own or inherited; empty if it is not a string. A getter of an error is called. */
function textOf(error: Error, key: 'name' | 'message'): string {
  try {
    const text: unknown = error[key]
    return typeof text === 'string' ? text : ''
  } catch {
    return ''
  }
}

/** A key, or `undefined` in an array, and what to show after it. */
type Item = readonly [key: string | undefined, descriptor: PropertyDescriptor | undefined]

function* elements(array: readonly unknown[]): Generator<Item> {
  for (let index = 0; index < array.length; index++) yield [undefined, Object.getOwnPropertyDescriptor(array, index)]
}

function* properties(object: object): Generator<Item> {
  for (const key of Object.keys(object)) yield [key, Object.getOwnPropertyDescriptor(object, key)]
}

function showItems(
  open: string,
  close: string,
  room: number,
  within: readonly object[],
  items: Iterable<Item>,
): string {
  let text = ''
  for (const [key, descriptor] of items) {
    if (within.length > deepest) return `${open}…${close}`
    const left = room - open.length - text.length - close.length - ', …'.length
    const before = text === '' ? '' : ', '
    const label = key === undefined ? '' : `${isWord(key) ? key : showString(key, Math.max(left, 1))}: `
    const item = `${before}${label}${showProperty(descriptor, left - before.length - label.length, within)}`
    if (item.length > left) return `${open}${text}${before}…${close}`
    text += item
  }
  return `${open}${text}${close}`
}

function isWord(key: string): boolean {
  return key.length <= longest && /^[\w$]+$/.test(key)
}

function showProperty(descriptor: PropertyDescriptor | undefined, room: number, within: readonly object[]): string {
  if (descriptor === undefined) return 'empty'
  return 'value' in descriptor ? show(descriptor.value, Math.max(room, 1), within) : '[getter]'
}

/** The name of the constructor of `object`; empty if there is none, or if it is hidden. */
function constructorName(object: object): string {
  const prototype: object | null = Object.getPrototypeOf(object)
  const creator = prototype === null ? undefined : dataOf(prototype, 'constructor')
  const name = typeof creator === 'function' ? dataOf(creator, 'name') : undefined
  return typeof name === 'string' ? name : ''
}

/** The value of an own property that is not a getter; `undefined` for any other. */
function dataOf(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value
}

/** Puts text on one line, in at most `room` characters, with `…` at the end if something is left out. */
function fit(text: string, room: number, isCut = false): string {
  const line = text.slice(0, mostRead).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
  if (line.length <= room && text.length <= mostRead && !isCut) return line
  const kept = line.slice(0, room - 1)
  // Half of a surrogate pair is not a character.
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`
}
