import type { OptionsOf, ProducerRef, produces } from '../types/references.ts'
import type { SourceWithOptions } from '../types/source.ts'
import type { SubscribeOptions } from '../types/subscription.ts'

/**
 * Combines a producer with the options to subscribe with, for `subscribeTo`, `stream` and `subscribe` of a stage context.
 *
 * The options are checked when the subscription is made. Without options, pass the producer itself.
 *
 * @example Subscribing to one partition as soon as the stage is set up
 * ```ts
 * import assert from 'node:assert/strict'
 * import { consumer, fromIterable, partitionDispatcher, startLink, to } from 'genstage'
 *
 * const byParity = partitionDispatcher({
 *   partitions: ['odd', 'even'],
 *   hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
 * })
 * const numbers = await startLink(fromIterable([1, 2, 3, 4], { dispatcher: byParity, demand: 'accumulate' }))
 *
 * const seen: number[] = []
 * const Collect = (partition: 'odd' | 'even') =>
 *   consumer({
 *     subscribeTo: [to(numbers, { partition, cancel: 'temporary' })],
 *     handleEvents(events: readonly number[]) {
 *       if (partition === 'even') seen.push(...events)
 *     },
 *   })
 * const odd = await startLink(Collect('odd'))
 * const even = await startLink(Collect('even'))
 * numbers.demand('forward')
 * await numbers.exited
 * await Promise.all([odd.stop(), even.stop()])
 * assert.deepEqual(seen, [2, 4])
 * ```
 */
export function to<Producer extends ProducerRef<unknown>>(
  producer: Producer,
  options: SubscribeOptions & OptionsOf<Producer>,
): SourceWithOptions<Producer[typeof produces]> {
  return new ProducerWithOptions(producer, options) as unknown as SourceWithOptions<Producer[typeof produces]>
}

/** What `to` returns. It is a class, so that it can be distinguished from a reference without reading its fields. */
export class ProducerWithOptions {
  readonly producer: unknown
  readonly options: unknown

  constructor(producer: unknown, options: unknown) {
    this.producer = producer
    this.options = options
  }
}
