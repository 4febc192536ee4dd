import { KeyQueues } from '../../base/collections/key-queues.ts'
import { Ring } from '../../base/collections/ring.ts'
import { expectKey, type Key } from '../../base/key.ts'
import type { Upstream } from '../consuming/upstream.ts'
import type { EventRun } from './event-run.ts'
import type { RateGate } from './rate-gate.ts'

/** Events of one delivery that have not begun. */
interface UntouchedEvents {
  readonly source: Upstream
  readonly events: readonly unknown[]
  /** The place of `events[0]` among all events of the stage. */
  readonly sequence: number
  /** The index of the next one to begin. */
  next: number
}

/**
 * Decides which event begins next.
 *
 * ```text
 *   deliveries ──> key busy? ──> no token? ──> next()
 *                     │  ^          │  ^
 *                     v  │ freed    v  │ its token has come
 *                  its key's     its rate's
 *                    queue          lane
 * ```
 *
 * An event that has to wait for its key or for the rate stands aside, and those after it go ahead.
 */
export class Admission {
  private readonly deliveries = new Ring<UntouchedEvents>()
  /** Runs whose key has become free, or whose delay is over. */
  private readonly ready = new Ring<EventRun>()
  private readonly orderBy: ((event: unknown) => Key) | undefined
  private readonly keys = new KeyQueues<EventRun>()
  private readonly gate: RateGate<EventRun> | undefined
  private readonly newRun: () => EventRun
  /** Events that have come, ever: the place of the next one. */
  total = 0
  /** Events that have not been looked at. */
  private untouched = 0

  /** @param newRun Makes a run for an event that is looked at for the first time, in the order in which events came. */
  constructor(
    orderBy: ((event: unknown) => Key) | undefined,
    gate: RateGate<EventRun> | undefined,
    newRun: () => EventRun,
  ) {
    this.orderBy = orderBy
    this.gate = gate
    this.newRun = newRun
  }

  /** Events that wait for nothing but a place. */
  get queued(): number {
    return this.untouched + this.ready.length
  }

  get waitingForKey(): number {
    return this.keys.waiting
  }

  get waitingForRate(): number {
    return this.gate?.waiting ?? 0
  }

  /** Adds a delivery. */
  add(source: Upstream, events: readonly unknown[]): void {
    this.deliveries.push({ source, events, sequence: this.total, next: 0 })
    this.total += events.length
    this.untouched += events.length
  }

  /** A run whose delay is over may begin its next attempt. Its key is its own all the while. */
  addRetry(run: EventRun): void {
    this.ready.push(run)
  }

  /** An event is done, and its key is free for the next one. */
  leaveKey(run: EventRun): void {
    if (this.orderBy === undefined) return
    const next = this.keys.leave(run.key as Key)
    if (next !== undefined) this.ready.push(next)
  }

  /**
   * Returns the run that begins next; `undefined` if none may.
   *
   * @throws What `orderBy` or the `key` of the rate throws, or a `TypeError` if one of them does not return a key.
   */
  next(): EventRun | undefined {
    const { gate } = this
    if (gate === undefined) return this.ready.shift() ?? this.takeUntouched()
    const due = gate.next()
    if (due !== undefined) return due
    for (let run = this.ready.shift() ?? this.takeUntouched(); run !== undefined; ) {
      if (gate.enter(run.event, run)) return run
      run = this.ready.shift() ?? this.takeUntouched()
    }
    return undefined
  }

  /** The first event that does not have to wait for its key. */
  private takeUntouched(): EventRun | undefined {
    const { deliveries, orderBy } = this
    for (let delivery = deliveries.peek(); delivery !== undefined; delivery = deliveries.peek()) {
      const run = this.newRun()
      run.event = delivery.events[delivery.next]
      run.source = delivery.source
      run.sequence = delivery.sequence + delivery.next
      delivery.next++
      this.untouched--
      if (delivery.next === delivery.events.length) deliveries.shift()
      if (orderBy === undefined) return run
      run.key = expectKey('orderBy', orderBy(run.event))
      if (this.keys.enter(run.key, run)) return run
    }
    return undefined
  }
}
