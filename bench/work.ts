/*
 * What is done with an event, in all implementations the same: the limit, the peers and genstage differ only in how
 * events get from one of these functions to the next.
 */

/** How many events a batch holds, where an implementation hands on arrays. */
export const BATCH = 500
/** How many compete, or are broadcast to, or have a partition. */
export const CONSUMERS = 4
/** How many events are handled at once in W6. */
export const CONCURRENCY = 64
/** How many keys the events of W5 have. */
const KEYS = 1_000

/** What came of a run, to be held against what was to come of it. */
export interface Outcome {
  readonly count: number
  readonly sum: number
  readonly isOrdered: boolean
}

/** An array of `count` integers from `first` on. */
export function integers(first: number, count: number): number[] {
  const events = new Array<number>(count)
  for (let index = 0; index < count; index++) events[index] = first + index
  return events
}

/** The integers below `count`, in arrays of 500. */
export function* batches(count: number): Generator<number[]> {
  for (let first = 0; first < count; first += BATCH) yield integers(first, Math.min(BATCH, count - first))
}

/** The integers below `count`, one by one. */
export function* singles(count: number): Generator<number> {
  for (let event = 0; event < count; event++) yield event
}

/** What the stage in the middle of W1 and W2 does. */
export function double(event: number): number {
  return event * 2
}

/** The same, for a batch. */
export function doubleAll(events: readonly number[]): number[] {
  const doubled = new Array<number>(events.length)
  for (let index = 0; index < events.length; index++) doubled[index] = (events[index] as number) * 2
  return doubled
}

/** Which of the four partitions an event of W5 belongs to: a hash of its key. */
export function partitionOf(event: number): number {
  return Math.imul(event % KEYS, 0x9e3779b1) >>> 30
}

/** Splits a batch by partition. */
export function split(events: readonly number[]): [number[], number[], number[], number[]] {
  const parts: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let index = 0; index < events.length; index++) {
    const event = events[index] as number
    parts[partitionOf(event)]?.push(event)
  }
  return parts
}

/** What W6 does with an event, and takes its time to. */
export type Handler = (event: number) => Promise<number>

/** The handler of W6, which waits for the event loop to turn once. */
export function handleLater(event: number): Promise<number> {
  return new Promise((resolve) => {
    setImmediate(resolve, event)
  })
}

/** What a consumer does with its events: counts and sums them. */
export class Tally {
  count = 0
  sum = 0

  add(event: number): void {
    this.count++
    this.sum += event
  }

  addAll(events: readonly number[]): void {
    let sum = 0
    for (let index = 0; index < events.length; index++) sum += events[index] as number
    this.sum += sum
    this.count += events.length
  }
}

/** The same, and each event is expected to be behind the last one of its key. Those of one run share `last`. */
export class KeyedTally {
  count = 0
  sum = 0
  isOrdered = true
  private readonly last: Int32Array

  constructor(last: Int32Array) {
    this.last = last
  }

  add(event: number): void {
    const key = event % KEYS
    if ((this.last[key] as number) >= event) this.isOrdered = false
    this.last[key] = event
    this.count++
    this.sum += event
  }

  addAll(events: readonly number[]): void {
    for (let index = 0; index < events.length; index++) this.add(events[index] as number)
  }
}

/** The same for W1 and W2, whose one consumer gets all events, in order. */
export class OrderedTally {
  count = 0
  sum = 0
  isOrdered = true
  private last = -1

  add(event: number): void {
    if (event <= this.last) this.isOrdered = false
    this.last = event
    this.count++
    this.sum += event
  }

  addAll(events: readonly number[]): void {
    let { last } = this
    let sum = 0
    let isOrdered = true
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as number
      if (event <= last) isOrdered = false
      last = event
      sum += event
    }
    this.last = last
    if (!isOrdered) this.isOrdered = false
    this.sum += sum
    this.count += events.length
  }
}

let isProvingOrder = false

/** From now on `tallies` also look at the order of what each consumer gets, which would be most of what W3 and W4 do. */
export function proveOrder(): void {
  isProvingOrder = true
}

/** One tally per consumer. */
export function tallies(): [Tally, Tally, Tally, Tally] {
  if (isProvingOrder) return [new OrderedTally(), new OrderedTally(), new OrderedTally(), new OrderedTally()]
  return [new Tally(), new Tally(), new Tally(), new Tally()]
}

/** One tally per partition. */
export function keyedTallies(): [KeyedTally, KeyedTally, KeyedTally, KeyedTally] {
  const last = new Int32Array(KEYS).fill(-1)
  return [new KeyedTally(last), new KeyedTally(last), new KeyedTally(last), new KeyedTally(last)]
}

/** What came of a run with several consumers. */
export function total(...all: readonly (Tally | KeyedTally | OrderedTally)[]): Outcome {
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    sum: all.reduce((sum, tally) => sum + tally.sum, 0),
    isOrdered: all.every((tally) => !('isOrdered' in tally) || tally.isOrdered),
  }
}
