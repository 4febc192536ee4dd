/**
 * The open demand of one subscription, and the sizes of the batches in which its deliveries are handled.
 *
 * A consumer that asked for `max` events should not wait until all of them are handled before it asks again, or the
 * producer idles. So a delivery is split every `max - min` events, and whenever a batch leaves no more than `min` events
 * outstanding, the demand is raised to `max` again.
 *
 * Use it like this for each delivery:
 *
 * ```text
 * window.begin(events.length)
 * for (let size = window.next(); size > 0; size = window.next()) {
 *   // handle `size` events, then ask for `window.ask` more
 * }
 * ```
 *
 * Pure: sends nothing and creates no objects. Counts are events, not batches.
 */
export class DemandWindow {
  /** The most events that may be outstanding. */
  readonly max: number
  /** Asks again once no more than this many are outstanding. Below `max`. */
  readonly min: number
  /**
   * Events asked for that are in no batch yet. Between deliveries more than `min` and at most `max`.
   * Demand counts as asked for as soon as `next` has returned the batch that it is sent after.
   */
  pending: number
  /** The demand to send upstream after the last batch that `next` returned; 0 for none. */
  ask = 0
  /** How many events of the current delivery were not asked for. They are handled, and no demand is sent for them. */
  excess = 0
  /** Events of the current delivery that are in no batch yet. */
  private unhandled = 0
  /** How many of those were asked for: the first ones. */
  private unhandledAndAsked = 0

  /**
   * @param max The most events that may be outstanding: `maxDemand`. The window starts with that many asked for.
   * @param min `minDemand`.
   * @throws {RangeError} If `min` is not below `max`: that would ask for nothing, forever.
   */
  constructor(max: number, min: number) {
    if (!(min >= 0 && min < max)) throw new RangeError(`expected 0 <= minDemand < maxDemand, got: ${min} and ${max}`)
    // An option comes as a boxed number, and so would every demand that is computed from it: then V8 no longer allocates
    // the arrays in place that user code makes for a demand. What `floor` returns is a small integer again.
    this.max = Math.floor(max)
    this.min = min
    this.pending = this.max
  }

  /** Begins a delivery of `length` events. The previous one is over, even if not all of its batches were taken. */
  begin(length: number): void {
    const asked = Math.min(length, this.pending)
    this.unhandled = length
    this.unhandledAndAsked = asked
    this.excess = length - asked
    this.ask = 0
  }

  /**
   * Takes a delivery of `length` events as one batch, instead of `begin` and `next`, and sets `ask`.
   *
   * @returns `false` if it is more than one batch, or more than was asked for; then nothing has changed.
   */
  takeWhole(length: number): boolean {
    const { max, min, pending } = this
    if (length > max - min || length > pending) return false
    const remaining = pending - length
    this.ask = remaining <= min ? max - remaining : 0
    this.pending = remaining + this.ask
    return true
  }

  /** Returns the size of the next batch, and sets `ask`; 0 when the delivery is used up. */
  next(): number {
    const { max, min } = this
    const size = Math.min(max - min, this.unhandled)
    const earned = Math.min(size, this.unhandledAndAsked)
    this.unhandled -= size
    this.unhandledAndAsked -= earned
    const remaining = this.pending - earned
    this.ask = remaining <= min ? max - remaining : 0
    this.pending = remaining + this.ask
    return size
  }

  /** One event that was asked for is done, where events are handled one by one. Returns the demand to send upstream. */
  release(): number {
    const { max, min } = this
    this.pending--
    if (this.pending > min) return 0
    const ask = max - this.pending
    this.pending = max
    return ask
  }
}
