import { quote } from '../../base/quote.ts'

/**
 * Checks the demand of an `ask`: an integer of at least 0.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is negative, not an integer, `NaN` or more than 2⁵³ − 1.
 */
export function validateDemand(demand: unknown): asserts demand is number {
  const message = (): string => `expected demand to be an integer of at least 0, got: ${quote(demand)}`
  if (typeof demand !== 'number') throw new TypeError(message())
  if (!Number.isSafeInteger(demand) || demand < 0) throw new RangeError(message())
}
