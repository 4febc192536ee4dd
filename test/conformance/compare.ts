import type { Entry, Log } from './scenario.ts'

/** How one part of a record differs from what came in a replay. */
export type Difference =
  | { readonly stage: string; readonly expected: readonly Entry[]; readonly came: readonly Entry[] }
  | { readonly result: { readonly expected: unknown; readonly came: unknown } }

/** The stages whose entries differ from the record. */
export function compareLogs(expected: Log, came: ReadonlyMap<string, readonly Entry[]>): Difference[] {
  const stages = new Set([...Object.keys(expected), ...came.keys()])
  return [...stages].flatMap((stage) => {
    const logs = { stage, expected: expected[stage] ?? [], came: came.get(stage) ?? [] }
    return isEqual(logs.expected, logs.came) ? [] : [logs]
  })
}

/** Whether the result of a step differs from the record; `undefined` is no result. */
export function compareResults(expected: unknown, came: unknown): Difference[] {
  return isEqual(expected, came) ? [] : [{ result: { expected, came } }]
}

/** Whether two values are the same JSON, in whatever order their keys stand; 0 and -0 differ. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => isEqual(value, right[index]))
  }
  if (isObject(left) && isObject(right)) {
    const keys = Object.keys(left)
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key]))
    )
  }
  return Object.is(left, right)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
