import { quote } from './quote.ts'

/** A value that is worked out from other options of the same table, which must stand before it. */
export interface Computed<out Value, in Others> {
  /** How it is worked out, in words: `half of maxDemand`. */
  readonly text: string
  readonly from: (others: Others) => Value
}

/**
 * What an option may be.
 *
 * `Others` are the options of the same table that it needs to know, for a limit that depends on them.
 */
export interface OptionType<out Value, in Others = unknown> {
  /** As it stands in a table: `integer, at least 1`. */
  readonly name: string
  /** As it stands after "expected … to be": `an integer of at least 1`. */
  readonly expected: (others: Others) => string
  /**
   * Whether `value` will do: `'wrong'` if it is not of the type at all (a `TypeError`), `'out of range'` if it is, but
   * too small, too large, or a number that is none (a `RangeError`).
   */
  readonly check: (value: unknown, others: Others) => 'fits' | 'wrong' | 'out of range'
  /** Only in types: what it is when it fits. */
  readonly value?: Value
}

/** Makes a value that is worked out from other options; `text` says how. */
// @__NO_SIDE_EFFECTS__
export function computed<Value, Others>(text: string, from: (others: Others) => Value): Computed<Value, Others> {
  return { text, from }
}

/** The limits of an integer. */
interface IntegerLimits<out Max = number> {
  /** The smallest that will do. */
  readonly min: number
  /** The largest that will do, which may depend on other options. Default: 2⁵³ − 1. */
  readonly max?: Max
  /** Whether `Infinity` will do too. Default: no. */
  readonly infinity?: boolean
}

/** An integer within limits. Whatever else is a number is out of range: `NaN`, fractions, more than 2⁵³ − 1. */
export function integer(limits: IntegerLimits): OptionType<number>
export function integer<Others>(limits: IntegerLimits<Computed<number, Others>>): OptionType<number, Others>
// @__NO_SIDE_EFFECTS__
export function integer<Others>(limits: IntegerLimits<number | Computed<number, Others>>): OptionType<number, Others> {
  const { min, max, infinity = false } = limits
  const largest = (others: Others): number | undefined => (typeof max === 'object' ? max.from(others) : max)
  const orInfinity = infinity ? ' or Infinity' : ''
  const largestName = typeof max === 'object' ? max.text : max
  return {
    name: `integer${largestName === undefined ? `, at least ${min}` : ` from ${min} to ${largestName}`}${orInfinity}`,
    expected: (others) => {
      const upTo = largest(others)
      const why = typeof max === 'object' ? ` (${max.text})` : ''
      return `an integer ${upTo === undefined ? `of at least ${min}` : `from ${min} to ${upTo}${why}`}${orInfinity}`
    },
    check: (value, others) => {
      if (typeof value !== 'number') return 'wrong'
      if (infinity && value === Number.POSITIVE_INFINITY) return 'fits'
      const fits = Number.isSafeInteger(value) && value >= min && value <= (largest(others) ?? value)
      return fits ? 'fits' : 'out of range'
    },
  }
}

/** One of a few strings. */
// @__NO_SIDE_EFFECTS__
export function oneOf<const Value extends string>(...values: readonly Value[]): OptionType<Value> {
  const quoted = values.map((value) => quote(value))
  return {
    name: quoted.map((value) => `\`${value}\``).join(', '),
    expected: () => (quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`),
    check: (value) => (values.some((each) => each === value) ? 'fits' : 'wrong'),
  }
}

/** True or false, and nothing that is merely like it. */
// @__NO_SIDE_EFFECTS__
export function boolean(): OptionType<boolean> {
  return simple('boolean', 'true or false', (value) => typeof value === 'boolean')
}

/** A function. Its type parameter is believed: nobody can see what a function takes. */
// @__NO_SIDE_EFFECTS__
export function callback<Value extends (...args: never) => unknown>(): OptionType<Value> {
  return simple('function', 'a function', (value) => typeof value === 'function')
}

/** An array. Its elements are believed to be of the type given. */
export function array(): OptionType<readonly unknown[]>
export function array<Element>(): OptionType<readonly Element[]>
// @__NO_SIDE_EFFECTS__
export function array<Element>(): OptionType<readonly Element[]> {
  return simple('array', 'an array', (value) => Array.isArray(value))
}

/** Any value. With a type parameter, it is believed to be of that type. */
// Without one nothing may be inferred, as it would be from the table, where it stands for what is to be found out.
export function anything(): OptionType<unknown>
export function anything<Value>(): OptionType<Value>
// @__NO_SIDE_EFFECTS__
export function anything<Value>(): OptionType<Value> {
  return simple('any', 'anything', () => true)
}

/**
 * What no other type describes.
 *
 * @param expected As it stands after "expected … to be".
 * @param isRight Whether a value is of that type.
 * @param isInRange Whether a value of that type will do. Default: yes.
 */
// @__NO_SIDE_EFFECTS__
export function matching<Value>(
  expected: string,
  isRight: (value: unknown) => value is Value,
  isInRange: (value: Value) => boolean = () => true,
): OptionType<Value> {
  return {
    name: expected,
    expected: () => expected,
    check: (value) => {
      if (!isRight(value)) return 'wrong'
      return isInRange(value) ? 'fits' : 'out of range'
    },
  }
}

// @__NO_SIDE_EFFECTS__
function simple<Value>(name: string, expected: string, isRight: (value: unknown) => boolean): OptionType<Value> {
  return { name, expected: () => expected, check: (value) => (isRight(value) ? 'fits' : 'wrong') }
}
