import type { Key } from '../key.ts'
import { type Duration, duration } from './duration.ts'
import { type OptionTable, optionTable } from './option-table.ts'
import { callback, computed, integer } from './option-type.ts'

/** A token bucket: `limit` in each `per`, spread evenly, with bursts of up to `burst`. */
export interface Rate {
  /** How many in each `per`: an integer of at least 1. */
  readonly limit: number
  /** The time in which there may be `limit` of them. */
  readonly per: Duration
  /** How many may come at once after a pause: an integer of at least 1. Default: `limit`. */
  readonly burst?: number
}

/** A rate, complete; `per` is in milliseconds. */
export interface ValidRate {
  readonly limit: number
  readonly per: number
  readonly burst: number
  /** Events of one key share a bucket; without it all events do. */
  readonly key: ((event: unknown) => Key) | undefined
}

/** The options of a rate. */
export const rateOptions: OptionTable<ValidRate> = optionTable({
  limit: { type: integer({ min: 1 }), required: true, unit: 'events', text: 'How many in each `per`.' },
  per: { type: duration({ infinity: false }), required: true, unit: 'ms', text: 'The time for `limit` events.' },
  burst: {
    type: integer({ min: 1 }),
    default: computed('limit', ({ limit }: { readonly limit: number }) => limit),
    unit: 'events',
    text: 'How many may come at once after a pause.',
  },
  key: {
    type: callback<(event: unknown) => Key>(),
    absent: 'one bucket for all events',
    text: 'Events of one key share a bucket.',
  },
})

/**
 * Token buckets, one for each key.
 *
 * Pure: it is given the time and never waits. A bucket is one number, the time at which it will be full again: a token
 * moves that on by `per / limit`, and there is none while it would come to lie more than `burst` tokens ahead of now. A
 * bucket that is full again is the same as one that was never used, so it is forgotten.
 */
export class TokenBuckets {
  /** Milliseconds in which one token comes. */
  private readonly interval: number
  private readonly burst: number
  /** By key, when the bucket will be full again. */
  private readonly fullAt = new Map<Key | undefined, number>()
  /** At this many buckets, those that are full again are forgotten. */
  private sweepAt = 1_024

  constructor({ limit, per, burst }: Pick<ValidRate, 'limit' | 'per' | 'burst'>) {
    this.interval = per / limit
    this.burst = burst
  }

  /** How many buckets are kept. */
  get size(): number {
    return this.fullAt.size
  }

  /**
   * Takes a token, if there is one.
   *
   * @param key Which bucket; `undefined` for the only one.
   * @param now In milliseconds, on a clock that never goes back.
   * @returns 0 if it was taken; otherwise the time until there is one, in milliseconds, and nothing has changed.
   */
  take(key: Key | undefined, now: number): number {
    const next = Math.max(this.fullAt.get(key) ?? now, now) + this.interval
    const wait = next - this.burst * this.interval - now
    // Sums of fractions are a little off: what is due within a millionth of a millisecond is due.
    if (wait > 1e-6) return wait
    this.fullAt.set(key, next)
    if (this.fullAt.size >= this.sweepAt) this.sweep(now)
    return 0
  }

  /** The time until a token can be taken, in milliseconds; takes none. */
  wait(key: Key | undefined, now: number): number {
    const next = Math.max(this.fullAt.get(key) ?? now, now) + this.interval
    return Math.max(0, next - this.burst * this.interval - now)
  }

  private sweep(now: number): void {
    for (const [key, time] of this.fullAt) if (time <= now) this.fullAt.delete(key)
    this.sweepAt = Math.max(1_024, 2 * this.fullAt.size)
  }
}
