import type { Stage } from '../../process/start/start-types.ts'
import type { ConsumerCallbacks, ProducerCallbacks, ProducerConsumerCallbacks, Setup } from '../types/callbacks.ts'
import type { ConsumerContext, ProducerContext } from '../types/context.ts'
import type { Api, OptionsTrait, OwnOptionsTrait } from '../types/inferred-reference.ts'
import type { ConsumerRef, ProducerConsumerRef, ProducerRef } from '../types/references.ts'
import { consumerKind, defineStage, producerConsumerKind, producerKind } from './define-stage.ts'

/**
 * Creates a producer: a stage that emits events on demand.
 *
 * The type of its events is inferred from what the callbacks return. Do not write it as a type argument, which would
 * disable the inference of all other types; annotate the return type of a callback instead.
 *
 * @param callbacks The callbacks and options, or a setup function that returns them when the stage starts. A stage can
 *   be started once: to start several, call a function of yours that creates one each time.
 *
 * @example A producer that exits after its last event
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
 *     // Receives the message after the last event has been emitted.
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
 * Creates a producer-consumer: a stage that handles events and emits others.
 *
 * The type of the events that it handles is the annotation of `handleEvents`; the type of those that it emits is
 * inferred from what `handleEvents` returns.
 *
 * @param callbacks The callbacks and options, or a setup function that returns them when the stage starts. A stage can
 *   be started once.
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
 * Creates a consumer: a stage that handles events and emits none.
 *
 * The type of the events that it handles is the annotation of `handleEvents`.
 *
 * @param callbacks The callbacks and options, or a setup function that returns them when the stage starts. A stage can
 *   be started once.
 *
 * @example A consumer that keeps a sum and replies with it
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
