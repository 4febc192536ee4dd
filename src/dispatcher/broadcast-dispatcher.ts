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
 * An event is sent once all subscribers have asked for it. A consumer that subscribes later gets the events that are
 * dispatched from then on. All of them get the same array, so none may change it.
 *
 * A subscriber with a `selector` gets only the events for which the selector returns true. For each of the others the
 * stage asks for one more on its behalf. The selector is called for each event, in order, and must not be async.
 *
 * Subscriptions are refused with `'already-subscribed'` if the same consumer has one already, and with `'bad-selector'`
 * if the selector is not a function. As in GenStage a refusal makes the dispatcher forget that the consumer is
 * subscribed, so its third subscription is accepted.
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

/** A subscriber. Its priority in the queue is minus the number of the last event it has asked for. */
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
 * Numbers events from the first one that it dispatched. So a dispatch changes one number instead of one for each
 * subscriber:
 *
 * ```
 *   delivered      horizon        sentUpstream
 *       |             |                  |
 *   ----+-------------+------------------+------->   number of the event
 *   all had these | all have asked | upstream was asked up to here, for subscribers
 *                 | for these      | of which one was late, or was cancelled since
 * ```
 */
class BroadcastDispatcher<Event> implements Dispatcher<Event, { selector?: Selector<Event> }> {
  private readonly members = new Map<Subscriber, BroadcastMember<Event>>()
  /** The same members; the slowest is at the top. */
  private readonly queue = new DemandQueue()
  /** The same members in the order of delivery: the one that subscribed or asked last comes first. */
  private newest: BroadcastMember<Event> | undefined = undefined
  /** Consumers that may not subscribe again. A consumer whose second subscription was refused is no longer among them. */
  private readonly consumers = new Set<string>()
  /** The number of the last event that was dispatched. */
  private delivered = 0
  /** The number of the last event that was asked for upstream. Never below the horizon. */
  private sentUpstream = 0

  subscribe(subscriber: Subscriber, options: { selector?: Selector<Event> }): number | Refusal {
    if (this.consumers.has(subscriber.consumer)) {
      return {
        refuse: 'already-subscribed',
        message: 'the consumer is already subscribed, and can receive each event only once',
      }
    }
    const selector: unknown = Object.hasOwn(options, 'selector') ? options.selector : undefined
    if (selector !== undefined && typeof selector !== 'function') {
      return {
        refuse: 'bad-selector',
        message: `expected the option selector to be a function, got: ${quote(selector)}`,
      }
    }
    const member = new BroadcastMember(subscriber, selector as Selector<Event> | undefined)
    this.consumers.add(subscriber.consumer)
    this.members.set(subscriber, member)
    this.queue.add(member, 0 - this.delivered)
    this.putFirst(member)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number {
    const member = this.members.get(subscriber)
    if (member === undefined) return 0
    this.queue.move(member, member.priority - demand)
    this.takeOut(member)
    this.putFirst(member)
    return this.takeUnsentDemand()
  }

  cancel(subscriber: Subscriber): number {
    this.consumers.delete(subscriber.consumer)
    const member = this.members.get(subscriber)
    if (member === undefined) return 0
    this.members.delete(subscriber)
    this.queue.remove(member)
    this.takeOut(member)
    return this.takeUnsentDemand()
  }

  dispatch(events: readonly Event[]): DispatchResult {
    const { length } = events
    const count = Math.min(length, this.horizon - this.delivered)
    if (count === 0) return { deliveries: emptyArray, leftover: events }
    const due = count === length ? events : events.slice(0, count)
    const deliveries: Delivery<Event>[] = []
    let returnedDemand: (readonly [Subscriber, number])[] | undefined
    for (let member = this.newest; member !== undefined; member = member.older) {
      const { subscriber, selector } = member
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
    const slowest = this.queue.top
    return slowest === undefined ? this.delivered : 0 - slowest.priority
  }

  /** The demand to ask upstream, now that the horizon may have moved. */
  private takeUnsentDemand(): number {
    const demand = this.horizon - this.sentUpstream
    if (demand <= 0) return 0
    this.sentUpstream += demand
    return demand
  }

  private putFirst(member: BroadcastMember<Event>): void {
    member.older = this.newest
    if (this.newest !== undefined) this.newest.newer = member
    this.newest = member
  }

  private takeOut(member: BroadcastMember<Event>): void {
    if (member.newer === undefined) this.newest = member.older
    else member.newer.older = member.older
    if (member.older !== undefined) member.older.newer = member.newer
    member.newer = undefined
    member.older = undefined
  }
}

/** The events that `selector` accepts; the array itself if it accepts all of them. */
function select<Event>(events: readonly Event[], selector: Selector<Event>): readonly Event[] {
  let selected: Event[] | undefined
  let index = 0
  for (const event of events) {
    const result: unknown = selector(event)
    if (isThenable(result)) {
      // The promise may reject as well. That is not a second failure.
      result.then(undefined, () => {})
      throw new BadReturnError('selector', 'true or false, not a promise', result)
    }
    if (result) selected?.push(event)
    else selected ??= events.slice(0, index)
    index++
  }
  return selected ?? events
}
