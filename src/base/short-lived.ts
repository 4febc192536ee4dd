/*
 * Collections for what comes and goes all the time.
 *
 * When a `Map` or `Set` of V8 runs out of room it moves to a new table, and the old one, which nobody needs any more,
 * refers to the new one. Once such a table has grown old (it belonged to a collection that was quiet for a while), it
 * keeps all the tables after it from being young garbage, and whatever was in them when they were given up: each entry
 * that is ever seen by a move is carried along until the next major collection. For the children of a consumer
 * supervisor, one per event, that was more than half of all the work.
 *
 * So these begin anew, with a collection that no table refers to, whenever as many entries have come as there are. It
 * costs about one more insertion for each entry.
 */

/** Up to this many entries may come before it is worth beginning anew. */
const fewest = 64

/** A `Map`, in what it can be used for, whose entries come and go. */
export class ShortLivedMap<Key, Value> {
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

  /** The keys, in the order in which they came, as they are now. */
  keys(): IterableIterator<Key> {
    return this.map.keys()
  }

  /** The values, in the order of their keys, as they are now. */
  values(): IterableIterator<Value> {
    return this.map.values()
  }
}

/** A `Set`, in what it can be used for, whose entries come and go. */
export class ShortLivedSet<Value> {
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

  /** The values, in the order in which they came, as they are now. */
  [Symbol.iterator](): IterableIterator<Value> {
    return this.set[Symbol.iterator]()
  }
}
