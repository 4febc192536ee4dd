import type { Subscriber } from './dispatcher.ts'

/** Up to this many levels are searched one by one; with more of them a map is used. */
const fewLevels = 16

/** A subscriber in a demand queue. */
export class QueueEntry {
  readonly subscriber: Subscriber
  /** Higher priorities come first. Changed by the queue only. */
  priority = 0
  /** The level that it is in; `undefined` while it is in no queue. */
  level: Level | undefined = undefined
  /** Its neighbours in that level: `before` was added earlier. */
  before: QueueEntry | undefined = undefined
  after: QueueEntry | undefined = undefined

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber
  }
}

/** The entries of one priority, in the order in which they were added. */
class Level {
  /** The priority of the first entry, and after `arrange` at most that of the others. */
  priority = 0
  first: QueueEntry | undefined = undefined
  last: QueueEntry | undefined = undefined
  /** Its index in `DemandQueue.levels`. */
  index = 0
}

/**
 * Subscribers in the order of their priorities: the highest first, and equal ones in the order in which they were added.
 *
 * It behaves like a sorted list in which an entry that moves is inserted in front of the first entry of a lower priority,
 * but needs no search. Entries of equal priority form one level, a linked list, and the levels form a heap. While levels
 * are few, as they are if all consumers have the same demand, a move costs the same for ten subscribers as for ten
 * thousand. Otherwise the cost grows with the logarithm of the number of levels.
 *
 * `arrange` can put entries into an order that does not follow from their priorities. Then a level starts at each entry
 * that has a lower priority than all entries before it, and ends where the next one starts.
 */
export class DemandQueue {
  /** The levels that have an entry. A heap: a level is higher than those at twice its index plus 1 and plus 2. */
  private readonly levels: Level[] = []
  /** The same levels by priority; only while there are many. */
  private byPriority: Map<number, Level> | undefined = undefined
  /** A level without entries, to be used when the next one is needed, which saves an allocation. */
  private spare: Level | undefined = undefined
  /** Whether an entry may have a higher priority than its level. */
  private isArranged = false

  /** The first entry; `undefined` if the queue is empty. */
  get top(): QueueEntry | undefined {
    return this.levels[0]?.first
  }

  /** Adds an entry after all others of this priority or a higher one. */
  add(entry: QueueEntry, priority: number): void {
    entry.priority = priority
    append(entry, this.levelOf(priority) ?? this.newLevel(priority))
  }

  /** Removes an entry. */
  remove(entry: QueueEntry): void {
    const { level } = entry
    if (level === undefined) return
    unlink(entry, level)
    if (level.first === undefined) this.removeLevel(level)
    else if (this.isArranged && level.first.priority > level.priority) this.divide(level)
  }

  /** Changes the priority of an entry, and moves it after all others of that priority. */
  move(entry: QueueEntry, priority: number): void {
    const { level } = entry
    if (level !== undefined && this.levels.length === 1 && level.first === level.last) {
      // It is the only entry.
      entry.priority = priority
      level.priority = priority
      return
    }
    this.remove(entry)
    this.add(entry, priority)
  }

  /** All entries, in order. Sorts the levels. */
  inOrder(): QueueEntry[] {
    const entries: QueueEntry[] = []
    for (const level of this.levels.toSorted((one, other) => other.priority - one.priority)) {
      for (let entry = level.first; entry !== undefined; entry = entry.after) entries.push(entry)
    }
    return entries
  }

  /** Puts the entries of the queue, all of which must be given, into this order. Their priorities stay. */
  arrange(entries: readonly QueueEntry[]): void {
    this.levels.length = 0
    this.byPriority = undefined
    this.isArranged = true
    let lowest: Level | undefined
    for (const entry of entries) {
      if (lowest === undefined || entry.priority < lowest.priority) lowest = this.newLevel(entry.priority)
      append(entry, lowest)
    }
  }

  /** After the first entry of `level` was removed: moves the next ones up that have a higher priority than the level. */
  private divide(level: Level): void {
    let above = this.lowestAbove(level.priority)
    for (let entry = level.first; entry !== undefined && entry.priority > level.priority; entry = level.first) {
      unlink(entry, level)
      if (above === undefined || entry.priority < above.priority) above = this.newLevel(entry.priority)
      append(entry, above)
    }
    if (level.first === undefined) this.removeLevel(level)
  }

  private lowestAbove(priority: number): Level | undefined {
    let lowest: Level | undefined
    for (const level of this.levels) {
      if (level.priority > priority && (lowest === undefined || level.priority < lowest.priority)) lowest = level
    }
    return lowest
  }

  private levelOf(priority: number): Level | undefined {
    if (this.byPriority !== undefined) return this.byPriority.get(priority)
    for (const level of this.levels) if (level.priority === priority) return level
    return undefined
  }

  private newLevel(priority: number): Level {
    const level = this.spare ?? new Level()
    this.spare = undefined
    level.priority = priority
    this.levels.push(level)
    this.lift(level, this.levels.length - 1)
    if (this.byPriority !== undefined) this.byPriority.set(priority, level)
    else if (this.levels.length > fewLevels) this.byPriority = new Map(this.levels.map((each) => [each.priority, each]))
    return level
  }

  private removeLevel(level: Level): void {
    this.byPriority?.delete(level.priority)
    // At half of the number at which it is made; with the same number it could be made and discarded again and again.
    if (this.levels.length <= fewLevels / 2) this.byPriority = undefined
    const last = this.levels.pop()
    if (last !== undefined && last !== level) {
      this.lift(last, level.index)
      this.lower(last, last.index)
    }
    this.spare = level
  }

  /** Puts `level` at `index` of the heap, or above it if it is higher than what is there. */
  private lift(level: Level, index: number): void {
    const { levels } = this
    let free = index
    while (free > 0) {
      const parent = levels[(free - 1) >> 1]
      if (parent === undefined || parent.priority > level.priority) break
      levels[free] = parent
      const parentIndex = parent.index
      parent.index = free
      free = parentIndex
    }
    levels[free] = level
    level.index = free
  }

  /** Puts `level` at `index` of the heap, or below it if it is lower than what is there. */
  private lower(level: Level, index: number): void {
    const { levels } = this
    let free = index
    for (;;) {
      const left = levels[2 * free + 1]
      const right = levels[2 * free + 2]
      const child = right !== undefined && left !== undefined && right.priority > left.priority ? right : left
      if (child === undefined || child.priority < level.priority) break
      levels[free] = child
      const childIndex = child.index
      child.index = free
      free = childIndex
    }
    levels[free] = level
    level.index = free
  }
}

function append(entry: QueueEntry, level: Level): void {
  entry.level = level
  entry.before = level.last
  entry.after = undefined
  if (level.last === undefined) level.first = entry
  else level.last.after = entry
  level.last = entry
}

function unlink(entry: QueueEntry, level: Level): void {
  if (entry.before === undefined) level.first = entry.after
  else entry.before.after = entry.after
  if (entry.after === undefined) level.last = entry.before
  else entry.after.before = entry.before
  entry.level = undefined
  entry.before = undefined
  entry.after = undefined
}
