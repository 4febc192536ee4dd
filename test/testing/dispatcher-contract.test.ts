import { broadcastDispatcher, type Dispatcher, demandDispatcher, partitionDispatcher, type Subscriber } from 'genstage'
import { type ContractCheck, dispatcherContract } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { broken, CountingDispatcher, HoldingDispatcher, PlainDispatcher } from './broken-dispatchers.ts'

/** As in `test/programs/10-custom-dispatcher.ts`: everything goes to the subscriber with the greatest weight that has asked. */
class WeightedDispatcher<Event> implements Dispatcher<Event, { weight: number }> {
  #subscribers = new Map<Subscriber, { weight: number; demand: number }>()
  subscribe(subscriber: Subscriber, options: { weight: number }) {
    if (options.weight < 0) return { refuse: `expected weight to be 0 or more, got: ${options.weight}` }
    this.#subscribers.set(subscriber, { weight: options.weight, demand: 0 })
    return 0
  }
  ask(subscriber: Subscriber, demand: number) {
    this.#subscribers.get(subscriber)!.demand += demand
    return demand
  }
  cancel(subscriber: Subscriber) {
    this.#subscribers.delete(subscriber)
    return 0
  }
  dispatch(events: readonly Event[]) {
    const deliveries: [Subscriber, readonly Event[]][] = []
    let rest = events
    for (const [subscriber, state] of [...this.#subscribers].sort(([, x], [, y]) => y.weight - x.weight)) {
      const taken = rest.slice(0, state.demand)
      state.demand -= taken.length
      rest = rest.slice(taken.length)
      if (taken.length > 0) deliveries.push([subscriber, taken])
    }
    return { deliveries, leftover: rest }
  }
}

const sound: Readonly<Record<string, readonly ContractCheck[]>> = {
  'demandDispatcher()': dispatcherContract({ make: () => demandDispatcher() }),
  'demandDispatcher() that shuffles': dispatcherContract({
    make: () => demandDispatcher({ shuffleDemandsOnFirstDispatch: true, random: () => 0.3 }),
  }),
  'broadcastDispatcher()': dispatcherContract({ make: () => broadcastDispatcher(), broadcast: true }),
  'broadcastDispatcher() with selectors': dispatcherContract({
    make: () => broadcastDispatcher<number>(),
    broadcast: true,
    options: (place) => (place === 0 ? {} : { selector: (event) => event % place === 0 }),
  }),
  'partitionDispatcher()': dispatcherContract({
    make: () => partitionDispatcher({ partitions: 4 }),
    options: (partition) => ({ partition }),
  }),
  'partitionDispatcher() whose hash discards': dispatcherContract({
    make: () =>
      partitionDispatcher({
        partitions: ['odd', 'even'],
        hash: (event: { readonly number: number }) =>
          event.number % 3 === 0 ? 'none' : [event, event.number % 2 === 0 ? 'even' : 'odd'],
      }),
    subscribers: 2,
    options: (place) => ({ partition: place === 0 ? ('odd' as const) : ('even' as const) }),
    events: (number) => ({ number }),
    discards: ({ number }) => number % 3 === 0,
  }),
  'a custom dispatcher, with custom options and events': dispatcherContract({
    make: () => new WeightedDispatcher<string>(),
    options: (weight) => ({ weight }),
    events: (number) => `event ${number}`,
  }),
  'one that refuses': dispatcherContract({
    make: () => new WeightedDispatcher<number>(),
    options: (place) => ({ weight: place - 1 }),
  }),
  'what the broken ones are made of': dispatcherContract({ make: () => new PlainDispatcher() }),
  'one that has openDemand': dispatcherContract({ make: () => new CountingDispatcher() }),
  'one that queues events and infos': dispatcherContract({ make: () => new HoldingDispatcher() }),
}

describe.each(Object.entries(sound))('%s', (_name, checks) => {
  test.each(checks)('$name', ({ check }) => check())
})

describe('the contract is broken by a dispatcher that', () => {
  test.each(broken)('%s', (_does, rule, make) => {
    const failing = failuresOf(dispatcherContract({ make }))
    expect(failing.map(({ name }) => name)).toContainEqual(expect.stringMatching(rule))
  })

  test('sends some events of a broadcast to one subscriber only', () => {
    const failing = failuresOf(dispatcherContract({ make: () => new PlainDispatcher(), broadcast: true }))
    expect(failing.map(({ name }) => name)).toEqual(['sends every event to all subscribers'])
  })

  test('is a broadcast and was not declared as one', () => {
    const failing = failuresOf(dispatcherContract({ make: () => broadcastDispatcher() }))
    expect(failing.map(({ name }) => name)).toEqual(['sends each event to one subscriber'])
  })

  test('has partitions without a subscriber', () => {
    const make = () => partitionDispatcher({ partitions: 4 })
    const [failure] = failuresOf(dispatcherContract({ make, subscribers: 3, options: (partition) => ({ partition }) }))
    expect(failure?.name).toBe('sends events at once that all subscribers have asked for')
    expect(failure?.message).toContain('or that are for a missing subscriber')
  })
})

describe('the contract', () => {
  test('lists the calls before, the same in every run', () => {
    const [, , make] = broken.find(([does]) => does === 'gives everything to the first')!
    const [one, other] = [failuresOf(dispatcherContract({ make })), failuresOf(dispatcherContract({ make }))]
    expect(one).toEqual(other)
    expect(one[0]?.message).toMatch(
      /^expected that the dispatcher sends no subscriber more events than it asked for, but it sent subscriber \d+ \d+ events with an open demand of \d+ \(in run 1, at the end of: make, subscribe\(1 in place \d\), .*dispatch\(\d+ events from \d+\)\)$/,
    )
  })

  test('requires that a subscriber is accepted', () => {
    const refusing = dispatcherContract({
      make: () => new WeightedDispatcher<number>(),
      options: () => ({ weight: -1 }),
    })
    expect(refusing[0]?.check).toThrow(/^expected options that the dispatcher accepts from at least one subscriber/)
  })

  test('requires events that differ', () => {
    const [first] = dispatcherContract({ make: () => demandDispatcher(), events: () => 'event' })
    expect(first?.check).toThrow("expected events to return a different event for each number, got 'event' again")
  })

  test('refuses options that it does not know', () => {
    expect(() => dispatcherContract({ make: () => demandDispatcher(), subscriber: 3 } as never)).toThrow(
      "got: 'subscriber' (did you mean subscribers?)",
    )
  })

  test('requires options and events for a dispatcher that needs them', () => {
    // @ts-expect-error -- a weight must be given
    expect(dispatcherContract({ make: () => new WeightedDispatcher<number>() })).toHaveLength(11)
    // @ts-expect-error -- its events are no numbers
    expect(dispatcherContract({ make: () => broadcastDispatcher<string>() })).toHaveLength(11)
  })
})

function failuresOf(checks: readonly ContractCheck[]): { readonly name: string; readonly message: string }[] {
  return checks.flatMap(({ name, check }) => {
    try {
      check()
      return []
    } catch (error) {
      return [{ name, message: (error as Error).message }]
    }
  })
}
