import type { DemandResult, Dispatcher, Subscriber } from 'genstage'
import { dispatcherContract, testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { HoldingDispatcher, PlainDispatcher } from './broken-dispatchers.ts'

/** The rules that a dispatcher breaks. */
function brokenRules(make: () => Dispatcher<unknown>): string[] {
  return dispatcherContract({ make }).flatMap(({ name, check }) => {
    try {
      check()
      return []
    } catch {
      return [name]
    }
  })
}

test('a dispatcher that sends one event too many breaks the contract', () => {
  class Generous extends PlainDispatcher {
    private hasErred = false
    override ask(subscriber: Subscriber, demand: number): number | DemandResult {
      // Once, and never again.
      super.ask(subscriber, this.hasErred ? demand : demand + 1)
      this.hasErred = true
      return demand
    }
  }
  expect(brokenRules(() => new Generous())).toEqual(['sends no subscriber more events than it asked for'])
})

test('a dispatcher that queues events, but no infos after them, breaks the contract', () => {
  const make = () => Object.assign(new HoldingDispatcher(), { queueInfo: undefined }) as unknown as Dispatcher<unknown>
  expect(brokenRules(make)).toContainEqual(expect.stringMatching(/^queues infos after/))
})

test.each([0.5, Number.NaN, -1, Number.POSITIVE_INFINITY])('a runtime takes no %s steps', (count) => {
  expect(() => testRuntime({ stepped: true }).step(count)).toThrow(RangeError)
})
