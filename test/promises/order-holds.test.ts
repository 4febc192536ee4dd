import fc from 'fast-check'
import { type ConsumerRef, consumer, fromIterable, partitionDispatcher, producerConsumer, start } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import { expectUnbroken, promise } from './for-all.ts'
import { Pipeline } from './pipeline.ts'
import { pipelines, schedules, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

promise('each consumer receives the events of each producer in order', { runs: 800 }, pipelines(), async (plan) => {
  const pipeline = new Pipeline(plan)
  await pipeline.run()
  await pipeline.killAll()
  expectUnbroken('order', pipeline.ledger.problems)
})

promise(
  'infos come after all events that were buffered before them',
  { runs: 500 },
  pipelines({ incidents: ['info', 'info', 'burst', 'burst', 'ask', 'subscribe'], mostIncidents: 16, mostLayers: 1 }),
  async (plan) => {
    const pipeline = new Pipeline(plan)
    await pipeline.run()
    expectUnbroken('order', pipeline.ledger.problems)
  },
)

interface Reading {
  readonly key: number
  readonly place: number
}

promise(
  'events of one key keep their order through partitions, their workers, and a stage that merges them',
  { runs: 400 },
  fc.record({
    schedule: schedules,
    keys: fc.array(fc.nat(7), { maxLength: 120 }),
    workers: fc.array(fc.record({ timing: timings, maxDemand: fc.integer({ min: 1, max: 20 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    sinkTiming: timings,
    maxDemand: fc.integer({ min: 1, max: 30 }),
  }),
  async ({ schedule, keys, workers, sinkTiming, maxDemand }) => {
    const runtime = testRuntime({ seed: schedule })
    const readings = keys.map((key, place): Reading => ({ key, place }))
    const hash = (reading: Reading): readonly [Reading, number] => [reading, reading.key % workers.length]
    const dispatcher = partitionDispatcher({ partitions: workers.length, hash })
    const source = await start(fromIterable(readings, { dispatcher, demand: 'accumulate' }), { runtime })
    const seen: Reading[] = []
    const inTime = timedReturn(sinkTiming)
    const sink: ConsumerRef<Reading> = await start(
      consumer({ handleEvents: (events: readonly Reading[]) => inTime(() => void seen.push(...events)) }),
      { runtime },
    )
    for (const [partition, { timing, maxDemand: most }] of workers.entries()) {
      const timed = timedReturn(timing)
      const stage = producerConsumer({ handleEvents: (events: readonly Reading[]) => timed(() => events) })
      const worker = await start(stage, { runtime })
      await worker.subscribe(source, { partition, maxDemand: most })
      await sink.subscribe(worker, { maxDemand, cancel: 'transient' })
    }
    source.demand('forward')
    await runtime.settle()
    const byKey = (key: number): Reading[] => readings.filter((reading) => reading.key === key)
    for (const key of new Set(keys)) expect(seen.filter((reading) => reading.key === key)).toEqual(byKey(key))
  },
)
