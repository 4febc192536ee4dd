import { emptyArray } from '../base/empty-array.ts'
import { type OptionTable, optionTable } from '../base/option-table.ts'
import { boolean, callback, integer } from '../base/option-type.ts'
import { DemandQueue, QueueEntry } from './demand-queue.ts'
import type { Delivery, DemandResult, Dispatcher, DispatcherInfo, DispatchResult, Subscriber } from './dispatcher.ts'
import { SingleReceiver } from './single-receiver.ts'

/** The options of `demandDispatcher`. */
interface DemandDispatcherOptions {
  /**
   * Shuffles the subscribers once, before the first dispatch. Default: `false`.
   *
   * Otherwise the first to subscribe is the first to be served, for every producer that starts.
   */
  readonly shuffleDemandsOnFirstDispatch?: boolean
  /**
   * The most that a subscriber is expected to ask for at once, in events: at least 1; `Infinity` expects anything.
   * Whoever asks for more is reported. Default: what is asked for first.
   */
  readonly maxDemand?: number
  /** Where the shuffle gets its random numbers, each from 0 up to, not including, 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** What `demandDispatcher` reads its options by. */
export const demandDispatcherOptions: OptionTable<{
  readonly shuffleDemandsOnFirstDispatch: boolean
  readonly maxDemand: number | undefined
  readonly random: (() => number) | undefined
}> = optionTable({
  shuffleDemandsOnFirstDispatch: {
    type: boolean(),
    default: false,
    text: 'Whether to shuffle the subscribers once, before the first dispatch.',
  },
  maxDemand: {
    type: integer({ min: 1, infinity: true }),
    unit: 'events',
    text: 'The most that a subscriber is expected to ask for at once; whoever asks for more is reported.',
    absent: 'what is asked for first',
  },
  random: {
    type: callback<() => number>(),
    absent: '`Math.random`',
    text: 'Where the shuffle gets its random numbers, each from 0 up to, not including, 1.',
  },
})

/**
 * Makes a dispatcher that gives events to whoever has asked for the most.
 *
 * Each event goes to one subscriber. Among equals it is first come, first served: who has just been served stands
 * behind the others. Events that nobody has asked for are left to the stage's buffer. The default of every stage that
 * emits.
 *
 * All subscribers should have the same `maxDemand`, or the greedy ones get most.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 *
 * @example Each event goes to one of the consumers
 * ```ts
 * import assert from 'node:assert/strict'
 * import { connect, consumer, demandDispatcher, fromIterable, startLink } from 'genstage'
 *
 * const seen: number[] = []
 * const Worker = () => consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) })
 *
 * const jobs = await startLink(fromIterable([1, 2, 3, 4], { dispatcher: demandDispatcher() }))
 * const workers = [await startLink(Worker()), await startLink(Worker())]
 * await connect(jobs, workers)
 * await Promise.all(workers.map((worker) => worker.done))
 * assert.deepEqual(seen.sort(), [1, 2, 3, 4])
 * ```
 */
export function demandDispatcher(options?: DemandDispatcherOptions): Dispatcher<unknown> {
  return new DemandDispatcher(demandDispatcherOptions.read(options, 'options of demandDispatcher'))
}

class DemandDispatcher extends SingleReceiver implements Dispatcher<unknown> {
  private readonly places = new Map<Subscriber, QueueEntry>()
  /** The place of whoever asked last: the next one to ask is often the same. */
  private lastAsked: QueueEntry | undefined
  /** The same places, by the demand that is open. */
  private readonly ladder = new DemandQueue()
  /**
   * Demand that was passed on upstream and whose subscriber has gone since. The events will come all the same, so this
   * much of what is asked next is not passed on again. Events that find nobody and go to the buffer lower it too.
   */
  private pending = 0
  /** Demand of all subscribers that no event has met. */
  private open = 0
  /** Set by the first ask, unless it was an option. */
  private maxDemand: number | undefined
  private readonly random: () => number
  /** Until the first dispatch. */
  private shufflesNext: boolean

  constructor(options: ReturnType<typeof demandDispatcherOptions.read>) {
    super()
    this.maxDemand = options.maxDemand
    this.random = options.random ?? Math.random
    this.shufflesNext = options.shuffleDemandsOnFirstDispatch
  }

  subscribe(subscriber: Subscriber): number {
    const place = new QueueEntry(subscriber)
    this.places.set(subscriber, place)
    this.ladder.add(place, 0)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    const place = this.lastAsked?.subscriber === subscriber ? this.lastAsked : this.places.get(subscriber)
    if (place === undefined) return 0
    this.lastAsked = place
    this.ladder.move(place, place.level + demand)
    this.open += demand
    const alreadyAsked = Math.min(this.pending, demand)
    this.pending -= alreadyAsked
    this.maxDemand ??= demand
    if (demand <= this.maxDemand) return demand - alreadyAsked
    return { demand: demand - alreadyAsked, warning: greed(subscriber, demand, this.maxDemand) }
  }

  cancel(subscriber: Subscriber): number {
    const place = this.places.get(subscriber)
    if (place === undefined) return 0
    this.places.delete(subscriber)
    this.lastAsked = undefined
    this.ladder.remove(place)
    this.pending += place.level
    this.open -= place.level
    return 0
  }

  dispatchToOne(count: number): Subscriber | undefined {
    if (this.shufflesNext) this.shuffle()
    const first = this.ladder.top
    if (first === undefined || first.level < count) return undefined
    this.ladder.move(first, first.level - count)
    this.open -= count
    return first.subscriber
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    if (this.shufflesNext) this.shuffle()
    const { ladder } = this
    const { length } = events
    const deliveries: Delivery[] = []
    let from = 0
    for (let place = ladder.top; place !== undefined && place.level > 0 && from < length; place = ladder.top) {
      const to = Math.min(from + place.level, length)
      deliveries.push([place.subscriber, to - from === length ? events : events.slice(from, to)])
      ladder.move(place, place.level - (to - from))
      from = to
    }
    this.open -= from
    if (from === length) return { deliveries, leftover: emptyArray }
    this.pending = Math.max(this.pending - (length - from), 0)
    return { deliveries, leftover: from === 0 ? events : events.slice(from) }
  }

  openDemand(): number {
    return this.open
  }

  inspect(): DispatcherInfo {
    return { kind: 'demand' }
  }

  /** Swaps each place, from the last to the second, with one at random that stands no later. */
  private shuffle(): void {
    this.shufflesNext = false
    const places = this.ladder.inOrder()
    for (let index = places.length - 1; index > 0; index--) {
      const other = Math.floor(this.random() * (index + 1))
      const [one, another] = [places[index], places[other]]
      if (one === undefined || another === undefined) continue
      places[index] = another
      places[other] = one
    }
    // One that has asked for nothing would stand in the way of those that have.
    const asking = places.filter(({ level }) => level > 0)
    const waiting = places.filter(({ level }) => level === 0)
    this.ladder.arrange([...asking, ...waiting])
  }
}

function greed(subscriber: Subscriber, demand: number, maxDemand: number): string {
  return (
    `expected subscribers to ask for at most ${maxDemand} events at once, but ${subscriber.consumer} asked for ` +
    `${demand}: where their demands differ, the greedy ones get most of the events`
  )
}
