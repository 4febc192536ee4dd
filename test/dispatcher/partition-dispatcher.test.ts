import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadReturnError } from '../../src/base/errors.ts'
import type { Dispatcher, Subscriber } from '../../src/dispatcher/dispatcher.ts'
import { partitionDispatcher } from '../../src/dispatcher/partition-dispatcher.ts'
import { partitionHash } from '../../src/dispatcher/partition-hash.ts'
import { expectSameBehaviour, happenings } from './compare.ts'
import { NaivePartitionDispatcher } from './naive-dispatchers.ts'

const subscriber = (consumer: string): Subscriber => ({ tag: `tag of ${consumer}`, consumer })
const a = subscriber('a')
const b = subscriber('b')

const byRemainder = (event: number): readonly [number, number] => [event, event % 2]

/** Two partitions by parity: `a` has the even ones, `b` the odd ones. */
function evenAndOdd(): Dispatcher<number, { partition: number }> {
  const dispatcher = partitionDispatcher({ partitions: 2, hash: byRemainder })
  dispatcher.subscribe(a, { partition: 0 })
  dispatcher.subscribe(b, { partition: 1 })
  return dispatcher
}

describe('partitionDispatcher', () => {
  test('returns the same as GenStage, whatever happens', () => {
    const counts = [1, 2, 3, 5]
    const hashes = [
      (count: number) => (event: unknown) => [event, Number(event) % count] as const,
      (count: number) => (event: unknown) => [Number(event) * 100, Number(event) % count] as const,
      (count: number) => (event: unknown) =>
        Number(event) % 5 === 0 ? ('none' as const) : ([event, Number(event) % count] as const),
      () => (event: unknown) => [event, 0] as const,
    ]
    fc.assert(
      fc.property(
        fc
          .constantFrom(...counts)
          .chain((count) =>
            fc.tuple(
              fc.constant(count),
              fc.constantFrom(...hashes),
              happenings(fc.record({ partition: fc.integer({ min: -1, max: count }) })),
            ),
          ),
        ([count, makeHash, sequence]) => {
          const hash = makeHash(count)
          const names = Array.from({ length: count }, (_, index) => index)
          const real = partitionDispatcher({ partitions: count, hash })
          expectSameBehaviour<{ partition: number }>(real, new NaivePartitionDispatcher(names, hash), sequence)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('returns the same as GenStage with names, and few events for many partitions', () => {
    const names = Array.from({ length: 12 }, (_, index) => `partition ${index}`)
    const hash = (event: unknown) => [event, `partition ${(Number(event) * 7) % 12}`] as const
    fc.assert(
      fc.property(happenings(fc.record({ partition: fc.constantFrom(...names) })), (sequence) => {
        const real = partitionDispatcher({ partitions: names, hash })
        expectSameBehaviour<{ partition: string }>(real, new NaivePartitionDispatcher(names, hash), sequence)
      }),
      { numRuns: 300 },
    )
  })

  test('sends each event to the subscriber of its partition, in order', () => {
    const dispatcher = evenAndOdd()
    expect(dispatcher.ask(a, 4)).toBe(4)
    expect(dispatcher.ask(b, 4)).toBe(4)
    expect(dispatcher.dispatch([1, 2, 3, 4]).deliveries).toEqual([
      [a, [2, 4]],
      [b, [1, 3]],
    ])
  })

  test('serves partitions in their order, whichever event comes first', () => {
    const dispatcher = partitionDispatcher({ partitions: 20, hash: (event: number) => [event, event] as const })
    const subscribers = Array.from({ length: 20 }, (_, index) => subscriber(String(index)))
    for (const [partition, each] of subscribers.entries()) dispatcher.subscribe(each, { partition })
    for (const each of subscribers) dispatcher.ask(each, 3)
    expect(dispatcher.dispatch([11, 3, 11, 7]).deliveries.map(([{ consumer }]) => consumer)).toEqual(['3', '7', '11'])
  })

  test('queues what a partition has not asked for, and leaves over what no partition has', () => {
    const dispatcher = evenAndOdd()
    dispatcher.ask(a, 3)
    expect(dispatcher.dispatch([1, 2, 3, 4])).toEqual({ deliveries: [[a, [2]]], leftover: [4] })
    expect(dispatcher.queuedCount?.()).toBe(2)
    expect(dispatcher.ask(b, 1)).toEqual({ demand: 1, deliveries: [[b, [1]]], infos: [] })
    expect(dispatcher.queuedCount?.()).toBe(1)
  })

  test('lets an info wait in an empty queue, where a dispatch used the demand up exactly', () => {
    const dispatcher = evenAndOdd()
    dispatcher.ask(a, 1)
    expect(dispatcher.queueInfo?.('before')).toBe(false)
    dispatcher.dispatch([2])
    expect(dispatcher.queuedCount?.()).toBe(0)
    expect(dispatcher.queueInfo?.('after')).toBe(true)
    expect(dispatcher.ask(a, 1)).toEqual({ demand: 1, deliveries: [], infos: ['after'] })
    expect(dispatcher.queueInfo?.('later')).toBe(false)
  })

  test('lets go of an info when it has left all queues', () => {
    const dispatcher = evenAndOdd()
    dispatcher.ask(a, 2)
    dispatcher.dispatch([2, 4])
    dispatcher.ask(b, 2)
    dispatcher.dispatch([1, 3])
    dispatcher.queueInfo?.('info')
    expect(dispatcher.ask(a, 1)).toEqual({ demand: 1, deliveries: [], infos: [] })
    expect(dispatcher.ask(b, 1)).toEqual({ demand: 1, deliveries: [], infos: ['info'] })
  })

  test('hands out what stands between infos apart', () => {
    const dispatcher = evenAndOdd()
    dispatcher.ask(a, 4)
    dispatcher.dispatch([1])
    dispatcher.queueInfo?.('first')
    dispatcher.dispatch([3, 5])
    dispatcher.queueInfo?.('second')
    expect(dispatcher.ask(b, 9)).toEqual({
      demand: 9,
      deliveries: [
        [b, [1]],
        [b, [3, 5]],
      ],
      infos: ['first', 'second'],
    })
  })

  test('drops, counts and asks again for what waited for a subscriber that leaves', () => {
    const dispatcher = evenAndOdd()
    dispatcher.ask(a, 4)
    dispatcher.dispatch([1, 3])
    dispatcher.queueInfo?.('info')
    expect(dispatcher.cancel(b)).toEqual({ demand: 2, discarded: 2, infos: ['info'] })
    expect(dispatcher.queuedCount?.()).toBe(0)
    expect(dispatcher.subscribe(subscriber('c'), { partition: 1 })).toBe(0)
    expect(dispatcher.dispatch([2, 4, 6, 8, 10]).deliveries).toEqual([[a, [2, 4, 6, 8]]])
  })

  test('keeps what comes for a partition without subscriber until it has one', () => {
    const dispatcher = partitionDispatcher({ partitions: 2, hash: byRemainder })
    dispatcher.subscribe(a, { partition: 0 })
    dispatcher.ask(a, 3)
    expect(dispatcher.dispatch([1, 3]).deliveries).toEqual([])
    dispatcher.subscribe(b, { partition: 1 })
    expect(dispatcher.ask(b, 5)).toMatchObject({ deliveries: [[b, [1, 3]]] })
  })

  test('discards what the hash assigns to no partition', () => {
    const hash = (event: number) => (event > 2 ? 'none' : byRemainder(event))
    const dispatcher = partitionDispatcher({ partitions: 2, hash })
    dispatcher.subscribe(a, { partition: 0 })
    dispatcher.ask(a, 2)
    expect(dispatcher.dispatch([9, 8, 2, 7, 2, 6])).toEqual({
      deliveries: [[a, [2, 2]]],
      leftover: [6],
      filtered: 3,
    })
  })

  test('takes -0 for partition 0, and names for the numbers they are', () => {
    const dispatcher = partitionDispatcher({ partitions: 2, hash: (event: number) => [event, event % 2] as const })
    dispatcher.subscribe(a, { partition: 0 })
    dispatcher.ask(a, 1)
    expect(dispatcher.dispatch([-4]).deliveries).toEqual([[a, [-4]]])
  })

  test('goes by partitionHash if it has no hash', () => {
    const dispatcher = partitionDispatcher({ partitions: 3 })
    const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon']
    const subscribers = [0, 1, 2].map((partition) => {
      const each = subscriber(String(partition))
      dispatcher.subscribe(each, { partition })
      dispatcher.ask(each, 10)
      return each
    })
    const expected = subscribers
      .map((each, partition) => [each, words.filter((word) => partitionHash(word) % 3 === partition)] as const)
      .filter(([, events]) => events.length > 0)
    expect(dispatcher.dispatch(words).deliveries).toEqual(expected)
    expect(() => dispatcher.dispatch([Symbol('a')])).toThrow(/give it a `hash`/)
  })

  test('leaves an array over unchanged if no partition has asked', () => {
    const dispatcher = partitionDispatcher<number, number>({ partitions: 1, hash: (event) => [event, 0] })
    const events = [1, 2]
    expect(dispatcher.dispatch(events).leftover).toBe(events)
  })

  test.each([
    ['an unknown name', [1, 'c']],
    ['a number that is none of the names', [1, 0]],
    ['a string', 'nowhere'],
    ['nothing', undefined],
    ['an array of one', [1]],
    ['an array of three', [1, 'a', 'b']],
    ['a promise', Promise.resolve([1, 'a'])],
  ])('throws if the hash returns %s, and has dispatched nothing', (_, result) => {
    let isBroken = true
    const hash = (event: unknown) => (isBroken && event === 2 ? result : [event, 'a'])
    const dispatcher = partitionDispatcher({ partitions: ['a', 'b'], hash: hash as () => [unknown, 'a'] })
    dispatcher.subscribe(a, { partition: 'a' })
    dispatcher.ask(a, 10)
    expect(() => dispatcher.dispatch([1, 2])).toThrow(BadReturnError)
    expect(() => dispatcher.dispatch([1, 2])).toThrow(/expected hash to return \[event, partition\] or 'none'/)
    isBroken = false
    expect(dispatcher.dispatch([1, 2]).deliveries).toEqual([[a, [1, 2]]])
  })

  test.each([
    ['1.5', 1.5],
    ['-1', -1],
    ['2', 2],
    ["'0'", '0'],
    ['NaN', Number.NaN],
    ["'length'", 'length'],
  ])('throws if the hash of numbered partitions returns %s', (_, name) => {
    const dispatcher = partitionDispatcher({
      partitions: 2,
      hash: (event: unknown) => [event, name as number] as const,
    })
    dispatcher.subscribe(a, { partition: 0 })
    dispatcher.ask(a, 1)
    expect(() => dispatcher.dispatch([1])).toThrow(BadReturnError)
  })

  test.each([
    [{}],
    [{ partition: 2 }],
    [{ partition: '0' }],
    [{ partition: undefined }],
    [Object.create({ partition: 0 })],
  ])('refuses a subscription with %o: no such partition', (options) => {
    const dispatcher = partitionDispatcher({ partitions: 2 })
    expect(dispatcher.subscribe(a, options as { partition: number })).toMatchObject({ refuse: 'bad-partition' })
    expect(dispatcher.cancel(a)).toBe(0)
  })

  test('refuses a partition that is taken, and takes it again when it is free', () => {
    const dispatcher = partitionDispatcher({ partitions: 2 })
    dispatcher.subscribe(a, { partition: 0 })
    expect(dispatcher.subscribe(b, { partition: 0 })).toMatchObject({ refuse: 'partition-taken' })
    expect(dispatcher.cancel(b)).toBe(0)
    dispatcher.cancel(a)
    expect(dispatcher.subscribe(b, { partition: 0 })).toBe(0)
  })

  test('takes two million events at once, for one partition, and gives them out again', () => {
    const dispatcher = evenAndOdd()
    dispatcher.ask(a, 2_000_000)
    const events = Array.from({ length: 2_000_000 }, () => 1)
    expect(dispatcher.dispatch(events)).toEqual({ deliveries: [], leftover: [] })
    expect(dispatcher.queuedCount?.()).toBe(2_000_000)
    const result = dispatcher.ask(b, 2_000_000)
    expect(result).toMatchObject({ demand: 2_000_000 })
    expect(typeof result === 'number' ? [] : result.deliveries?.map(([, { length }]) => length)).toEqual([2_000_000])
  })

  test.each([
    [undefined, TypeError, /expected partitions to be given: a number of partitions from 1 to 100000/],
    [{ partitions: 0 }, RangeError, /got: 0/],
    [{ partitions: 1.5 }, RangeError, /got: 1.5/],
    [{ partitions: Number.NaN }, RangeError, /got: NaN/],
    [{ partitions: Number.POSITIVE_INFINITY }, RangeError, /got: Infinity/],
    [{ partitions: '4' }, TypeError, /got: '4'/],
    [{ partitions: [] }, RangeError, /got: \[\]/],
    [{ partitions: ['a', {}] }, TypeError, /got: \['a', \{\}\]/],
    [{ partitions: ['a', 'a'], hash: byRemainder }, TypeError, /expected partitions to differ by name/],
    [{ partitions: ['odd', 'even'] }, TypeError, /expected hash to be given/],
    [{ partitions: [1, 2] }, TypeError, /expected hash to be given/],
    [{ partitions: 2, hash: 'mod' }, TypeError, /expected hash to be a function, got: 'mod'/],
    [{ partitions: 2, hsah: byRemainder }, TypeError, /did you mean hash/],
  ])('refuses to be made with %o', (options, error, message) => {
    const make = () => partitionDispatcher(options as unknown as { partitions: number })
    expect(make).toThrow(error)
    expect(make).toThrow(message)
  })

  test('needs no hash for names that are 0, 1, 2 in any order', () => {
    const dispatcher = partitionDispatcher({ partitions: [1, 0] })
    for (const [name, each] of [a, b].entries()) {
      dispatcher.subscribe(each, { partition: name as 0 | 1 })
      dispatcher.ask(each, 100)
    }
    const words = Array.from({ length: 20 }, (_, index) => `word ${index}`)
    for (const [each, events] of dispatcher.dispatch(words).deliveries) {
      for (const word of events) expect(partitionHash(word) % 2).toBe([a, b].indexOf(each))
    }
  })

  test('knows the names of its partitions when it compiles', () => {
    const dispatcher = partitionDispatcher({
      partitions: ['odd', 'even'],
      hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
    })
    expect(dispatcher.subscribe(a, { partition: 'odd' })).toBe(0)
    // @ts-expect-error -- no such partition
    expect(dispatcher.subscribe(b, { partition: 'evne' })).toMatchObject({ refuse: 'bad-partition' })
    // @ts-expect-error -- no such partition
    partitionDispatcher({ partitions: ['odd', 'even'], hash: (event: number) => [event, 'oops'] })
  })
})
