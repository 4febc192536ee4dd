import { quote } from '../../base/quote.ts'
import { request } from '../../process/call.ts'
import { isReference, type ProcessReference, resolveReference } from '../../process/reference.ts'
import { defaultRuntime, type ProcessRuntime } from '../../process/runtime.ts'
import { subscribeRequest } from '../subscription/subscribe-request.ts'
import { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import type { ConsumerRef, ProducerConsumerRef, ProducerRef, produces } from '../types/references.ts'
import type { ConfirmOptions, OptionsOf, SubscribeOptions, Subscription } from '../types/subscription.ts'
import { runtimeOfName } from './named.ts'

/** One stage, or several of a kind. */
type OneOrMany<Ref> = Ref | readonly Ref[]

/** The options of all subscriptions, or a function of the consumer's place among its kind, counted from 0. */
export type ConnectOptions<Options = {}> =
  | (SubscribeOptions & ConfirmOptions & Options)
  | ((index: number) => SubscribeOptions & ConfirmOptions & Options)

/** Optional, unless the producer's dispatcher demands an option. */
type OptionsOfConnect<Options> = {} extends Options
  ? [options?: ConnectOptions<Options>]
  : [options: ConnectOptions<Options>]

/**
 * Subscribes stages to each other, and lets events flow only once all subscriptions are accepted.
 *
 * `connect(source, workers)` shares a source among several consumers, or gives each its partition or all of a broadcast;
 * `connect(a, b, c)` makes a chain; a list in any place stands for several stages of a kind, each of which is connected
 * with all before it. So no event is handed out before the last consumer is there, and no consumer ends because the first
 * of its producers is done before it has subscribed to the second.
 *
 * Several consumers that share a source's events by demand ask for one event at a time (`maxDemand: 1`) unless the options
 * say otherwise, so that none takes what another one could handle in the meantime.
 *
 * Resolves with the subscriptions, in the order of the consumers. If one of them is refused, all others are cancelled, and
 * the promise rejects with that error.
 *
 * @throws {TypeError | RangeError} (as a rejection) If a stage cannot be where it stands, or an option is wrong.
 *
 * @example Four workers on one source
 * ```ts
 * import assert from 'node:assert/strict'
 * import { connect, consumer, fromIterable, startLink } from 'genstage'
 *
 * const handled: number[] = []
 * const Worker = () => consumer({ handleEvents: (events: readonly number[]) => void handled.push(...events) })
 *
 * const source = await startLink(fromIterable(Array(400).keys()))
 * const workers = await Promise.all(Array.from({ length: 4 }, () => startLink(Worker())))
 * await connect(source, workers)
 * await Promise.all(workers.map((worker) => worker.done))
 * assert.equal(handled.length, 400)
 * ```
 */
export function connect<A, B>(
  first: OneOrMany<ProducerRef<A>>,
  second: OneOrMany<ProducerConsumerRef<A, B>>,
  third: OneOrMany<ConsumerRef<B>>,
  options?: ConnectOptions,
): Promise<readonly Subscription[]>
export function connect<A, B, C>(
  first: OneOrMany<ProducerRef<A>>,
  second: OneOrMany<ProducerConsumerRef<A, B>>,
  third: OneOrMany<ProducerConsumerRef<B, C>>,
  fourth: OneOrMany<ConsumerRef<C>>,
  options?: ConnectOptions,
): Promise<readonly Subscription[]>
export function connect<A, B, C, D>(
  first: OneOrMany<ProducerRef<A>>,
  second: OneOrMany<ProducerConsumerRef<A, B>>,
  third: OneOrMany<ProducerConsumerRef<B, C>>,
  fourth: OneOrMany<ProducerConsumerRef<C, D>>,
  fifth: OneOrMany<ConsumerRef<D>>,
  options?: ConnectOptions,
): Promise<readonly Subscription[]>
export function connect<Producer extends ProducerRef<unknown>>(
  source: OneOrMany<Producer>,
  consumers: OneOrMany<ConsumerRef<Producer[typeof produces]>>,
  ...options: OptionsOfConnect<OptionsOf<Producer>>
): Promise<readonly Subscription[]>
export async function connect(...given: readonly unknown[]): Promise<readonly Subscription[]> {
  const last = given.at(-1)
  const hasOptions = isOptions(last)
  const options = hasOptions ? last : undefined
  const stages = (hasOptions ? given.slice(0, -1) : given).map((each) => [each].flat())
  if (stages.length < 2 || stages.some((each) => each.length === 0)) {
    throw new TypeError(`expected connect to be given at least a producer and a consumer, got: ${quote(given)}`)
  }
  const levels: Subscription[][] = []
  try {
    for (let place = 1; place < stages.length; place++) {
      const level: Subscription[] = []
      levels.push(level)
      await subscribeAll(stages[place - 1] as readonly unknown[], stages[place] as readonly unknown[], options, level)
    }
  } catch (error) {
    for (const subscription of levels.flat()) subscription.cancel()
    throw error
  }
  // The last stages ask first, so that those upstream find demand when their events come.
  for (const level of levels.toReversed()) for (const subscription of level) release(subscription)
  return levels.flat()
}

function release(subscription: Subscription): void {
  SubscriptionHandle.release(subscription as SubscriptionHandle)
}

/**
 * Has each consumer subscribe to each producer, and keep what it asks for.
 *
 * Settles once it is known of all whether they are accepted; those that are stand in `accepted`, in order.
 */
async function subscribeAll(
  producers: readonly unknown[],
  consumers: readonly unknown[],
  options: unknown,
  accepted: Subscription[],
): Promise<void> {
  const targets = consumers.map(consumerOf)
  const runtime = (targets[0] as ProcessReference).runtime
  const shares = consumers.length > 1 && (await shareByDemand(producers, runtime))
  const requests = targets.flatMap((consumer, index) => {
    const wanted: unknown = typeof options === 'function' ? (options as (index: number) => unknown)(index) : options
    const complete = shares ? { maxDemand: 1, ...(wanted as object | undefined) } : wanted
    // In one go, so that the consumer has subscribed to all before it can be notified of the end of one.
    return producers.map((producer) => {
      const argument = { ...subscribeRequest(consumer.runtime, producer, complete, undefined), isHeld: true }
      const { timeout = 5_000 } = argument.valid
      return request<Subscription>(consumer, 'subscribe-call', argument, `connect ${consumer.label}`, { timeout })
    })
  })
  let failure: PromiseRejectedResult | undefined
  for (const result of await Promise.allSettled(requests)) {
    if (result.status === 'fulfilled') accepted.push(result.value)
    else failure ??= result
  }
  if (failure !== undefined) throw failure.reason
}

/** Whether each event of these producers goes to whichever consumer has asked for the most. */
async function shareByDemand(producers: readonly unknown[], runtime: ProcessRuntime): Promise<boolean> {
  const kinds = await Promise.all(
    producers.map(async (producer) => {
      const reference = resolveReference(producer, runtime, 'a producer to subscribe to')
      // One that has ended has no events to share.
      if (reference?.process === undefined || !('demand' in reference)) return undefined
      return request(reference, 'read-dispatcher', undefined, `connect ${reference.label}`).catch(() => undefined)
    }),
  )
  return kinds.includes('demand')
}

function consumerOf(value: unknown): ProcessReference {
  const runtime = isReference(value) ? value.runtime : (runtimeOfName(value) ?? defaultRuntime)
  const reference = resolveReference(value, runtime, 'a stage that handles events')
  if (reference === undefined) throw new TypeError(`expected a stage that handles events, got a name that no stage has`)
  if ('resubscribe' in reference) return reference
  throw new TypeError(`expected a stage that handles events, got ${reference.label}, which does not`)
}

/** Whether the last argument is the options, and no stage. */
function isOptions(value: unknown): boolean {
  if (value === undefined || typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
