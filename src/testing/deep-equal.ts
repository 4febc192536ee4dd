import { isError } from '../base/is-error.ts'

/**
 * Whether two values are deeply equal: of the same type, with equal contents.
 *
 * Errors are equal if they have the same class, name and message. Cyclic values are supported.
 */
export function deepEqual(one: unknown, other: unknown): boolean {
  return isSame(one, other, new Map())
}

/** `compared` holds the pairs that are being compared in outer calls: they count as equal, unless another part differs. */
function isSame(one: unknown, other: unknown, compared: Map<object, object>): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  if (compared.get(one) === other) return true
  compared.set(one, other)
  if (isError(one) && isError(other)) return one.message === other.message && one.name === other.name
  if (one instanceof Date && other instanceof Date) return Object.is(one.getTime(), other.getTime())
  if (one instanceof Map && other instanceof Map) return isSameList([...one], [...other], compared)
  if (one instanceof Set && other instanceof Set) return isSameList([...one], [...other], compared)
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key as never], other[key as never], compared))
  )
}

function isSameList(one: readonly unknown[], other: readonly unknown[], compared: Map<object, object>): boolean {
  return one.length === other.length && one.every((each, index) => isSame(each, other[index], compared))
}
