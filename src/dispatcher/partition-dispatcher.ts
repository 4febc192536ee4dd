import { emptyArray } from '../base/empty-array.ts'
import { BadReturnError } from '../base/errors.ts'
import { EventQueue } from '../base/event-queue.ts'
import { isThenable } from '../base/is-thenable.ts'
import { type OptionTable, optionTable } from '../base/option-table.ts'
import { callback, matching } from '../base/option-type.ts'
import { quote } from '../base/quote.ts'
import type { AnyEvent } from './any-event.ts'
import type {
  Delivery,
  DemandResult,
  Dispatcher,
  DispatcherInfo,
  DispatchResult,
  Refusal,
  Subscriber,
} from './dispatcher.ts'
import { partitionOf } from './partition-hash.ts'

/** What a partition is called. */
type PartitionName = string | number
type Hash<Event> = (event: Event) => readonly [event: Event, partition: PartitionName] | 'none'

/** More than anybody can subscribe to; a typo with too many zeros should not take the machine's memory. */
const mostPartitions = 100_000

/** What `partitionDispatcher` reads its options by. */
export const partitionDispatcherOptions: OptionTable<{
  readonly partitions: number | readonly PartitionName[]
  readonly hash: Hash<unknown> | undefined
}> = optionTable({
  partitions: {
    type: matching<number | readonly PartitionName[]>(
      'a number of partitions from 1 to 100000, or a list of as many names',
      (value) => typeof value === 'number' || (Array.isArray(value) && value.every((name) => isName(name))),
      (value) => (typeof value === 'number' ? isCount(value) : isCount(value.length)),
    ),
    required: true,
    text: 'How many partitions there are, called 0, 1, 2 and so on; or what they are called: strings or numbers.',
  },
  hash: {
    type: callback<Hash<unknown>>(),
    text:
      "Answers `[event, partition]`: what to send, and where to; or `'none'` to discard the event. Must be given " +
      'where partitions have names of their own.',
    absent: '`partitionHash` of the event',
  },
})

/**
 * Makes a dispatcher that gives each event to one partition, to which one consumer subscribes with `{ partition }`.
 *
 * The order of events is kept in each partition. Events for a partition that has not asked for them wait in the
 * dispatcher, and are dropped, and counted, when its subscriber goes. They are never more than what all subscribers
 * together have asked for; but if the hash is uneven for long, the busy partition falls behind, since the producer
 * cannot tell whose demand it answers.
 *
 * `hash` answers `[event, partition]`, where `event` may be another one than it was given, or `'none'`, which discards
 * the event. It is called for each event, in order, and must not be async. Without it the event itself is hashed, by
 * `partitionHash`.
 *
 * Subscriptions are refused with `'bad-partition'` if there is no such partition, and with `'partition-taken'` if it
 * has a subscriber.
 *
 * @throws {TypeError | RangeError} If an option is unknown, missing or wrong.
 *
 * @example One consumer for each kind of event
 * ```ts
 * import assert from 'node:assert/strict'
 * import { connect, consumer, fromIterable, partitionDispatcher, startLink } from 'genstage'
 *
 * const kinds = ['short', 'long'] as const
 * const byLength = partitionDispatcher({
 *   partitions: kinds,
 *   hash: (word: string) => [word, word.length < 4 ? 'short' : 'long'],
 * })
 *
 * const seen: Record<(typeof kinds)[number], string[]> = { short: [], long: [] }
 * const words = await startLink(fromIterable(['an', 'elephant', 'and', 'a', 'mouse'], { dispatcher: byLength }))
 * const consumers = await Promise.all(
 *   kinds.map((kind) =>
 *     startLink(consumer({ handleEvents: (events: readonly string[]) => void seen[kind].push(...events) })),
 *   ),
 * )
 * await connect(words, consumers, (index) => ({ partition: kinds[index] ?? 'short' }))
 * await Promise.all(consumers.map((each) => each.done))
 * assert.deepEqual(seen, { short: ['an', 'and', 'a'], long: ['elephant', 'mouse'] })
 * ```
 */
export function partitionDispatcher<const Partition extends string | number = number, Event = AnyEvent>(options: {
  readonly partitions: number | readonly Partition[]
  readonly hash?: (event: Event) => readonly [event: Event, partition: NoInfer<Partition>] | 'none'
}): Dispatcher<Event, { partition: Partition }> {
  const { partitions, hash } = partitionDispatcherOptions.read(options, 'options of partitionDispatcher')
  const names = typeof partitions === 'number' ? Array.from({ length: partitions }, (_, index) => index) : partitions
  checkNames(names, partitions, hash !== undefined)
  return new PartitionDispatcher<Event>(names, hash as Hash<Event> | undefined)
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostPartitions
}

function isName(value: unknown): value is PartitionName {
  return typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value))
}

function checkNames(names: readonly PartitionName[], given: unknown, hasHash: boolean): void {
  const known = new Set(names)
  if (known.size < names.length) throw new TypeError(`expected partitions to differ by name, got: ${quote(given)}`)
  if (hasHash || names.every((_, index) => known.has(index))) return
  throw new TypeError(
    `expected hash to be given, as only it can know which event belongs to which of the partitions ${quote(given)}`,
  )
}

/** An info that waits in the queues of several partitions. */
interface HeldInfo {
  readonly message: unknown
  /** How many of these queues it has still to leave. It is due when it has left the last. */
  queues: number
}

/**
 * One partition. It has open demand, or else it is queueing: what comes for it waits.
 *
 * It begins to queue when its demand is used up, be it exactly, and an info then waits in the empty queue. It stops
 * when more is asked for than is in the queue.
 */
class Lane<Event> {
  readonly name: PartitionName
  /** Its place among the partitions, which is the order in which they are served. */
  readonly index: number
  subscriber: Subscriber | undefined = undefined
  /** What its subscriber has asked for and not got. 0 while it is queueing, or has no subscriber. */
  demand = 0
  /** What waits for it. Empty unless it is queueing. */
  readonly queue = new EventQueue<Event, HeldInfo>()
  /** Where it stands in the list of those that are queueing; -1 if it is not. */
  queueing = -1
  /** Its events of the dispatch under way; `nothing` in between, and until there is one. */
  bucket: readonly Event[] = emptyArray

  constructor(name: PartitionName, index: number) {
    this.name = name
    this.index = index
  }
}

class PartitionDispatcher<Event> implements Dispatcher<Event, { partition: PartitionName }> {
  private readonly hash: Hash<Event> | undefined
  private readonly lanes: readonly Lane<Event>[]
  private readonly lanesByName: ReadonlyMap<unknown, Lane<Event>>
  /** The same lanes at the index that is their name, if their names are 0, 1, 2 and so on; else none. */
  private readonly lanesByNumber: readonly Lane<Event>[]
  private readonly lanesBySubscriber = new Map<Subscriber, Lane<Event>>()
  /** The lanes that are queueing, in no order. */
  private readonly queueing: Lane<Event>[] = []
  /** Events in all queues. */
  private held = 0
  /**
   * How many more events may be handed out: what was asked for upstream and has not come yet. It counts them for all
   * partitions together, so it may well be one partition that gets them all, and has to queue.
   */
  private waiting = 0
  /** How many events the hash discarded in the dispatch under way. */
  private filtered = 0
  /** Demand that was passed on upstream and whose subscriber has gone since: not to be passed on again. */
  private pending = 0

  constructor(names: readonly PartitionName[], hash: Hash<Event> | undefined) {
    this.hash = hash
    this.lanes = names.map((name, index) => new Lane<Event>(name, index))
    this.lanesByName = new Map(this.lanes.map((lane) => [lane.name, lane]))
    const lanesByNumber = this.lanes.map((_, index) => this.lanesByName.get(index))
    this.lanesByNumber = lanesByNumber.every((lane) => lane !== undefined) ? lanesByNumber : []
  }

  subscribe(subscriber: Subscriber, options: { partition: PartitionName }): number | Refusal {
    const lane = Object.hasOwn(options, 'partition') ? this.lanesByName.get(options.partition) : undefined
    if (lane === undefined) return { refuse: 'bad-partition', message: this.wrongPartition(options) }
    if (lane.subscriber !== undefined) {
      const message = `partition ${quote(lane.name)} has a subscriber already (${lane.subscriber.consumer}), and only one can have it`
      return { refuse: 'partition-taken', message }
    }
    lane.subscriber = subscriber
    this.lanesBySubscriber.set(subscriber, lane)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    const lane = this.lanesBySubscriber.get(subscriber)
    if (lane === undefined) return 0
    const alreadyAsked = Math.min(this.pending, demand)
    this.pending -= alreadyAsked
    this.waiting += demand - alreadyAsked
    if (lane.queueing >= 0) return this.serve(lane, subscriber, demand, demand - alreadyAsked)
    lane.demand += demand
    return demand - alreadyAsked
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    const lane = this.lanesBySubscriber.get(subscriber)
    if (lane === undefined) return 0
    this.lanesBySubscriber.delete(subscriber)
    lane.subscriber = undefined
    this.pending += lane.demand
    lane.demand = 0
    if (lane.queueing < 0) return 0
    // What is dropped was asked for by somebody, who would wait for it for ever: it is asked for again.
    const discarded = lane.queue.eventCount
    lane.queue.dropEvents(discarded)
    const infos: unknown[] = []
    while (lane.queue.infoCount > 0) releaseInfo(lane, infos)
    this.stopQueueing(lane)
    this.held -= discarded
    this.waiting += discarded
    return { demand: discarded, discarded, infos }
  }

  dispatch(events: readonly Event[]): DispatchResult {
    const lanes: Lane<Event>[] = []
    let handled: number
    try {
      handled = this.hash === undefined ? this.sortByEvent(events, lanes) : this.sortByHash(events, lanes, this.hash)
    } catch (error) {
      // Half a dispatch would be neither handed out nor left over.
      for (const lane of lanes) lane.bucket = emptyArray
      throw error
    }
    const { filtered } = this
    this.filtered = 0
    const deliveries: Delivery<Event>[] = []
    // All of them stand in order already; few are sorted quickly.
    const ordered =
      lanes.length === this.lanes.length ? this.lanes : lanes.sort((one, other) => one.index - other.index)
    for (const lane of ordered) this.handOut(lane, deliveries)
    const leftover = handled === events.length ? emptyArray : handled === 0 ? events : events.slice(handled)
    return filtered === 0 ? { deliveries, leftover } : { deliveries, leftover, filtered }
  }

  openDemand(): number {
    return this.waiting
  }

  queueInfo(message: unknown): boolean {
    if (this.queueing.length === 0) return false
    const info: HeldInfo = { message, queues: this.queueing.length }
    for (const lane of this.queueing) lane.queue.pushInfo(info)
    return true
  }

  queuedCount(): number {
    return this.held
  }

  inspect(): DispatcherInfo {
    const partitions = this.lanes.map(({ name, subscriber, queue }) => ({
      partition: name,
      subscriber: subscriber?.tag ?? null,
      queued: queue.eventCount,
    }))
    return { kind: 'partition', partitions }
  }

  /** Puts events into buckets while any are waited for; answers how many. */
  private sortByEvent(events: readonly Event[], touched: Lane<Event>[]): number {
    const { lanesByNumber } = this
    const end = Math.min(events.length, this.waiting)
    for (let index = 0; index < end; index++) {
      const event = events[index] as Event
      put(event, lanesByNumber[partitionOf(event, lanesByNumber.length)] as Lane<Event>, touched)
    }
    this.waiting -= end
    return end
  }

  /** The same by a hash of the user's own, which may discard events: then it goes further. */
  private sortByHash(events: readonly Event[], touched: Lane<Event>[], hash: Hash<Event>): number {
    const { lanesByName, lanesByNumber } = this
    let { waiting } = this
    let discarded = 0
    let index = 0
    for (; index < events.length && waiting > 0; index++) {
      const result: unknown = hash(events[index] as Event)
      if (result === 'none') {
        discarded++
        continue
      }
      if (!Array.isArray(result) || result.length !== 2) throw this.badReturn(result)
      const name: unknown = result[1]
      const lane = typeof name === 'number' && lanesByNumber.length > 0 ? lanesByNumber[name] : lanesByName.get(name)
      if (lane === undefined) throw this.badReturn(result)
      put(result[0], lane, touched)
      waiting--
    }
    this.waiting = waiting
    this.filtered = discarded
    return index
  }

  private wrongPartition(options: { readonly partition?: unknown }): string {
    const got = Object.hasOwn(options, 'partition') ? quote(options.partition) : 'no such option'
    return `expected the option partition to be one of ${this.someNames()}, got: ${got}`
  }

  private someNames(): string {
    return quote(this.lanes.slice(0, 20).map(({ name }) => name))
  }

  private badReturn(result: unknown): BadReturnError {
    // If a promise rejects besides, that is the same mistake, and not another failure.
    if (isThenable(result)) result.then(undefined, () => {})
    return new BadReturnError(
      'hash',
      `[event, partition] or 'none', with a partition out of ${this.someNames()}`,
      result,
    )
  }

  /** Sends a lane its bucket as far as it has demand; the rest, be it nothing, waits. */
  private handOut(lane: Lane<Event>, deliveries: Delivery<Event>[]): void {
    const { bucket, demand, subscriber } = lane
    const { length } = bucket
    lane.bucket = emptyArray
    const due = Math.min(length, demand)
    if (due > 0 && subscriber !== undefined)
      deliveries.push([subscriber, due === length ? bucket : bucket.slice(0, due)])
    lane.demand -= due
    if (lane.demand > 0) return
    if (lane.queueing < 0) lane.queueing = this.queueing.push(lane) - 1
    lane.queue.pushEvents(bucket, due)
    this.held += length - due
  }

  /** Gives a lane that is queueing what waits for it. */
  private serve(lane: Lane<Event>, subscriber: Subscriber, demand: number, upstream: number): DemandResult {
    const { queue } = lane
    const deliveries: Delivery<Event>[] = []
    const infos: unknown[] = []
    let open = demand
    // An info behind the very last event that is asked for waits for the next ask, as in GenStage.
    while (open > 0) {
      const events = queue.shiftEvents(Math.min(open, queue.eventsBeforeInfo))
      if (events.length > 0) deliveries.push([subscriber, events])
      open -= events.length
      this.held -= events.length
      if (open === 0) break
      if (queue.infoCount === 0) {
        this.stopQueueing(lane)
        lane.demand = open
        break
      }
      releaseInfo(lane, infos)
    }
    return { demand: upstream, deliveries, infos }
  }

  private stopQueueing(lane: Lane<Event>): void {
    const last = this.queueing.pop()
    if (last !== undefined && last !== lane) {
      this.queueing[lane.queueing] = last
      last.queueing = lane.queueing
    }
    lane.queueing = -1
  }
}

function put<Event>(event: Event, lane: Lane<Event>, touched: Lane<Event>[]): void {
  if (lane.bucket.length === 0) {
    touched.push(lane)
    lane.bucket = [event]
  } else (lane.bucket as Event[]).push(event)
}

/** Takes the first info out of a queue; it is due if it has no other left to wait in. */
function releaseInfo<Event>(lane: Lane<Event>, infos: unknown[]): void {
  const info = lane.queue.shiftInfo()
  if (info === undefined) return
  info.queues--
  if (info.queues === 0) infos.push(info.message)
}
