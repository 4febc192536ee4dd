import { setImmediate } from 'node:timers/promises'
import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  type Dispatcher,
  demandDispatcher,
  named,
  type ProcessRef,
  type ProducerConsumerRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Stage,
  type SupervisorRef,
  supervisor,
  to,
} from 'genstage'
import type { Tally } from './tally.ts'

const source = named<ProducerRef<number>>('source')
const sharing = named<ProducerConsumerRef<number, number>>('sharing')
const sorting = named<ProducerConsumerRef<number, number>>('sorting')
const PARTITIONS = 3
const SHARERS = 4

/** So often a sink waits for the event loop, in batches: as one does that writes to a file. */
const WAITS = 50

/** Emits numbers as fast as they are asked for, to everyone. */
function Source(tally: Tally): Stage<ProducerRef<number>> {
  return producer((stage) => {
    const { id } = stage.self
    tally.open(stage, true, false)
    let next = 0
    return {
      dispatcher: tally.watch(id, broadcastDispatcher<number>()),
      handleDemand(demand) {
        tally.emit(id, demand)
        return Array.from({ length: demand }, () => next++)
      },
    }
  })
}

/** Takes from the source, and hands on as many. */
function Relay(
  tally: Tally,
  dispatcher: () => Dispatcher<number, never>,
): () => Stage<ProducerConsumerRef<number, number>> {
  return () =>
    producerConsumer((stage) => {
      const { id } = stage.self
      tally.open(stage, true, true)
      let next = 0
      return {
        subscribeTo: [source],
        dispatcher: tally.watch(id, dispatcher()),
        handleEvents(events: readonly number[]) {
          tally.begin(id, events.length, false)
          const handed = events.map(() => next++)
          tally.emit(id, handed.length)
          tally.finish(id)
          return handed
        },
      }
    })
}

/** Takes what it gets; now and then it takes its time. */
function Sink(tally: Tally, from: ProducerRef<number>, options: object): () => Stage<ConsumerRef<number>> {
  return () =>
    consumer((stage) => {
      const { id } = stage.self
      tally.open(stage, false, true)
      let batches = 0
      return {
        subscribeTo: [to(from, options)],
        handleEvents(events: readonly number[]): void | Promise<void> {
          tally.begin(id, events.length, true)
          if (batches++ % WAITS === 0) return setImmediate()
          tally.finish(id)
        },
      }
    })
}

const endless = { maxRestarts: Number.POSITIVE_INFINITY } as const

/**
 * A source that broadcasts to two relays; one shares its events among four sinks, the other sorts them into three
 * partitions. A stage that fails restarts those downstream as well, as in the documentation of GenStage.
 */
export function tree(tally: Tally): Stage<SupervisorRef> {
  const hash = (event: number): readonly [number, number] => [event, event % PARTITIONS]
  const branch = (
    name: typeof sharing,
    dispatcher: () => Dispatcher<number, never>,
    sinks: readonly (() => Stage<ProcessRef>)[],
  ) =>
    supervisor({
      ...endless,
      strategy: 'rest-for-one',
      children: [
        { start: Relay(tally, dispatcher), name },
        () => supervisor({ ...endless, strategy: 'one-for-one', children: sinks }),
      ],
    })
  const sharers = Array.from({ length: SHARERS }, () => Sink(tally, sharing, { maxDemand: 500 }))
  const sorters = Array.from({ length: PARTITIONS }, (_, partition) => Sink(tally, sorting, { partition }))
  return supervisor({
    ...endless,
    strategy: 'rest-for-one',
    children: [
      { start: () => Source(tally), name: source },
      () => branch(sharing, () => demandDispatcher(), sharers),
      () => branch(sorting, () => partitionDispatcher({ partitions: PARTITIONS, hash }), sorters),
    ],
  })
}

/** How many stages the tree has, without its supervisors. */
export const STAGES: number = 1 + 2 + SHARERS + PARTITIONS
