import { emptyArray } from '../base/empty-array.ts'
import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { boolean, callback, integer } from '../base/options/option-type.ts'
import { DemandQueue, QueueEntry } from './demand-queue.ts'
import type { Delivery, DemandResult, Dispatcher, DispatcherInfo, DispatchResult, Subscriber } from './dispatcher.ts'
import { SingleReceiver } from './single-receiver.ts'

/** How a demand dispatcher works. */
interface DemandDispatcherOptions {
  /**
   * Shuffles the subscribers once, before the first dispatch. Default: `false`.
   *
   * Otherwise the first to subscribe is the first to get events, in every producer that starts.
   */
  readonly shuffleDemandsOnFirstDispatch?: boolean
  /**
   * The most that a subscriber is expected to ask for at once, in events: at least 1; `Infinity` expects anything.
   * A larger ask is logged as a warning. Default: the first demand.
   */
  readonly maxDemand?: number
  /** Returns random numbers for the shuffle, each from 0 up to, not including, 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** The options of `demandDispatcher`. */
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
    text: 'The most that a subscriber is expected to ask for at once. A larger ask is logged as a warning.',
    absent: 'the first demand',
  },
  random: {
    type: callback<() => number>(),
    absent: '`Math.random`',
    text: 'Returns random numbers for the shuffle, each from 0 up to, not including, 1.',
  },
})

/**
 * Makes a dispatcher that gives events to the subscriber with the most open demand.
 *
 * Each event goes to one subscriber. Among subscribers with equal demand, the one that has been waiting longest comes
 * first. Events that no subscriber has asked for go to the stage's buffer. This is the default of every stage that emits.
 *
 * All subscribers should have the same `maxDemand`; otherwise those with a larger one get most of the events.
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
  private readonly entries = new Map<Subscriber, QueueEntry>()
  /** The entry of the subscriber that asked last, which often is the next one to ask. */
  private lastAsked: QueueEntry | undefined
  /** The same entries, by the demand that is open. */
  private readonly queue = new DemandQueue()
  /**
   * Demand that was sent upstream and whose subscriber was cancelled since. The events will come all the same, so this
   * much of the next demand is not sent upstream again. Events that go to the buffer reduce it as well.
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
    const entry = new QueueEntry(subscriber)
    this.entries.set(subscriber, entry)
    this.queue.add(entry, 0)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    const entry = this.lastAsked?.subscriber === subscriber ? this.lastAsked : this.entries.get(subscriber)
    if (entry === undefined) return 0
    this.lastAsked = entry
    this.queue.move(entry, entry.priority + demand)
    this.open += demand
    const alreadyAsked = Math.min(this.pending, demand)
    this.pending -= alreadyAsked
    this.maxDemand ??= demand
    if (demand <= this.maxDemand) return demand - alreadyAsked
    return { demand: demand - alreadyAsked, warning: describeExcess(subscriber, demand, this.maxDemand) }
  }

  cancel(subscriber: Subscriber): number {
    const entry = this.entries.get(subscriber)
    if (entry === undefined) return 0
    this.entries.delete(subscriber)
    this.lastAsked = undefined
    this.queue.remove(entry)
    this.pending += entry.priority
    this.open -= entry.priority
    return 0
  }

  dispatchToOne(count: number): Subscriber | undefined {
    if (this.shufflesNext) this.shuffle()
    const first = this.queue.top
    if (first === undefined || first.priority < count) return undefined
    this.queue.move(first, first.priority - count)
    this.open -= count
    return first.subscriber
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    if (this.shufflesNext) this.shuffle()
    const { queue } = this
    const { length } = events
    const deliveries: Delivery[] = []
    let from = 0
    for (let entry = queue.top; entry !== undefined && entry.priority > 0 && from < length; entry = queue.top) {
      const to = Math.min(from + entry.priority, length)
      deliveries.push([entry.subscriber, to - from === length ? events : events.slice(from, to)])
      queue.move(entry, entry.priority - (to - from))
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

  /** Swaps each entry, from the last to the second, with a random one that is not after it. */
  private shuffle(): void {
    this.shufflesNext = false
    const entries = this.queue.inOrder()
    for (let index = entries.length - 1; index > 0; index--) {
      const other = Math.floor(this.random() * (index + 1))
      const [one, another] = [entries[index], entries[other]]
      if (one === undefined || another === undefined) continue
      entries[index] = another
      entries[other] = one
    }
    // An entry without demand at the top would hide those that have some.
    const asking = entries.filter(({ priority }) => priority > 0)
    const waiting = entries.filter(({ priority }) => priority === 0)
    this.queue.arrange([...asking, ...waiting])
  }
}

function describeExcess(subscriber: Subscriber, demand: number, maxDemand: number): string {
  return (
    `expected subscribers to ask for at most ${maxDemand} events at once, but ${subscriber.consumer} asked for ` +
    `${demand}: if their demands differ, the subscribers with the largest demand get most of the events`
  )
}
