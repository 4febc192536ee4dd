import { eventCount } from '../../base/event-count.ts'
import type { Process } from '../../process/process.ts'
import type { Stop } from '../types/results.ts'
import type { Subscription } from '../types/subscription.ts'

/**
 * The demand on one producer. Each event that was asked for has a place, from the ask until its child has ended and the
 * place is offered to the producer again.
 */
interface UpstreamDemand {
  readonly handle: Subscription
  /** Places that running children occupy. */
  occupied: number
  /** Places of children that have ended, not offered again yet. Below `min`, except inside of `release`. */
  released: number
  /** Places of children that could not be started. The next message of the stage to itself releases them together. */
  failed: number
  readonly min: number
  readonly max: number
}

/** Has the supervisor run a function as a message to itself. */
type RunLater = (run: () => void | Stop) => void

/**
 * The demand of a consumer supervisor: one place per child, `maxDemand` places for each producer.
 *
 * Places are offered to the producer again in portions of at least `minDemand`. A subscription that has ended has no
 * places: its children continue, and no operation on it does anything.
 */
export class ChildDemand {
  private readonly process: Process
  private readonly runLater: RunLater
  private readonly upstreams = new Map<string, UpstreamDemand>()

  constructor(process: Process, runLater: RunLater) {
    this.process = process
    this.runLater = runLater
  }

  /** Adds a subscription, and asks for as many events as it has places. */
  subscribe(from: Subscription, { maxDemand: max, minDemand: min }: { maxDemand: number; minDemand: number }): void {
    this.upstreams.set(from.tag, { handle: from, occupied: 0, released: 0, failed: 0, min, max })
    from.ask(max)
  }

  /** Removes a subscription that has ended. */
  cancel(from: Subscription): void {
    this.upstreams.delete(from.tag)
  }

  /** Occupies a place for each of `count` events that have arrived. Events beyond `maxDemand` are logged. */
  occupy(from: Subscription, count: number): void {
    const upstream = this.upstreams.get(from.tag)
    if (upstream === undefined) return
    upstream.occupied += count
    const excess = upstream.occupied - upstream.max
    if (excess <= 0) return
    const { process } = this
    process.runtime.log('error', `${process.label} received ${eventCount(excess)} more than it asked for`, { excess })
  }

  /** Releases `count` places, and offers them to the producer if there are at least `minDemand` of them. */
  release(from: Subscription, count: number): void {
    const upstream = this.upstreams.get(from.tag)
    if (upstream === undefined) return
    upstream.occupied -= count
    upstream.released += count
    if (upstream.released < upstream.min) return
    const { released } = upstream
    upstream.released = 0
    from.ask(released)
  }

  /**
   * Releases the place of a child that could not be started, in a later message.
   *
   * Children that fail at the same time are reported one by one. Their places are released together, so that the
   * producer receives one ask for all of them.
   */
  releaseFailed(from: Subscription): void {
    const upstream = this.upstreams.get(from.tag)
    if (upstream === undefined) return
    upstream.failed++
    if (upstream.failed > 1) return
    this.runLater(() => {
      const { failed } = upstream
      upstream.failed = 0
      this.release(from, failed)
    })
  }
}
