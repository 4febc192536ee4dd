import type { Subscriber } from './dispatcher.ts'

/** Up to this many rungs are looked through to find one; more are looked up. */
const fewRungs = 16

/** A subscriber's place on a ladder. */
export class QueueEntry {
  readonly subscriber: Subscriber
  /** How much it has. Changed by the ladder only. */
  level = 0
  /** Where it stands; `undefined` while it is on no ladder. */
  rung: Level | undefined = undefined
  /** Its neighbours on that rung: `before` came earlier. */
  before: QueueEntry | undefined = undefined
  after: QueueEntry | undefined = undefined

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber
  }
}

/** The places of one level, in the order in which they came to it. */
class Level {
  /** The level of the first place, and after `arrange` at most that of the others. */
  level = 0
  first: QueueEntry | undefined = undefined
  last: QueueEntry | undefined = undefined
  /** Where it is among `DemandQueue.rungs`. */
  index = 0
}

/**
 * Subscribers in the order of their levels: the highest first, and first come, first served among equals.
 *
 * It answers as a list would that is searched from the top for the first lower place whenever somebody moves, but
 * without the search. Equals stand on one rung, a linked list; the rungs are a heap. So a move costs the same for ten
 * subscribers as for ten thousand while rungs are few, as they are where consumers have the same demand, and no more
 * than the logarithm of their number otherwise.
 *
 * `arrange` can put places into an order that levels do not explain. Then, as in that list, a rung is what stands from
 * one new low to the next.
 */
export class DemandQueue {
  /** Those that hold a place. A heap: a rung is higher than those at twice its index plus 1 and plus 2. */
  private readonly rungs: Level[] = []
  /** The same rungs by level; only while there are many. */
  private byLevel: Map<number, Level> | undefined = undefined
  /** A rung that nobody stands on, for the next one that is needed: one that comes and goes costs no memory. */
  private spare: Level | undefined = undefined
  /** Whether a place may be higher than its rung. */
  private isArranged = false

  /** Who is first; `undefined` if nobody is on the ladder. */
  get top(): QueueEntry | undefined {
    return this.rungs[0]?.first
  }

  /** Puts a place behind all others of this level or a higher one. */
  add(place: QueueEntry, level: number): void {
    place.level = level
    append(place, this.rungOf(level) ?? this.newRung(level))
  }

  /** Takes a place off. */
  remove(place: QueueEntry): void {
    const { rung } = place
    if (rung === undefined) return
    unlink(place, rung)
    if (rung.first === undefined) this.removeRung(rung)
    else if (this.isArranged && rung.first.level > rung.level) this.divide(rung)
  }

  /** Puts a place behind all others that have as much as it has now. */
  move(place: QueueEntry, level: number): void {
    const { rung } = place
    if (rung !== undefined && this.rungs.length === 1 && rung.first === rung.last) {
      // Nobody else is on the ladder.
      place.level = level
      rung.level = level
      return
    }
    this.remove(place)
    this.add(place, level)
  }

  /** All places, in order. Costs a sort of the rungs. */
  inOrder(): QueueEntry[] {
    const places: QueueEntry[] = []
    for (const rung of this.rungs.toSorted((one, other) => other.level - one.level)) {
      for (let place = rung.first; place !== undefined; place = place.after) places.push(place)
    }
    return places
  }

  /** Puts the places of the ladder, which must be all there are, into this order. Levels stay. */
  arrange(places: readonly QueueEntry[]): void {
    this.rungs.length = 0
    this.byLevel = undefined
    this.isArranged = true
    let lowest: Level | undefined
    for (const place of places) {
      if (lowest === undefined || place.level < lowest.level) lowest = this.newRung(place.level)
      append(place, lowest)
    }
  }

  /**
   * After the first place of `rung` has left: the ones behind it that are higher than the rung go where they belong.
   */
  private divide(rung: Level): void {
    let above = this.lowestAbove(rung.level)
    for (let place = rung.first; place !== undefined && place.level > rung.level; place = rung.first) {
      unlink(place, rung)
      if (above === undefined || place.level < above.level) above = this.newRung(place.level)
      append(place, above)
    }
    if (rung.first === undefined) this.removeRung(rung)
  }

  private lowestAbove(level: number): Level | undefined {
    let lowest: Level | undefined
    for (const rung of this.rungs) {
      if (rung.level > level && (lowest === undefined || rung.level < lowest.level)) lowest = rung
    }
    return lowest
  }

  private rungOf(level: number): Level | undefined {
    if (this.byLevel !== undefined) return this.byLevel.get(level)
    for (const rung of this.rungs) if (rung.level === level) return rung
    return undefined
  }

  private newRung(level: number): Level {
    const rung = this.spare ?? new Level()
    this.spare = undefined
    rung.level = level
    this.rungs.push(rung)
    this.lift(rung, this.rungs.length - 1)
    if (this.byLevel !== undefined) this.byLevel.set(level, rung)
    else if (this.rungs.length > fewRungs) this.byLevel = new Map(this.rungs.map((each) => [each.level, each]))
    return rung
  }

  private removeRung(rung: Level): void {
    this.byLevel?.delete(rung.level)
    // Fewer by half than when it was made, or it would be made and thrown away in turns.
    if (this.rungs.length <= fewRungs / 2) this.byLevel = undefined
    const last = this.rungs.pop()
    if (last !== undefined && last !== rung) {
      this.lift(last, rung.index)
      this.lower(last, last.index)
    }
    this.spare = rung
  }

  /** Puts `rung` at `index` of the heap, or above where it is higher than what stands there. */
  private lift(rung: Level, index: number): void {
    const { rungs } = this
    let free = index
    while (free > 0) {
      const parent = rungs[(free - 1) >> 1]
      if (parent === undefined || parent.level > rung.level) break
      rungs[free] = parent
      const parentIndex = parent.index
      parent.index = free
      free = parentIndex
    }
    rungs[free] = rung
    rung.index = free
  }

  /** Puts `rung` at `index` of the heap, or below where it is lower than what stands there. */
  private lower(rung: Level, index: number): void {
    const { rungs } = this
    let free = index
    for (;;) {
      const left = rungs[2 * free + 1]
      const right = rungs[2 * free + 2]
      const child = right !== undefined && left !== undefined && right.level > left.level ? right : left
      if (child === undefined || child.level < rung.level) break
      rungs[free] = child
      const childIndex = child.index
      child.index = free
      free = childIndex
    }
    rungs[free] = rung
    rung.index = free
  }
}

function append(place: QueueEntry, rung: Level): void {
  place.rung = rung
  place.before = rung.last
  place.after = undefined
  if (rung.last === undefined) rung.first = place
  else rung.last.after = place
  rung.last = place
}

function unlink(place: QueueEntry, rung: Level): void {
  if (place.before === undefined) rung.first = place.after
  else place.before.after = place.after
  if (place.after === undefined) rung.last = place.before
  else place.after.before = place.before
  place.rung = undefined
  place.before = undefined
  place.after = undefined
}
