import {
  consumer,
  consumerSupervisor,
  createRuntime,
  createScope,
  demandDispatcher,
  fromIterable,
  named,
  partitionDispatcher,
  producer,
  producerConsumer,
  start,
  startLink,
  stream,
  supervisor,
} from 'genstage'
import { describe, expect, test } from 'vitest'
import { type Untyped, untyped } from '../untyped.ts'
import { idle, inside, literal, living, runtime } from './living-stages.ts'
import { type Mistake, mistakeOf, refuses, without } from './mistakes.ts'

describe('choices, flags and functions', () => {
  const make = (maker: (callbacks: Untyped) => Untyped, own: object) => (name: string) => (value: unknown) =>
    start(maker({ ...own, [name]: value }), { runtime })
  const makeProducer = make(producer, { handleDemand: () => [] })
  const makeBoth = make(producerConsumer, { handleEvents: () => [] })
  const makeConsumer = make(consumer, literal)
  const child = (name: string) => (value: unknown) =>
    supervisor(untyped({ strategy: 'one-for-one', children: [{ start: idle, [name]: value }] }))
  const aFunction = { expected: 'a function', kinds: ['function'] }
  const callbacks = ['handleInfo', 'terminate', 'inspect', 'handleSubscribe', 'handleCancel']
  const table = { expected: 'an object with a handler per kind of request', kinds: ['object'] }

  interface Place {
    readonly act: (value: Untyped) => unknown
    readonly how: Mistake['how']
    readonly expected: string
    /** Kinds of values that are valid here, or are refused with another message. */
    readonly kinds?: readonly string[]
  }
  const ofName = (
    name: string,
    act: (name: string) => (value: Untyped) => unknown,
    how: Mistake['how'],
    place: Omit<Place, 'act' | 'how'>,
  ) => [
    `${name}${how === 'rejects' ? '' : ' '}`,
    { ...place, act: act(name), how, expected: `${name} to be ${place.expected}` },
  ]
  const prefixed = (what: string, entries: (readonly unknown[])[]) =>
    entries.map(([name, place]) => [`${what}: ${String(name)}`, place])

  const places = [
    ...prefixed('a producer', [
      ...[...callbacks, 'handleDemand', 'formatDiscarded'].map((name) =>
        ofName(name, makeProducer, 'rejects', aFunction),
      ),
      ofName('handleCall', makeProducer, 'rejects', table),
      ofName('handleCast', makeProducer, 'rejects', table),
      ofName('bufferKeep', makeProducer, 'rejects', { expected: "'first' or 'last'" }),
      ofName('demand', makeProducer, 'rejects', { expected: "'forward' or 'accumulate'" }),
      ofName('trapExit', makeProducer, 'rejects', { expected: 'true or false', kinds: ['boolean'] }),
      ofName('dispatcher', makeProducer, 'rejects', { expected: 'a dispatcher, as demandDispatcher() makes it' }),
    ]),
    ...prefixed('a producer-consumer', [
      ...[...callbacks, 'handleEvents', 'formatDiscarded'].map((name) => ofName(name, makeBoth, 'rejects', aFunction)),
      ofName('onProducerEnd', makeBoth, 'rejects', { expected: "'drain' or 'stop'" }),
      ofName('subscribeTo', makeBoth, 'rejects', { expected: 'an array', kinds: ['array'] }),
    ]),
    ...prefixed('a consumer', [
      ...[...callbacks, 'handleEvents'].map((name) => ofName(name, makeConsumer, 'rejects', aFunction)),
      ofName('subscribeTo', makeConsumer, 'rejects', { expected: 'an array', kinds: ['array'] }),
      ofName('trapExit', makeConsumer, 'rejects', { expected: 'true or false', kinds: ['boolean'] }),
    ]),
    ...prefixed('a subscription', [
      ofName('cancel', (name) => (value) => living.consumer.subscribe(living.producer, { [name]: value }), 'rejects', {
        expected: "'with-last', 'permanent', 'transient' or 'temporary'",
      }),
      ofName('confirm', (name) => (value) => living.consumer.subscribe(living.producer, { [name]: value }), 'rejects', {
        expected: 'true or false',
        kinds: ['boolean'],
      }),
    ]),
    ...prefixed('a start', [
      ofName('context', (name) => (value) => start(idle(), untyped({ runtime, [name]: value })), 'rejects', {
        expected: "'capture'",
      }),
      ofName('runtime', (name) => (value) => start(idle(), untyped({ [name]: value })), 'rejects', {
        expected: 'a runtime made by createRuntime',
      }),
      ofName('name', (name) => (value) => start(idle(), untyped({ runtime, [name]: value })), 'rejects', {
        expected: 'a string that is not empty, or a name made by named',
        kinds: ['string'],
      }),
    ]),
    ...prefixed('a call', [
      ofName('signal', (name) => (value) => living.consumer.call('echo', 'x', { [name]: value }), 'rejects', {
        expected: 'an AbortSignal',
      }),
    ]),
    ...prefixed('fromIterable', [
      ofName('demand', (name) => (value) => fromIterable([], untyped({ [name]: value })), 'throws', {
        expected: "'forward' or 'accumulate'",
      }),
      ofName('onCancel', (name) => (value) => fromIterable([], untyped({ [name]: value })), 'throws', {
        expected: "'continue' or 'stop'",
      }),
      ofName('dispatcher', (name) => (value) => fromIterable([], untyped({ [name]: value })), 'throws', {
        expected: 'a dispatcher, as demandDispatcher() makes it',
      }),
    ]),
    ...prefixed('stream', [
      ofName('demand', (name) => (value) => stream([living.producer], untyped({ [name]: value })), 'throws', {
        expected: "'forward' or 'accumulate'",
      }),
      ofName('producers', (name) => (value) => stream([living.producer], untyped({ [name]: value })), 'throws', {
        expected: 'an array',
        kinds: ['array'],
      }),
    ]),
    ...prefixed('demandDispatcher', [
      ofName('shuffleDemandsOnFirstDispatch', (name) => (value) => demandDispatcher({ [name]: value }), 'throws', {
        expected: 'true or false',
        kinds: ['boolean'],
      }),
      ofName('random', (name) => (value) => demandDispatcher({ [name]: value }), 'throws', aFunction),
    ]),
    ...prefixed('partitionDispatcher', [
      ofName(
        'hash',
        (name) => (value) => partitionDispatcher(untyped({ partitions: 2, [name]: value })),
        'throws',
        aFunction,
      ),
    ]),
    ...prefixed('a supervisor', [
      ofName('strategy', (name) => (value) => supervisor(untyped({ children: [], [name]: value })), 'throws', {
        expected: "'one-for-one', 'one-for-all' or 'rest-for-one'",
      }),
      ofName(
        'children',
        (name) => (value) => supervisor(untyped({ strategy: 'one-for-one', [name]: value })),
        'throws',
        {
          expected: 'an array',
          kinds: ['array'],
        },
      ),
    ]),
    ...prefixed('a child', [
      ofName('start', child, 'throws', aFunction),
      ofName('id', child, 'throws', { expected: 'a string', kinds: ['string'] }),
      ofName('restart', child, 'throws', { expected: "'permanent', 'transient' or 'temporary'" }),
    ]),
    ...prefixed('a consumer supervisor', [
      ...['child', 'start'].map((name) =>
        ofName(name, (option) => (value) => consumerSupervisor(untyped({ [option]: value })), 'throws', aFunction),
      ),
      ofName('restart', (name) => (value) => consumerSupervisor(untyped({ child() {}, [name]: value })), 'throws', {
        expected: "'temporary' or 'transient'",
      }),
      ofName('subscribeTo', (name) => (value) => consumerSupervisor(untyped({ child() {}, [name]: value })), 'throws', {
        expected: 'an array',
        kinds: ['array'],
      }),
    ]),
    ...prefixed('a runtime', [
      ofName('freezeBatches', (name) => (value) => createRuntime({ [name]: value }), 'throws', {
        expected: 'true or false',
        kinds: ['boolean'],
      }),
      ofName('clock', (name) => (value) => createRuntime({ [name]: value }), 'throws', { expected: 'a clock' }),
      ofName('logger', (name) => (value) => createRuntime({ [name]: value }), 'throws', {
        expected: 'a logger, as console is one',
      }),
      ofName('schedule', (name) => (value) => createRuntime({ [name]: value }), 'throws', { expected: 'a schedule' }),
    ]),
    ...prefixed('a scope', [
      ofName('runtime', (name) => (value) => createScope(untyped({ [name]: value })), 'throws', {
        expected: 'a runtime made by createRuntime',
      }),
    ]),
    ...prefixed('named', [
      ofName('runtime', (name) => (value) => named('numbers', untyped({ [name]: value })), 'throws', {
        expected: 'a runtime made by createRuntime',
      }),
    ]),
  ] as [string, Place][]

  test.each(places)('%s', async (_name, { act, how, expected, kinds = [] }) => {
    for (const [value, text] of without(...kinds)) {
      await refuses(() => act(value), how, TypeError, `expected ${expected}, got: ${text}`)
    }
  })

  test('a handler in a table that is not a function is refused at the start', async () => {
    for (const name of ['handleCall', 'handleCast']) {
      const stage = () => start(consumer(untyped({ ...literal, [name]: { size: 5 } })), { runtime })
      await refuses(stage, 'rejects', TypeError, new RegExp(`^expected ${name}.* to be .*, got: .*5`))
    }
  })

  test('child and start cannot both be given or both be missing', async () => {
    for (const options of [{}, { child() {}, start() {} }]) {
      await refuses(
        () => consumerSupervisor(untyped(options)),
        'throws',
        TypeError,
        /^expected .*either child or start/,
      )
    }
  })

  test('two children cannot have one id', async () => {
    const children = [
      { start: idle, id: 'same' },
      { start: idle, id: 'same' },
    ]
    await refuses(
      () => start(supervisor({ strategy: 'one-for-one', children }), { runtime }),
      'rejects',
      TypeError,
      "expected child ids to be unique, got 'same' twice",
    )
  })
})

describe('options as a whole', () => {
  const places: Record<
    string,
    readonly [act: (options: Untyped) => unknown, how: Mistake['how'], name: string, known: string, misspelt: string]
  > = {
    subscribe: [
      (options) => living.consumer.subscribe(living.producer, options),
      'rejects',
      'subscription options',
      'maxDemand',
      'maxDemnad',
    ],
    start: [(options) => start(idle(), options), 'rejects', 'start options', 'name', 'nmae'],
    startLink: [(options) => startLink(idle(), options), 'rejects', 'start options', 'context', 'contxt'],
    'startLink of a scope': [
      (options) => createScope().startLink(idle(), options),
      'rejects',
      'start options',
      'name',
      'nam',
    ],
    'startLink of a stage': [
      (options) => inside((stage) => stage.startLink(idle(), options)),
      'rejects',
      'start options',
      'name',
      'nome',
    ],
    call: [(options) => living.consumer.call('echo', 'x', options), 'rejects', 'call options', 'timeout', 'timeuot'],
    info: [(options) => living.consumer.info('x', options), 'rejects', 'call options', 'signal', 'sginal'],
    estimateBufferedCount: [
      (options) => living.producer.estimateBufferedCount(options),
      'rejects',
      'call options',
      'timeout',
      'time_out',
    ],
    stop: [
      async (options) => (await start(idle(), { runtime })).stop('normal', options),
      'rejects',
      'stop options',
      'timeout',
      'timeot',
    ],
    producer: [
      (options) => start(producer(options), { runtime }),
      'rejects',
      'the callbacks and options of a producer',
      'bufferSize',
      'bufferSzie',
    ],
    'a producer’s setup function': [
      (options) =>
        start(
          producer(() => options),
          { runtime },
        ),
      'rejects',
      'the callbacks and options of a producer',
      'handleDemand',
      'handle_demand',
    ],
    'a producer-consumer’s async setup function': [
      (options) =>
        start(
          producerConsumer(async () => options),
          { runtime },
        ),
      'rejects',
      'the callbacks and options of a producer-consumer',
      'handleEvents',
      'handelEvents',
    ],
    consumer: [
      (options) => start(consumer(options), { runtime }),
      'rejects',
      'the callbacks and options of a consumer',
      'handleInfo',
      'handleinfo',
    ],
    fromIterable: [
      (options) => fromIterable([], options),
      'throws',
      'the options of fromIterable',
      'onCancel',
      'onCancle',
    ],
    stream: [
      (options) => stream([living.producer], options),
      'throws',
      'the options of stream',
      'producers',
      'producer',
    ],
    supervisor: [(options) => supervisor(options), 'throws', 'the options of a supervisor', 'strategy', 'stratgy'],
    child: [
      (options) => supervisor({ strategy: 'one-for-one', children: [options] }),
      'throws',
      'child 0 of a supervisor',
      'restart',
      'restrat',
    ],
    consumerSupervisor: [
      (options) => consumerSupervisor(options),
      'throws',
      'the options of a consumer supervisor',
      'maxRestarts',
      'max_restarts',
    ],
    demandDispatcher: [
      (options) => demandDispatcher(options),
      'throws',
      'options of demandDispatcher',
      'random',
      'rnadom',
    ],
    partitionDispatcher: [
      (options) => partitionDispatcher(options),
      'throws',
      'options of partitionDispatcher',
      'partitions',
      'partition',
    ],
    createRuntime: [(options) => createRuntime(options), 'throws', 'runtime options', 'logger', 'loger'],
    createScope: [(options) => createScope(options), 'throws', 'scope options', 'runtime', 'run_time'],
    'createScope with a function': [
      (options) => createScope(() => 1, options),
      'rejects',
      'scope options',
      'runtime',
      'run_time',
    ],
    named: [(options) => named('numbers', options), 'throws', 'the options of named', 'runtime', 'runtme'],
  }

  describe.each(Object.entries(places))('of %s', (place, [act, how, name, known, misspelt]) => {
    const makesStage = name.startsWith('the callbacks')

    test('must be an object', async () => {
      // A setup function is a function, its result may be a string, a child may be given by a function alone, and
      // a scope's function may come before its options.
      const kinds = ['object', 'null', ...(makesStage || ['child', 'createScope'].includes(place) ? ['function'] : [])]
      const wrong = makesStage ? without(...kinds).concat([[null, 'null']]) : without(...kinds).concat([[null, 'null']])
      for (const [value, text] of wrong) {
        const expected = makesStage ? "a stage's callbacks, or a function that returns them" : `${name} to be an object`
        await refuses(() => act(value), how, TypeError, `expected ${expected}, got: ${text}`)
      }
    })

    test('must have known names, and the message names the nearest', async () => {
      await refuses(
        () => act({ [misspelt]: 5 }),
        how,
        TypeError,
        new RegExp(`^expected ${name} to be among .*, got: '${misspelt}' \\(did you mean ${known}\\?\\)$`),
      )
    })

    test('are ignored when inherited', async () => {
      const mistake = await mistakeOf(() => act({ __proto__: { [known]: Number.NaN, [misspelt]: Number.NaN } }))
      // Nothing of it is read: at most something is missing that has to be given.
      if (mistake !== undefined) expect(mistake.error.message).toMatch(/to be given/)
    })
  })

  test('an unknown option is refused, even if it is similar to none', async () => {
    await refuses(
      () => start(idle(), untyped({ runtime, colour: 'red' })),
      'rejects',
      TypeError,
      /^expected start options to be among .*got: 'colour'/,
    )
    await refuses(
      () => start(idle(), untyped({ runtime, [Symbol('mark')]: 1 })),
      'rejects',
      TypeError,
      /got: Symbol\(mark\)/,
    )
  })

  test('an option of a subscription may be for the dispatcher or the other stage, but not misspelt', async () => {
    const misspelt = {
      max_demand: 'maxDemand',
      MinDemand: 'minDemand',
      cancle: 'cancel',
      Cancel: 'cancel',
      metaData: 'metadata',
    }
    for (const [name, known] of Object.entries(misspelt)) {
      const message = new RegExp(
        `^expected subscription options to be among .*, got: '${name}' \\(did you mean ${known}\\?\\)$`,
      )
      await refuses(() => living.consumer.subscribe(living.producer, { [name]: 5 }), 'rejects', TypeError, message)
    }
  })

  test('an inherited bufferSize is ignored', async () => {
    const ref = await start(
      producer(untyped({ __proto__: { bufferSize: 'many', bufferKeep: 5 }, handleDemand: () => [] })),
      { runtime },
    )
    await ref.stop()
    const made = await start(
      producer(untyped(Object.assign(Object.create({ bufferSize: -1 }), { handleDemand: () => [] }))),
      { runtime },
    )
    await made.stop()
  })

  test('a required option that is missing is named', async () => {
    const missing: readonly (readonly [() => unknown, Mistake['how'], string])[] = [
      [() => start(producer(untyped({})), { runtime }), 'rejects', 'handleDemand'],
      [() => start(producerConsumer(untyped({})), { runtime }), 'rejects', 'handleEvents'],
      [() => start(consumer(untyped({ handleInfo() {} })), { runtime }), 'rejects', 'handleEvents'],
      [() => supervisor(untyped({})), 'throws', 'strategy'],
      [() => supervisor(untyped({ strategy: 'one-for-one' })), 'throws', 'children'],
      [() => supervisor(untyped({ strategy: 'one-for-one', children: [{}] })), 'throws', 'start'],
      [() => partitionDispatcher(untyped(undefined)), 'throws', 'partitions'],
    ]
    for (const [act, how, name] of missing)
      await refuses(act, how, TypeError, new RegExp(`^expected ${name} to be given: `))
  })

  test('callbacks of another kind of stage are refused by name', async () => {
    const kinds = [
      [consumer, 'handleDemand', 'consumer'],
      [consumer, 'dispatcher', 'consumer'],
      [producer, 'handleEvents', 'producer'],
      [producer, 'subscribeTo', 'producer'],
      [producerConsumer, 'demand', 'producer-consumer'],
    ] as const
    for (const [make, name, kind] of kinds) {
      const act = () => start(untyped(make)({ [name]: () => [] }), { runtime })
      await refuses(
        act,
        'rejects',
        TypeError,
        new RegExp(`^expected the callbacks and options of a ${kind} to be among .*, got: '${name}'`),
      )
    }
  })
})
