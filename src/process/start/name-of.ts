import { quote } from '../../base/quote.ts'
import { isNameToken, nameTokenKey } from '../reference.ts'

/** The name that a start option stands for: a string, or a token made by `named`. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  if (isNameToken(value)) return value[nameTokenKey].name
  throw new TypeError(`expected name to be a string that is not empty, or a name made by named, got: ${quote(value)}`)
}
