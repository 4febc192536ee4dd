import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadReturnError } from '../../src/base/errors.ts'
import { broadcastDispatcher } from '../../src/dispatcher/broadcast-dispatcher.ts'
import type { Subscriber } from '../../src/dispatcher/dispatcher.ts'
import { expectSameBehaviour, happenings } from './compare.ts'
import { NaiveBroadcastDispatcher } from './naive-dispatchers.ts'

const subscriber = (consumer: string, tag = consumer): Subscriber => ({ tag, consumer })
const isEven = (event: unknown): boolean => Number(event) % 2 === 0
const isNever = (): boolean => false
const isAlways = (): boolean => true

const a = subscriber('a')
const b = subscriber('b')
const c = subscriber('c')

describe('broadcastDispatcher', () => {
  test('returns the same as GenStage, whatever happens', () => {
    const options = fc.constantFrom({}, {}, {}, { selector: isEven }, { selector: isNever }, { selector: isAlways })
    fc.assert(
      fc.property(happenings(options), (sequence) => {
        expectSameBehaviour(broadcastDispatcher<unknown>(), new NaiveBroadcastDispatcher(), sequence)
      }),
      { numRuns: 800 },
    )
  })

  test('goes at the pace of the slowest', () => {
    const dispatcher = broadcastDispatcher()
    for (const each of [a, b]) dispatcher.subscribe(each, {})
    expect(dispatcher.ask(a, 5)).toBe(0)
    expect(dispatcher.ask(b, 2)).toBe(2)
    expect(dispatcher.dispatch([1, 2, 3])).toEqual({
      deliveries: [
        [b, [1, 2]],
        [a, [1, 2]],
      ],
      leftover: [3],
    })
    expect(dispatcher.ask(b, 9)).toBe(3)
  })

  test('asks for more when the slowest leaves', () => {
    const dispatcher = broadcastDispatcher()
    for (const each of [a, b]) dispatcher.subscribe(each, {})
    dispatcher.ask(a, 5)
    expect(dispatcher.cancel(b)).toBe(5)
  })

  test('gives a newcomer only what is dispatched from then on, and waits for it', () => {
    const dispatcher = broadcastDispatcher()
    dispatcher.subscribe(a, {})
    expect(dispatcher.ask(a, 10)).toBe(10)
    dispatcher.dispatch([1, 2])
    dispatcher.subscribe(b, {})
    expect(dispatcher.dispatch([3]).leftover).toEqual([3])
    // Eight of what `a` asked for are on their way.
    expect(dispatcher.ask(b, 10)).toBe(0)
    expect(dispatcher.ask(a, 2)).toBe(2)
  })

  test('hands the same array to everyone', () => {
    const dispatcher = broadcastDispatcher()
    for (const each of [a, b]) dispatcher.subscribe(each, {})
    dispatcher.subscribe(c, { selector: isAlways })
    for (const each of [a, b, c]) dispatcher.ask(each, 2)
    const events = [1, 2]
    for (const [, handed] of dispatcher.dispatch(events).deliveries) expect(handed).toBe(events)
    for (const each of [a, b]) dispatcher.ask(each, 1)
    const [first, second] = dispatcher.dispatch([3, 4]).deliveries
    expect(first?.[1]).toBe(second?.[1])
  })

  test('asks again for what a selector does not want, and hands out nothing empty', () => {
    const dispatcher = broadcastDispatcher<number>()
    dispatcher.subscribe(a, { selector: isEven })
    dispatcher.subscribe(b, { selector: isNever })
    dispatcher.subscribe(c, {})
    for (const each of [a, b, c]) dispatcher.ask(each, 3)
    expect(dispatcher.dispatch([1, 2, 3])).toEqual({
      deliveries: [
        [c, [1, 2, 3]],
        [a, [2]],
      ],
      leftover: [],
      returnedDemand: [
        [b, 3],
        [a, 2],
      ],
    })
  })

  test('accepts any truthy result of a selector', () => {
    const dispatcher = broadcastDispatcher<string>()
    dispatcher.subscribe(a, { selector: ((event: string) => event) as unknown as (event: string) => boolean })
    dispatcher.ask(a, 3)
    expect(dispatcher.dispatch(['x', '', 'y']).deliveries).toEqual([[a, ['x', 'y']]])
  })

  test('refuses a second subscription of the same consumer, and has then forgotten it', () => {
    const dispatcher = broadcastDispatcher()
    const second = subscriber('a', 'second')
    const third = subscriber('a', 'third')
    dispatcher.subscribe(a, {})
    expect(dispatcher.subscribe(second, {})).toMatchObject({ refuse: 'already-subscribed' })
    expect(dispatcher.cancel(second)).toBe(0)
    expect(dispatcher.subscribe(third, {})).toBe(0)
    for (const each of [a, third]) dispatcher.ask(each, 1)
    expect(dispatcher.dispatch([1]).deliveries.map(([each]) => each)).toEqual([third, a])
  })

  test.each([[5], ['even'], [null], [{}]])('refuses %o as a selector', (selector) => {
    const dispatcher = broadcastDispatcher()
    expect(dispatcher.subscribe(a, { selector } as object)).toMatchObject({ refuse: 'bad-selector' })
    expect(dispatcher.cancel(a)).toBe(0)
    expect(dispatcher.subscribe(a, {})).toBe(0)
  })

  test('does not take an inherited selector for one', () => {
    const dispatcher = broadcastDispatcher()
    dispatcher.subscribe(a, Object.create({ selector: isNever }))
    dispatcher.subscribe(b, { selector: undefined } as object)
    for (const each of [a, b]) dispatcher.ask(each, 1)
    expect(dispatcher.dispatch([1]).deliveries).toHaveLength(2)
  })

  test('does not take a promise for a yes', () => {
    const dispatcher = broadcastDispatcher<number>()
    dispatcher.subscribe(a, { selector: (async () => false) as unknown as () => boolean })
    dispatcher.ask(a, 1)
    expect(() => dispatcher.dispatch([1])).toThrow(BadReturnError)
    expect(() => dispatcher.dispatch([1])).toThrow(/expected selector to return true or false, not a promise/)
  })

  test('has dispatched nothing when a selector throws', () => {
    const dispatcher = broadcastDispatcher<number>()
    let isBroken = true
    const selector = () => {
      if (isBroken) throw new Error('boom')
      return true
    }
    dispatcher.subscribe(a, { selector })
    dispatcher.ask(a, 2)
    expect(() => dispatcher.dispatch([1, 2])).toThrow('boom')
    isBroken = false
    expect(dispatcher.dispatch([1, 2]).deliveries).toEqual([[a, [1, 2]]])
  })

  test('takes two million events at once', () => {
    const dispatcher = broadcastDispatcher<number>()
    dispatcher.subscribe(a, {})
    dispatcher.subscribe(b, { selector: isEven })
    for (const each of [a, b]) dispatcher.ask(each, 1_999_999)
    const { deliveries, leftover } = dispatcher.dispatch(Array.from({ length: 2_000_000 }, (_, index) => index))
    expect(deliveries.map(([, { length }]) => length)).toEqual([1_000_000, 1_999_999])
    expect(leftover).toEqual([1_999_999])
  })
})
