import { emptyArray } from '../../base/empty-array.ts'
import { EventQueue } from '../../base/event-queue.ts'

/** Which events a full buffer keeps: the first that came, or the last. */
export type BufferKeep = 'first' | 'last'

/** What storing has cost. */
interface Stored {
  /** How many events were dropped, old or new. */
  readonly discarded: number
  /** The infos that stood behind events which were dropped, in order: due now. */
  readonly infos: readonly unknown[]
}

/** What comes out of a buffer at once. */
interface TakenEvents<Event> {
  /** In order; empty where an info stood before them all. */
  readonly events: Event[]
  /** What is due after these events, in order. */
  readonly infos: readonly unknown[]
}

const storedWhole: Stored = Object.freeze({ discarded: 0, infos: emptyArray })

/**
 * Keeps the events that nobody has asked for yet, and the infos that were queued behind them.
 *
 * Events come out in the order in which they were stored. An info is never dropped: it waits until the events before it
 * are gone, taken or dropped. How long exactly depends on whether the buffer has a limit, as in GenStage:
 *
 * - With a limit an info belongs to the event before it, and is due as soon as that one is gone.
 * - Without one an info is an entry of its own. It is counted as such, comes out alone, and only when somebody asks for
 *   more than the events before it.
 *
 * Cost is per batch, and per event one copy in and one out.
 */
export class Buffer<Event> {
  private readonly queue = new EventQueue<Event>()
  /** The most events it holds: an integer of at least 0, or `Infinity`. */
  readonly size: number
  /** What is dropped once it is full: new events under `'first'`, the oldest under `'last'`. */
  readonly keep: BufferKeep

  constructor(size: number, keep: BufferKeep) {
    this.size = size
    this.keep = keep
  }

  /** How many events it holds. */
  get eventCount(): number {
    return this.queue.eventCount
  }

  /** Whether it holds nothing at all. */
  get isEmpty(): boolean {
    return this.queue.isEmpty
  }

  /** How many entries it holds: events, and infos too where it has no limit. */
  get estimatedCount(): number {
    return this.isUnbounded ? this.queue.eventCount + this.queue.infoCount : this.queue.eventCount
  }

  /** Stores `events[from]` and all behind it; says what had to go. */
  store(events: readonly Event[], from: number = 0): Stored {
    const { queue } = this
    const excess = queue.eventCount + events.length - from - this.size
    if (excess <= 0) {
      queue.pushEvents(events, from)
      return storedWhole
    }
    if (this.keep === 'first') {
      queue.pushEvents(events, from, events.length - excess)
      return { discarded: excess, infos: emptyArray }
    }
    const dropped = Math.min(excess, queue.eventCount)
    queue.dropEvents(dropped)
    queue.pushEvents(events, from + excess - dropped)
    return { discarded: excess, infos: this.infosBehindGoneEvents() }
  }

  /**
   * Keeps an info behind all events there are.
   *
   * @returns `false` if there is nothing to wait for, so that it is due at once and is not kept.
   */
  queueInfo(message: unknown): boolean {
    if (this.estimatedCount === 0) return false
    this.queue.pushInfo(message)
    return true
  }

  /**
   * Takes out up to `count` events, fewer where an info stands between them, and the infos that are then due.
   *
   * @returns `undefined` if there is nothing to take, or nothing is asked for.
   */
  take(count: number): TakenEvents<Event> | undefined {
    if (count === 0 || this.estimatedCount === 0) return undefined
    const events = this.takeEvents(count)
    return { events, infos: this.takeInfos(events.length < count) }
  }

  /** Takes out up to `count` events, fewer where an info stands between them; none where one stands before them all. */
  takeEvents(count: number): Event[] {
    return this.queue.shiftEvents(Math.min(count, this.queue.eventsBeforeInfo))
  }

  /** Puts events back that were taken and not handed out: they come out first again, in their order. */
  putBack(events: readonly Event[]): void {
    this.queue.unshiftEvents(events)
  }

  /**
   * Takes out the infos that are due once the events before them have gone, in order.
   *
   * @param isMoreAskedFor Whether more is asked for than the events that were taken.
   */
  takeInfos(isMoreAskedFor: boolean): readonly unknown[] {
    const { queue } = this
    if (queue.infoCount === 0) return emptyArray
    if (!this.isUnbounded) return this.infosBehindGoneEvents()
    return isMoreAskedFor && queue.eventsBeforeInfo === 0 ? [queue.shiftInfo()] : emptyArray
  }

  private get isUnbounded(): boolean {
    return this.size === Number.POSITIVE_INFINITY
  }

  private infosBehindGoneEvents(): readonly unknown[] {
    const { queue } = this
    if (queue.eventsBeforeInfo > 0) return emptyArray
    const infos: unknown[] = []
    while (queue.eventsBeforeInfo <= 0) infos.push(queue.shiftInfo())
    return infos
  }
}
