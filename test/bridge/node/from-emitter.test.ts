import { EventEmitter } from 'node:events'
import { StartError, type Subscription, stream, to } from 'genstage'
import { OverflowError } from 'genstage/bridge'
import { fromEmitter } from 'genstage/node'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { countLeft, MOST_KEPT_BY_ENGINE } from '../../garbage.ts'
import { type LogRecord, launch, range, recording, rejection } from '../../stage/test-stages.ts'
import { asking, failing, listenersOf, turns } from '../test-stages.ts'

const boom = new Error('boom')
const names = ['tick', 'error', 'close'] as const

test('gives what is emitted, the first argument of each, from the start of the stage on', async () => {
  const emitter = new EventEmitter<{ tick: [number, string] }>()
  const source = await launch(testRuntime(), fromEmitter(emitter, 'tick', { whenFull: 'fail' }))
  emitter.emit('tick', 1, 'a')
  emitter.emit('tick', 2, 'b')
  const seen: number[] = []
  for await (const event of stream([source])) {
    seen.push(event)
    if (seen.length === 2) emitter.emit('tick', 3, 'c')
    if (seen.length === 3) break
  }
  expect(seen).toEqual([1, 2, 3])
})

test('makes events of all arguments with toEvent', async () => {
  const emitter = new EventEmitter()
  const toEvent = (count: number, name: string) => `${name}${count}`
  const source = await launch(
    testRuntime(),
    fromEmitter(emitter, 'tick', { whenFull: 'fail', toEvent, endOn: ['close'] }),
  )
  emitter.emit('tick', 1, 'a')
  emitter.emit('tick', 2, 'b')
  emitter.emit('close')
  const seen: string[] = []
  for await (const event of stream([source])) seen.push(event)
  expect(seen).toEqual(['a1', 'b2'])
})

test('what makes the events may throw', async () => {
  const emitter = new EventEmitter()
  const toEvent = (): never => {
    throw boom
  }
  const source = await launch(testRuntime(), fromEmitter(emitter, 'tick', { whenFull: 'fail', toEvent }))
  emitter.emit('tick')
  expect(await source.exited).toBe(boom)
})

describe('a slow consumer', () => {
  test.each([
    ['drop-oldest', [0, 1, 6, 7, 8, 9]],
    ['drop-newest', [0, 1, 2, 3, 4, 5]],
  ] as const)('loses events by the policy %s, counted and logged', async (whenFull, kept) => {
    // All in one go, and one after the other with turns between: it makes no difference.
    for (const pause of [() => Promise.resolve(), () => turns(2)]) {
      const records: LogRecord[] = []
      const runtime = testRuntime({ logger: recording(records) })
      const emitter = new EventEmitter()
      const seen: unknown[] = []
      const subscriptions: Subscription[] = []
      const source = await launch(runtime, fromEmitter(emitter, 'tick', { whenFull, bufferSize: 4 }))
      const sink = await launch(runtime, asking(seen, subscriptions))
      await sink.subscribe(source)
      subscriptions[0]?.ask(2)
      await turns()
      for (const number of range(0, 10)) {
        emitter.emit('tick', number)
        await pause()
      }
      await turns()
      expect(seen).toEqual([0, 1])
      expect(await source.call('discarded')).toBe(4)
      expect(await source.estimateBufferedCount()).toBe(4)
      const dropped = records.filter(({ message }) => / discarded \d+ events?: buffer full/.test(message))
      expect(dropped.reduce((sum, { facts }) => sum + Number(facts.discarded), 0)).toBe(4)
      subscriptions[0]?.ask(10)
      await turns()
      expect(seen).toEqual(kept)
    }
  })

  test('logs nothing if formatDiscarded returns false', async () => {
    const records: LogRecord[] = []
    const counts: number[] = []
    const formatDiscarded = (count: number) => counts.push(count) < 0
    const runtime = testRuntime({ logger: recording(records) })
    const emitter = new EventEmitter()
    const source = await launch(
      runtime,
      fromEmitter(emitter, 'tick', { whenFull: 'drop-newest', bufferSize: 0, formatDiscarded }),
    )
    for (const number of range(0, 10)) emitter.emit('tick', number)
    expect(await source.call('discarded')).toBe(10)
    expect(counts).toEqual([10])
    expect(records).toEqual([])
  })

  test.each([
    ['at once', () => Promise.resolve()],
    ['one after the other', () => turns(2)],
  ])('fails where it is to, for events that come %s, and listens no more', async (_how, pause) => {
    const emitter = new EventEmitter()
    const source = await launch(testRuntime(), fromEmitter(emitter, 'tick', { whenFull: 'fail', bufferSize: 3 }))
    for (const number of range(0, 4)) {
      emitter.emit('tick', number)
      await pause()
    }
    const reason = await source.exited
    expect(reason).toBeInstanceOf(OverflowError)
    expect(reason).toMatchObject({ code: 'GENSTAGE_OVERFLOW', bufferSize: 3 })
    expect(listenersOf(emitter)).toEqual({})
  })

  test('keeps no more than the buffer holds, however many come between two turns', async () => {
    const emitter = new EventEmitter()
    const source = await launch(
      testRuntime(),
      fromEmitter(emitter, 'tick', { whenFull: 'drop-oldest', bufferSize: 10, formatDiscarded: () => false }),
    )
    const events: WeakRef<object>[] = []
    for (let number = 0; number < 100_000; number++) {
      const event = { number }
      if (number % 1_000 === 0) events.push(new WeakRef(event))
      emitter.emit('tick', event)
    }
    expect(await countLeft(events)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
    expect(await source.call('discarded')).toBe(99_990)
  })
})

describe('an end of the emitter', () => {
  test('by an error is the exit reason, the same object', async () => {
    const emitter = new EventEmitter()
    const source = await launch(testRuntime(), fromEmitter(emitter, 'tick', { whenFull: 'fail' }))
    emitter.emit('error', boom)
    expect(await source.exited).toBe(boom)
    expect(listenersOf(emitter)).toEqual({})
  })

  test('by one of its names for it comes after the last event', async () => {
    const emitter = new EventEmitter()
    const source = await launch(
      testRuntime(),
      fromEmitter(emitter, 'tick', { whenFull: 'fail', endOn: ['close', 'end'] }),
    )
    for (const number of range(0, 5)) emitter.emit('tick', number)
    emitter.emit('end')
    emitter.emit('tick', 5)
    expect(listenersOf(emitter)).toEqual({})
    const seen: unknown[] = []
    for await (const event of stream([to(source, { maxDemand: 2 })])) seen.push(event)
    expect(seen).toEqual(range(0, 5))
    expect(await source.exited).toBe('normal')
  })

  test('by a name that is also that of its events is one of these', async () => {
    const emitter = new EventEmitter()
    const source = await launch(testRuntime(), fromEmitter(emitter, 'error', { whenFull: 'fail', endOn: ['close'] }))
    emitter.emit('error', boom)
    emitter.emit('close')
    const seen: unknown[] = []
    for await (const event of stream([source])) seen.push(event)
    expect(seen).toEqual([boom])
  })

  test('with an empty failOn is handled by the emitter itself', async () => {
    const emitter = new EventEmitter()
    const source = await launch(testRuntime(), fromEmitter(emitter, 'tick', { whenFull: 'fail', failOn: [] }))
    expect(() => emitter.emit('error', boom)).toThrow(boom)
    await source.stop()
  })
})

describe('when the stage ends', () => {
  test.each(names)('it listens no more: %s', async (name) => {
    const emitter = new EventEmitter()
    const runtime = testRuntime()
    const source = await launch(runtime, fromEmitter(emitter, name, { whenFull: 'fail' }))
    expect(emitter.listenerCount(name)).toBe(1)
    const sink = await launch(runtime, failing(boom))
    await sink.subscribe(source)
    emitter.emit(name, 1)
    expect(await source.exited).toBe(boom)
    expect(listenersOf(emitter)).toEqual({})
  })

  test('because its signal is aborted it listens no more', async () => {
    const emitter = new EventEmitter()
    const controller = new AbortController()
    const source = await launch(
      testRuntime(),
      fromEmitter(emitter, 'tick', { whenFull: 'fail', signal: controller.signal }),
    )
    controller.abort(boom)
    expect(await source.exited).toBe(boom)
    expect(listenersOf(emitter)).toEqual({})
    const { signal } = controller
    expect(
      await rejection(launch(testRuntime(), fromEmitter(emitter, 'tick', { whenFull: 'fail', signal }))),
    ).toBeInstanceOf(StartError)
    expect(listenersOf(emitter)).toEqual({})
  })
})

test('the policy must be named, and every option be right', () => {
  const emitter = new EventEmitter()
  expect(() => fromEmitter(emitter, 'tick', {} as never)).toThrow(
    "expected whenFull to be given: 'drop-oldest', 'drop-newest' or 'fail'",
  )
  expect(() => fromEmitter(emitter, 'tick', undefined as never)).toThrow('expected whenFull to be given')
  expect(() => fromEmitter(emitter, 'tick', { whenFull: 'fail', bufferSize: Number.POSITIVE_INFINITY })).toThrow(
    RangeError,
  )
  expect(() => fromEmitter({} as never, 'tick', { whenFull: 'fail' })).toThrow('expected an EventEmitter, got: {}')
  expect(() => fromEmitter(emitter, 5 as never, { whenFull: 'fail' })).toThrow('expected the name of an event')
})
