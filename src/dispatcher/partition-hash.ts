import { quote } from '../base/quote.ts'

/** How deep a structure may be. A cyclic one is deeper. */
const deepest = 100

// Every kind of value starts from a different number, so that 1, '1', 1n, true and [1] differ.
const integerStart = mix(0, 1)
const fractionStart = mix(0, 2)
const stringStart = mix(0, 3)
const bigintStart = mix(0, 4)
const arrayStart = mix(0, 5)
const objectStart = mix(0, 6)
const nullHash = finish(mix(0, 7))
const falseHash = finish(mix(0, 8))
const trueHash = finish(mix(0, 9))

const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8))

/**
 * Hashes a value to an integer from 0 to 2³² − 1. A partition dispatcher without a `hash` uses it.
 *
 * The result is part of the contract: it is the same in every version of this package and on every machine, so a value
 * is in the same partition tomorrow. Equal values have equal hashes, even if they are different objects: arrays are
 * compared element by element, plain objects by their own enumerable string keys, in any order. `0` and `-0` are equal,
 * and so are all `NaN`s; `1`, `1n` and `'1'` are not.
 *
 * It spreads values evenly. It does not protect against values that are chosen to collide. The cost is a few operations
 * for a number, and otherwise one step per character or element.
 *
 * @throws {TypeError} If the value is, or holds, anything but strings, numbers, bigints, booleans, null, arrays and
 *   plain objects, or is nested more than 100 deep.
 */
export function partitionHash(value: unknown): number {
  return hash(value, value, 0) >>> 0
}

/** `partitionHash(value) % count`, which is the partition; without a detour over floating point. */
export function partitionOf(value: unknown, count: number): number {
  return (hash(value, value, 0) >>> 0) % count
}

function hash(value: unknown, whole: unknown, depth: number): number {
  switch (typeof value) {
    case 'number':
      return hashNumber(value)
    case 'string':
      return finish(hashText(stringStart, value))
    case 'boolean':
      return value ? trueHash : falseHash
    case 'bigint':
      return finish(hashText(bigintStart, String(value)))
    case 'object':
      if (value === null) return nullHash
      if (depth === deepest) throw unhashable(whole, `is cyclic, or nested more than ${deepest} deep`)
      if (Array.isArray(value)) return hashArray(value, whole, depth)
      if (isPlain(value)) return hashObject(value, whole, depth)
      break
    default:
  }
  throw unhashable(whole, value === whole ? 'is none of these' : `contains ${quote(value)}`)
}

function hashNumber(value: number): number {
  // True of -0 too, which becomes 0 here.
  if ((value | 0) === value) return finish(mix(integerStart, value | 0))
  // A machine has many NaNs, and JavaScript does not specify which one it writes.
  bits.setFloat64(0, value)
  const high = Number.isNaN(value) ? 0x7ff80000 : bits.getInt32(0)
  const low = Number.isNaN(value) ? 0 : bits.getInt32(4)
  return finish(mix(mix(fractionStart, high), low))
}

/** Hashes UTF-16 code units, as JavaScript counts them. */
function hashText(start: number, text: string): number {
  let state = start
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return mix(state, text.length)
}

function hashArray(array: readonly unknown[], whole: unknown, depth: number): number {
  let state = mix(arrayStart, array.length)
  for (const element of array) state = mix(state, hash(element, whole, depth + 1))
  return finish(state)
}

function hashObject(object: object, whole: unknown, depth: number): number {
  let sum = 0
  let size = 0
  for (const [key, value] of Object.entries(object)) {
    // A sum does not depend on the order.
    sum = (sum + finish(mix(hashText(stringStart, key), hash(value, whole, depth + 1)))) | 0
    size++
  }
  return finish(mix(mix(objectStart, size), sum))
}

/** Whether `object` is a literal, of this realm or another, and no instance of a class. */
function isPlain(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function unhashable(whole: unknown, why: string): TypeError {
  return new TypeError(
    'expected events to be strings, numbers, bigints, booleans, null, or arrays and plain objects of these, which a ' +
      `partition dispatcher without a \`hash\` can hash, but ${quote(whole)} ${why}: give it a \`hash\``,
  )
}

// The two functions of MurmurHash3 for 32 bits, by Austin Appleby, placed by him in the public domain.

// @__NO_SIDE_EFFECTS__
function mix(state: number, word: number): number {
  let scrambled = Math.imul(word, 0xcc9e2d51)
  scrambled = Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593)
  const mixed = state ^ scrambled
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

// @__NO_SIDE_EFFECTS__
function finish(state: number): number {
  let finished = state
  finished = Math.imul(finished ^ (finished >>> 16), 0x85ebca6b)
  finished = Math.imul(finished ^ (finished >>> 13), 0xc2b2ae35)
  return finished ^ (finished >>> 16)
}
