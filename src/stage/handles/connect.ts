import { quote } from '../../base/quote.ts'
import { request } from '../../process/call.ts'
import { isReference, type ProcessReference, resolveReference } from '../../process/reference.ts'
import { defaultRuntime, type ProcessRuntime } from '../../process/runtime.ts'
import { subscribeRequest } from '../subscription/subscribe-request.ts'
import { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import type { ConsumerRef, OptionsOf, ProducerConsumerRef, ProducerRef, produces } from '../types/references.ts'
import type { ConfirmOptions, SubscribeOptions, Subscription } from '../types/subscription.ts'
import { runtimeOfName } from './named.ts'

/** One stage, or several of a kind. */
type OneOrMany<Ref> = Ref | readonly Ref[]

/**
 * The options of the subscriptions that `connect` makes: one object for all, or a function that returns them.
 *
 * The function is called with the index of the consumer in its list, from 0.
 */
export type ConnectOptions<Options = {}> =
  | (SubscribeOptions & ConfirmOptions & Options)
  | ((index: number) => SubscribeOptions & ConfirmOptions & Options)

/** Optional, unless the producer's dispatcher requires an option. */
type OptionsOfConnect<Options> = {} extends Options
  ? [options?: ConnectOptions<Options>]
  : [options: ConnectOptions<Options>]

/**
 * Subscribes stages to each other, and starts the flow of events when all subscriptions are accepted.
 *
 * `connect(source, workers)` connects a producer with several consumers; `connect(a, b, c)` connects a chain of stages.
 * Each argument is a stage or an array of stages, and each stage of an argument is subscribed to all stages of the
 * previous one. No event is emitted before the last consumer has subscribed, and no consumer stops because the first of
 * its producers has finished before it could subscribe to the second.
 *
 * Several consumers that share the events of a producer by demand ask for one event at a time: their default of
 * `maxDemand` is 1. So no consumer holds an event that another one could handle.
 *
 * Resolves with the subscriptions: those of the second argument first, and each consumer's in the order of its
 * producers. If a subscription is refused, the others are cancelled and the promise rejects with that error.
 *
 * @throws {TypeError | RangeError} As a rejection, if a stage does not fit its place or an option is wrong.
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
    for (let index = 1; index < stages.length; index++) {
      const level: Subscription[] = []
      levels.push(level)
      await subscribeAll(stages[index - 1] as readonly unknown[], stages[index] as readonly unknown[], options, level)
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
 * Subscribes each consumer to each producer, and holds back their demand.
 *
 * Settles when each subscription is accepted or refused. The accepted ones are appended to `accepted`, in order.
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
    // Without a pause, so that the consumer has subscribed to all before it can be notified of the end of one.
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

/** Whether one of these producers sends each event to the consumer with the most demand. */
async function shareByDemand(producers: readonly unknown[], runtime: ProcessRuntime): Promise<boolean> {
  const kinds = await Promise.all(
    producers.map(async (producer) => {
      const reference = resolveReference(producer, runtime, 'a producer to subscribe to')
      // A producer that has exited has no events to share.
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

/** Whether the last argument is the options instead of a stage. */
function isOptions(value: unknown): boolean {
  if (value === undefined || typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
