import { editDistance } from '../../base/closest-name.ts'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, boolean, computed, integer, oneOf } from '../../base/options/option-type.ts'
import { quote } from '../../base/quote.ts'
import { milliseconds } from '../../process/call-options.ts'
import type { CancelMode } from '../types/subscription.ts'

/** The options of a subscription that the stage itself reads, complete. */
export interface ValidSubscribeOptions {
  readonly maxDemand: number
  readonly minDemand: number
  readonly cancel: CancelMode
  readonly metadata: unknown
  readonly confirm: boolean
  /** In milliseconds; undefined if it was not given. */
  readonly timeout: number | undefined
}

/** How a consumer takes events from a producer. */
export const subscribeOptions: OptionTable<ValidSubscribeOptions> = optionTable({
  maxDemand: {
    type: integer({ min: 1 }),
    default: 1_000,
    unit: 'events',
    text: 'The most events that may be asked for and not yet handled.',
  },
  minDemand: {
    type: integer({
      min: 0,
      max: computed('maxDemand - 1', ({ maxDemand }: { readonly maxDemand: number }) => maxDemand - 1),
    }),
    default: computed('half of `maxDemand`, rounded down', ({ maxDemand }: { readonly maxDemand: number }) =>
      Math.floor(maxDemand / 2),
    ),
    unit: 'events',
    text: 'More is asked for once no more than this many are outstanding.',
  },
  cancel: {
    type: oneOf('with-last', 'permanent', 'transient', 'temporary'),
    default: 'with-last',
    text:
      'Whether the consumer stops when the subscription ends: if the producer failed or this was the last ' +
      'subscription; always; if the exit was not clean; never.',
  },
  metadata: { type: anything(), text: 'Passed to `handleSubscribe` of both stages.' },
  confirm: {
    type: boolean(),
    default: true,
    text: 'Whether `subscribe` waits until the producer has accepted. Not for `subscribeTo`.',
  },
  timeout: {
    type: milliseconds,
    absent: '5,000 for the stage to send its request, and unlimited for the producer to accept it',
    unit: 'ms',
    text: 'How long `subscribe` waits. Not for `subscribeTo`.',
  },
})

/**
 * Reads the options of a subscription.
 *
 * The dispatcher of the producer and `handleSubscribe` of both stages may have options of their own, which are not known
 * here. So other keys are allowed, unless one looks like a misspelling of a known one.
 *
 * @returns `valid`: the options of the stage, complete; `options`: all of them as given, for the producer and the
 *   callbacks, without `confirm`, `timeout` and undefined values.
 * @throws {TypeError | RangeError} If an option is wrong or misspelt.
 */
export function readSubscribeOptions(given: unknown): {
  readonly valid: ValidSubscribeOptions
  readonly options: Readonly<Record<string, unknown>>
} {
  const valid = subscribeOptions.readAmong(given, 'subscription options')
  const options: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given ?? {})) {
    refuseMisspelling(key)
    if (key !== 'confirm' && key !== 'timeout' && value !== undefined) options[key] = value
  }
  return { valid, options }
}

function refuseMisspelling(key: string): void {
  const { names } = subscribeOptions
  if (names.includes(key)) return
  const near = names.find((name) => isMisspelling(key, name))
  if (near === undefined) return
  const known = names.join(', ')
  throw new TypeError(`expected subscription options to be among ${known}, got: ${quote(key)} (did you mean ${near}?)`)
}

/** Whether a key is a known one in another case, in snake_case, or with one typing mistake. */
function isMisspelling(key: string, known: string): boolean {
  return editDistance(key.replaceAll(/[_-]/g, ''), known) <= 1
}
