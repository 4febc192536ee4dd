import {
  consumer,
  consumerSupervisor,
  createRuntime,
  demandDispatcher,
  partitionDispatcher,
  producer,
  producerConsumer,
  start,
  stream,
  supervisor,
  to,
} from 'genstage'
import { describe, test } from 'vitest'
import { type Untyped, untyped } from '../untyped.ts'
import { idle, inside, literal, living, runtime } from './living-stages.ts'
import { type Mistake, refuses, without } from './mistakes.ts'

describe('numbers', () => {
  interface NumberPlace {
    readonly act: (value: Untyped) => unknown
    readonly how: Mistake['how']
    /** The text after "expected". */
    readonly expected: string
    readonly whole?: boolean
    readonly infinite?: boolean
    readonly least: number | 'above 0'
  }
  const subscribing = (name: string) => (value: unknown) =>
    living.consumer.subscribe(living.producer, { [name]: value })
  const starting = (make: (options: Untyped) => Untyped) => (name: string) => (value: unknown) =>
    start(make({ [name]: value }), { runtime })
  const makeProducer = starting((options) => producer({ handleDemand: () => [], ...options }))
  const makeBoth = starting((options) => producerConsumer({ handleEvents: () => [], ...options }))
  const supervising = (name: string) => (value: unknown) =>
    supervisor(untyped({ strategy: 'one-for-one', children: [], [name]: value }))
  const pooling = (name: string) => (value: unknown) => consumerSupervisor(untyped({ child() {}, [name]: value }))
  const child = (value: unknown) =>
    supervisor(untyped({ strategy: 'one-for-one', children: [{ start: idle, shutdown: value }] }))
  const aboveZero = {
    expected: 'timeout to be a number of milliseconds above 0, or Infinity',
    infinite: true,
    least: 'above 0',
  } as const
  const size = {
    expected: 'bufferSize to be an integer of at least 0 or Infinity',
    whole: true,
    infinite: true,
    least: 0,
  } as const
  const shutdown = {
    expected: "shutdown to be a number of milliseconds of at least 0, Infinity or 'brutal-kill'",
    infinite: true,
    least: 0,
  } as const
  const restarts = {
    expected: 'maxRestarts to be an integer of at least 0 or Infinity',
    whole: true,
    infinite: true,
    least: 0,
  } as const
  const seconds = {
    expected: 'maxSeconds to be a number of seconds above 0, or Infinity',
    infinite: true,
    least: 'above 0',
  } as const

  const places: Record<string, NumberPlace> = {
    'maxDemand of subscribe': {
      act: subscribing('maxDemand'),
      how: 'rejects',
      expected: 'maxDemand to be an integer of at least 1',
      whole: true,
      least: 1,
    },
    'maxDemand of resubscribe': {
      act: async (value) => {
        const subscription = await living.consumer.subscribe(living.producer)
        const again = living.consumer.resubscribe(subscription, 'normal', living.producer, { maxDemand: value })
        return again.finally(() => {})
      },
      how: 'rejects',
      expected: 'maxDemand to be an integer of at least 1',
      whole: true,
      least: 1,
    },
    'minDemand of subscribe': {
      act: subscribing('minDemand'),
      how: 'rejects',
      expected: 'minDemand to be an integer from 0 to 999 (maxDemand - 1)',
      whole: true,
      least: 0,
    },
    'timeout of subscribe': { act: subscribing('timeout'), how: 'rejects', ...aboveZero },
    'maxDemand of to, in subscribeTo': {
      act: (value) =>
        start(consumer({ ...literal, subscribeTo: [to(living.producer, { maxDemand: value })] }), { runtime }),
      how: 'rejects',
      expected: 'maxDemand to be an integer of at least 1',
      whole: true,
      least: 1,
    },
    'maxDemand of to, in stream': {
      act: (value) => stream([to(living.producer, { maxDemand: value })]),
      how: 'throws',
      expected: 'maxDemand to be an integer of at least 1',
      whole: true,
      least: 1,
    },
    'bufferSize of a producer': { act: makeProducer('bufferSize'), how: 'rejects', ...size },
    'bufferSize of a producer-consumer': { act: makeBoth('bufferSize'), how: 'rejects', ...size },
    'timeout of call': {
      act: (value) => living.consumer.call('echo', 'x', { timeout: value }),
      how: 'rejects',
      ...aboveZero,
    },
    'timeout of info': { act: (value) => living.consumer.info('x', { timeout: value }), how: 'rejects', ...aboveZero },
    'timeout of demand': { act: (value) => living.producer.demand({ timeout: value }), how: 'rejects', ...aboveZero },
    'timeout of estimateBufferedCount': {
      act: (value) => living.producer.estimateBufferedCount({ timeout: value }),
      how: 'rejects',
      ...aboveZero,
    },
    'timeout of stop': {
      act: (value) => living.producer.stop('normal', { timeout: value }),
      how: 'rejects',
      ...aboveZero,
    },
    'ask of a subscription': {
      act: async (value) => {
        const subscription = await living.consumer.subscribe(living.producer)
        subscription.ask(value)
      },
      how: 'rejects',
      expected: 'demand to be an integer of at least 0',
      whole: true,
      least: 0,
    },
    'maxDemand of demandDispatcher': {
      act: (value) => demandDispatcher({ maxDemand: value }),
      how: 'throws',
      expected: 'maxDemand to be an integer of at least 1 or Infinity',
      whole: true,
      infinite: true,
      least: 1,
    },
    'maxRestarts of a supervisor': { act: supervising('maxRestarts'), how: 'throws', ...restarts },
    'maxSeconds of a supervisor': { act: supervising('maxSeconds'), how: 'throws', ...seconds },
    'shutdown of a child': { act: child, how: 'throws', ...shutdown },
    'maxRestarts of a consumer supervisor': { act: pooling('maxRestarts'), how: 'throws', ...restarts },
    'maxSeconds of a consumer supervisor': { act: pooling('maxSeconds'), how: 'throws', ...seconds },
    'shutdown of a consumer supervisor': { act: pooling('shutdown'), how: 'throws', ...shutdown },
    'turnsPerSlice of a runtime': {
      act: (value) => createRuntime({ turnsPerSlice: value }),
      how: 'throws',
      expected: 'turnsPerSlice to be an integer of at least 1',
      whole: true,
      least: 1,
    },
  }

  describe.each(Object.entries(places))('%s', (_name, { act, how, expected, whole, infinite, least }) => {
    const wrong = without('number', 'undefined').map(([value, text]) => [text, value] as const)
    test.each(wrong)('refuses %s by a TypeError', async (text, value) => {
      await refuses(() => act(value), how, TypeError, `expected ${expected}, got: ${text}`)
    })

    const lowest = least === 'above 0' ? 0 : least - 1
    const outside = [Number.NaN, lowest, -1, Number.NEGATIVE_INFINITY]
    if (whole) outside.push(1.5, 2 ** 53)
    if (!infinite) outside.push(Number.POSITIVE_INFINITY)
    test.each(outside)('refuses %d by a RangeError', async (value) => {
      await refuses(() => act(value), how, RangeError, `expected ${expected}, got: ${value}`)
    })
  })

  test('of partitions', async () => {
    const expected =
      'expected partitions to be a number of partitions from 1 to 100000, or a list of as many names, got: '
    const make = (partitions: unknown) => () => partitionDispatcher(untyped({ partitions, hash: () => 'none' }))
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 100_001, []]) {
      await refuses(make(value), 'throws', RangeError, `${expected}${Array.isArray(value) ? '[]' : value}`)
    }
    for (const [value, text] of [...without('number', 'array'), [[null], '[null]'], [[Number.NaN], '[NaN]']] as const) {
      await refuses(make(value), 'throws', TypeError, `${expected}${text}`)
    }
    await refuses(make(['a', 'a']), 'throws', TypeError, "expected partitions to differ by name, got: ['a', 'a']")
    await refuses(
      () => partitionDispatcher({ partitions: ['a', 'b'] }),
      'throws',
      TypeError,
      /^expected hash to be given: .*\['a', 'b'\]$/,
    )
  })

  test('of milliseconds for sendAfter', async () => {
    for (const value of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const act = () => inside((stage) => stage.sendAfter('x', value))
      await refuses(act, 'rejects', RangeError, `expected ms to be at least 0, got: ${value}`)
    }
    for (const [value, text] of [...without('number'), [undefined, 'undefined']] as const) {
      const act = () => inside((stage) => stage.sendAfter('x', value))
      await refuses(act, 'rejects', TypeError, `expected ms to be a number of milliseconds, got: ${text}`)
    }
  })

  test('that are limits of others are checked together with them', async () => {
    await refuses(
      () => living.consumer.subscribe(living.producer, { maxDemand: 10, minDemand: 10 }),
      'rejects',
      RangeError,
      'expected minDemand to be an integer from 0 to 9 (maxDemand - 1), got: 10',
    )
  })
})
