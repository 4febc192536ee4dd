import { BadReturnError } from '../base/errors.ts'
import type { Dispatched } from '../dispatcher/dispatcher.ts'

// Dispatchers are users' code, too: what they answer is checked where it enters, or the mistake shows far from there.

/** Checks the demand that a dispatcher's `subscribe`, `ask` or `cancel` answered. */
export function expectAddedDemand(method: string, demand: unknown): number {
  if (Number.isSafeInteger(demand) && (demand as number) >= 0) return demand as number
  throw new BadReturnError(method, 'the demand that it adds, an integer of at least 0', demand)
}

/** Checks that what a dispatcher's `subscribe`, `ask` or `cancel` answered beside a number is a record. */
export function expectRecord<Answer extends object>(method: string, expected: string, answer: Answer): Answer {
  if (typeof answer === 'object' && (answer as unknown) !== null) return answer
  throw new BadReturnError(method, expected, answer)
}

/** Checks what a dispatcher's `dispatch` answered, but for the deliveries one by one. */
export function expectDispatched(answer: Dispatched): Dispatched {
  const { deliveries, leftover } = expectRecord('dispatch', EXPECTED, answer)
  if (Array.isArray(deliveries) && Array.isArray(leftover)) return answer
  throw new BadReturnError('dispatch', EXPECTED, answer)
}

const EXPECTED = '{ deliveries, leftover }, which are arrays'
