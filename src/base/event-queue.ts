import { Ring } from './ring.ts'

interface StandingInfo<Info> {
  /** How many events had left the queue, ever, once the last event before this info has left it. */
  readonly place: number
  readonly info: Info
}

/**
 * A queue of events in which infos can stand, each behind the events that were there before it.
 *
 * Whoever takes events out decides when the infos between them are due: see `eventsBeforeInfo`.
 */
export class EventQueue<Event, Info = unknown> {
  private readonly events = new Ring<Event>()
  /** In the order of their places, which is the order in which they came. */
  private readonly infos = new Ring<StandingInfo<Info>>()
  /** How many events have left, ever: what places are counted from, so that no info is touched when events leave. */
  private gone = 0

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
   * How many events stand before the first info: 0 if it is at the front, `Infinity` if there is none. Negative where
   * more events were taken than stood before it.
   */
  get eventsBeforeInfo(): number {
    const first = this.infos.peek()
    return first === undefined ? Number.POSITIVE_INFINITY : first.place - this.gone
  }

  /** Adds `events[from]` up to, not including, `events[to]`. Default: all of them. */
  pushEvents(events: readonly Event[], from: number = 0, to: number = events.length): void {
    this.events.pushAll(events, from, to)
  }

  /** Puts events that were taken out back to the front, in their order: before all events and infos there are. */
  unshiftEvents(events: readonly Event[]): void {
    this.events.unshiftAll(events)
    this.gone -= events.length
  }

  /** Adds an info behind all events there are. */
  pushInfo(info: Info): void {
    this.infos.push({ place: this.gone + this.events.length, info })
  }

  /** Takes the first `count` events out, or all where there are fewer, regardless of infos. */
  shiftEvents(count: number): Event[] {
    const taken = this.events.shiftMany(count)
    this.gone += taken.length
    return taken
  }

  /** Lets go of the first `count` events, or of all where there are fewer, regardless of infos. */
  dropEvents(count: number): void {
    const before = this.events.length
    this.events.drop(count)
    this.gone += before - this.events.length
  }

  /** Takes the first info out, wherever it stands; `undefined` where there is none. */
  shiftInfo(): Info | undefined {
    return this.infos.shift()?.info
  }
}
