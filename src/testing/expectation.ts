import { GenStageError } from '../base/errors.ts'
import { eventCount } from '../base/event-count.ts'
import { quote } from '../base/quote.ts'
import { deepEqual } from './deep-equal.ts'

/**
 * A probe did not receive what the test expected.
 *
 * The `expect…` methods of probes reject with it. It has `expected` and `actual`, which most test frameworks show side
 * by side.
 *
 * What to do: read the message: it states what was expected, what came, and where they differ.
 */
export class ExpectationError extends GenStageError {
  readonly code = 'GENSTAGE_EXPECTATION'
  readonly expected: unknown
  readonly actual: unknown

  constructor(message: string, expected: unknown, actual: unknown) {
    super(message)
    this.expected = expected
    this.actual = actual
  }
}

/**
 * Checks that a probe has received exactly these events.
 *
 * @param probe The name of the probe in messages.
 * @param remark Text to add at the end of the message.
 */
export function expectSameEvents(
  probe: string,
  expected: readonly unknown[],
  got: readonly unknown[],
  remark: string,
): void {
  if (deepEqual(expected, got)) return
  const firstDifference = expected.findIndex((event, index) => index >= got.length || !deepEqual(event, got[index]))
  const difference = firstDifference < 0 ? expected.length : firstDifference
  const where = `${show(expected, difference)} at index ${difference}, got ${show(got, difference)}`
  throw new ExpectationError(
    `expected ${probe} to receive ${eventCount(expected.length)} ${quote(expected)}, got ${eventCount(got.length)} ${quote(got)}: ` +
      `expected ${where}${remark}`,
    expected,
    got,
  )
}

function show(events: readonly unknown[], index: number): string {
  return index < events.length ? quote(events[index]) : 'nothing'
}
