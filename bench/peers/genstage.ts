import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  consumerSupervisor,
  type Dispatcher,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Source,
  startLink,
  to,
} from 'genstage'
import {
  CONCURRENCY,
  CONSUMERS,
  doubleAll,
  type Handler,
  handleLater,
  integers,
  keyedTallies,
  OrderedTally,
  partitionOf,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Runs } from '../workloads.ts'

/** A producer of the integers below `count`, which ends once it has handed out the last of them. */
const Integers = <Options = {}>(count: number, dispatcher?: Dispatcher<number, Options>) =>
  producer(({ info }) => {
    let next = 0
    return {
      ...(dispatcher && { dispatcher, demand: 'accumulate' }),
      handleDemand(demand) {
        const events = integers(next, Math.min(demand, count - next))
        next += events.length
        if (next === count) info('end')
        return events
      },
      handleInfo: () => ({ stop: 'normal' }),
    }
  })

const Double = (source: Source<number>) => producerConsumer({ subscribeTo: [source], handleEvents: doubleAll })

const Sum = (source: Source<number>, tally: { addAll(events: readonly number[]): void }) =>
  consumer({
    subscribeTo: [source],
    handleEvents(events: readonly number[]) {
      tally.addAll(events)
    },
  })

const HandleOne = (source: Source<number>, tally: Tally, handle: Handler) =>
  consumer({
    subscribeTo: [source],
    async handleEvents([event]: readonly number[]) {
      tally.add(await handle(event as number))
    },
  })

const ended = (consumers: readonly ConsumerRef<number>[]) => Promise.all(consumers.map(({ exited }) => exited))

/** Stages as a user writes them, from the public doors. */
export const runs: Runs = {
  async W1(count) {
    const tally = new OrderedTally()
    const source = await startLink(Integers(count))
    const middle = await startLink(Double(source))
    const sink = await startLink(Sum(middle, tally))
    await sink.exited
    return total(tally)
  },

  async W2(count) {
    const tally = new OrderedTally()
    const oneByOne = { maxDemand: 1, minDemand: 0 }
    const source = await startLink(Integers(count))
    const middle = await startLink(Double(to(source, oneByOne)))
    const sink = await startLink(Sum(to(middle, oneByOne), tally))
    await sink.exited
    return total(tally)
  },

  async W3(count) {
    const all = tallies()
    const source = await startLink(Integers(count))
    await ended(await Promise.all(all.map((tally) => startLink(Sum(source, tally)))))
    return total(...all)
  },

  async W4(count) {
    const all = tallies()
    const source = await startLink(Integers(count, broadcastDispatcher<number>()))
    const consumers = await Promise.all(all.map((tally) => startLink(Sum(source, tally))))
    source.demand('forward')
    await ended(consumers)
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    const hash = (event: number) => [event, partitionOf(event)] as const
    const source = await startLink(Integers(count, partitionDispatcher({ partitions: CONSUMERS, hash })))
    const consumers = await Promise.all(all.map((tally, partition) => startLink(Sum(to(source, { partition }), tally))))
    source.demand('forward')
    await ended(consumers)
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const source = await startLink(Integers(count))
    const consumers = Array.from({ length: CONCURRENCY }, () =>
      startLink(HandleOne(to(source, { maxDemand: 1 }), tally, handle)),
    )
    await ended(await Promise.all(consumers))
    return total(tally)
  },
}

/**
 * W6 by a child per event.
 *
 * With `minDemand: 1` each child that ends makes room for the next, as the guide says it: 64 at a time, all the time.
 * With more, places are offered in portions, and as many could stay empty as one portion has.
 */
export const supervised: Runs = {
  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const source = await startLink(Integers(count))
    await new Promise<void>((resolve, reject) => {
      const started = startLink(
        consumerSupervisor({
          // Its children go on when the source has ended, and it with them.
          subscribeTo: [to(source, { maxDemand: CONCURRENCY, minDemand: 1, cancel: 'temporary' })],
          async child(event: number) {
            tally.add(await handle(event))
            if (tally.count === count) started.then((all) => all.stop()).then(resolve, reject)
          },
        }),
      )
    })
    return total(tally)
  },
}

/** W6 by one stage that handles so many at a time. */
export const each: Runs = {
  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const source = await startLink(Integers(count))
    const sink = await startLink(
      consumer({
        subscribeTo: [source],
        concurrency: CONCURRENCY,
        async handleEvent(event: number) {
          tally.add(await handle(event))
        },
      }),
    )
    await sink.exited
    return total(tally)
  },
}
