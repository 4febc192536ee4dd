import {
  connect,
  groupBy,
  ignoreElements,
  lastValueFrom,
  map,
  merge,
  mergeMap,
  type Observable,
  range,
  tap,
} from 'rxjs'
import {
  CONCURRENCY,
  double,
  handleLater,
  keyedTallies,
  OrderedTally,
  partitionOf,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Runs } from '../workloads.ts'

interface Adds {
  add(event: number): void
}

const sum = (tally: Adds | undefined) => tap<number>((event) => tally?.add(event))

const ended = (events: Observable<unknown>) => lastValueFrom(events.pipe(ignoreElements()), { defaultValue: undefined })

/** RxJS, which pushes, and holds nothing back. */
export const runs: Runs = {
  async W1(count) {
    const tally = new OrderedTally()
    await ended(range(0, count).pipe(map(double), sum(tally)))
    return total(tally)
  },

  async W4(count) {
    const all = tallies()
    const toAll = connect((events: Observable<number>) => merge(...all.map((tally) => events.pipe(sum(tally)))))
    await ended(range(0, count).pipe(toAll))
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    const groups = range(0, count).pipe(groupBy(partitionOf))
    await ended(groups.pipe(mergeMap((group) => group.pipe(sum(all[group.key])))))
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    await ended(range(0, count).pipe(mergeMap(handle, CONCURRENCY), sum(tally)))
    return total(tally)
  },
}
