import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumerCallbacks, ProducerCallbacks, ProducerConsumerCallbacks, Setup } from '../types/callbacks.ts'
import type { ConsumerContext, ProducerContext } from '../types/context.ts'
import type { Api, OptionsTrait, OwnOptionsTrait } from '../types/inferred-reference.ts'
import type { ConsumerRef, ProducerConsumerRef, ProducerRef } from '../types/references.ts'
import { consumerKind, defineStage, producerConsumerKind, producerKind } from './define-stage.ts'

/**
 * A stage that emits events when asked.
 *
 * What it emits is inferred from what its callbacks answer. Do not write the type argument, which would switch off the
 * inference of all the others; annotate a callback's result instead.
 *
 * @param callbacks The callbacks, or the function that sets them up when the stage starts. They are started once: whoever
 *   starts a stage several times needs a function that makes one.
 *
 * @example A producer that ends when it has nothing more to give
 * ```ts
 * import assert from 'node:assert/strict'
 * import { producer, startLink, stream } from 'genstage'
 *
 * const Countdown = (next: number) =>
 *   producer(({ info }) => ({
 *     handleDemand(demand) {
 *       const events: number[] = []
 *       while (events.length < demand && next > 0) events.push(next--)
 *       if (next === 0) info('finished')
 *       return events
 *     },
 *     // It gets the message once the last event has gone out.
 *     handleInfo: () => ({ stop: 'normal' }),
 *   }))
 *
 * const countdown = await startLink(Countdown(3))
 * const seen: number[] = []
 * for await (const event of stream([countdown])) seen.push(event)
 * assert.deepEqual(seen, [3, 2, 1])
 * ```
 */
export function producer<Out, Options = {}, Calls = {}, Casts = {}>(
  callbacks: Setup<ProducerContext, ProducerCallbacks<Out, Options, Calls, Casts>>,
): Stage<ProducerRef<Out> & OptionsTrait<Options> & Api<Calls, Casts>> {
  return defineStage(producerKind, callbacks)
}

/**
 * A stage that turns the events it takes into events it emits.
 *
 * What it takes is what `handleEvents` is annotated with, what it emits is inferred.
 *
 * @param callbacks The callbacks, or the function that sets them up when the stage starts. They are started once.
 *
 * @example Lines in, words out
 * ```ts
 * import assert from 'node:assert/strict'
 * import { fromIterable, producerConsumer, startLink, stream } from 'genstage'
 *
 * const lines = await startLink(fromIterable(['to be or', 'not to be']))
 * const words = await startLink(
 *   producerConsumer({
 *     subscribeTo: [lines],
 *     subscribeAt: 'first-consumer',
 *     handleEvents: (events: readonly string[]) => events.flatMap((line) => line.split(' ')),
 *   }),
 * )
 *
 * const seen: string[] = []
 * for await (const word of stream([words])) seen.push(word)
 * assert.deepEqual(seen, ['to', 'be', 'or', 'not', 'to', 'be'])
 * ```
 */
export function producerConsumer<In, Out, Options = {}, Calls = {}, Casts = {}, Own = {}>(
  callbacks: Setup<ConsumerContext, ProducerConsumerCallbacks<In, Out, Options, Calls, Casts, Own>>,
): Stage<ProducerConsumerRef<In, Out> & OptionsTrait<Options> & OwnOptionsTrait<Own> & Api<Calls, Casts>> {
  return defineStage(producerConsumerKind, callbacks)
}

/**
 * A stage that handles events and emits none.
 *
 * What it takes is what `handleEvents` is annotated with.
 *
 * @param callbacks The callbacks, or the function that sets them up when the stage starts. They are started once.
 *
 * @example A consumer that keeps a state and tells it
 * ```ts
 * import assert from 'node:assert/strict'
 * import { consumer, fromIterable, startLink } from 'genstage'
 *
 * const Sum = () => {
 *   let total = 0
 *   return consumer({
 *     handleEvents(events: readonly number[]) {
 *       for (const event of events) total += event
 *     },
 *     handleCall: { total: () => ({ reply: total }) },
 *   })
 * }
 *
 * const sum = await startLink(Sum())
 * const numbers = await startLink(fromIterable([1, 2, 3]))
 * await sum.subscribe(numbers, { cancel: 'temporary' })
 * await numbers.exited
 * assert.equal(await sum.call('total'), 6)
 * ```
 */
export function consumer<In, Calls = {}, Casts = {}, Own = {}>(
  callbacks: Setup<ConsumerContext, ConsumerCallbacks<In, Calls, Casts, Own>>,
): Stage<ConsumerRef<In> & OwnOptionsTrait<Own> & Api<Calls, Casts>> {
  return defineStage(consumerKind, callbacks)
}
