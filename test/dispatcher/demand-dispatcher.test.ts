import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { demandDispatcher } from '../../src/dispatcher/demand-dispatcher.ts'
import type { Dispatcher, Subscriber } from '../../src/dispatcher/dispatcher.ts'
import { expectSameBehaviour, happenings } from './compare.ts'
import { NaiveDemandDispatcher } from './naive-dispatchers.ts'

const subscriber = (name: string): Subscriber => ({ tag: `tag of ${name}`, consumer: name })

/** Subscribes one after another, each asking for what is given. */
function subscribed(dispatcher: Dispatcher<unknown>, ...demands: readonly number[]): Subscriber[] {
  return demands.map((demand, index) => {
    const one = subscriber(String.fromCharCode(97 + index))
    dispatcher.subscribe(one, {})
    if (demand > 0) dispatcher.ask(one, demand)
    return one
  })
}

/** A source of numbers in which the same seed gives the same ones. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('demandDispatcher', () => {
  test('returns the same as GenStage, whatever happens', () => {
    fc.assert(
      fc.property(happenings(fc.constant({})), fc.option(fc.integer({ min: 1, max: 9 })), (sequence, maxDemand) => {
        const options = maxDemand === null ? {} : { maxDemand }
        expectSameBehaviour(demandDispatcher(options), new NaiveDemandDispatcher(options), sequence)
      }),
      { numRuns: 500 },
    )
  })

  test('behaves as GenStage does from a shuffled order on, in which those that have asked come first', () => {
    fc.assert(
      fc.property(happenings(fc.constant({})), fc.nat(), (sequence, seed) => {
        const real = demandDispatcher({ shuffleDemandsOnFirstDispatch: true, random: seeded(seed) })
        expectSameBehaviour(real, new NaiveDemandDispatcher({ shuffles: true, random: seeded(seed) }), sequence)
      }),
      { numRuns: 500 },
    )
  })

  test('keeps the order of many subscribers that all have different demands', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 40, maxLength: 120 }),
        fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 300 })), { minLength: 20, maxLength: 60 }),
        fc.boolean(),
        fc.nat(),
        (demands, turns, shuffles, seed) => {
          const subscribing = demands.flatMap((demand, index) => [
            { happens: 'subscribe' as const, consumer: index, options: {} },
            { happens: 'ask' as const, member: index, demand },
          ])
          const then = turns.flatMap(([member, amount]) => [
            { happens: 'dispatch' as const, count: amount },
            { happens: 'ask' as const, member, demand: amount },
            ...(amount % 5 === 0 ? [{ happens: 'cancel' as const, member }] : []),
          ])
          const real = demandDispatcher({ shuffleDemandsOnFirstDispatch: shuffles, random: seeded(seed) })
          const naive = new NaiveDemandDispatcher({ shuffles, random: seeded(seed) })
          expectSameBehaviour(real, naive, [...subscribing, ...then])
        },
      ),
      { numRuns: 60 },
    )
  })

  test('serves the biggest demand first, then the next', () => {
    const dispatcher = demandDispatcher({ maxDemand: 10 })
    const [a, b, c] = subscribed(dispatcher, 2, 4, 3)
    expect(dispatcher.dispatch([1, 2, 3, 4, 5, 6, 7, 8]).deliveries).toEqual([
      [b, [1, 2, 3, 4]],
      [c, [5, 6, 7]],
      [a, [8]],
    ])
  })

  test('puts a subscriber that reaches the same demand after those that have it', () => {
    const dispatcher = demandDispatcher()
    const [a, b] = subscribed(dispatcher, 5, 5)
    expect(dispatcher.dispatch([1]).deliveries).toEqual([[a, [1]]])
    expect(dispatcher.dispatch([2]).deliveries).toEqual([[b, [2]]])
    expect(dispatcher.dispatch([3]).deliveries).toEqual([[a, [3]]])
  })

  test('does not ask again for what a cancelled subscriber had asked for', () => {
    const dispatcher = demandDispatcher()
    const [a] = subscribed(dispatcher, 10)
    expect(dispatcher.cancel(a as Subscriber)).toBe(0)
    const b = subscriber('b')
    dispatcher.subscribe(b, {})
    expect(dispatcher.ask(b, 4)).toBe(0)
    // Six are still in flight; no subscriber takes three of them.
    dispatcher.dispatch([1, 2, 3, 4, 5, 6, 7])
    expect(dispatcher.ask(b, 4)).toBe(1)
  })

  test('sends an array unchanged to one subscriber that takes it all, and leaves it over unchanged if none does', () => {
    const dispatcher = demandDispatcher()
    const events = [1, 2, 3]
    expect(dispatcher.dispatch(events).leftover).toBe(events)
    subscribed(dispatcher, 3)
    expect(dispatcher.dispatch(events).deliveries[0]?.[1]).toBe(events)
  })

  test('warns of a subscriber that asks for more than the first demand', () => {
    const dispatcher = demandDispatcher()
    const [a] = subscribed(dispatcher, 10)
    const b = subscriber('b')
    dispatcher.subscribe(b, {})
    expect(dispatcher.ask(b, 11)).toEqual({
      demand: 11,
      warning: expect.stringMatching(/at most 10 events at once, but b asked for 11/),
    })
    expect(dispatcher.ask(a as Subscriber, 10)).toBe(10)
  })

  test('never warns if any demand is expected', () => {
    const dispatcher = demandDispatcher({ maxDemand: Number.POSITIVE_INFINITY })
    subscribed(dispatcher, 1)
    const b = subscriber('b')
    dispatcher.subscribe(b, {})
    expect(dispatcher.ask(b, 1_000_000)).toBe(1_000_000)
  })

  test('shuffles once, before the first dispatch', () => {
    // 0 each time: the last place goes to the front, and so on.
    const dispatcher = demandDispatcher({ shuffleDemandsOnFirstDispatch: true, random: () => 0 })
    const [a, b, c] = subscribed(dispatcher, 1, 1, 1)
    expect(dispatcher.dispatch([1, 2, 3]).deliveries).toEqual([
      [b, [1]],
      [c, [2]],
      [a, [3]],
    ])
    for (const each of [a, b, c]) dispatcher.ask(each as Subscriber, 1)
    expect(dispatcher.dispatch([4, 5, 6]).deliveries.map(([each]) => each)).toEqual([a, b, c])
  })

  test('hands out what it can after a shuffle that puts one first which has asked for nothing', () => {
    const dispatcher = demandDispatcher({ shuffleDemandsOnFirstDispatch: true, random: () => 0 })
    const [, b, c] = subscribed(dispatcher, 0, 0, 3)
    expect(dispatcher.openDemand?.()).toBe(3)
    expect(dispatcher.dispatch([1, 2])).toEqual({ deliveries: [[c, [1, 2]]], leftover: [] })
    dispatcher.ask(b as Subscriber, 2)
    expect(dispatcher.dispatch([3, 4, 5, 6]).leftover).toEqual([6])
  })

  test('takes two million events at once', () => {
    const dispatcher = demandDispatcher({ maxDemand: Number.POSITIVE_INFINITY })
    subscribed(dispatcher, 1_200_000, 500_000)
    const events = Array.from({ length: 2_000_000 }, (_, index) => index)
    const { deliveries, leftover } = dispatcher.dispatch(events)
    expect(deliveries.map(([, { length }]) => length)).toEqual([1_200_000, 500_000])
    expect(leftover[0]).toBe(1_700_000)
  })

  test('returns nothing for a subscriber that never subscribed', () => {
    const dispatcher = demandDispatcher()
    expect(dispatcher.ask(subscriber('a'), 1)).toBe(0)
    expect(dispatcher.cancel(subscriber('a'))).toBe(0)
  })

  test.each([
    [{ maxDemnad: 1 }, TypeError, /did you mean maxDemand/],
    [{ maxDemand: 0 }, RangeError, /maxDemand to be an integer of at least 1 or Infinity, got: 0/],
    [{ maxDemand: 'ten' }, TypeError, /got: 'ten'/],
    [{ shuffleDemandsOnFirstDispatch: 1 }, TypeError, /true or false, got: 1/],
    [{ random: 0.5 }, TypeError, /random to be a function, got: 0.5/],
    [5, TypeError, /options of demandDispatcher to be an object, got: 5/],
  ])('refuses %o', (options, error, message) => {
    const make = () => demandDispatcher(options as object)
    expect(make).toThrow(error)
    expect(make).toThrow(message)
  })
})
