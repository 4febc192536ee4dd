import {
  BadReturnError,
  broadcastDispatcher,
  consumer,
  type Dispatcher,
  partitionDispatcher,
  producer,
  producerConsumer,
  start,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Untyped, untyped } from '../untyped.ts'

// What a compiler would refuse is what this is about.

/** Calls one callback of one kind of stage, which returns `result`. Resolves with the stage. */
type Play = (result: () => unknown, runtime: TestRuntime) => Promise<{ readonly exited: Promise<unknown> }>

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const sourceOf = (count: number, runtime: TestRuntime) =>
  start(producer({ handleDemand: (demand) => numbers(Math.min(demand, count)) }), { runtime, name: 'source' })
const sinkOf = (runtime: TestRuntime) => start(consumer({ handleEvents() {} }), { runtime, name: 'sink' })

/** A stage of each kind, made of what it needs and what is tried. */
const make: Record<string, (callbacks: object) => Untyped> = {
  producer: (callbacks) => producer(untyped({ handleDemand: () => [1], ...callbacks })),
  'producer-consumer': (callbacks) => producerConsumer(untyped({ handleEvents: () => [1], ...callbacks })),
  consumer: (callbacks) => consumer(untyped({ handleEvents() {}, ...callbacks })),
}

const sent: (kind: string) => Play = (kind) => async (handleInfo, runtime) => {
  const ref = await start(make[kind]?.({ handleInfo }), { runtime })
  untyped(ref).send('')
  return untyped(ref)
}
const castTo: (kind: string) => Play = (kind) => async (result, runtime) => {
  const ref = await start(make[kind]?.({ handleCast: { note: result } }), { runtime })
  untyped(ref).cast('note')
  return untyped(ref)
}
const called: (kind: string) => Play = (kind) => async (result, runtime) => {
  const ref = await start(make[kind]?.({ handleCall: { size: result } }), { runtime })
  untyped(ref)
    .call('size')
    .catch(() => {})
  return untyped(ref)
}
/** As the consumer of a source. */
const consuming: (kind: string, name: string) => Play = (kind, name) => async (result, runtime) => {
  const ref = untyped(await start(make[kind]?.({ [name]: result }), { runtime }))
  // A cancellation would come after events that wait.
  const source = await sourceOf(name === 'handleCancel' ? 0 : 3, runtime)
  const subscription = await ref.subscribe(source, { cancel: 'temporary' }).catch(() => {})
  if (kind === 'producer-consumer' && name === 'handleEvents')
    await (await sinkOf(runtime)).subscribe(ref, { confirm: false })
  if (name === 'handleCancel') subscription.cancel()
  return ref
}
/** As the producer of a sink. */
const producing: (kind: string, callbacks: (result: () => unknown) => object) => Play =
  (kind, callbacks) => async (result, runtime) => {
    const ref = untyped(await start(make[kind]?.(callbacks(result)), { runtime }))
    const subscription = await (await sinkOf(runtime)).subscribe(ref, { cancel: 'temporary', confirm: false })
    if ('handleCancel' in callbacks(result)) subscription.cancel()
    return ref
  }

/** Results that are valid for no callback, and how they are shown. */
const nonsense: readonly (readonly [value: unknown, text: string])[] = [
  [null, 'null'],
  [5, '5'],
  [0, '0'],
  ['', "''"],
  ['events', "'events'"],
  [true, 'true'],
  [false, 'false'],
  [5n, '5n'],
  [Symbol('mark'), 'Symbol(mark)'],
  [function five() {}, 'function five'],
  [new RangeError('boom'), 'RangeError: boom'],
  [{ colour: 'red' }, "{colour: 'red'}"],
  [{ stop: 'normal', colour: 'red' }, "{stop: 'normal', colour: 'red'}"],
  [{ event: [1] }, '{event: [1]}'],
  [{ events: 5 }, '{events: 5}'],
  [{ events: 'ab' }, "{events: 'ab'}"],
  [{ events: new Set([1]) }, '{events: Set(1)}'],
  [{ stop: 'normal', reply: 1, events: [], more: 1 }, "{stop: 'normal', reply: 1, events: [], more: 1}"],
  [new Map(), 'Map(0)'],
  [new Set([1]), 'Set(1)'],
  [new Date(0), new Date(0).toString()],
  [new Uint8Array(2), 'Uint8Array(2 bytes)'],
  [/events/, '/events/'],
  [(function* () {})(), '{}'],
]
const undefinedToo = [...nonsense, [undefined, 'undefined'] as const]

const events = 'an array of events ([] for none) or { events?, stop? }'
const occasionally = 'an array of events, nothing, or { events?, stop? }'
const none = 'nothing or { stop? }, as a consumer emits no events'
const reply = '{ reply, events?, stop? }, or nothing if from.reply is called later'
const emitted: readonly (readonly [unknown, string])[] = [
  [[1], '[1]'],
  [{ events: [1] }, '[1]'],
  [{ events: [1], stop: 'normal' }, '[1]'],
]
const arrays: readonly (readonly [unknown, string])[] = [
  [[], '[]'],
  [[1], '[1]'],
]
const replies: readonly (readonly [unknown, string])[] = [[{ reply: 1 }, '{reply: 1}']]

interface Place {
  readonly play: Play
  readonly callback: string
  /** The text after "to return"; undefined if it depends on the result. */
  readonly expected: string | undefined
  readonly wrong: readonly (readonly [value: unknown, text: string])[]
}

const cancelled = (handleCancel: () => unknown): object => ({ handleCancel })
const places: Record<string, Place> = {
  'handleDemand of a producer': {
    play: producing('producer', (handleDemand) => ({ handleDemand })),
    callback: 'handleDemand',
    expected: events,
    wrong: [...undefinedToo, ...replies],
  },
  'handleEvents of a producer-consumer': {
    play: consuming('producer-consumer', 'handleEvents'),
    callback: 'handleEvents',
    expected: events,
    wrong: [...undefinedToo, ...replies],
  },
  'handleEvents of a consumer': {
    play: consuming('consumer', 'handleEvents'),
    callback: 'handleEvents',
    expected: none,
    wrong: [...nonsense, ...emitted, ...replies],
  },
  ...Object.fromEntries(
    ['producer', 'producer-consumer', 'consumer'].flatMap((kind): [string, Place][] => {
      const isConsumer = kind === 'consumer'
      const expected = isConsumer ? none : occasionally
      const wrong = isConsumer ? [...nonsense, ...emitted, ...replies] : [...nonsense, ...replies]
      return [
        [`handleInfo of a ${kind}`, { play: sent(kind), callback: 'handleInfo', expected, wrong }],
        [`handleCast of a ${kind}`, { play: castTo(kind), callback: 'handleCast.note', expected, wrong }],
        [
          `handleCall of a ${kind}`,
          { play: called(kind), callback: 'handleCall.size', expected: reply, wrong: [...nonsense, ...arrays] },
        ],
      ]
    }),
  ),
  'handleCancel of a producer': {
    play: producing('producer', cancelled),
    callback: 'handleCancel',
    expected: occasionally,
    wrong: [...nonsense, ...replies],
  },
  'handleCancel of a producer-consumer, of a consumer': {
    play: producing('producer-consumer', cancelled),
    callback: 'handleCancel',
    expected: occasionally,
    wrong: [...nonsense, ...replies],
  },
  'handleCancel of a producer-consumer, of a producer': {
    play: consuming('producer-consumer', 'handleCancel'),
    callback: 'handleCancel',
    expected: occasionally,
    wrong: [...nonsense, ...replies],
  },
  'handleCancel of a consumer': {
    play: consuming('consumer', 'handleCancel'),
    callback: 'handleCancel',
    expected: none,
    wrong: [...nonsense, ...emitted, ...replies],
  },
  'handleSubscribe of a producer': {
    play: producing('producer', (handleSubscribe) => ({ handleSubscribe })),
    callback: 'handleSubscribe',
    expected: undefined,
    wrong: [...nonsense, ...arrays, ...replies, ['manual', "'manual'"]],
  },
  'handleSubscribe of a producer-consumer, for a consumer': {
    play: producing('producer-consumer', (handleSubscribe) => ({ handleSubscribe })),
    callback: 'handleSubscribe',
    expected: undefined,
    wrong: [...nonsense, ...arrays, ...replies, ['manual', "'manual'"]],
  },
  'handleSubscribe of a producer-consumer, to a producer': {
    play: consuming('producer-consumer', 'handleSubscribe'),
    callback: 'handleSubscribe',
    expected: undefined,
    wrong: [...nonsense, ...arrays, ...replies, ['auto', "'auto'"]],
  },
  'handleSubscribe of a consumer': {
    play: consuming('consumer', 'handleSubscribe'),
    callback: 'handleSubscribe',
    expected: undefined,
    wrong: [...nonsense, ...arrays, ...replies, ['auto', "'auto'"]],
  },
}

/** Makes a callback return `result`, and resolves with the exit reason of the stage. */
async function reasonOf(play: Play, result: () => unknown): Promise<unknown> {
  const runtime = testRuntime()
  const ref = await play(result, runtime)
  let reason: unknown = 'it goes on'
  void ref.exited.then((why) => {
    reason = why
  })
  await runtime.settle()
  return reason
}

function holds(reason: unknown, { callback, expected }: Pick<Place, 'callback' | 'expected'>, text: string): void {
  expect(reason).toBeInstanceOf(BadReturnError)
  const { code, callback: named, message } = reason as BadReturnError
  expect({ code, named }).toEqual({ code: 'GENSTAGE_BAD_RETURN', named: callback })
  const result = expected ?? message.slice(`expected ${callback} to return `.length, -`, got: ${text}`.length)
  expect(message).toBe(`expected ${callback} to return ${result}, got: ${text}`)
}

describe.each(Object.entries(places))('%s', (_name, place) => {
  test.each(place.wrong.map(([value, text]) => [text, value] as const))('must not return %s', async (text, value) => {
    holds(await reasonOf(place.play, () => value), place, text)
  })

  test.each(place.wrong.map(([value, text]) => [text, value] as const))(
    'must not return a promise of %s',
    async (text, value) => {
      holds(await reasonOf(place.play, () => Promise.resolve(value)), place, text)
    },
  )

  test('may return a stop, immediately or later, but not an inherited one', async () => {
    const stop = { stop: 'shutdown' }
    expect(await reasonOf(place.play, () => stop)).toBe('shutdown')
    expect(await reasonOf(place.play, () => Promise.resolve(stop))).toBe('shutdown')
    const inherits = { __proto__: { stop: 'inherited', colour: 'red' }, stop: 'shutdown' }
    expect(await reasonOf(place.play, () => inherits)).toBe('shutdown')
  })
})

describe('formatDiscarded', () => {
  const play: Play = async (formatDiscarded, runtime) => {
    const handleInfo = () => numbers(5)
    const ref = await start(producer(untyped({ bufferSize: 2, formatDiscarded, handleInfo, handleDemand: () => [] })), {
      runtime,
    })
    ref.send('')
    return ref
  }
  const wrong = [
    ...nonsense.filter(([value]) => typeof value !== 'boolean'),
    [undefined, 'undefined'],
    [Promise.resolve(true), 'Promise {}'],
  ] as const
  test.each(wrong.map(([value, text]) => [text, value] as const))('must not return %s', async (text, value) => {
    holds(await reasonOf(play, () => value), { callback: 'formatDiscarded', expected: 'a boolean' }, text)
  })
})

describe('hash', () => {
  const play: Play = async (hash, runtime) => {
    const dispatcher = partitionDispatcher<'one', number>({ partitions: ['one'], hash: untyped(hash) })
    const ref = await start(producer({ dispatcher, handleDemand: () => [7] }), { runtime })
    await (await sinkOf(runtime)).subscribe(ref, { partition: 'one', cancel: 'temporary', confirm: false })
    return ref
  }
  const wrong = [
    ...nonsense,
    ...arrays,
    [undefined, 'undefined'],
    [[7, 'two'], "[7, 'two']"],
    [[7, 0], '[7, 0]'],
    [[7, 'one', 1], "[7, 'one', 1]"],
    ['one', "'one'"],
    [Promise.resolve([7, 'one']), 'Promise {}'],
  ] as const
  test.each(wrong.map(([value, text]) => [text, value] as const))('must not return %s', async (text, value) => {
    const expected = "[event, partition] or 'none', with a partition out of ['one']"
    holds(await reasonOf(play, () => value), { callback: 'hash', expected }, text)
  })
})

test('a selector must not return a promise', async () => {
  const play: Play = async (selector, runtime) => {
    const ref = await start(producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: () => [7] }), {
      runtime,
    })
    await (await sinkOf(runtime)).subscribe(untyped(ref), {
      selector: untyped(selector),
      cancel: 'temporary',
      confirm: false,
    } as object)
    return ref
  }
  const reason = await reasonOf(play, () => Promise.resolve(true))
  holds(reason, { callback: 'selector', expected: 'true or false, not a promise' }, 'Promise {}')
})

describe('a custom dispatcher', () => {
  const dispatchers: Record<string, Partial<Dispatcher<unknown>>> = {
    'must not send more than was asked for': {
      dispatch: (due) => ({ deliveries: [[untyped(subscribed), [...due, ...numbers(5_000)]]], leftover: [] }),
    },
  }
  let subscribed: unknown
  test.each(Object.entries(dispatchers))('%s', async (_name, own) => {
    const runtime = testRuntime()
    const dispatcher = untyped({
      subscribe(subscriber: unknown) {
        subscribed = subscriber
        return 0
      },
      ask: (_subscriber: unknown, demand: number) => demand,
      cancel: () => 0,
      dispatch: (due: unknown[]) => ({ deliveries: [], leftover: due }),
      ...own,
    })
    const ref = await start(producer({ dispatcher, handleDemand: () => [1] }), { runtime })
    await (await sinkOf(runtime)).subscribe(untyped(ref), { cancel: 'temporary', confirm: false })
    await runtime.settle()
    expect(await ref.exited).toMatchObject({ code: 'GENSTAGE_BAD_RETURN', callback: 'dispatch' })
  })
})

test('valid results are not refused', async () => {
  const runtime = testRuntime()
  const alive = async (play: Play, result: unknown) => expect(await reasonOf(play, () => result)).toBe('it goes on')
  for (const result of [[], [1], { events: [1] }, { events: [] }, {}, { stop: undefined }]) {
    for (const name of [
      'handleDemand of a producer',
      'handleEvents of a producer-consumer',
      'handleInfo of a producer',
    ]) {
      await alive((places[name] as Place).play, result)
    }
  }
  for (const result of [undefined, [], { stop: undefined }])
    await alive((places['handleEvents of a consumer'] as Place).play, result)
  for (const result of [undefined, {}, { reply: undefined }, { reply: [1], events: [] }]) {
    await alive((places['handleCall of a consumer'] as Place).play, result)
  }
  for (const result of [undefined, 'automatic', Promise.resolve('automatic')]) {
    await alive((places['handleSubscribe of a producer'] as Place).play, result)
  }
  await alive((places['handleSubscribe of a consumer'] as Place).play, 'manual')
  await runtime.settle()
})
