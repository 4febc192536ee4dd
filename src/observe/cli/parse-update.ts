import type { PageUpdate } from '../view/page-update.ts'
import { type Check, list, nullable, number, oneOf, optional, record, text } from './check.ts'
import { printable } from './printable.ts'

/** The received data is invalid. The message states what was expected. */
export class MalformedError extends Error {}

/** The longest part of a string that is kept, in characters. */
const LONGEST_STRING = 2_000

// Only what the table reads is checked: a server of a later version may send more.
const stage = record({
  id: text,
  kind: text,
  name: nullable(text),
  label: text,
  state: text,
  parent: optional(nullable(text)),
  unit: optional(text),
  role: optional(text),
  mailbox: number,
  busy: number,
  consuming: optional(record({ handled: number, handling: number, mailbox: number, inbound: number })),
  producing: optional(record({ emitted: number, buffer: record({ events: number }) })),
})
const subscription = record({ tag: text, producer: text, consumer: text, pending: number, sent: number })
const snapshot = record({
  version: oneOf(1),
  runtime: text,
  time: number,
  stages: list(stage),
  subscriptions: list(subscription),
  tree: list(() => undefined),
  omitted: optional(record({ stages: number, subscriptions: number })),
})
const finding = record({ kind: text, severity: oneOf('problem', 'warning', 'note'), stage: text, text })
const update = record({ snapshot, findings: list(finding) })

/**
 * Reads an update that a server has sent. Removes control characters from its strings.
 *
 * @throws {MalformedError} If it is no valid update.
 */
export function parseUpdate(json: string): PageUpdate {
  return cleaned(parsed(json, update)) as PageUpdate
}

/**
 * Checks that this is the JSON of a snapshot.
 *
 * @throws {MalformedError} If it is not.
 */
export function expectSnapshot(json: string): void {
  parsed(json, snapshot)
}

function parsed(json: string, check: Check): unknown {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new MalformedError('expected JSON', { cause: error })
  }
  const expected = check(value, '')
  if (expected !== undefined) throw new MalformedError(`expected ${expected.replace(/^ /, 'it ')}`)
  return value
}

/** Removes control characters from all strings. Without recursion, because the value may be very deep. */
function cleaned(value: unknown): unknown {
  const waiting: unknown[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const container = next as Record<string, unknown>
    for (const key of Object.keys(container)) {
      const item = container[key]
      if (typeof item === 'string') container[key] = printable(item.slice(0, LONGEST_STRING))
      else if (typeof item === 'object' && item !== null) waiting.push(item)
    }
  }
  return value
}
