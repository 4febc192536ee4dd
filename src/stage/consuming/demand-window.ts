/**
 * The open demand of one subscription, and the batches in which its deliveries are handled.
 *
 * A consumer that asked for `max` events should not wait until all of them are handled before it asks again, or the
 * producer idles. So a delivery is cut every `max - min` events, and whenever a batch leaves no more than `min` events
 * outstanding, demand is topped up to `max` again.
 *
 * Called for each delivery like this, where `from` is where the next batch begins:
 *
 * ```text
 * window.begin(events.length)
 * for (let size = window.next(); size > 0; size = window.next()) {
 *   // handle `size` events, then ask for `window.ask` more
 * }
 * ```
 *
 * Pure: sends nothing and makes no objects. Counts are events, not batches.
 */
export class DemandWindow {
  /** The most events that may be outstanding. */
  readonly max: number
  /** Asks again once no more than this many are outstanding. Below `max`. */
  readonly min: number
  /**
   * Events asked for that have not been handed to a batch yet. In between deliveries above `min` and at most `max`.
   * Demand counts as asked for as soon as `next` has answered the batch it is to be asked after.
   */
  pending: number
  /** The demand to send upstream after the batch that `next` answered last; 0 for none. */
  ask = 0
  /** How many events of the delivery under way had not been asked for. They are handled, and earn no new demand. */
  excess = 0
  /** Events of the delivery under way that are in no batch yet. */
  private unhandled = 0
  /** How many of those had been asked for: the first ones. */
  private unhandledAndAsked = 0

  /**
   * @param max The most events that may be outstanding: `maxDemand`. That many count as asked for.
   * @param min `minDemand`.
   * @throws {RangeError} If `min` is not below `max`, which would ask for nothing, for ever.
   */
  constructor(max: number, min: number) {
    if (!(min >= 0 && min < max)) throw new RangeError(`expected 0 <= minDemand < maxDemand, got: ${min} and ${max}`)
    this.max = max
    this.min = min
    this.pending = max
  }

  /** A delivery of `length` events has come; the one before is over, whether its batches were all taken or not. */
  begin(length: number): void {
    const asked = Math.min(length, this.pending)
    this.unhandled = length
    this.unhandledAndAsked = asked
    this.excess = length - asked
    this.ask = 0
  }

  /**
   * Takes a whole delivery of `length` events as one batch, instead of `begin` and `next`, and sets `ask`.
   *
   * @returns `false`, and nothing has changed, if it is more than one batch, or more than was asked for.
   */
  takeWhole(length: number): boolean {
    const { max, min, pending } = this
    if (length > max - min || length > pending) return false
    const left = pending - length
    this.ask = left <= min ? max - left : 0
    this.pending = left + this.ask
    return true
  }

  /** The size of the next batch, and sets `ask`; 0 when the delivery is all in batches. */
  next(): number {
    const { max, min } = this
    const size = Math.min(max - min, this.unhandled)
    const earned = Math.min(size, this.unhandledAndAsked)
    this.unhandled -= size
    this.unhandledAndAsked -= earned
    const left = this.pending - earned
    this.ask = left <= min ? max - left : 0
    this.pending = left + this.ask
    return size
  }
}
