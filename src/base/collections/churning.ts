/*
 * Collections for entries that are added and removed all the time.
 *
 * When a `Map` or `Set` of V8 runs out of room it moves to a new table, and the old table, which is not used again,
 * refers to the new one. Once an old table is in the old generation (because its collection did not change for a while),
 * it keeps alive all later tables, and everything that was in them when they were replaced: each entry that is present
 * during a move stays in memory until the next major collection. For the children of a consumer supervisor, one per
 * event, that was more than half of all the work.
 *
 * So these collections start again with a new table, to which no other refers, whenever as many entries were added as
 * there are. That costs about one more insertion for each entry.
 */

/** At least this many entries are added before a new table is worth its cost. */
const fewest = 64

/** A `Map` whose entries are added and removed all the time; it has those methods of a `Map` that are used. */
export class ChurningMap<Key, Value> {
  private map = new Map<Key, Value>()
  private added = 0

  get size(): number {
    return this.map.size
  }

  get(key: Key): Value | undefined {
    return this.map.get(key)
  }

  has(key: Key): boolean {
    return this.map.has(key)
  }

  set(key: Key, value: Value): void {
    if (++this.added > fewest && this.added > this.map.size) {
      this.map = new Map(this.map)
      this.added = 0
    }
    this.map.set(key, value)
  }

  delete(key: Key): boolean {
    return this.map.delete(key)
  }

  /** The keys, in the order in which they were added. */
  keys(): IterableIterator<Key> {
    return this.map.keys()
  }

  /** The values, in the order of their keys. */
  values(): IterableIterator<Value> {
    return this.map.values()
  }
}

/** A `Set` whose values are added and removed all the time; it has those methods of a `Set` that are used. */
export class ChurningSet<Value> {
  private set = new Set<Value>()
  private added = 0

  get size(): number {
    return this.set.size
  }

  add(value: Value): void {
    if (++this.added > fewest && this.added > this.set.size) {
      this.set = new Set(this.set)
      this.added = 0
    }
    this.set.add(value)
  }

  delete(value: Value): boolean {
    return this.set.delete(value)
  }

  /** The values, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<Value> {
    return this.set[Symbol.iterator]()
  }
}
