import {
  type ConsumerRef,
  named,
  type ProducerRef,
  type SubscribeOptions,
  SubscriptionRefusedError,
  stream,
  to,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, collecting, emittingOnRequest, launch, rejection } from './test-stages.ts'

const start = async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, emittingOnRequest(atOnce))
  const sink = await launch(runtime, collecting(atOnce, []))
  return { runtime, source, sink }
}

/** Each wrong option, and the message that it is refused with. */
const mistakes: readonly (readonly [given: unknown, mistake: typeof TypeError | typeof RangeError, message: string])[] =
  [
    [{ maxDemand: 0 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: 0'],
    [{ maxDemand: -1 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: -1'],
    [{ maxDemand: 1.5 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: 1.5'],
    [{ maxDemand: Number.NaN }, RangeError, 'expected maxDemand to be an integer of at least 1, got: NaN'],
    [
      { maxDemand: Number.POSITIVE_INFINITY },
      RangeError,
      'expected maxDemand to be an integer of at least 1, got: Infinity',
    ],
    [{ maxDemand: 2 ** 53 }, RangeError, 'expected maxDemand to be an integer of at least 1, got: 9007199254740992'],
    [{ maxDemand: '10' }, TypeError, "expected maxDemand to be an integer of at least 1, got: '10'"],
    [{ maxDemand: 10n }, TypeError, 'expected maxDemand to be an integer of at least 1, got: 10n'],
    [{ maxDemand: null }, TypeError, 'expected maxDemand to be an integer of at least 1, got: null'],
    [{ minDemand: -1 }, RangeError, 'expected minDemand to be an integer from 0 to 999 (maxDemand - 1), got: -1'],
    [{ minDemand: 1_000 }, RangeError, 'expected minDemand to be an integer from 0 to 999 (maxDemand - 1), got: 1000'],
    [
      { maxDemand: 5, minDemand: 5 },
      RangeError,
      'expected minDemand to be an integer from 0 to 4 (maxDemand - 1), got: 5',
    ],
    [
      { cancel: 'never' },
      TypeError,
      "expected cancel to be 'with-last', 'permanent', 'transient' or 'temporary', got: 'never'",
    ],
    [{ confirm: 1 }, TypeError, 'expected confirm to be true or false, got: 1'],
    [{ timeout: 0 }, RangeError, 'expected timeout to be a number of milliseconds above 0, or Infinity, got: 0'],
    [
      { timeout: Number.NaN },
      RangeError,
      'expected timeout to be a number of milliseconds above 0, or Infinity, got: NaN',
    ],
    [{ timeout: '5' }, TypeError, "expected timeout to be a number of milliseconds above 0, or Infinity, got: '5'"],
    [null, TypeError, 'expected subscription options to be an object, got: null'],
    [[], TypeError, 'expected subscription options to be an object, got: []'],
    ['temporary', TypeError, "expected subscription options to be an object, got: 'temporary'"],
  ]

/** Keys that are ours, spelt wrong. */
const misspelt: readonly (readonly [key: string, meant: string])[] = [
  ['max_demand', 'maxDemand'],
  ['maxdemand', 'maxDemand'],
  ['MaxDemand', 'maxDemand'],
  ['maxDemnad', 'maxDemand'],
  ['min_demand', 'minDemand'],
  ['minDeman', 'minDemand'],
  ['cancle', 'cancel'],
  ['Cancel', 'cancel'],
  ['canel', 'cancel'],
  ['meta_data', 'metadata'],
  ['metaData', 'metadata'],
  ['comfirm', 'confirm'],
  ['time_out', 'timeout'],
]

describe('the options of a subscription', () => {
  test.each(mistakes)('are refused, as these (%#)', async (given, mistake, message) => {
    const { source, sink } = await start()
    const error = await rejection(sink.subscribe(source, given as SubscribeOptions))
    expect([error.constructor, error.message]).toEqual([mistake, message])
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    const again = await rejection(sink.resubscribe(subscription, 'x', source, given as SubscribeOptions))
    expect([again.constructor, again.message]).toEqual([mistake, message])
    expect(() => stream([to(source, given as SubscribeOptions)])).toThrow(message)
    await sink.stop()
  })

  test.each(misspelt)('are refused when misspelt: %s', async (key, meant) => {
    const { source, sink } = await start()
    const error = await rejection(sink.subscribe(source, { [key]: 5 }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe(
      `expected subscription options to be among maxDemand, minDemand, cancel, metadata, confirm, timeout, got: '${key}' (did you mean ${meant}?)`,
    )
  })

  test('may include what a dispatcher or a handleSubscribe reads', async () => {
    const { runtime, source, sink } = await start()
    for (const key of ['partition', 'selector', 'interval', 'max', 'label', 'minimum', 'priority', 'demand']) {
      await sink.subscribe(source, { [key]: 1 })
    }
    await runtime.settle()
    await sink.stop()
  })

  test('that are undefined count as not given, and inherited ones do not count', async () => {
    const { source, sink } = await start()
    const inherited = Object.create({ maxDemand: 'ten' }) as SubscribeOptions
    await sink.subscribe(source, inherited)
    await sink.subscribe(source, {
      maxDemand: undefined,
      cancel: undefined,
      confirm: undefined,
    } as unknown as SubscribeOptions)
    await sink.subscribe(source, JSON.parse('{ "__proto__": { "maxDemand": "ten" } }') as SubscribeOptions)
    await sink.stop()
  })

  test('may ask for the largest safe integer', async () => {
    const { runtime, source, sink } = await start()
    await sink.subscribe(source, { maxDemand: Number.MAX_SAFE_INTEGER, minDemand: 0 })
    source.cast('emit', [1])
    await runtime.settle()
    await sink.stop()
  })

  test('are checked before any message is sent, and before the producer', async () => {
    const { runtime, source, sink } = await start()
    for (const wrong of [undefined, null, {}, 'numbers', 5, sink.id]) {
      const error = await rejection(sink.subscribe(wrong as ProducerRef<number>))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toMatch(/^expected a producer to subscribe to, got: /)
    }
    const foreign = await launch(testRuntime(), emittingOnRequest(atOnce))
    expect((await rejection(sink.subscribe(foreign))).message).toContain('of the same runtime')
    await sink.stop()
    const late = await rejection(sink.subscribe(source, { maxDemand: 0 }))
    expect(late).toBeInstanceOf(RangeError)
    await runtime.settle()
  })

  test('of a producer, which cannot subscribe, are not read', async () => {
    const { runtime, source } = await start()
    const token = named<ConsumerRef<number>>('unknown', { runtime })
    expect((await rejection(token.subscribe(source, { maxDemand: 0 }))).code).toBe('GENSTAGE_NO_PROCESS')
  })

  test('for confirmation are not passed to the producer', async () => {
    const { runtime, source, sink } = await start()
    const first = await sink.subscribe(source, {
      confirm: true,
      timeout: Number.POSITIVE_INFINITY,
      cancel: 'temporary',
    })
    await source.stop('closed')
    await runtime.settle()
    const error = await rejection(sink.resubscribe(first, 'x', source, { confirm: true, cancel: 'temporary' }))
    expect(error).toBeInstanceOf(SubscriptionRefusedError)
    await sink.stop()
  })
})
