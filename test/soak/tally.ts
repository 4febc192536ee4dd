import type {
  Delivery,
  DemandResult,
  Dispatcher,
  DispatchResult,
  Logger,
  StageContext,
  StageRef,
  Subscriber,
} from 'genstage'

/** What a stage has emitted, and where that went. */
interface Emitted {
  /** By its callbacks, as they report themselves. */
  emitted: number
  /** By its dispatcher, to any subscriber. */
  handedOut: number
  discarded: number
}

/** What a stage was sent, and how much of it its `handleEvents` was given. */
interface Handled {
  received: number
  seen: number
  /** The size of the batch that is being handled, or of the last one if it is not known that its result was taken. */
  batch: number
}

/** What became of all events, in numbers. */
export interface Totals {
  /** By sources and relays together. */
  emitted: number
  /** By relays and sinks together: their callbacks were given them. */
  handled: number
  /** By sinks alone: the end of the way. */
  delivered: number
  /** Held by stages that were killed, as their reports show. */
  held: number
  /** Sent to a stage that had exited, before the sender was notified. */
  undelivered: number
  /** What full buffers dropped, and what was dropped with a partition's subscriber. */
  discarded: number
  /** By how many events books do not add up, all in all; nothing else may happen to an event. */
  lost: number
  starts: number
  ends: number
}

/**
 * Follows events from the callback that emits them to the one that is given them, in numbers only, so that it costs
 * little and keeps nothing: a stage's books are closed, and checked, when it ends.
 */
export class Tally {
  readonly totals: Totals = {
    emitted: 0,
    handled: 0,
    delivered: 0,
    held: 0,
    undelivered: 0,
    discarded: 0,
    lost: 0,
    starts: 0,
    ends: 0,
  }
  /** What does not add up; the run has failed if there is anything. */
  readonly problems: string[] = []
  private readonly stages = new Map<string, StageRef>()
  private readonly emitting = new Map<string, Emitted>()
  private readonly handling = new Map<string, Handled>()
  private readonly held = new Map<string, Readonly<Record<string, number>>>()

  /** The stages that run. */
  get running(): readonly StageRef[] {
    return [...this.stages.values()]
  }

  /** Call it in the setup function of a stage: its events are counted until it exits. */
  open(stage: StageContext, emits: boolean, handles: boolean): void {
    const { self, signal } = stage
    this.totals.starts++
    this.stages.set(self.id, self)
    if (emits) this.emitting.set(self.id, { emitted: 0, handedOut: 0, discarded: 0 })
    if (handles) this.handling.set(self.id, { received: 0, seen: 0, batch: 0 })
    signal.addEventListener('abort', () => this.close(self.id), { once: true })
  }

  /** A callback returns so many events. */
  emit(id: string, count: number): void {
    const books = this.emitting.get(id)
    if (books === undefined) return
    books.emitted += count
    this.totals.emitted += count
  }

  /** A batch is given to `handleEvents`, which may return a promise. */
  begin(id: string, count: number, isLast: boolean): void {
    const books = this.handling.get(id)
    if (books === undefined) return
    books.seen += count
    books.batch = count
    this.totals.handled += count
    if (isLast) this.totals.delivered += count
  }

  /** A batch was handled by a callback that returned no promise. */
  finish(id: string): void {
    const books = this.handling.get(id)
    if (books !== undefined) books.batch = 0
  }

  readonly logger: Logger = {
    debug() {},
    info() {},
    warn: (message, facts) => {
      if ('discarded' in facts || 'remaining' in facts) this.read(facts)
      else this.problems.push(message)
    },
    error: (message, facts) => {
      const { reason } = facts
      // A stage that starts while its producer starts is tried again.
      const isProcessMissing = /could not (subscribe|restart)/.test(message)
      if (!isProcessMissing || reason instanceof TypeError) this.problems.push(message)
    },
  }

  private read(facts: Readonly<Record<string, unknown>>): void {
    const id = String(facts.process)
    if (typeof facts.remaining === 'object') this.held.set(id, facts.remaining as Readonly<Record<string, number>>)
    const books = this.emitting.get(id)
    if (typeof facts.discarded === 'number' && books !== undefined) {
      books.discarded += facts.discarded
      this.totals.discarded += facts.discarded
    }
  }

  /** A stage has ended: what it emitted and what it was sent must have come out somewhere. */
  private close(id: string): void {
    const held = this.held.get(id) ?? {}
    const { buffer = 0, dispatcher = 0, accumulated = 0, handling = 0, inbound = 0, mailbox = 0 } = held
    this.totals.ends++
    for (const count of Object.values(held)) this.totals.held += count
    const emitted = this.emitting.get(id)
    const handled = this.handling.get(id)
    if (emitted !== undefined) {
      const found = emitted.handedOut + emitted.discarded + buffer + dispatcher + accumulated
      if (found !== emitted.emitted) {
        this.totals.lost += Math.abs(emitted.emitted - found)
        this.problems.push(`${id} emitted ${emitted.emitted}, accounted for ${found}`)
      }
    }
    if (handled !== undefined) {
      const unseen = handled.received - handled.seen
      const kept = handling + inbound + mailbox
      if (kept !== unseen && kept !== unseen + handled.batch) {
        this.totals.lost += Math.abs(unseen - kept)
        this.problems.push(`${id} was sent ${handled.received}, given ${handled.seen}, and held ${kept} at its end`)
      }
    }
    for (const books of [this.stages, this.emitting, this.handling, this.held]) books.delete(id)
  }

  /** Counts what a stage's dispatcher is given and hands out. */
  watch(id: string, dispatcher: Dispatcher<number, never>): Dispatcher<number, never> {
    return new CountingDispatcher(dispatcher as Dispatcher<number, unknown>, (consumed, deliveries) =>
      this.count(id, consumed, deliveries),
    )
  }

  private count(id: string, consumed: number, deliveries: readonly Delivery[]): void {
    const books = this.emitting.get(id)
    if (books !== undefined) books.handedOut += consumed
    for (const [{ consumer }, given] of deliveries) {
      const receiver = this.handling.get(consumer)
      if (receiver === undefined) this.totals.undelivered += given.length
      else receiver.received += given.length
    }
  }
}

type Count = (consumed: number, deliveries: readonly Delivery[]) => void

/** Forwards to another dispatcher, and records what that returns. */
class CountingDispatcher implements Dispatcher<number, never> {
  private readonly inner: Dispatcher<number, unknown>
  private readonly count: Count

  constructor(inner: Dispatcher<number, unknown>, count: Count) {
    this.inner = inner
    this.count = count
  }

  subscribe(subscriber: Subscriber, options: unknown): number | { readonly refuse: string } {
    return this.inner.subscribe(subscriber, options)
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    return this.look(this.inner.ask(subscriber, demand))
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    return this.look(this.inner.cancel(subscriber))
  }

  dispatch(events: readonly number[]): DispatchResult {
    const held = this.queuedCount()
    const result = this.inner.dispatch(events)
    // What stays with the dispatcher has not been handed out.
    const kept = this.queuedCount() - held
    this.count(events.length - result.leftover.length - kept, result.deliveries)
    return result
  }

  queueInfo(message: unknown): boolean {
    return this.inner.queueInfo?.(message) ?? false
  }

  queuedCount(): number {
    return this.inner.queuedCount?.() ?? 0
  }

  /** What it held, and lets go of now, was handed to it before. */
  private look(result: number | DemandResult): number | DemandResult {
    if (typeof result === 'number' || result.deliveries === undefined) return result
    let released = 0
    for (const [, events] of result.deliveries) released += events.length
    if (released > 0) this.count(released, result.deliveries)
    return result
  }
}
