import {
  BATCH,
  CONCURRENCY,
  CONSUMERS,
  doubleAll,
  handleLater,
  integers,
  keyedTallies,
  OrderedTally,
  type Outcome,
  split,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Runs } from '../workloads.ts'
import { sendOneByOne } from './mailbox.ts'

/** The same work in a loop written by hand: what is left when nothing lies between the functions. */
export const runs: Runs = {
  W1(count) {
    const tally = new OrderedTally()
    for (let first = 0; first < count; first += BATCH) {
      tally.addAll(doubleAll(integers(first, Math.min(BATCH, count - first))))
    }
    return total(tally)
  },

  W2: sendOneByOne,

  W3(count) {
    const all = tallies()
    let turn = 0
    for (let first = 0; first < count; first += BATCH) {
      all[turn++ & 3]?.addAll(integers(first, Math.min(BATCH, count - first)))
    }
    return total(...all)
  },

  W4(count) {
    const all = tallies()
    for (let first = 0; first < count; first += BATCH) {
      const events = integers(first, Math.min(BATCH, count - first))
      // By index: with an iterator over four objects V8 makes it a fifth slower.
      for (let index = 0; index < CONSUMERS; index++) all[index]?.addAll(events)
    }
    return total(...all)
  },

  W5(count) {
    const all = keyedTallies()
    for (let first = 0; first < count; first += BATCH) {
      const events = integers(first, Math.min(BATCH, count - first))
      const parts = split(events)
      for (let partition = 0; partition < 4; partition++) all[partition]?.addAll(parts[partition] as number[])
    }
    return total(...all)
  },

  /** With a promise per handler, as a handler that is `async` costs everyone. */
  W6(count, handle = handleLater) {
    return new Promise<Outcome>((resolve) => {
      const tally = new Tally()
      let next = 0
      const done = (event: number): void => {
        tally.add(event)
        if (next < count) void handle(next++).then(done)
        else if (tally.count === count) resolve(total(tally))
      }
      while (next < Math.min(CONCURRENCY, count)) void handle(next++).then(done)
    })
  },
}
