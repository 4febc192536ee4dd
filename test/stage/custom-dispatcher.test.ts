import { BadReturnError, broadcastDispatcher, type Dispatcher, fromIterable, producer, type Subscriber } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, type LogRecord, launch, recording, rejection, timings } from './test-stages.ts'

describe('a custom dispatcher', () => {
  /** Sends all events to the first subscriber, whether it asked or not. */
  const careless = (): Dispatcher<number> => {
    const subscribers: Subscriber[] = []
    return {
      subscribe(subscriber) {
        subscribers.push(subscriber)
        return 0
      },
      ask: (_subscriber, demand) => demand,
      cancel: () => 0,
      dispatch: (events) => ({ deliveries: [[subscribers[0] as Subscriber, events]], leftover: [] }),
    }
  }

  test.each(timings)(
    'that sends more than was asked for stops its stage, and the excess is not sent (%s)',
    async (_name, later) => {
      const records: LogRecord[] = []
      const runtime = testRuntime({ logger: recording(records) })
      const seen: number[] = []
      const source = await launch(
        runtime,
        producer({
          dispatcher: careless(),
          handleDemand: later((): number[] => []),
          handleCast: { emit: later((events: readonly number[]) => events) },
        }),
        { name: 'numbers' },
      )
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(source, { maxDemand: 4, minDemand: 0, cancel: 'temporary' })
      await runtime.settle()
      source.cast('emit', [1, 2, 3])
      source.cast('emit', [4, 5])
      const reason = (await source.exited) as BadReturnError
      await runtime.settle()
      expect([reason.constructor, reason.callback, seen]).toEqual([BadReturnError, 'dispatch', [1, 2, 3]])
      expect(reason.message).toContain('no more events for a subscriber than it asked for (1), got: 2')
      expect(records.filter(({ level }) => level === 'error').length).toBe(1)
      await sink.stop()
    },
  )

  const base: Dispatcher<number> = {
    subscribe: () => 0,
    ask: (_subscriber, demand) => demand,
    cancel: () => 0,
    dispatch: (events) => ({ deliveries: [], leftover: events }),
  }

  test.each([
    ['subscribe', undefined, 'the demand that it adds, or { refuse }'],
    ['subscribe', null, 'the demand that it adds, or { refuse }'],
    ['subscribe', Number.NaN, 'the demand that it adds, an integer of at least 0'],
    ['subscribe', -1, 'the demand that it adds, an integer of at least 0'],
    ['ask', undefined, 'the demand that it adds, or { demand, deliveries?, … }'],
    ['ask', 1.5, 'the demand that it adds, an integer of at least 0'],
    ['ask', {}, 'the demand that it adds, an integer of at least 0'],
    ['ask', { demand: Number.POSITIVE_INFINITY }, 'the demand that it adds, an integer of at least 0'],
    ['cancel', '0', 'the demand that it adds, or { demand, deliveries?, … }'],
    ['cancel', -1, 'the demand that it adds, an integer of at least 0'],
    ['dispatch', undefined, '{ deliveries, leftover }, which are arrays'],
    ['dispatch', {}, '{ deliveries, leftover }, which are arrays'],
    ['dispatch', [], '{ deliveries, leftover }, which are arrays'],
    ['dispatch', { deliveries: [] }, '{ deliveries, leftover }, which are arrays'],
    ['dispatch', { deliveries: [[{ tag: 'me', consumer: 'me' }, [1]]], leftover: [] }, 'the very subscribers'],
  ])(
    'whose %s returns %j stops its stage, with an error that states what was expected',
    async (method, result, expected) => {
      const runtime = testRuntime()
      const source = await launch(
        runtime,
        producer({ dispatcher: { ...base, [method]: () => result }, handleDemand: () => [1] }),
      )
      const sink = await launch(
        runtime,
        collecting((callback) => callback, []),
      )
      const subscription = await sink.subscribe(source, { cancel: 'temporary', confirm: false })
      await runtime.settle()
      subscription.cancel()
      const reason = (await source.exited) as BadReturnError
      expect([reason.constructor, reason.callback]).toEqual([BadReturnError, method])
      expect(reason.message).toContain(`expected ${method} to return `)
      expect(reason.message).toContain(expected)
      await runtime.settle()
      await sink.stop()
    },
  )

  test('cannot serve two stages', async () => {
    const runtime = testRuntime()
    const dispatcher = broadcastDispatcher<number>()
    await launch(runtime, producer({ dispatcher, handleDemand: () => [] }))
    const error = await rejection(launch(runtime, producer({ dispatcher, handleDemand: () => [] })))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('a dispatcher that no stage has')
    expect(await rejection(launch(runtime, fromIterable([1], { dispatcher })))).toBeInstanceOf(TypeError)
  })
})
