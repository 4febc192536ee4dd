import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'

/** How far back a timeline goes, in milliseconds. */
export const TIMELINE = 60_000
/** Over how long the rates that are shown are taken, in milliseconds: a stage that gets a batch a second is steady. */
const RATE_WINDOW = 5_000
/** How long a stage that has ended is still shown, in milliseconds. */
export const ENDED_SHOWN = 20_000
/** The most ended stages that are kept: a supervisor may start a thousand children a second. */
const MOST_ENDED = 200

/** What goes through a stage. */
export interface Rates {
  /** Events it takes in, per second; `null` if it takes none in, or that is not known yet. */
  readonly handled: number | null
  /** Events its callbacks emit, per second; `null` likewise. */
  readonly emitted: number | null
  /** The share of the time that it is busy, from 0 to 1; `null` while nobody has measured it. */
  readonly busy: number | null
}

/** A stage that is gone. */
export interface EndedStage {
  /** As it was last seen. */
  readonly stage: StageSnapshot
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** When it was first missed, on the clock of the snapshots. */
  readonly endedAt: number
}

/** A point of a sparkline. */
export interface Point {
  /** How long before the newest snapshot, in milliseconds. */
  readonly age: number
  /** Events per second from the snapshot before to this one. */
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
 * The last minute of a runtime: snapshots hold totals, and rates come from two of them.
 *
 * A snapshot of another runtime, or an earlier one, begins a new timeline: the program was started again.
 */
export class Timeline {
  /** Oldest first; the last is of `latest`. */
  private moments: Moment[] = []
  /** Those over which rates are taken. */
  private recent: readonly Moment[] = []
  private latest: Snapshot | undefined
  private gone: EndedStage[] = []

  /** Takes the next snapshot; answers whether it began a new timeline where there was one. */
  add(snapshot: Snapshot): boolean {
    const before = this.latest
    const isRestart = before !== undefined && (before.runtime !== snapshot.runtime || before.time > snapshot.time)
    if (isRestart) this.clear()
    else if (before !== undefined) this.noteEnds(before, snapshot)
    this.gone = this.gone.filter(({ endedAt }) => snapshot.time - endedAt < ENDED_SHOWN).slice(-MOST_ENDED)
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
    this.gone = []
    this.latest = undefined
  }

  /** Stages that ended a short while ago, in the order of their ends. */
  get ended(): readonly EndedStage[] {
    return this.gone
  }

  /** What goes through a stage, taken over the last five seconds. */
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
      // Counted in microseconds, and only while somebody observes.
      busy: past.isObserved && newest.isObserved ? Math.min(1, Math.max(0, (now.busy - then.busy) / 1_000 / ms)) : null,
    }
  }

  /** Events per second over a subscription, taken over the last five seconds; `null` while that is not known. */
  flowOf(tag: string): number | null {
    const newest = this.moments.at(-1)
    const past = this.past((moment) => moment.sent.has(tag))
    if (newest === undefined || past === undefined) return null
    return perSecond(past.sent.get(tag) ?? null, newest.sent.get(tag) ?? null, newest.time - past.time)
  }

  /** What went through stages in the last minute, added up: what they handled or, being sources, emitted. */
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

  /** The oldest moment within the window that knows what is asked for; none if that is the newest itself. */
  private past(knows: (moment: Moment) => boolean): Moment | undefined {
    const newest = this.moments.at(-1)
    if (newest === undefined) return undefined
    const found = this.recent.find(knows)
    // Where snapshots are further apart than the window, the one before must do.
    const past = found === newest ? this.moments.at(-2) : found
    return past !== undefined && knows(past) ? past : undefined
  }

  private noteEnds(before: Snapshot, now: Snapshot): void {
    const alive = new Set(now.stages.map(({ id }) => id))
    // The last of them are kept: a thousand may end at once.
    const ended = before.stages.filter(({ id }) => !alive.has(id)).slice(-MOST_ENDED)
    if (ended.length === 0) return
    const former = new Map<string, SubscriptionSnapshot[]>(ended.map(({ id }) => [id, []]))
    for (const subscription of before.subscriptions) {
      former.get(subscription.producer)?.push(subscription)
      if (subscription.consumer !== subscription.producer) former.get(subscription.consumer)?.push(subscription)
    }
    for (const stage of ended) {
      this.gone.push({ stage, subscriptions: former.get(stage.id) ?? [], endedAt: now.time })
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
