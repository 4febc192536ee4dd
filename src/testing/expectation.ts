import { GenStageError } from '../base/errors.ts'
import { quote } from '../base/quote.ts'
import { deepEqual } from './deep-equal.ts'

/**
 * A probe was not sent what the test expected.
 *
 * The `expect…` methods of probes reject with it. It has `expected` and `actual`, which most test frameworks show side
 * by side.
 *
 * What to do: read the message: it says what was expected, what came, and where they differ.
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
 * Checks that a probe has been sent these events, and no others.
 *
 * @param probe What the probe is called.
 * @param remark What else there is to say, behind the rest.
 */
export function expectSameEvents(
  probe: string,
  expected: readonly unknown[],
  got: readonly unknown[],
  remark: string,
): void {
  if (deepEqual(expected, got)) return
  const place = expected.findIndex((event, index) => index >= got.length || !deepEqual(event, got[index]))
  const difference = place < 0 ? expected.length : place
  const where = `${show(expected, difference)} at index ${difference}, got ${show(got, difference)}`
  throw new ExpectationError(
    `expected ${probe} to be sent ${count(expected)} ${quote(expected)}, got ${count(got)} ${quote(got)}: ` +
      `expected ${where}${remark}`,
    expected,
    got,
  )
}

function show(events: readonly unknown[], index: number): string {
  return index < events.length ? quote(events[index]) : 'nothing'
}

function count({ length }: readonly unknown[]): string {
  return length === 1 ? '1 event' : `${length} events`
}
