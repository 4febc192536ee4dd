import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'

/** How far back a timeline goes, in milliseconds. */
export const TIMELINE = 60_000
/** The window of rates, in milliseconds: long enough for a steady rate at one batch a second. */
const RATE_WINDOW = 5_000
/** How long an ended stage is still shown, in milliseconds. */
export const ENDED_SHOWN = 20_000
/** The most ended stages that are kept: a supervisor may start a thousand children a second. */
const MOST_ENDED = 200

/** The rates of a stage. */
export interface Rates {
  /** Handled events per second; `null` if it handles none, or if that is not known yet. */
  readonly handled: number | null
  /** Emitted events per second; `null` if it emits none, or if that is not known yet. */
  readonly emitted: number | null
  /** The share of the time that it is busy, from 0 to 1; `null` if that was not measured. */
  readonly busy: number | null
}

/** A stage that has ended. */
export interface EndedStage {
  /** The stage in its last snapshot. */
  readonly stage: StageSnapshot
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** The time of the first snapshot without it. */
  readonly endedAt: number
}

/** A point of a sparkline. */
export interface Point {
  /** The time from this point to the newest snapshot, in milliseconds. */
  readonly age: number
  /** Events per second between the previous snapshot and this one. */
  readonly value: number
}

interface Totals {
  readonly handled: number | null
  readonly emitted: number | null
  readonly busy: number
}

interface Moment {
  readonly time: number
  readonly isObserved: boolean
  readonly stages: ReadonlyMap<string, Totals>
  readonly sent: ReadonlyMap<string, number>
}

/**
 * The last minute of a runtime. Snapshots have totals, and rates are computed from two of them.
 *
 * A snapshot of another runtime, or one with an earlier time, starts a new timeline: the program was started again.
 */
export class Timeline {
  /** The oldest first; the last one is that of `latest`. */
  private moments: Moment[] = []
  /** The moments within the window of rates. */
  private recent: readonly Moment[] = []
  private latest: Snapshot | undefined
  private endedStages: EndedStage[] = []

  /**
   * Adds the next snapshot.
   *
   * @returns Whether it has started a new timeline in place of another one.
   */
  add(snapshot: Snapshot): boolean {
    const before = this.latest
    const isRestart = before !== undefined && (before.runtime !== snapshot.runtime || before.time > snapshot.time)
    if (isRestart) this.clear()
    else if (before !== undefined) this.noteEnds(before, snapshot)
    this.endedStages = this.endedStages
      .filter(({ endedAt }) => snapshot.time - endedAt < ENDED_SHOWN)
      .slice(-MOST_ENDED)
    this.moments = this.moments.filter(({ time }) => time < snapshot.time && snapshot.time - time <= TIMELINE)
    this.moments.push(momentOf(snapshot))
    this.recent = this.moments.filter(({ time }) => snapshot.time - time <= RATE_WINDOW)
    this.latest = snapshot
    return isRestart
  }

  /** Forgets everything. */
  clear(): void {
    this.moments = []
    this.recent = []
    this.endedStages = []
    this.latest = undefined
  }

  /** Stages that have ended recently, in the order of their ends. */
  get ended(): readonly EndedStage[] {
    return this.endedStages
  }

  /** The rates of a stage over the last five seconds. */
  ratesOf(id: string): Rates {
    const newest = this.moments.at(-1)
    const now = newest?.stages.get(id)
    const past = this.past((moment) => moment.stages.has(id))
    const then = past?.stages.get(id)
    if (newest === undefined || past === undefined || now === undefined || then === undefined) return unknownRates
    const ms = newest.time - past.time
    return {
      handled: perSecond(then.handled, now.handled, ms),
      emitted: perSecond(then.emitted, now.emitted, ms),
      // In microseconds, and measured only while the runtime is observed.
      busy: past.isObserved && newest.isObserved ? Math.min(1, Math.max(0, (now.busy - then.busy) / 1_000 / ms)) : null,
    }
  }

  /** Events per second of a subscription over the last five seconds; `null` if that is not known. */
  flowOf(tag: string): number | null {
    const newest = this.moments.at(-1)
    const past = this.past((moment) => moment.sent.has(tag))
    if (newest === undefined || past === undefined) return null
    return perSecond(past.sent.get(tag) ?? null, newest.sent.get(tag) ?? null, newest.time - past.time)
  }

  /** The sum of the rates of some stages over the last minute: events that they handled or, as sources, emitted. */
  seriesOf(ids: readonly string[]): readonly Point[] {
    const newest = this.moments.at(-1)
    const points: Point[] = []
    for (const [index, moment] of this.moments.entries()) {
      const before = this.moments[index - 1]
      if (before === undefined || newest === undefined) continue
      const events = ids.reduce((sum, id) => sum + passed(before.stages.get(id), moment.stages.get(id)), 0)
      points.push({ age: newest.time - moment.time, value: (events * 1_000) / (moment.time - before.time) })
    }
    return points
  }

  /** The oldest moment within the window that matches; none if that is the newest one itself. */
  private past(matches: (moment: Moment) => boolean): Moment | undefined {
    const newest = this.moments.at(-1)
    if (newest === undefined) return undefined
    const found = this.recent.find(matches)
    // If snapshots are further apart than the window, the previous one is used.
    const past = found === newest ? this.moments.at(-2) : found
    return past !== undefined && matches(past) ? past : undefined
  }

  private noteEnds(before: Snapshot, now: Snapshot): void {
    const alive = new Set(now.stages.map(({ id }) => id))
    // Only the last of them are kept: a thousand may end at once.
    const ended = before.stages.filter(({ id }) => !alive.has(id)).slice(-MOST_ENDED)
    if (ended.length === 0) return
    const former = new Map<string, SubscriptionSnapshot[]>(ended.map(({ id }) => [id, []]))
    for (const subscription of before.subscriptions) {
      former.get(subscription.producer)?.push(subscription)
      if (subscription.consumer !== subscription.producer) former.get(subscription.consumer)?.push(subscription)
    }
    for (const stage of ended) {
      this.endedStages.push({ stage, subscriptions: former.get(stage.id) ?? [], endedAt: now.time })
    }
  }
}

const unknownRates: Rates = { handled: null, emitted: null, busy: null }

function momentOf({ time, isObserved, stages, subscriptions }: Snapshot): Moment {
  return {
    time,
    isObserved,
    stages: new Map(stages.map((stage) => [stage.id, totalsOf(stage)])),
    sent: new Map(subscriptions.map(({ tag, sent }) => [tag, sent])),
  }
}

function totalsOf({ consuming, producing, busy }: StageSnapshot): Totals {
  return { handled: consuming?.handled ?? null, emitted: producing?.emitted ?? null, busy }
}

function perSecond(then: number | null, now: number | null, ms: number): number | null {
  return then === null || now === null ? null : (Math.max(0, now - then) * 1_000) / ms
}

function passed(then: Totals | undefined, now: Totals | undefined): number {
  if (then === undefined || now === undefined) return 0
  return Math.max(0, (now.handled ?? now.emitted ?? 0) - (then.handled ?? then.emitted ?? 0))
}
