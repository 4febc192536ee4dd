import { expect } from 'vitest'

/** What came of a mistake, and how. */
export interface Mistake {
  readonly error: Error
  readonly how: 'throws' | 'rejects'
}

/** Makes a mistake. Returns the error that it caused, or undefined if there was none. */
export async function mistakeOf(act: () => unknown): Promise<Mistake | undefined> {
  let outcome: unknown
  try {
    outcome = act()
  } catch (error) {
    return { error: error as Error, how: 'throws' }
  }
  try {
    await outcome
  } catch (error) {
    return { error: error as Error, how: 'rejects' }
  }
  return undefined
}

/** Makes the mistake, and holds what comes of it against what should. */
export async function refuses(
  act: () => unknown,
  how: Mistake['how'],
  refusal: typeof TypeError | typeof RangeError,
  message: string | RegExp,
): Promise<void> {
  const mistake = await mistakeOf(act)
  if (mistake === undefined) throw new Error(`nothing was refused; expected: ${message}`)
  const { error } = mistake
  expect({ how: mistake.how, class: error.constructor.name }).toEqual({ how, class: refusal.name })
  if (typeof message === 'string') expect(error.message).toBe(message)
  else expect(error.message).toMatch(message)
}

/** Values of all kinds, and how an error message shows them. */
export const shown: readonly (readonly [value: unknown, text: string])[] = [
  [null, 'null'],
  [5, '5'],
  [Number.NaN, 'NaN'],
  ['text', "'text'"],
  ['5', "'5'"],
  [true, 'true'],
  [5n, '5n'],
  [[], '[]'],
  [[5], '[5]'],
  [{}, '{}'],
  [{ maxDemand: 5 }, '{maxDemand: 5}'],
  [Symbol('mark'), 'Symbol(mark)'],
  [function five() {}, 'function five'],
  [new Map(), 'Map(0)'],
]
/** The same, but for some kinds. */
export const without = (...kinds: string[]) =>
  shown.filter(([value]) => {
    if (value === null) return !kinds.includes('null')
    if (Array.isArray(value)) return !kinds.includes('array')
    if (value instanceof Map) return !kinds.includes('object')
    return !kinds.includes(typeof value)
  })
