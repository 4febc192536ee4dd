/** Returns what was expected of a value, with its path; `undefined` if the value is valid. */
export type Check = (value: unknown, path: string) => string | undefined

/** The most items of a list. No server of this library sends more. */
const MOST_ITEMS = 50_000

/** Expects a string. */
export const text: Check = (value, path) => (typeof value === 'string' ? undefined : `${path} to be a string`)

/** Expects a finite number: JSON may contain `1e999`, which is infinite. */
export const number: Check = (value, path) => (Number.isFinite(value) ? undefined : `${path} to be a number`)

/** Expects one of some values. */
export function oneOf(...values: readonly (string | number)[]): Check {
  const expected = values.map((value) => JSON.stringify(value)).join(', ')
  return (value, path) => (values.some((each) => each === value) ? undefined : `${path} to be one of ${expected}`)
}

/** Expects a valid value or `undefined`. */
export function optional(check: Check): Check {
  return (value, path) => (value === undefined ? undefined : check(value, path))
}

/** Expects a valid value or `null`. */
export function nullable(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path))
}

/** Expects a list of valid values. */
export function list(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} to be a list`
    if (value.length > MOST_ITEMS) return `${path} to have at most ${MOST_ITEMS} items`
    for (const [index, item] of value.entries()) {
      const expected = check(item, `${path}[${index}]`)
      if (expected !== undefined) return expected
    }
    return undefined
  }
}

/** Expects an object with at least these fields. */
export function record(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields)
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${path} to be an object`
    for (const [key, check] of checks) {
      const field: unknown = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
      const expected = check(field, path === '' ? key : `${path}.${key}`)
      if (expected !== undefined) return expected
    }
    return undefined
  }
}
