import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { Callable, ProducerRef } from '../../stage/types/references.ts'
import {
  type Connect,
  definePushSource,
  type Push,
  type PushOptions,
  pushRows,
  type ValidPushOptions,
} from './push-source.ts'

/** The options of a producer of events from callbacks. */
export const callbackOptions: OptionTable<ValidPushOptions> = optionTable(pushRows)

/** The call that sources which push reply to: how many of their events were dropped. */
export type CountsDiscarded = Callable<{ discarded(): number }>

/**
 * A producer of events that come through callbacks, from a source that cannot be slowed down.
 *
 * `connect` runs when the stage starts. It makes the source call `emit`, `end` and `fail`, and returns a function that
 * disconnects it, which is called once: after `end` or `fail`, or when the stage exits. Events that come without demand
 * are kept, up to `bufferSize`; `whenFull` decides what happens then. If `connect` throws, the start rejects.
 *
 * @throws {TypeError | RangeError} If `connect` is not a function, or an option is wrong; `whenFull` must be given.
 *
 * @example A source that is faster than its consumer
 * ```ts
 * import assert from 'node:assert/strict'
 * import { startLink, stream } from 'genstage'
 * import { fromCallback } from 'genstage/bridge'
 *
 * const prices = await startLink(
 *   fromCallback<number>(
 *     ({ emit, end }) => {
 *       for (let price = 1; price <= 100; price++) emit(price)
 *       end()
 *     },
 *     { bufferSize: 3, whenFull: 'drop-oldest', formatDiscarded: () => false },
 *   ),
 * )
 * assert.equal(await prices.call('discarded'), 97)
 *
 * const seen: number[] = []
 * for await (const price of stream([prices])) seen.push(price)
 * assert.deepEqual(seen, [98, 99, 100])
 * ```
 */
export function fromCallback<Out, Options = {}>(
  connect: Connect<Out>,
  options: PushOptions<Out, Options>,
): Stage<ProducerRef<Out> & OptionsTrait<Options> & CountsDiscarded> {
  if (typeof connect !== 'function') throw new TypeError(`expected a function that connects, got: ${quote(connect)}`)
  const valid = callbackOptions.read(options, 'the options of fromCallback')
  return definePushSource(connect as (push: Push<unknown>) => unknown, valid)
}
