import { describe, expect, test } from 'vitest'
import { broadcastDispatcher } from '../../src/dispatcher/broadcast-dispatcher.ts'
import { demandDispatcher } from '../../src/dispatcher/demand-dispatcher.ts'
import type { Dispatcher, Subscriber } from '../../src/dispatcher/dispatcher.ts'
import { partitionDispatcher } from '../../src/dispatcher/partition-dispatcher.ts'
import { countSteps } from './steps.ts'

const sizes = [10, 1_000, 10_000]

function subscribers(count: number): Subscriber[] {
  return Array.from({ length: count }, (_, index) => ({ tag: `tag ${index}`, consumer: `consumer ${index}` }))
}

/** Numbers without a pattern, the same in every run. */
function random(seed: number): number {
  const mixed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3ce5)
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32
}

/** Lets each subscriber ask for what it got, for `turns` dispatches of `size` events; returns steps per `unit`. */
function stepsOfTurns(dispatcher: Dispatcher<number>, turns: number, size: number, unit: number): number {
  const events = Array.from({ length: size }, (_, index) => index)
  const steps = countSteps(() => {
    for (let turn = 0; turn < turns; turn++) {
      for (const [subscriber, got] of dispatcher.dispatch(events).deliveries) dispatcher.ask(subscriber, got.length)
    }
  })
  return steps / (turns * unit)
}

/** Expects that more subscribers make a unit of work cost no more than so many times what it costs for the fewest. */
function expectSteady(steps: readonly number[], times = 2): void {
  const [fewest = 0, ...others] = steps
  expect(fewest).toBeGreaterThan(1)
  for (const more of others) expect(more, `steps ${steps.join(', ')}`).toBeLessThanOrEqual(times * fewest)
}

describe('what the demand dispatcher costs does not depend on how many subscribe', () => {
  test.each([1, 500])('with the same demand for all, and batches of %i', (size) => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = demandDispatcher()
        for (const each of subscribers(count)) {
          dispatcher.subscribe(each, {})
          dispatcher.ask(each, 1_000)
        }
        return stepsOfTurns(dispatcher, 2_000, size, 1)
      }),
    )
  })

  test('with a demand of one for all, and batches of one', () => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = demandDispatcher()
        for (const each of subscribers(count)) {
          dispatcher.subscribe(each, {})
          dispatcher.ask(each, 1)
        }
        return stepsOfTurns(dispatcher, 2_000, 1, 1)
      }),
    )
  })

  test.each([
    { most: 1_000, size: 1 },
    { most: 1_000_000, size: 1 },
    { most: 1_000, size: 500 },
  ])('with demands of their own, up to $most, and batches of $size', ({ most, size }) => {
    const events = Array.from({ length: size }, (_, index) => index)
    expectSteady(
      sizes.map((count) => {
        const dispatcher = demandDispatcher({ maxDemand: most })
        for (const [index, each] of subscribers(count).entries()) {
          dispatcher.subscribe(each, {})
          dispatcher.ask(each, 1 + Math.floor(random(index) * most))
        }
        const all = subscribers(count)
        for (const each of all) dispatcher.subscribe(each, {})
        const steps = countSteps(() => {
          for (let turn = 0; turn < 2_000; turn++) {
            dispatcher.dispatch(events)
            const each = all[Math.floor(random(turn) * count)]
            if (each !== undefined) dispatcher.ask(each, 1 + Math.floor(random(turn + 0.5) * most))
          }
        })
        return steps / 2_000
      }),
    )
  })

  test('when all leave', () => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = demandDispatcher()
        const all = subscribers(count)
        for (const each of all) {
          dispatcher.subscribe(each, {})
          dispatcher.ask(each, 10)
        }
        return countSteps(() => all.forEach((each) => void dispatcher.cancel(each))) / count
      }),
    )
  })

  test('and a look through all subscribers would be noticed', () => {
    const steps = sizes.map((count) => {
      const dispatcher = demandDispatcher()
      for (const [index, each] of subscribers(count).entries()) {
        dispatcher.subscribe(each, {})
        dispatcher.ask(each, 1 + index)
      }
      const shuffling = demandDispatcher({ shuffleDemandsOnFirstDispatch: true })
      for (const each of subscribers(count)) shuffling.subscribe(each, {})
      return countSteps(() => shuffling.dispatch([1]))
    })
    expect(() => expectSteady(steps)).toThrow(/steps/)
  })
})

describe('what the broadcast dispatcher costs per subscriber does not depend on how many subscribe', () => {
  test.each([1, 500])('with batches of %i, asked for by one after another', (size) => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = broadcastDispatcher<number>()
        const all = subscribers(count)
        for (const each of all) dispatcher.subscribe(each, {})
        for (const each of all) dispatcher.ask(each, 1_000)
        return stepsOfTurns(dispatcher, Math.max(4, 20_000 / count), size, count)
      }),
    )
  })

  test('where all ask for amounts of their own', () => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = broadcastDispatcher<number>()
        const all = subscribers(count)
        for (const each of all) dispatcher.subscribe(each, {})
        const asks = 20_000
        const steps = countSteps(() => {
          for (let turn = 0; turn < asks; turn++) {
            const each = all[turn % count]
            if (each !== undefined) dispatcher.ask(each, 1 + Math.floor(random(turn) * 1_000))
          }
        })
        return steps / asks
      }),
    )
  })

  test('but with its logarithm, where no two are equally slow and the slowest is always the one to ask', () => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = broadcastDispatcher<number>()
        const all = subscribers(count)
        for (const each of all) dispatcher.subscribe(each, {})
        for (const [index, each] of all.entries()) dispatcher.ask(each, index + 1)
        const steps = countSteps(() => {
          for (let turn = 0; turn < 10_000; turn++) dispatcher.ask(all[turn % count] as Subscriber, count)
        })
        return steps / 10_000
      }),
      Math.log(10_000) / Math.log(10),
    )
  })

  test('when all leave', () => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = broadcastDispatcher<number>()
        const all = subscribers(count)
        for (const each of all) dispatcher.subscribe(each, {})
        for (const each of all) dispatcher.ask(each, 10)
        return countSteps(() => all.forEach((each) => void dispatcher.cancel(each))) / count
      }),
    )
  })
})

describe('what the partition dispatcher costs does not depend on how many partitions there are', () => {
  test.each([1, 500])('with batches of %i', (size) => {
    expectSteady(
      sizes.map((count) => {
        let next = 0
        const hash = (event: number) => [event, next++ % count] as const
        const dispatcher = partitionDispatcher({ partitions: count, hash })
        const all = subscribers(count)
        for (const [partition, each] of all.entries()) dispatcher.subscribe(each, { partition })
        for (const each of all) dispatcher.ask(each, 1_000)
        return stepsOfTurns(dispatcher as Dispatcher<number>, 2_000, size, size)
      }),
    )
  })

  test('when events wait, and subscribers leave', () => {
    expectSteady(
      sizes.map((count) => {
        const dispatcher = partitionDispatcher({ partitions: count, hash: (event: number) => [event, event] as const })
        const all = subscribers(count)
        for (const [partition, each] of all.entries()) dispatcher.subscribe(each, { partition })
        dispatcher.ask(all[0] as Subscriber, count)
        dispatcher.dispatch(Array.from({ length: count }, (_, index) => index))
        return countSteps(() => all.forEach((each) => void dispatcher.cancel(each))) / count
      }),
    )
  })
})
