import type { OptionTable } from './option-table.ts'
import type { OptionType } from './option-type.ts'

/** An object with options of its own. Its own table reads it, and reports the mistakes in it. */
export function nested<Value>(what: string, table: OptionTable<Value>): OptionType<Value> {
  return {
    name: `${what}: ${table.names.map((name) => `\`${name}\``).join(', ')}`,
    expected: () => `${what}, an object with ${table.names.join(', ')}`,
    check: (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? 'fits' : 'wrong'),
    convert: (value) => table.read(value, `the options of ${what}`),
  }
}
