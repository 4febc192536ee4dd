import { version } from '../base/version.ts'

/** This copy of the package; one program may load several copies and versions of it. */
export const thisCopy: { readonly version: string } = { version }

/** Marks references, across all copies of the package: its value is the copy that made the reference. */
export const referenceBrand: unique symbol = Symbol.for('genstage.reference') as never

/** Marks stages that are not started yet, across all copies of the package: its value is the copy that made the stage. */
export const definitionBrand: unique symbol = Symbol.for('genstage.definition') as never

/** The copy of the package that a value was marked with; undefined if the value does not have this mark. */
export function copyOf(value: unknown, brand: symbol): unknown {
  return typeof value === 'object' && value !== null ? (value as { readonly [key: symbol]: unknown })[brand] : undefined
}
