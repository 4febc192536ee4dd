import {
  broadcastDispatcher,
  consumer,
  createScope,
  fromIterable,
  named,
  producer,
  start,
  startLink,
  stream,
  supervisor,
  task,
  to,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Untyped, untyped } from '../untyped.ts'
import { idle, inside, literal, living, runtime, source } from './living-stages.ts'
import { type Mistake, mistakeOf, refuses, shown, without } from './mistakes.ts'

describe('arguments', () => {
  const notStage = 'expected a stage, created by producer, producerConsumer, consumer or another factory, got: '
  const starts: Record<string, (stage: Untyped) => unknown> = {
    start: (stage) => start(stage, { runtime }),
    startLink: (stage) => startLink(stage, { runtime }),
    'startLink of a scope': (stage) => createScope({ runtime }).startLink(stage),
    'startLink of a stage': (stage) => inside((context) => context.startLink(stage)),
  }
  test.each(Object.entries(starts))('%s requires a stage', async (_name, act) => {
    const hint = ' (call the function, and pass what it returns)'
    for (const [value, text] of without('function'))
      await refuses(() => act(value), 'rejects', TypeError, `${notStage}${text}`)
    await refuses(() => act(undefined), 'rejects', TypeError, `${notStage}undefined`)
    await refuses(() => act(idle), 'rejects', TypeError, `${notStage}function idle${hint}`)
    await refuses(
      () => act(literal),
      'rejects',
      TypeError,
      /^expected a stage, .*got: \{handleEvents: function handleEvents\}$/,
    )
    await refuses(() => act(living.producer), 'rejects', TypeError, /^expected a stage, .*got: ProducerReference \{/)
    await refuses(() => act(Promise.resolve(idle())), 'rejects', TypeError, /^expected a stage, .*got: Promise \{\}$/)
  })

  test('a child must create a stage', async () => {
    for (const [made, text] of [
      [undefined, 'undefined'],
      [5, '5'],
      [idle, 'function idle'],
    ] as const) {
      const boss = start(supervisor({ strategy: 'one-for-one', children: [untyped(() => made)] }), { runtime })
      const mistake = await boss.catch((error: unknown) => error)
      expect(mistake).toMatchObject({ code: 'GENSTAGE_START', reason: { shutdown: { cause: { name: 'TypeError' } } } })
      expect((mistake as Untyped).reason.shutdown.cause.message).toContain(`${notStage}${text}`)
      await refuses(
        () => living.supervisor.startChild(() => made),
        'rejects',
        TypeError,
        new RegExp(`^expected a stage, .*got: ${text}`),
      )
    }
    for (const spec of [5, null, {}, { start: 5 }, { strat: idle }, undefined]) {
      await refuses(
        () => living.supervisor.startChild(spec),
        'rejects',
        TypeError,
        /^expected (start|a child specification) to be /,
      )
    }
    await refuses(
      () => living.supervisor.restartChild('unknown'),
      'rejects',
      RangeError,
      "expected the id of a child, got: 'unknown'",
    )
  })

  const wanting: Record<string, readonly [act: (ref: Untyped) => unknown, how: Mistake['how'], what: string]> = {
    'subscribe of a reference': [(ref) => living.consumer.subscribe(ref), 'rejects', 'a producer to subscribe to'],
    'subscribe of a producer-consumer': [(ref) => living.both.subscribe(ref), 'rejects', 'a producer to subscribe to'],
    subscribeTo: [
      (ref) => start(consumer({ ...literal, subscribeTo: [ref] }), { runtime }),
      'rejects',
      'a producer to subscribe to',
    ],
    'to, in subscribeTo': [
      (ref) => start(consumer({ ...literal, subscribeTo: [to(ref, {})] }), { runtime }),
      'rejects',
      'a producer to subscribe to',
    ],
    'subscribe of a stage': [(ref) => inside((stage) => stage.subscribe(ref)), 'rejects', 'a producer to subscribe to'],
    'monitor of a stage': [(ref) => inside((stage) => stage.monitor(ref)), 'rejects', 'a process to monitor'],
    'link of a stage': [(ref) => inside((stage) => stage.link(ref)), 'rejects', 'a process to link to'],
    'unlink of a stage': [(ref) => inside((stage) => stage.unlink(ref)), 'rejects', 'a process to unlink from'],
    'call of a stage': [(ref) => inside((stage) => stage.call(ref, 'size')), 'rejects', 'a stage to call'],
    stream: [(ref) => stream([ref]), 'throws', 'a producer to subscribe to'],
    'producers of stream': [
      (ref) => stream([living.producer], { producers: [ref] }),
      'throws',
      'a producer to set the demand of',
    ],
  }
  test.each(Object.entries(wanting))('%s requires a reference', async (_name, [act, how, what]) => {
    for (const [value, text] of shown) {
      // What is nearly a reference, as a function that makes a stage, gets a word on what to do besides.
      const hint = typeof value === 'function' || text.startsWith('Promise') ? '[:,] .*' : ''
      const literally = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      await refuses(() => act(value), how, TypeError, new RegExp(`^expected ${what}, got: ${literally}${hint}$`))
    }
    await refuses(() => act(undefined), how, TypeError, `expected ${what}, got: undefined`)
    // A stage that was not started, a function that makes one, the promise of a start, the text of a name.
    for (const value of [source(), source, start(source(), { runtime }), 'numbers']) {
      await refuses(() => act(value), how, TypeError, new RegExp(`^expected ${what}, got: `))
    }
  })

  const subscribing = Object.entries(wanting).filter(([, [, , what]]) => what === 'a producer to subscribe to')
  test.each(subscribing)('%s requires the reference of a stage', async (_name, [act, how, what]) => {
    for (const kind of ['task', 'supervisor'] as const) {
      const message = new RegExp(`^expected ${what}, got ${kind} ${living[kind].id}, which is not a stage$`)
      await refuses(() => act(living[kind]), how, TypeError, message)
    }
  })

  test('a stage that emits nothing refuses a subscriber, as in GenStage', async () => {
    const lines: string[] = []
    const own = testRuntime({ logger: { error: (message) => lines.push(message) } })
    const sink = untyped(await start(idle(), { runtime: own, name: 'sink' }))
    await start(idle(), { runtime: own, name: 'other' })
    await expect(own.settle(sink.subscribe(named('other', { runtime: own })))).rejects.toThrow(
      'consumer other refused the subscription of consumer sink: it emits no events',
    )
    expect(lines[0]).toBe("consumer other rejected 'subscribe' from consumer sink: not for a consumer")
    await sink.stop()
  })

  test('resubscribe requires a subscription', async () => {
    for (const [value, text] of shown) {
      const message = `expected a subscription, as subscribe returns it, got: ${text}`
      await refuses(() => living.consumer.resubscribe(value, 'normal', living.producer), 'rejects', TypeError, message)
      const within = () => inside((stage) => stage.resubscribe(value, 'normal', living.producer))
      await refuses(within, 'rejects', TypeError, message)
    }
  })

  test('fromIterable requires an iterable', async () => {
    for (const [value, text] of without('array', 'string')) {
      if (value instanceof Map) continue
      await refuses(
        () => fromIterable(untyped(value)),
        'throws',
        TypeError,
        `expected an iterable or async iterable, got: ${text}`,
      )
    }
    await refuses(
      () => fromIterable(untyped(undefined)),
      'throws',
      TypeError,
      'expected an iterable or async iterable, got: undefined',
    )
    const generator = function* numbers() {}
    await refuses(
      () => fromIterable(untyped(generator)),
      'throws',
      TypeError,
      /^expected an iterable or async iterable, got: function numbers/,
    )
  })

  test('stream requires an array of producers', async () => {
    for (const [value, text] of without('array')) {
      await refuses(
        () => stream(untyped(value)),
        'throws',
        TypeError,
        `expected an array of producers to stream, got: ${text}`,
      )
    }
    await refuses(
      () => stream(living.producer),
      'throws',
      TypeError,
      /^expected an array of producers to stream, got: ProducerReference/,
    )
  })

  test('task requires a function', async () => {
    for (const [value, text] of [...without('function'), [undefined, 'undefined']] as const) {
      await refuses(
        () => task(untyped(value)),
        'throws',
        TypeError,
        `expected task to be given a function, got: ${text}`,
      )
    }
  })

  test('a name is a string that is not empty', async () => {
    for (const [value, text] of [...without('string'), ['', "''"], [undefined, 'undefined']] as const) {
      await refuses(
        () => named(untyped(value)),
        'throws',
        TypeError,
        `expected name to be a string that is not empty, got: ${text}`,
      )
    }
    await refuses(
      () => start(idle(), { runtime, name: '' }),
      'rejects',
      TypeError,
      "expected name to be a string that is not empty, or a name made by named, got: ''",
    )
  })

  test('a demand mode is one of two', async () => {
    const message = "expected demand to be 'forward' or 'accumulate', got: "
    for (const [value, text] of without('object', 'array')) {
      for (const ref of [living.producer, living.both])
        await refuses(() => ref.demand(value), 'throws', TypeError, `${message}${text}`)
      await refuses(() => inside((stage) => stage.demand(value)), 'rejects', TypeError, `${message}${text}`)
    }
  })

  test('a dispatcher belongs to one stage', async () => {
    const dispatcher = untyped(broadcastDispatcher())
    await start(producer({ dispatcher, handleDemand: () => [] }), { runtime })
    await refuses(
      () => start(producer({ dispatcher, handleDemand: () => [] }), { runtime }),
      'rejects',
      TypeError,
      /^expected a dispatcher that no stage has, got one that belongs to another/,
    )
  })

  test('the kind of a call may be any value, and must be one that the stage has', async () => {
    for (const [kind, text] of [
      ...shown,
      [undefined, 'undefined'],
      [Object.create(null), '{}'],
      [['echo'], "['echo']"],
    ] as const) {
      const message = `expected a kind of request that handleCall has ('echo'), got: ${text}`
      await refuses(() => living.consumer.call(kind), 'rejects', TypeError, message)
      await refuses(() => inside((stage) => stage.call(living.consumer, kind)), 'rejects', TypeError, message)
    }
    await refuses(
      () => living.producer.call('echo'),
      'rejects',
      TypeError,
      'expected a stage with a handleCall, got one without',
    )
  })

  test('a stage that handles no events cannot be subscribed', async () => {
    const mistake = await mistakeOf(() => untyped(living.producer).subscribe(living.producer))
    expect(String(mistake?.error)).toMatch(
      /^TypeError: expected a stage that handles events to subscribe, got producer/,
    )
  })
})

describe('arguments of the test runtime', () => {
  test('a seed is an integer', async () => {
    for (const [value, text] of [
      ...shown.filter(([each]) => each !== 5),
      [1.5, '1.5'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
    ] as const) {
      const mistake = await mistakeOf(() => testRuntime(untyped({ seed: value })))
      expect(mistake?.how).toBe('throws')
      expect(mistake?.error.message).toMatch(/^expected seed to be an integer/)
      expect(mistake?.error.message.slice(-text.length - 7)).toBe(`, got: ${text}`)
    }
  })

  test('time advances by a finite number', async () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const message = `expected ms to be a finite number of at least 0, got: ${value}`
      await refuses(() => testRuntime().advance(value), 'rejects', RangeError, message)
    }
  })

  test('a count of schedules is an integer from 1', async () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const message = `expected count to be an integer of at least 1, got: ${value}`
      await refuses(() => shuffled(value, () => {}), 'rejects', RangeError, message)
    }
  })

  test('options have known names', async () => {
    await refuses(() => testRuntime(untyped({ sede: 5 })), 'throws', TypeError, /got: 'sede' \(did you mean seed\?\)$/)
  })
})
