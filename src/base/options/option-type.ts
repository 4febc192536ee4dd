import { quote } from '../quote.ts'

/** A value that is computed from other options of the same table, which must come before it. */
export interface Computed<out Value, in Others> {
  /** How it is computed: `half of maxDemand`. */
  readonly text: string
  readonly from: (others: Others) => Value
}

/**
 * The type of an option.
 *
 * `Others` are the options of the same table that it depends on, for example for a limit.
 */
export interface OptionType<out Value, in Others = unknown> {
  /** Its name in a table: `integer, at least 1`. */
  readonly name: string
  /** What follows "expected … to be" in a message: `an integer of at least 1`. */
  readonly expected: (others: Others) => string
  /**
   * Whether `value` is valid: `'wrong'` if it is not of the type at all (a `TypeError`), `'out of range'` if it is, but
   * too small, too large, or `NaN` (a `RangeError`).
   */
  readonly check: (value: unknown, others: Others) => 'fits' | 'wrong' | 'out of range'
  /** Converts a valid value into what is read. Default: the value is read as it is. */
  readonly convert?: (value: unknown) => Value
  /** Exists only in types: the type of a valid value. */
  readonly value?: Value
}

/** Makes a value that is computed from other options; `text` describes how. */
// @__NO_SIDE_EFFECTS__
export function computed<Value, Others>(text: string, from: (others: Others) => Value): Computed<Value, Others> {
  return { text, from }
}

/** The limits of an integer. */
interface IntegerLimits<out Max = number> {
  /** The smallest valid value. */
  readonly min: number
  /** The largest valid value, which may depend on other options. Default: 2⁵³ − 1. */
  readonly max?: Max
  /** Whether `Infinity` is valid as well. Default: no. */
  readonly infinity?: boolean
}

/** An integer within limits. All other numbers are out of range: `NaN`, fractions, more than 2⁵³ − 1. */
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

/** True or false; no other value is converted. */
// @__NO_SIDE_EFFECTS__
export function boolean(): OptionType<boolean> {
  return simple('boolean', 'true or false', (value) => typeof value === 'boolean')
}

/** A value of one of two types. */
export function either<One, Other>(one: OptionType<One>, other: OptionType<Other>): OptionType<One | Other> {
  return {
    name: `${one.name}, or ${other.name}`,
    expected: (others) => `${one.expected(others)}, or ${other.expected(others)}`,
    check: (value, others) => {
      const verdicts = [one.check(value, others), other.check(value, others)]
      return (
        verdicts.find((verdict) => verdict === 'fits') ?? verdicts.find((verdict) => verdict !== 'wrong') ?? 'wrong'
      )
    },
    convert: (value) => {
      const type: OptionType<One | Other> = one.check(value, undefined) === 'fits' ? one : other
      return type.convert === undefined ? (value as One | Other) : type.convert(value)
    },
  }
}

/** A function. Its type parameter is not checked: what a function takes cannot be seen at run time. */
// @__NO_SIDE_EFFECTS__
export function callback<Value extends (...args: never) => unknown>(): OptionType<Value> {
  return simple('function', 'a function', (value) => typeof value === 'function')
}

/** An array. The type of its elements is not checked. */
export function array(): OptionType<readonly unknown[]>
export function array<Element>(): OptionType<readonly Element[]>
// @__NO_SIDE_EFFECTS__
export function array<Element>(): OptionType<readonly Element[]> {
  return simple('array', 'an array', (value) => Array.isArray(value))
}

/** Any value. A type parameter is not checked. */
// The overload without one prevents an inference from the table, whose type is itself inferred from this one.
export function anything(): OptionType<unknown>
export function anything<Value>(): OptionType<Value>
// @__NO_SIDE_EFFECTS__
export function anything<Value>(): OptionType<Value> {
  return simple('any', 'anything', () => true)
}

/**
 * A custom type, for what no other type describes.
 *
 * @param expected What follows "expected … to be" in a message.
 * @param isRight Whether a value is of that type.
 * @param isInRange Whether a value of that type is valid. Default: yes.
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
