import { EventQueue } from '../../base/collections/event-queue.ts'
import { emptyArray } from '../../base/empty-array.ts'

/** Which events a full buffer keeps: the first that arrived, or the last. */
export type BufferKeep = 'first' | 'last'

/** What was dropped to store events. */
interface Stored {
  /** How many events were dropped, old or new ones. */
  readonly discarded: number
  /** The infos that were queued after dropped events, in order: they are due now. */
  readonly infos: readonly unknown[]
}

/** What is taken out of a buffer at once. */
interface TakenEvents<Event> {
  /** In order; empty if an info is first in the queue. */
  readonly events: Event[]
  /** The infos that are due after these events, in order. */
  readonly infos: readonly unknown[]
}

const storedAll: Stored = Object.freeze({ discarded: 0, infos: emptyArray })

/**
 * Keeps the events that no subscriber has asked for yet, and the infos that were queued after them.
 *
 * Events are taken in the order in which they were stored. An info is never dropped: it waits until the events before it
 * have been taken or dropped. How long exactly depends on whether the buffer has a limit, as in GenStage:
 *
 * - With a limit, an info belongs to the event before it, and is due as soon as that event is taken or dropped.
 * - Without a limit, an info is an entry of its own. It is counted, and it is taken alone, once there is demand for more
 *   than the events before it.
 *
 * The cost is per batch, and for each event one copy in and one copy out.
 */
export class Buffer<Event> {
  private readonly queue = new EventQueue<Event>()
  /** The most events it holds: an integer of at least 0, or `Infinity`. */
  readonly size: number
  /** Whether it holds neither events nor infos. A field, because it is read for every message. */
  isEmpty = true
  /** What a full buffer keeps: with `'first'` it drops new events, with `'last'` the oldest. */
  readonly keep: BufferKeep

  constructor(size: number, keep: BufferKeep) {
    this.size = size
    this.keep = keep
  }

  /** The number of events in it. */
  get eventCount(): number {
    return this.queue.eventCount
  }

  /** The number of its entries: events, and infos too if it has no limit. */
  get estimatedCount(): number {
    return this.isUnbounded ? this.queue.eventCount + this.queue.infoCount : this.queue.eventCount
  }

  /** Stores the events from `events[from]` on, and returns what was dropped. */
  store(events: readonly Event[], from: number = 0): Stored {
    const stored = this.storeFitting(events, from)
    this.isEmpty = this.queue.isEmpty
    return stored
  }

  private storeFitting(events: readonly Event[], from: number): Stored {
    const { queue } = this
    const excess = queue.eventCount + events.length - from - this.size
    if (excess <= 0) {
      queue.pushEvents(events, from)
      return storedAll
    }
    if (this.keep === 'first') {
      queue.pushEvents(events, from, events.length - excess)
      return { discarded: excess, infos: emptyArray }
    }
    const dropped = Math.min(excess, queue.eventCount)
    queue.dropEvents(dropped)
    queue.pushEvents(events, from + excess - dropped)
    return { discarded: excess, infos: this.takeInfosDue() }
  }

  /**
   * Queues an info after all events in the buffer.
   *
   * @returns `false` if there is nothing to wait for: the info is due at once and is not kept.
   */
  queueInfo(message: unknown): boolean {
    if (this.estimatedCount === 0) return false
    this.queue.pushInfo(message)
    this.isEmpty = false
    return true
  }

  /**
   * Takes up to `count` events, fewer if an info is between them, and the infos that are due then.
   *
   * @returns `undefined` if there is nothing to take, or `count` is 0.
   */
  take(count: number): TakenEvents<Event> | undefined {
    if (count === 0 || this.estimatedCount === 0) return undefined
    const events = this.takeEvents(count)
    return { events, infos: this.takeInfos(events.length < count) }
  }

  /** Takes up to `count` events, fewer if an info is between them, and none if an info is first. */
  takeEvents(count: number): Event[] {
    const { queue } = this
    const events = queue.shiftEvents(Math.min(count, queue.eventsBeforeInfo))
    this.isEmpty = queue.isEmpty
    return events
  }

  /** Puts events back that were taken and not sent: they are first again, in their order. */
  putBack(events: readonly Event[]): void {
    this.queue.unshiftEvents(events)
    this.isEmpty = this.queue.isEmpty
  }

  /**
   * Takes the infos that are due after the events before them were taken, in order.
   *
   * @param isMoreAskedFor Whether there is demand for more than the events that were taken.
   */
  takeInfos(isMoreAskedFor: boolean): readonly unknown[] {
    const { queue } = this
    if (queue.infoCount === 0) return emptyArray
    const infos = this.isUnbounded ? this.takeOneInfo(isMoreAskedFor) : this.takeInfosDue()
    this.isEmpty = queue.isEmpty
    return infos
  }

  private get isUnbounded(): boolean {
    return this.size === Number.POSITIVE_INFINITY
  }

  private takeOneInfo(isMoreAskedFor: boolean): readonly unknown[] {
    const { queue } = this
    return isMoreAskedFor && queue.eventsBeforeInfo === 0 ? [queue.shiftInfo()] : emptyArray
  }

  /** Takes the infos that have no event before them. */
  private takeInfosDue(): readonly unknown[] {
    const { queue } = this
    if (queue.eventsBeforeInfo > 0) return emptyArray
    const infos: unknown[] = []
    while (queue.eventsBeforeInfo <= 0) infos.push(queue.shiftInfo())
    return infos
  }
}
