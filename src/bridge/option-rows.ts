import type { OptionType } from '../base/option-type.ts'

// Rows of option tables that several tables share: written out, as a type that is exported has to be.

/** An option that need not be given. */
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

/** An option that must be given. */
export interface RequiredRow<Value> {
  readonly type: OptionType<Value>
  readonly required: true
  readonly text: string
}
