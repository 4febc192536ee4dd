import { quote } from '../../base/quote.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { type ProcessReference, resolveReference } from '../../process/reference.ts'
import type { ProcessRuntime } from '../../process/runtime.ts'
import { readSubscribeOptions, type ValidSubscribeOptions } from './subscribe-options.ts'
import { SubscriptionHandle } from './subscription-handle.ts'
import { ProducerWithOptions } from './to.ts'

/** What a stage is asked to do when it is to subscribe to a producer. */
export interface SubscribeRequest {
  readonly tag: string
  /** The handle that user code already has; undefined where the stage creates it. */
  readonly handle: SubscriptionHandle | undefined
  /** A reference or a name token; a name is looked up when the request is handled. */
  readonly producer: unknown
  readonly valid: ValidSubscribeOptions
  /** The options as given, for the producer and the callbacks. */
  readonly options: Readonly<Record<string, unknown>>
  /** A subscription that is cancelled first: the new one replaces it. */
  readonly cancelFirst: { readonly tag: string; readonly reason: ExitReason } | undefined
  /** Whether its demand is kept until `connect` releases it. */
  readonly isHeld?: boolean
}

/**
 * Creates the request that is sent to the process of a consumer.
 *
 * @throws {TypeError | RangeError} If an option is wrong, or `producer` is not a reference.
 */
export function subscribeRequest(
  runtime: ProcessRuntime,
  producer: unknown,
  given: unknown,
  cancelFirst: SubscribeRequest['cancelFirst'],
): SubscribeRequest {
  expectStage(resolveReference(producer, runtime, 'a producer to subscribe to'))
  const { valid, options } = readSubscribeOptions(given)
  return { tag: runtime.nextTag(), handle: undefined, producer, valid, options, cancelFirst }
}

/** Refuses a process that is not a stage. A stage that emits no events refuses the subscription itself, as in GenStage. */
function expectStage(reference: ProcessReference | undefined): void {
  if (reference === undefined || 'info' in reference) return
  throw new TypeError(`expected a producer to subscribe to, got ${reference.label}, which is not a stage`)
}

/** Creates the request for an entry of `subscribeTo`: a producer, or what `to` returned. */
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

/**
 * Returns the tag of a subscription that `consumer` wants to cancel.
 *
 * @throws {TypeError} If it is not a subscription of that consumer: a stage cannot cancel those of another.
 */
export function tagToCancel(subscription: unknown, consumer: ProcessReference): string {
  if (!(subscription instanceof SubscriptionHandle)) {
    throw new TypeError(`expected a subscription, as subscribe returns it, got: ${quote(subscription)}`)
  }
  const { label } = SubscriptionHandle.consumerOf(subscription)
  if (label === consumer.label) return subscription.tag
  throw new TypeError(`expected a subscription of ${consumer.label}, got one of ${label}`)
}
