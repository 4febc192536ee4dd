import { emptyArray } from '../base/empty-array.ts'
import { BadReturnError } from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
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
import { Partition } from './partition.ts'
import { type Hash, type PartitionName, partitionDispatcherOptions } from './partition-dispatcher-options.ts'
import { partitionOf } from './partition-hash.ts'

/**
 * Makes a dispatcher that gives each event to one partition, to which one consumer subscribes with `{ partition }`.
 *
 * The order of events is kept in each partition. Events for a partition that has not asked for them are queued in the
 * dispatcher. If its subscriber is cancelled, they are dropped and counted. There are never more of them than all
 * subscribers together have asked for. But if the hash is uneven for a long time, the busy partition falls behind,
 * because the producer cannot know which subscriber's demand it meets.
 *
 * `hash` returns `[event, partition]`, where `event` may be a different event, or `'none'`, which discards the event. It
 * is called for each event, in order, and must not be async. Without it the event itself is hashed, by `partitionHash`.
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

function checkNames(names: readonly PartitionName[], given: unknown, hasHash: boolean): void {
  const known = new Set(names)
  if (known.size < names.length) throw new TypeError(`expected partitions to differ by name, got: ${quote(given)}`)
  if (hasHash || names.every((_, index) => known.has(index))) return
  throw new TypeError(
    `expected hash to be given: without it no event can be assigned to one of the partitions ${quote(given)}`,
  )
}

class PartitionDispatcher<Event> implements Dispatcher<Event, { partition: PartitionName }> {
  private readonly hash: Hash<Event> | undefined
  private readonly partitions: readonly Partition<Event>[]
  private readonly byName: ReadonlyMap<unknown, Partition<Event>>
  /** The same partitions at the index that is their name, if their names are 0, 1, 2 and so on; else none. */
  private readonly byNumber: readonly Partition<Event>[]
  private readonly bySubscriber = new Map<Subscriber, Partition<Event>>()
  /** The partitions that are queueing, in no order. */
  private readonly queueing: Partition<Event>[] = []
  /** Events in all queues. */
  private queued = 0
  /**
   * How many more events may be taken: what was asked for upstream and has not come yet. It counts for all partitions
   * together, so one partition may get all of these events, and has to queue.
   */
  private open = 0
  /** How many events the hash has discarded in the current dispatch. */
  private filtered = 0
  /** Demand that was sent upstream and whose subscriber was cancelled since: it is not sent again. */
  private pending = 0

  constructor(names: readonly PartitionName[], hash: Hash<Event> | undefined) {
    this.hash = hash
    this.partitions = names.map((name, index) => new Partition<Event>(name, index))
    this.byName = new Map(this.partitions.map((partition) => [partition.name, partition]))
    const byNumber = this.partitions.map((_, index) => this.byName.get(index))
    this.byNumber = byNumber.every((partition) => partition !== undefined) ? byNumber : []
  }

  subscribe(subscriber: Subscriber, options: { partition: PartitionName }): number | Refusal {
    const partition = Object.hasOwn(options, 'partition') ? this.byName.get(options.partition) : undefined
    if (partition === undefined) return { refuse: 'bad-partition', message: this.describeBadPartition(options) }
    if (partition.subscriber !== undefined) {
      const message = `partition ${quote(partition.name)} already has a subscriber (${partition.subscriber.consumer}), and can have only one`
      return { refuse: 'partition-taken', message }
    }
    partition.subscriber = subscriber
    this.bySubscriber.set(subscriber, partition)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    const partition = this.bySubscriber.get(subscriber)
    if (partition === undefined) return 0
    const alreadyAsked = Math.min(this.pending, demand)
    this.pending -= alreadyAsked
    this.open += demand - alreadyAsked
    if (partition.queueing >= 0) return this.sendQueued(partition, subscriber, demand, demand - alreadyAsked)
    partition.demand += demand
    return demand - alreadyAsked
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    const partition = this.bySubscriber.get(subscriber)
    if (partition === undefined) return 0
    this.bySubscriber.delete(subscriber)
    partition.subscriber = undefined
    this.pending += partition.demand
    partition.demand = 0
    if (partition.queueing < 0) return 0
    // Another subscriber had asked for what is dropped here, and would wait for it forever: it is asked for again.
    const discarded = partition.queue.eventCount
    partition.queue.dropEvents(discarded)
    const infos: unknown[] = []
    while (partition.queue.infoCount > 0) partition.releaseInfo(infos)
    this.stopQueueing(partition)
    this.queued -= discarded
    this.open += discarded
    return { demand: discarded, discarded, infos }
  }

  dispatch(events: readonly Event[]): DispatchResult {
    const touched: Partition<Event>[] = []
    let taken: number
    try {
      taken = this.hash === undefined ? this.sortByEvent(events, touched) : this.sortByHash(events, touched, this.hash)
    } catch (error) {
      // A dispatch that ends halfway must leave no events in a bucket: they are neither sent nor left over.
      for (const partition of touched) partition.bucket = emptyArray
      throw error
    }
    const { filtered } = this
    this.filtered = 0
    const deliveries: Delivery<Event>[] = []
    // All of them are in order already; a few are sorted quickly.
    const ordered =
      touched.length === this.partitions.length
        ? this.partitions
        : touched.sort((one, other) => one.index - other.index)
    for (const partition of ordered) this.sendBucket(partition, deliveries)
    const leftover = taken === events.length ? emptyArray : taken === 0 ? events : events.slice(taken)
    return filtered === 0 ? { deliveries, leftover } : { deliveries, leftover, filtered }
  }

  openDemand(): number {
    return this.open
  }

  queueInfo(message: unknown): boolean {
    if (this.queueing.length === 0) return false
    const info = { message, queues: this.queueing.length }
    for (const partition of this.queueing) partition.queue.pushInfo(info)
    return true
  }

  queuedCount(): number {
    return this.queued
  }

  inspect(): DispatcherInfo {
    return { kind: 'partition', partitions: this.partitions.map((partition) => partition.inspect()) }
  }

  /** Puts events into buckets while there is open demand; returns how many it has taken. */
  private sortByEvent(events: readonly Event[], touched: Partition<Event>[]): number {
    const { byNumber } = this
    const end = Math.min(events.length, this.open)
    for (let index = 0; index < end; index++) {
      const event = events[index] as Event
      const partition = byNumber[partitionOf(event, byNumber.length)] as Partition<Event>
      partition.add(event, touched)
    }
    this.open -= end
    return end
  }

  /** The same with a custom hash. It may discard events, which use up no demand. */
  private sortByHash(events: readonly Event[], touched: Partition<Event>[], hash: Hash<Event>): number {
    const { byName, byNumber } = this
    let { open } = this
    let discarded = 0
    let index = 0
    for (; index < events.length && open > 0; index++) {
      const result: unknown = hash(events[index] as Event)
      if (result === 'none') {
        discarded++
        continue
      }
      if (!Array.isArray(result) || result.length !== 2) throw this.badReturn(result)
      const name: unknown = result[1]
      const partition = typeof name === 'number' && byNumber.length > 0 ? byNumber[name] : byName.get(name)
      if (partition === undefined) throw this.badReturn(result)
      partition.add(result[0], touched)
      open--
    }
    this.open = open
    this.filtered = discarded
    return index
  }

  private describeBadPartition(options: { readonly partition?: unknown }): string {
    const got = Object.hasOwn(options, 'partition') ? quote(options.partition) : 'no such option'
    return `expected the option partition to be one of ${this.someNames()}, got: ${got}`
  }

  private someNames(): string {
    return quote(this.partitions.slice(0, 20).map(({ name }) => name))
  }

  private badReturn(result: unknown): BadReturnError {
    // A promise that is returned by mistake may reject as well. That is not a second failure.
    if (isThenable(result)) result.then(undefined, () => {})
    return new BadReturnError(
      'hash',
      `[event, partition] or 'none', with a partition out of ${this.someNames()}`,
      result,
    )
  }

  /** Sends a partition as much of its bucket as it has demand for, and queues the rest. */
  private sendBucket(partition: Partition<Event>, deliveries: Delivery<Event>[]): void {
    const { bucket, demand, subscriber } = partition
    const { length } = bucket
    partition.bucket = emptyArray
    const due = Math.min(length, demand)
    if (due > 0 && subscriber !== undefined)
      deliveries.push([subscriber, due === length ? bucket : bucket.slice(0, due)])
    partition.demand -= due
    if (partition.demand > 0) return
    if (partition.queueing < 0) partition.queueing = this.queueing.push(partition) - 1
    partition.queue.pushEvents(bucket, due)
    this.queued += length - due
  }

  /** Sends a partition that is queueing what is in its queue, up to `demand`. */
  private sendQueued(
    partition: Partition<Event>,
    subscriber: Subscriber,
    demand: number,
    upstream: number,
  ): DemandResult {
    const { queue } = partition
    const deliveries: Delivery<Event>[] = []
    const infos: unknown[] = []
    let open = demand
    // An info after the very last event that is asked for waits for the next ask, as in GenStage.
    while (open > 0) {
      const events = queue.shiftEvents(Math.min(open, queue.eventsBeforeInfo))
      if (events.length > 0) deliveries.push([subscriber, events])
      open -= events.length
      this.queued -= events.length
      if (open === 0) break
      if (queue.infoCount === 0) {
        this.stopQueueing(partition)
        partition.demand = open
        break
      }
      partition.releaseInfo(infos)
    }
    return { demand: upstream, deliveries, infos }
  }

  private stopQueueing(partition: Partition<Event>): void {
    const last = this.queueing.pop()
    if (last !== undefined && last !== partition) {
      this.queueing[partition.queueing] = last
      last.queueing = partition.queueing
    }
    partition.queueing = -1
  }
}
