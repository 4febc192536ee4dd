import { quote } from '../quote.ts'
import type { OptionType } from './option-type.ts'

/** A time: a number of milliseconds, or a number with its unit, as `'200ms'`, `'5s'`, `'2m'`, `'1h'` or `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const WITH_UNIT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Returns a duration in milliseconds; `NaN` if the value is not a duration. */
export function millisecondsOf(value: unknown): number {
  if (typeof value === 'number') return value
  const match = typeof value === 'string' ? WITH_UNIT.exec(value) : null
  if (match === null) return Number.NaN
  const [, amount, unit = 'ms'] = match
  return Number(amount) * (MILLISECONDS[unit] as number)
}

/** The limits of a duration. */
interface DurationLimits {
  /** The shortest, in milliseconds; with 0, `isZeroAllowed` decides. Default: 0. */
  readonly min?: number
  /** Whether 0 is allowed. Default: no. */
  readonly zero?: boolean
  /** Whether `Infinity` is allowed. Default: yes. */
  readonly infinity?: boolean
}

/** An option that is a {@link Duration}. What is read from it is a number of milliseconds. */
export function duration({ min = 0, zero = false, infinity = true }: DurationLimits = {}): OptionType<number> {
  const least = min > 0 ? `of at least ${min} ms` : zero ? 'of at least 0' : 'above 0'
  const expected = `a duration ${least}, in milliseconds or as '200ms', '5s', '2m', '1h' or '7d'${infinity ? ', or Infinity' : ''}`
  return {
    name: `duration ${least}${infinity ? ' or Infinity' : ''}`,
    expected: () => expected,
    check: (value) => {
      if (typeof value !== 'number' && Number.isNaN(millisecondsOf(value))) return 'wrong'
      const milliseconds = millisecondsOf(value)
      const isLongEnough = milliseconds > min || (milliseconds === min && (min > 0 || zero))
      return isLongEnough && (infinity || milliseconds !== Number.POSITIVE_INFINITY) ? 'fits' : 'out of range'
    },
    convert: millisecondsOf,
  }
}

/**
 * Returns a duration that a user's function computed, in milliseconds.
 *
 * @param source What returned it, for the message.
 * @throws {TypeError} If it is not a duration of at least 0.
 */
export function expectDuration(source: string, value: unknown): number {
  const milliseconds = millisecondsOf(value)
  if (milliseconds >= 0) return milliseconds
  throw new TypeError(
    `expected ${source} to return a duration of at least 0, in milliseconds or as '200ms', '5s', got: ${quote(value)}`,
  )
}
