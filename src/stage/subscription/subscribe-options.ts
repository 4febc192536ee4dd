import { editDistance } from '../../base/closest-name.ts'
import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, boolean, computed, integer, oneOf } from '../../base/option-type.ts'
import { quote } from '../../base/quote.ts'
import { milliseconds } from '../../process/call-options.ts'
import { type ProcessReference, resolveReference } from '../../process/reference.ts'
import type { ProcessRuntime } from '../../process/runtime.ts'
import type { SubscribeRequest } from '../consuming/consumer-half.ts'
import type { CancelMode } from '../types/subscription.ts'
import { SubscriptionHandle } from './subscription-handle.ts'
import { ProducerWithOptions } from './to.ts'

/** The stage's own options of a subscription, complete. */
export interface ValidSubscribeOptions {
  readonly maxDemand: number
  readonly minDemand: number
  readonly cancel: CancelMode
  readonly metadata: unknown
  readonly confirm: boolean
  /** In milliseconds; undefined where nothing was said. */
  readonly timeout: number | undefined
}

/** How a consumer takes events from a producer. */
export const subscribeOptions: OptionTable<ValidSubscribeOptions> = optionTable({
  maxDemand: {
    type: integer({ min: 1 }),
    default: 1_000,
    unit: 'events',
    text: 'The most events that may be asked for and not be handled yet.',
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
      'Whether the consumer stops when the subscription ends: if the producer failed, or this was the last ' +
      'subscription; always; if the reason is no clean one; never.',
  },
  metadata: { type: anything(), text: "Handed to both sides' `handleSubscribe`." },
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
 * Makes the request that a consumer's process is sent.
 *
 * The dispatcher of the producer and the `handleSubscribe` of either side may know more options, and nobody here knows
 * which. So other keys are let pass, unless one looks like a misspelling of ours.
 *
 * @throws {TypeError | RangeError} If an option is wrong, or `producer` is no reference.
 */
export function subscribeRequest(
  runtime: ProcessRuntime,
  producer: unknown,
  given: unknown,
  cancelFirst: SubscribeRequest['cancelFirst'],
): SubscribeRequest {
  expectStage(resolveReference(producer, runtime, 'a producer to subscribe to'))
  const valid = subscribeOptions.readAmong(given, 'subscription options')
  const options: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given ?? {})) {
    refuseMisspelling(key)
    if (key !== 'confirm' && key !== 'timeout' && value !== undefined) options[key] = value
  }
  return { tag: runtime.nextTag(), handle: undefined, producer, valid, options, cancelFirst }
}

/** Refuses what is no stage at all. A stage that emits nothing says so itself when it is subscribed to, as in GenStage. */
function expectStage(reference: ProcessReference | undefined): void {
  if (reference === undefined || 'info' in reference) return
  throw new TypeError(`expected a producer to subscribe to, got ${reference.label}, which is no stage`)
}

/** The same for an entry of `subscribeTo`: a producer, or what `to` made. */
export function requestFromSource(
  runtime: ProcessRuntime,
  source: unknown,
  cancelFirst?: SubscribeRequest['cancelFirst'],
): SubscribeRequest {
  if (source instanceof ProducerWithOptions) {
    return subscribeRequest(runtime, source.producer, source.options, cancelFirst)
  }
  return subscribeRequest(runtime, source, undefined, cancelFirst)
}

/** The tag of a subscription that `consumer` is to cancel: one of its own, for nobody cancels somebody else's. */
export function tagToCancel(subscription: unknown, consumer: ProcessReference): string {
  if (!(subscription instanceof SubscriptionHandle)) {
    throw new TypeError(`expected a subscription, as subscribe answers it, got: ${quote(subscription)}`)
  }
  const { label } = SubscriptionHandle.consumerOf(subscription)
  if (label === consumer.label) return subscription.tag
  throw new TypeError(`expected a subscription of ${consumer.label}, got one of ${label}`)
}

function refuseMisspelling(key: string): void {
  const { names } = subscribeOptions
  if (names.includes(key)) return
  const near = names.find((name) => isMisspelling(key, name))
  if (near === undefined) return
  const known = names.join(', ')
  throw new TypeError(`expected subscription options to be among ${known}, got: ${quote(key)} (did you mean ${near}?)`)
}

/** Whether a key is one of ours in another case, in snake_case, or but for one slip of the finger. */
function isMisspelling(key: string, known: string): boolean {
  return editDistance(key.replaceAll(/[_-]/g, ''), known) <= 1
}
