import type { Key } from '../../base/key.ts'
import type { Deadline } from '../../process/schedule/timers.ts'
import type { Upstream } from '../consuming/upstream.ts'
import type { Attempt } from './attempt.ts'

/** What a run calls when the promise that its attempt returned settles. */
export interface RunListener {
  onResolved(run: EventRun, result: unknown): void
  onRejected(run: EventRun, error: unknown): void
}

/**
 * The two functions that an attempt's promise calls when it settles.
 *
 * They serve one attempt after the other. Those of an attempt that was given up keep their ticket for themselves, so that
 * a promise which settles later reaches nothing.
 */
class Ticket {
  readonly resolved: (result: unknown) => void
  readonly rejected: (error: unknown) => void
  /** Cleared when the attempt is given up. */
  run: EventRun | undefined

  constructor(listener: RunListener, run: EventRun) {
    this.run = run
    this.resolved = (result) => {
      if (this.run !== undefined) listener.onResolved(this.run, result)
    }
    this.rejected = (error) => {
      if (this.run !== undefined) listener.onRejected(this.run, error)
    }
  }
}

/** One event on its way through the engine. Reused for another event when it is done. */
export class EventRun {
  event: unknown
  /** The subscription that it came from. */
  source: Upstream | undefined
  /** Where it stands among all events of the stage. */
  sequence = 0
  /** Which attempt runs or is next: 1 for the first one. */
  attempt = 1
  /** What `orderBy` returned, where there is one. */
  key: Key | undefined
  /** Whether its result is there, or it was skipped; its result may wait for those of earlier events. */
  isDone = false
  result: unknown
  /** When the present attempt began, on the runtime's clock. */
  startedAt = 0
  /** The end of the present attempt's time; undefined where it has no limit. */
  deadline: Deadline | undefined
  /** What the handler of the present attempt was given; undefined while none runs. */
  current: Attempt | undefined
  private readonly listener: RunListener
  private ticket: Ticket

  constructor(listener: RunListener) {
    this.listener = listener
    this.ticket = new Ticket(listener, this)
  }

  /** Reports to the listener when the promise of the present attempt settles. */
  follow(promise: PromiseLike<unknown>): void {
    const { resolved, rejected } = this.ticket
    // A native promise settles later and calls one of the two, once. Any other thenable may do anything.
    const native = promise.constructor === Promise ? promise : Promise.resolve(promise)
    native.then(resolved, rejected)
  }

  /** Gives the present attempt up: whatever its promise still does reaches nothing. */
  abandon(): void {
    this.ticket.run = undefined
    this.ticket = new Ticket(this.listener, this)
  }

  /** Lets go of everything, for the next event. */
  clear(): void {
    this.event = undefined
    this.source = undefined
    this.attempt = 1
    this.key = undefined
    this.isDone = false
    this.result = undefined
  }
}
