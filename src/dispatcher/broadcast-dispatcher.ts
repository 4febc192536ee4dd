import { emptyArray } from '../base/empty-array.ts'
import { BadReturnError } from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
import { quote } from '../base/quote.ts'
import type { AnyEvent } from './any-event.ts'
import { DemandQueue, QueueEntry } from './demand-queue.ts'
import type { Delivery, Dispatcher, DispatcherInfo, DispatchResult, Refusal, Subscriber } from './dispatcher.ts'

type Selector<Event> = (event: Event) => boolean

/**
 * Makes a dispatcher that gives every event to every subscriber, at the pace of the slowest.
 *
 * An event goes out once all have asked for it. Who subscribes later gets what is dispatched from then on. All are
 * handed the same array, so nobody may change it.
 *
 * A subscriber with a `selector` gets only the events for which that answers true; for each of the others the stage
 * asks one more on its behalf. It is called for each event, in order, and must not be async.
 *
 * Subscriptions are refused with `'already-subscribed'` if the same consumer has one already, and with `'bad-selector'`
 * if the selector is no function. As in GenStage a refusal makes the dispatcher forget that the consumer is subscribed,
 * so its third subscription is accepted.
 *
 * @example All events to one consumer, some to another
 * ```ts
 * import assert from 'node:assert/strict'
 * import { broadcastDispatcher, connect, consumer, fromIterable, startLink } from 'genstage'
 *
 * const Collect = (seen: number[]) =>
 *   consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) })
 *
 * const all: number[] = []
 * const even: number[] = []
 * const numbers = await startLink(fromIterable([1, 2, 3, 4], { dispatcher: broadcastDispatcher<number>() }))
 * const consumers = [await startLink(Collect(all)), await startLink(Collect(even))]
 * await connect(numbers, consumers, (index) =>
 *   index === 0 ? {} : { selector: (event: number) => event % 2 === 0 },
 * )
 * await Promise.all(consumers.map((each) => each.done))
 * assert.deepEqual({ all, even }, { all: [1, 2, 3, 4], even: [2, 4] })
 * ```
 */
export function broadcastDispatcher<Event = AnyEvent>(): Dispatcher<Event, { selector?: (event: Event) => boolean }> {
  return new BroadcastDispatcher<Event>()
}

/** A subscriber. Its level on the ladder is minus the number of the last event it has asked for. */
class BroadcastMember<Event> extends QueueEntry {
  readonly selector: Selector<Event> | undefined
  /** Its neighbours in the order of delivery. */
  newer: BroadcastMember<Event> | undefined = undefined
  older: BroadcastMember<Event> | undefined = undefined

  constructor(subscriber: Subscriber, selector: Selector<Event> | undefined) {
    super(subscriber)
    this.selector = selector
  }
}

/**
 * Counts events by their number, from the first one that was ever dispatched. So a dispatch changes one number, and not
 * one for each subscriber:
 *
 * ```
 *   delivered      horizon            passedOn
 *       |             |                  |
 *   ----+-------------+------------------+------->   number of the event
 *   all had these | all have asked | upstream was asked up to here, for subscribers
 *                 | for these      | of whom one was late, or has gone since
 * ```
 */
class BroadcastDispatcher<Event> implements Dispatcher<Event, { selector?: Selector<Event> }> {
  private readonly listeners = new Map<Subscriber, BroadcastMember<Event>>()
  /** The same listeners; the slowest is at the top. */
  private readonly ladder = new DemandQueue()
  /** The same listeners in the order of delivery: who subscribed or asked last comes first. */
  private newest: BroadcastMember<Event> | undefined = undefined
  /** Consumers that may not subscribe again. Fewer than are subscribed, where one of them was refused since. */
  private readonly consumers = new Set<string>()
  /** The number of the last event that was dispatched. */
  private delivered = 0
  /** The number of the last event that was asked for upstream. Never below the horizon. */
  private passedOn = 0

  subscribe(subscriber: Subscriber, options: { selector?: Selector<Event> }): number | Refusal {
    if (this.consumers.has(subscriber.consumer)) {
      return { refuse: 'already-subscribed', message: 'the consumer is subscribed already, and gets every event once' }
    }
    const selector: unknown = Object.hasOwn(options, 'selector') ? options.selector : undefined
    if (selector !== undefined && typeof selector !== 'function') {
      return {
        refuse: 'bad-selector',
        message: `expected the option selector to be a function, got: ${quote(selector)}`,
      }
    }
    const listener = new BroadcastMember(subscriber, selector as Selector<Event> | undefined)
    this.consumers.add(subscriber.consumer)
    this.listeners.set(subscriber, listener)
    this.ladder.add(listener, 0 - this.delivered)
    this.putFirst(listener)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number {
    const listener = this.listeners.get(subscriber)
    if (listener === undefined) return 0
    this.ladder.move(listener, listener.level - demand)
    this.takeOut(listener)
    this.putFirst(listener)
    return this.passOn()
  }

  cancel(subscriber: Subscriber): number {
    this.consumers.delete(subscriber.consumer)
    const listener = this.listeners.get(subscriber)
    if (listener === undefined) return 0
    this.listeners.delete(subscriber)
    this.ladder.remove(listener)
    this.takeOut(listener)
    return this.passOn()
  }

  dispatch(events: readonly Event[]): DispatchResult {
    const { length } = events
    const count = Math.min(length, this.horizon - this.delivered)
    if (count === 0) return { deliveries: emptyArray, leftover: events }
    const due = count === length ? events : events.slice(0, count)
    const deliveries: Delivery<Event>[] = []
    let returnedDemand: (readonly [Subscriber, number])[] | undefined
    for (let listener = this.newest; listener !== undefined; listener = listener.older) {
      const { subscriber, selector } = listener
      const selected = selector === undefined ? due : select(due, selector)
      if (selected.length > 0) deliveries.push([subscriber, selected])
      if (selected.length === count) continue
      returnedDemand ??= []
      returnedDemand.push([subscriber, count - selected.length])
    }
    // Only now, so that nothing has happened if a selector throws.
    this.delivered += count
    const leftover = count === length ? emptyArray : events.slice(count)
    return returnedDemand === undefined ? { deliveries, leftover } : { deliveries, leftover, returnedDemand }
  }

  openDemand(): number {
    return this.horizon - this.delivered
  }

  inspect(): DispatcherInfo {
    return { kind: 'broadcast' }
  }

  /** The number of the last event that all have asked for. */
  private get horizon(): number {
    const slowest = this.ladder.top
    return slowest === undefined ? this.delivered : 0 - slowest.level
  }

  /** The demand to ask upstream, now that the horizon may have moved. */
  private passOn(): number {
    const demand = this.horizon - this.passedOn
    if (demand <= 0) return 0
    this.passedOn += demand
    return demand
  }

  private putFirst(listener: BroadcastMember<Event>): void {
    listener.older = this.newest
    if (this.newest !== undefined) this.newest.newer = listener
    this.newest = listener
  }

  private takeOut(listener: BroadcastMember<Event>): void {
    if (listener.newer === undefined) this.newest = listener.older
    else listener.newer.older = listener.older
    if (listener.older !== undefined) listener.older.newer = listener.newer
    listener.newer = undefined
    listener.older = undefined
  }
}

/** The events that `selector` wants; the array itself where it wants them all. */
function select<Event>(events: readonly Event[], selector: Selector<Event>): readonly Event[] {
  let selected: Event[] | undefined
  let index = 0
  for (const event of events) {
    const result: unknown = selector(event)
    if (isThenable(result)) {
      // If it rejects besides, that is the same mistake, and not another failure.
      result.then(undefined, () => {})
      throw new BadReturnError('selector', 'true or false, not a promise', result)
    }
    if (result) selected?.push(event)
    else selected ??= events.slice(0, index)
    index++
  }
  return selected ?? events
}
