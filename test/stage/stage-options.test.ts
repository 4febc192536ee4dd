import {
  type ConsumerSupervisorRef,
  consumer,
  consumerSupervisor,
  type ProcessRef,
  producer,
  producerConsumer,
  type Stage,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { launch, rejection } from './test-stages.ts'

const makers = {
  producer: producer as (callbacks: never) => Stage<ProcessRef>,
  'producer-consumer': producerConsumer as (callbacks: never) => Stage<ProcessRef>,
  consumer: consumer as (callbacks: never) => Stage<ProcessRef>,
}
type Kind = keyof typeof makers

const required: Record<Kind, object> = {
  producer: { handleDemand: () => [] },
  'producer-consumer': { handleEvents: () => [] },
  consumer: { handleEvents: () => {} },
}

const common = [
  'handleCall',
  'handleCast',
  'handleInfo',
  'terminate',
  'inspect',
  'trapExit',
  'handleSubscribe',
  'handleCancel',
  'handleEnd',
]
const each = ['concurrency', 'ordered', 'orderBy', 'rate', 'timeout', 'retry', 'onError']
const known: Record<Kind, readonly string[]> = {
  producer: [...common, 'dispatcher', 'bufferKeep', 'formatDiscarded', 'handleDemand', 'bufferSize', 'demand'],
  'producer-consumer': [
    ...common,
    'dispatcher',
    'bufferKeep',
    'formatDiscarded',
    'handleEvents',
    'handleEvent',
    'subscribeTo',
    ...each,
    'bufferSize',
    'onProducerEnd',
    'subscribeAt',
  ],
  consumer: [...common, 'handleEvents', 'handleEvent', 'subscribeTo', ...each],
}

const starting = (kind: Kind, options: object): Promise<ProcessRef> =>
  launch(testRuntime(), makers[kind]({ ...required[kind], ...options } as never))

describe.each(Object.keys(makers) as Kind[])('the callbacks and options of a %s', (kind) => {
  test('include the callback that is required', async () => {
    const [name] = Object.keys(required[kind])
    const orOneByOne = kind === 'producer' ? '' : ', or handleEvent, which handles events one by one'
    for (const nothing of [{}, () => ({}), async () => ({})]) {
      const error = await rejection(launch(testRuntime(), makers[kind](nothing as never)))
      expect([error.constructor, error.message]).toEqual([
        TypeError,
        `expected ${name} to be given: a function${orOneByOne}`,
      ])
    }
  })

  test.each([
    ['handleDeman', 'handleDemand'],
    ['handledemand', 'handleDemand'],
    ['handle_demand', 'handleDemand'],
    ['handleEvnt', 'handleEvent'],
    ['handelEvents', 'handleEvents'],
    ['handlesubscribe', 'handleSubscribe'],
    ['subscribeto', 'subscribeTo'],
    ['handleinfo', 'handleInfo'],
    ['terminated', 'terminate'],
    ['bufferMax', 'bufferSize'],
    ['trapExits', 'trapExit'],
  ])('refuse a misspelt name: %s', async (wrong, meant) => {
    const error = await rejection(starting(kind, { [wrong]: () => {} }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain(
      `expected the callbacks and options of a ${kind} to be among ${known[kind].join(', ')}, got: '${wrong}'`,
    )
    if (known[kind].includes(meant) && wrong !== 'bufferMax')
      expect(error.message).toContain(`(did you mean ${meant}?)`)
  })

  test.each([
    ['handleCall', [], TypeError, 'an object with a handler per kind of request'],
    ['handleCall', () => {}, TypeError, 'an object with a handler per kind of request'],
    ['handleCast', null, TypeError, 'an object with a handler per kind of request'],
    ['handleInfo', {}, TypeError, 'a function'],
    ['terminate', 'bye', TypeError, 'a function'],
    ['inspect', 1, TypeError, 'a function'],
    ['trapExit', 'yes', TypeError, 'true or false'],
    ['trapExit', 1, TypeError, 'true or false'],
    ['handleSubscribe', 'manual', TypeError, 'a function'],
    ['handleCancel', true, TypeError, 'a function'],
    ['dispatcher', 'broadcast', TypeError, 'a dispatcher, as demandDispatcher() makes it'],
    ['dispatcher', () => {}, TypeError, 'a dispatcher, as demandDispatcher() makes it'],
    ['bufferKeep', 'all', TypeError, "'first' or 'last'"],
    ['formatDiscarded', true, TypeError, 'a function'],
    ['bufferSize', -1, RangeError, 'an integer of at least 0 or Infinity'],
    ['bufferSize', Number.NaN, RangeError, 'an integer of at least 0 or Infinity'],
    ['bufferSize', 1.5, RangeError, 'an integer of at least 0 or Infinity'],
    ['bufferSize', '5', TypeError, 'an integer of at least 0 or Infinity'],
    ['bufferSize', null, TypeError, 'an integer of at least 0 or Infinity'],
    ['demand', 'manual', TypeError, "'forward' or 'accumulate'"],
    ['handleDemand', [], TypeError, 'a function'],
    ['handleEvents', 'x', TypeError, 'a function'],
    ['subscribeTo', 'numbers', TypeError, 'an array'],
    ['onProducerEnd', 'wait', TypeError, "'drain' or 'stop'"],
  ] as const)('refuse a %s that is %j', async (name, value, mistake, expected) => {
    const error = await rejection(starting(kind, { [name]: value }))
    if (!known[kind].includes(name)) {
      expect(error.message).toContain(`got: '${name}'`)
      return
    }
    expect(error.constructor).toBe(mistake)
    expect(error.message).toContain(`expected ${name} to be ${expected}, got: `)
  })

  test('count only as own properties, or as members of its class', async () => {
    const inherited = Object.create(required[kind]) as object
    expect(await rejection(launch(testRuntime(), makers[kind](inherited as never)))).toBeInstanceOf(TypeError)
    const hidden = Object.defineProperty({ ...required[kind] }, 'anything', { value: 1, enumerable: false })
    await launch(testRuntime(), makers[kind](hidden as never))
    const disguised = { ...required[kind], __proto__: { bufferSize: 'inherited' } }
    await launch(testRuntime(), makers[kind](disguised as never))
    // What JSON makes of that is an own key, and none that is known.
    const parsed = Object.assign(JSON.parse('{ "__proto__": { "bufferSize": 1 } }'), required[kind]) as object
    expect(await rejection(launch(testRuntime(), makers[kind](parsed as never)))).toBeInstanceOf(TypeError)
    class Mine {
      state = 1
      handleDemand() {
        return []
      }
      handleEvents() {
        return kind === 'consumer' ? undefined : []
      }
      anythingElse() {}
    }
    class OnlyDemand {
      handlesNothing = true
      handleDemand() {
        return []
      }
    }
    class OnlyEvents {
      handleEvents() {
        return kind === 'consumer' ? undefined : []
      }
      get computed() {
        return 1
      }
    }
    await launch(testRuntime(), makers[kind](new (kind === 'producer' ? OnlyDemand : OnlyEvents)() as never))
    // A class is for one kind of stage: a callback of another one is a mistake.
    expect((await rejection(launch(testRuntime(), makers[kind](new Mine() as never)))).message).toContain('got: ')
  })

  test('that are undefined count as not given', async () => {
    const nothing = Object.fromEntries(
      known[kind].filter((name) => !(name in required[kind])).map((name) => [name, undefined]),
    )
    const stage = await starting(kind, nothing)
    await stage.stop()
  })
})

describe('the options of a consumer supervisor', () => {
  const child = async () => {}

  test.each([
    [{}, TypeError, 'either child or start'],
    [{ child, start: () => producer({ handleDemand: () => [] }) }, TypeError, 'either child or start'],
    [{ child: 'x' }, TypeError, "expected child to be a function, got: 'x'"],
    [{ child, restart: 'permanent' }, TypeError, "expected restart to be 'temporary' or 'transient', got: 'permanent'"],
    [
      { child, maxRestarts: -1 },
      RangeError,
      'expected maxRestarts to be an integer of at least 0 or Infinity, got: -1',
    ],
    [
      { child, maxSeconds: 0 },
      RangeError,
      'expected maxSeconds to be a number of seconds above 0, or Infinity, got: 0',
    ],
    [{ child, shutdown: -1 }, RangeError, 'got: -1'],
    [{ child, shutdown: 'soft' }, TypeError, "got: 'soft'"],
    [{ child, subscribeTo: 1 }, TypeError, 'expected subscribeTo to be an array, got: 1'],
    [{ child, maxRestart: 1 }, TypeError, '(did you mean maxRestarts?)'],
    [{ child, strategy: 'one-for-one' }, TypeError, "got: 'strategy'"],
    [undefined, TypeError, 'either child or start'],
    [null, TypeError, 'expected the options of a consumer supervisor to be an object, got: null'],
  ])('are refused immediately: %j', (options, mistake, message) => {
    const make = (): Stage<ConsumerSupervisorRef<number>> => consumerSupervisor<number>(options as never)
    expect(make).toThrow(mistake)
    expect(make).toThrow(message)
  })
})
