import fc from 'fast-check'
import { expect } from 'vitest'
import type { DemandResult, Dispatcher, DispatchResult, Subscriber } from '../../src/dispatcher/dispatcher.ts'

/** What may happen to a dispatcher. `member` picks among those that are subscribed, `consumer` among a few processes. */
export type Happening<Options> =
  | { readonly happens: 'subscribe'; readonly consumer: number; readonly options: Options }
  | { readonly happens: 'ask'; readonly member: number; readonly demand: number }
  | { readonly happens: 'cancel'; readonly member: number }
  | { readonly happens: 'dispatch'; readonly count: number }
  | { readonly happens: 'info' }

/** Sequences of what may happen, with a few processes and small numbers, so that ties and exact fits are common. */
export function happenings<Options>(options: fc.Arbitrary<Options>): fc.Arbitrary<Happening<Options>[]> {
  const member = fc.nat(20)
  const consumer = fc.nat(7)
  const count = fc.integer({ min: 1, max: 12 })
  return fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ happens: fc.constant('subscribe' as const), consumer, options }) },
      { weight: 6, arbitrary: fc.record({ happens: fc.constant('ask' as const), member, demand: count }) },
      { weight: 1, arbitrary: fc.record({ happens: fc.constant('cancel' as const), member }) },
      { weight: 6, arbitrary: fc.record({ happens: fc.constant('dispatch' as const), count }) },
      { weight: 2, arbitrary: fc.record({ happens: fc.constant('info' as const) }) },
    ),
    { maxLength: 80, size: 'max' },
  )
}

/**
 * Calls two dispatchers in the same way, as a stage would, and expects the same results throughout; and that no subscriber is
 * handed more than was asked for.
 */
export function expectSameBehaviour<Options>(
  real: Dispatcher<unknown, Options>,
  naive: Dispatcher<unknown, Options>,
  sequence: readonly Happening<Options>[],
): void {
  const subscribed: Subscriber[] = []
  const open = new Map<Subscriber, number>()
  let tags = 0
  let events = 0
  const applyResult = (result: Result): void => {
    for (const { tag, events: got } of result.deliveries) {
      const subscriber = subscribed.find((each) => each.tag === tag)
      const left = subscriber === undefined ? -1 : (open.get(subscriber) ?? 0) - got.length
      expect(left, 'demand left of member was handed events').toBeGreaterThanOrEqual(0)
      if (subscriber !== undefined) open.set(subscriber, left)
    }
  }
  for (const happening of sequence) {
    switch (happening.happens) {
      case 'subscribe': {
        const subscriber = { tag: `tag ${++tags}`, consumer: `consumer ${happening.consumer}` }
        const result = real.subscribe(subscriber, happening.options)
        const expected = naive.subscribe(subscriber, happening.options)
        if (typeof expected === 'number') expect(result).toBe(expected)
        else expect(result).toMatchObject(expected)
        if (typeof result === 'number') subscribed.push(subscriber)
        else expect(served(real.cancel(subscriber))).toEqual(served(naive.cancel(subscriber)))
        break
      }
      case 'ask': {
        const subscriber = subscribed[happening.member % subscribed.length]
        if (subscriber === undefined) break
        open.set(subscriber, (open.get(subscriber) ?? 0) + happening.demand)
        const result = served(real.ask(subscriber, happening.demand))
        expect(result).toEqual(served(naive.ask(subscriber, happening.demand)))
        applyResult(result)
        break
      }
      case 'cancel': {
        const [subscriber] = subscribed.splice(happening.member % Math.max(subscribed.length, 1), 1)
        if (subscriber === undefined) break
        expect(served(real.cancel(subscriber))).toEqual(served(naive.cancel(subscriber)))
        break
      }
      case 'dispatch': {
        const batch = Array.from({ length: happening.count }, () => ++events)
        const copy = [...batch]
        const openDemand = real.openDemand?.() ?? Number.NaN
        const given = real.dispatch(batch)
        const { filtered = 0 } = given
        const due = Math.min(openDemand, batch.length - filtered)
        expect(batch.length - filtered - given.leftover.length, 'the open demand that it reported').toBe(due)
        const result = dispatched(given)
        expect(result).toEqual(dispatched(naive.dispatch(copy)))
        expect(batch, 'the batch that was dispatched').toEqual(copy)
        applyResult(result)
        for (const { tag, count } of result.returnedDemand) {
          const subscriber = subscribed.find((each) => each.tag === tag)
          if (subscriber !== undefined) open.set(subscriber, (open.get(subscriber) ?? 0) - count)
        }
        break
      }
      case 'info': {
        const message = { info: ++events }
        expect(real.queueInfo?.(message) ?? false).toBe(naive.queueInfo?.(message) ?? false)
        break
      }
    }
    expect(real.queuedCount?.() ?? 0).toBe(naive.queuedCount?.() ?? 0)
  }
}

interface Result {
  readonly deliveries: readonly { readonly tag: string; readonly events: readonly unknown[] }[]
}

function deliveriesOf({ deliveries = [] }: DemandResult | DispatchResult): Result['deliveries'] {
  return deliveries.map(([{ tag }, events]) => ({ tag, events }))
}

function served(result: number | DemandResult) {
  const full: DemandResult = typeof result === 'number' ? { demand: result } : result
  const { demand, infos = [], discarded = 0, warning } = full
  return { demand, deliveries: deliveriesOf(full), infos, discarded, warns: warning !== undefined }
}

function dispatched(result: DispatchResult) {
  const returnedDemand = (result.returnedDemand ?? []).map(([{ tag }, count]) => ({ tag, count }))
  return { deliveries: deliveriesOf(result), leftover: result.leftover, returnedDemand }
}
