import { Ring } from './ring.ts'

interface PositionedInfo<Info> {
  /** The total number of events that will have left the queue once the last event before this info leaves it. */
  readonly position: number
  readonly info: Info
}

/**
 * A queue of events and infos, in which each info keeps its position after the events that were added before it.
 *
 * The code that takes events out decides when the infos between them are due: see `eventsBeforeInfo`.
 */
export class EventQueue<Event, Info = unknown> {
  private readonly events = new Ring<Event>()
  /** In the order of their positions, which is the order in which they were added. */
  private readonly infos = new Ring<PositionedInfo<Info>>()
  /** The total number of events removed. Positions include it, so that infos need no update when events are removed. */
  private removed = 0

  /** Whether it holds neither events nor infos. */
  get isEmpty(): boolean {
    return this.events.length === 0 && this.infos.length === 0
  }

  /** How many events it holds. */
  get eventCount(): number {
    return this.events.length
  }

  /** How many infos it holds. */
  get infoCount(): number {
    return this.infos.length
  }

  /**
   * How many events are before the first info: 0 if it is at the front, `Infinity` if there is none. Negative if more
   * events were taken out than were before it.
   */
  get eventsBeforeInfo(): number {
    const first = this.infos.peek()
    return first === undefined ? Number.POSITIVE_INFINITY : first.position - this.removed
  }

  /** Adds `events[from]` up to, not including, `events[to]`. Default: all of them. */
  pushEvents(events: readonly Event[], from: number = 0, to: number = events.length): void {
    this.events.pushAll(events, from, to)
  }

  /** Puts events that were taken out back to the front, in their order, before all events and infos in the queue. */
  unshiftEvents(events: readonly Event[]): void {
    this.events.unshiftAll(events)
    this.removed -= events.length
  }

  /** Adds an info after all events in the queue. */
  pushInfo(info: Info): void {
    this.infos.push({ position: this.removed + this.events.length, info })
  }

  /** Takes the first `count` events out, or all if there are fewer, regardless of infos. */
  shiftEvents(count: number): Event[] {
    const taken = this.events.shiftMany(count)
    this.removed += taken.length
    return taken
  }

  /** Removes the first `count` events, or all if there are fewer, regardless of infos. */
  dropEvents(count: number): void {
    const before = this.events.length
    this.events.drop(count)
    this.removed += before - this.events.length
  }

  /** Takes the first info out, at any position; `undefined` if there is none. */
  shiftInfo(): Info | undefined {
    return this.infos.shift()?.info
  }
}
