import { type Cause, Effect, Queue, Stream } from 'effect'
import {
  BATCH,
  CONCURRENCY,
  CONSUMERS,
  double,
  handleLater,
  keyedTallies,
  OrderedTally,
  partitionOf,
  singles,
  split,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Runs } from '../workloads.ts'

interface Adds {
  addAll(events: readonly number[]): void
}

const integers = (count: number, chunkSize = BATCH) => Stream.range(0, count - 1, chunkSize)

const sum = <Failure>(events: Stream.Stream<number, Failure>, tally: Adds) =>
  Stream.runForEachArray(events, (batch) => Effect.sync(() => tally.addAll(batch)))

const atOnce = { concurrency: 'unbounded', discard: true } as const

/** Effect 4, by its streams; arrays of 500 where its source can be told so. */
export const runs: Runs = {
  async W1(count) {
    const tally = new OrderedTally()
    await Effect.runPromise(sum(integers(count).pipe(Stream.map(double)), tally))
    return total(tally)
  },

  async W2(count) {
    const tally = new OrderedTally()
    await Effect.runPromise(sum(integers(count, 1).pipe(Stream.map(double)), tally))
    return total(tally)
  },

  async W3(count) {
    const all = tallies()
    const program = Effect.gen(function* () {
      const queue = yield* Stream.toQueue(integers(count), { capacity: 1_000 })
      yield* Effect.forEach(all, (tally) => sum(Stream.fromQueue(queue), tally), atOnce)
    })
    await Effect.runPromise(Effect.scoped(program))
    return total(...all)
  },

  async W4(count) {
    const all = tallies()
    const program = Effect.gen(function* () {
      const branches = yield* Stream.broadcastN(integers(count), { n: CONSUMERS, capacity: 2 })
      yield* Effect.forEach(all, (tally, index) => sum(branches[index] ?? Stream.empty, tally), atOnce)
    })
    await Effect.runPromise(Effect.scoped(program))
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    const program = integers(count).pipe(
      Stream.groupByKey(partitionOf, { bufferSize: 1_000 }),
      Stream.mapEffect(([partition, events]) => sum(events, all[partition] as Adds), { concurrency: 'unbounded' }),
      Stream.runDrain,
    )
    await Effect.runPromise(program)
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const handled = integers(count, CONCURRENCY).pipe(
      Stream.mapEffect((event) => Effect.promise(() => handle(event)), {
        concurrency: CONCURRENCY,
        unordered: true,
      }),
    )
    await Effect.runPromise(sum(handled, tally))
    return total(tally)
  },
}

/** Effect 4, where something else than the stream of the name is the faster way. */
export const byHand: Runs = {
  async W5(count) {
    const all = keyedTallies()
    const program = Effect.gen(function* () {
      const queues = yield* Effect.forEach(all, () => Queue.bounded<number, Cause.Done>(1_000))
      const feed = Stream.runForEachArray(integers(count), (batch) =>
        Effect.forEach(
          split(batch),
          (part, partition) => Queue.offerAll(queues[partition] as Queue.Queue<number, Cause.Done>, part),
          { discard: true },
        ),
      ).pipe(Effect.andThen(Effect.forEach(queues, (queue) => Queue.end(queue), { discard: true })))
      const takes = queues.map((queue, index) => sum(Stream.fromQueue(queue), all[index] as Adds))
      yield* Effect.all([feed, ...takes], atOnce)
    })
    await Effect.runPromise(program)
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const handleOne = (event: number) =>
      Effect.map(
        Effect.promise(() => handle(event)),
        (handled) => tally.add(handled),
      )
    await Effect.runPromise(Effect.forEach(singles(count), handleOne, { concurrency: CONCURRENCY, discard: true }))
    return total(tally)
  },
}
