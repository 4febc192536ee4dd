import { Readable, Transform, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import {
  BATCH,
  CONCURRENCY,
  double,
  doubleAll,
  handleLater,
  integers,
  keyedTallies,
  OrderedTally,
  partitionOf,
  singles,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Run, Runs } from '../workloads.ts'

interface Adds<Event> {
  add(event: Event): void
}

/** As many batches may wait between two streams: the default demand of a stage is as much. */
const BATCHES = 2

function source(count: number, highWaterMark = 16): Readable {
  let next = 0
  return new Readable({
    objectMode: true,
    highWaterMark,
    read() {
      while (next < count) if (!this.push(next++)) return
      this.push(null)
    },
  })
}

function middle(highWaterMark: number): Transform {
  return new Transform({
    objectMode: true,
    highWaterMark,
    transform(event: number, _encoding, done) {
      done(null, double(event))
    },
  })
}

function sink(tally: Adds<number>, highWaterMark = 16): Writable {
  return new Writable({
    objectMode: true,
    highWaterMark,
    write(event: number, _encoding, done) {
      tally.add(event)
      done()
    },
  })
}

const linear =
  (highWaterMark: number): Run =>
  async (count) => {
    const tally = new OrderedTally()
    await pipeline(source(count, highWaterMark), middle(highWaterMark), sink(tally, highWaterMark))
    return total(tally)
  }

/** Ends all, and then itself. */
function endAll(writables: readonly Writable[], done: () => void): void {
  let left = writables.length
  for (const writable of writables) writable.end(() => --left === 0 && done())
}

/** Gives each event to one that has room, in turn; waits for the first to have some. */
function compete(writables: readonly Writable[]): Writable {
  let turn = 0
  const free = (): Writable | undefined => {
    for (let tries = 0; tries < writables.length; tries++) {
      const writable = writables[turn++ % writables.length] as Writable
      if (!writable.writableNeedDrain) return writable
    }
    return undefined
  }
  return new Writable({
    objectMode: true,
    write(event: number, _encoding, done) {
      const writable = free()
      if (writable !== undefined) {
        writable.write(event)
        done()
        return
      }
      const goOn = (): void => {
        for (const each of writables) each.off('drain', goOn)
        free()?.write(event)
        done()
      }
      for (const each of writables) each.on('drain', goOn)
    },
    final: (done) => endAll(writables, done),
  })
}

/** Gives each event to that of its partition, and waits while that is full. */
function partition(writables: readonly Writable[]): Writable {
  return new Writable({
    objectMode: true,
    write(event: number, _encoding, done) {
      const writable = writables[partitionOf(event)] as Writable
      if (writable.write(event)) done()
      else writable.once('drain', done)
    },
    final: (done) => endAll(writables, done),
  })
}

/** Node's streams, an event at a time, with their default high-water mark. */
export const runs: Runs = {
  W1: linear(16),
  W2: linear(1),

  async W3(count) {
    const all = tallies()
    await pipeline(source(count), compete(all.map((tally) => sink(tally))))
    return total(...all)
  },

  async W4(count) {
    const all = tallies()
    const readable = source(count)
    const sinks = all.map((tally) => readable.pipe(sink(tally)))
    await Promise.all(sinks.map((each) => finished(each)))
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    await pipeline(source(count), partition(all.map((tally) => sink(tally))))
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const handled = Readable.from(singles(count)).map(handle, { concurrency: CONCURRENCY })
    for await (const event of handled) tally.add(event as number)
    return total(tally)
  },
}

function batchSource(count: number): Readable {
  let next = 0
  return new Readable({
    objectMode: true,
    highWaterMark: BATCHES,
    read() {
      while (next < count) {
        const events = integers(next, Math.min(BATCH, count - next))
        next += events.length
        if (!this.push(events)) return
      }
      this.push(null)
    },
  })
}

function batchSink(tally: { addAll(events: readonly number[]): void }): Writable {
  return new Writable({
    objectMode: true,
    highWaterMark: BATCHES,
    write(events: number[], _encoding, done) {
      tally.addAll(events)
      done()
    },
  })
}

/** Node's streams, whose user sends arrays of 500. */
export const batched: Runs = {
  async W1(count) {
    const tally = new OrderedTally()
    const doubled = new Transform({
      objectMode: true,
      highWaterMark: BATCHES,
      transform(events: number[], _encoding, done) {
        done(null, doubleAll(events))
      },
    })
    await pipeline(batchSource(count), doubled, batchSink(tally))
    return total(tally)
  },

  async W4(count) {
    const all = tallies()
    const readable = batchSource(count)
    const sinks = all.map((tally) => readable.pipe(batchSink(tally)))
    await Promise.all(sinks.map((each) => finished(each)))
    return total(...all)
  },
}
