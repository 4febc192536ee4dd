import { closestName } from '../closest-name.ts'
import { quote } from '../quote.ts'
import type { Computed, OptionType } from './option-type.ts'

/**
 * One option. It has a `default`, or is `required`, or is `undefined` if it is not given.
 *
 * A row of an {@link optionTable}.
 */
interface OptionRow<Value = unknown, in Others = never> {
  readonly type: OptionType<Value, Others>
  /** Its value if it is not given. */
  readonly default?: NoInfer<Value> | Computed<NoInfer<Value>, Others>
  readonly required?: boolean
  /** Its unit: `events`, `ms`. */
  readonly unit?: string
  /** What it is for, in a sentence or two. */
  readonly text: string
  /** What happens if it is not given, where there is no default. */
  readonly absent?: string
}

type Rows = Readonly<Record<string, OptionRow>>

/** The values that are read by these rows: every option is present. */
type OptionValues<Table extends Rows> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly default: unknown } | { readonly required: true }
    ? ValueOf<Table[Name]>
    : ValueOf<Table[Name]> | undefined
}

type ValueOf<Row> = Row extends { readonly type: OptionType<infer Value, never> } ? Value : never

/**
 * The options of one function. Each is described once, and the description serves to check what users pass, to type the
 * result, and to write the reference.
 */
export interface OptionTable<out Values> {
  /** The options' names, in the order of the table. */
  readonly names: readonly string[]
  /**
   * Checks options and completes them, in the order of the table.
   *
   * Only own, enumerable properties count, and a value of `undefined` counts as not given.
   *
   * @param given What a user passed; `undefined` for no options at all.
   * @param subject What the options are called in a message. Default: `options`.
   * @throws {TypeError} If `given` is not an object, has an unknown key, lacks a required option, or a value is not of
   *   its type.
   * @throws {RangeError} If a value is a number out of range.
   */
  read(given: unknown, subject?: string): Values
  /** As `read`, but unknown keys are allowed: for an object that holds other options, too. */
  readAmong(given: unknown, subject?: string): Values
  /** The table for the reference page, in Markdown. */
  toMarkdown(): string
}

/**
 * Makes a table of options out of its rows.
 *
 * A row that depends on other options (`computed`) is typed: those must be in the table, before it.
 */
// @__NO_SIDE_EFFECTS__
export function optionTable<const Table extends Rows>(
  rows: Table & { readonly [Name in keyof Table]: OptionRow<ValueOf<Table[Name]>, OptionValues<Table>> },
): OptionTable<OptionValues<Table>> {
  return new DescribedOptions<OptionValues<Table>>(new Map(Object.entries<OptionRow>(rows)))
}

/**
 * Merges rows that several tables share.
 *
 * It replaces a spread, which a bundler must keep, together with the tables made from it, even if they are not used.
 */
// @__NO_SIDE_EFFECTS__
export function mergeRows<
  const One extends Rows,
  const Two extends Rows,
  const Three extends Rows = {},
  const Four extends Rows = {},
>(one: One, two: Two, three?: Three, four?: Four): One & Two & Three & Four {
  return { ...one, ...two, ...three, ...four } as One & Two & Three & Four
}

class DescribedOptions<Values> implements OptionTable<Values> {
  readonly names: readonly string[]
  /** A map instead of an object, so that a user's `constructor` is an unknown option. */
  private readonly rows: ReadonlyMap<string, OptionRow>

  constructor(rows: ReadonlyMap<string, OptionRow>) {
    this.rows = rows
    this.names = [...rows.keys()]
  }

  read(given: unknown, subject = 'options'): Values {
    const options = asObject(given, subject)
    for (const key of Reflect.ownKeys(options)) {
      const isKnown = typeof key === 'string' && this.rows.has(key)
      if (!isKnown && Object.prototype.propertyIsEnumerable.call(options, key)) throw this.unknown(key, subject)
    }
    return this.complete(options)
  }

  readAmong(given: unknown, subject = 'options'): Values {
    return this.complete(asObject(given, subject))
  }

  toMarkdown(): string {
    const lines = [...this.rows].map(
      ([name, row]) => `| \`${name}\` | ${typeText(row)} | ${defaultText(row)} | ${row.text} |`,
    )
    return ['| option | type | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')
  }

  private complete(options: object): Values {
    const values: Record<string, unknown> = {}
    for (const [name, row] of this.rows) values[name] = readOne(name, row, ownValue(options, name), values)
    return values as Values
  }

  private unknown(key: string | symbol, subject: string): TypeError {
    const near = typeof key === 'string' ? closestName(key, this.names) : undefined
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`
    return new TypeError(`expected ${subject} to be among ${this.names.join(', ')}, got: ${quote(key)}${hint}`)
  }
}

/** A row with the type of the options before it erased; `optionTable` has checked that type. */
type AnyRow = OptionRow<unknown, Readonly<Record<string, unknown>>>

function readOne(name: string, row: OptionRow, value: unknown, before: Readonly<Record<string, unknown>>): unknown {
  const { type, default: byDefault, required } = row as AnyRow
  if (value !== undefined) {
    const verdict = type.check(value, before)
    if (verdict === 'fits') return type.convert === undefined ? value : type.convert(value)
    const message = `expected ${name} to be ${type.expected(before)}, got: ${quote(value)}`
    throw verdict === 'wrong' ? new TypeError(message) : new RangeError(message)
  }
  if (required) throw new TypeError(`expected ${name} to be given: ${type.expected(before)}`)
  return isComputed(byDefault) ? byDefault.from(before) : byDefault
}

function asObject(given: unknown, subject: string): object {
  if (given === undefined) return {}
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
  throw new TypeError(`expected ${subject} to be an object, got: ${quote(given)}`)
}

function ownValue(options: object, name: string): unknown {
  if (!Object.prototype.propertyIsEnumerable.call(options, name)) return undefined
  return (options as Readonly<Record<string, unknown>>)[name]
}

function isComputed(value: unknown): value is Computed<unknown, Readonly<Record<string, unknown>>> {
  return typeof value === 'object' && value !== null && 'from' in value && 'text' in value
}

function typeText(row: OptionRow): string {
  return row.unit === undefined ? row.type.name : `${row.type.name}; ${row.unit}`
}

function defaultText(row: OptionRow): string {
  if (row.required) return 'required'
  if (row.default === undefined) return row.absent ?? 'none'
  if (isComputed(row.default)) return row.default.text
  return `\`${typeof row.default === 'function' ? row.default.name : quote(row.default)}\``
}
