import type { OptionType } from '../base/options/option-type.ts'

// Types of rows that several option tables share: an exported constant needs an explicit type.

/** An optional option without a default. */
export interface OptionalRow<Value> {
  readonly type: OptionType<Value>
  readonly absent?: string
  readonly text: string
}

/** An option with a default. */
export interface DefaultRow<Value> {
  readonly type: OptionType<Value>
  readonly default: Value
  readonly unit?: string
  readonly text: string
}

/** A required option. */
export interface RequiredRow<Value> {
  readonly type: OptionType<Value>
  readonly required: true
  readonly text: string
}
