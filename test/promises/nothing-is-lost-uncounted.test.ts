import fc from 'fast-check'
import { consumer, fromIterable, producer, start, stream, to } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { whatIsUnaccountedFor } from './audit.ts'
import { expectUnbroken, promise } from './for-all.ts'
import { Pipeline } from './pipeline.ts'
import { type PipelinePlan, pipelines, type SourcePlan, schedules, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

async function everythingIsAccountedFor(plan: PipelinePlan): Promise<void> {
  const pipeline = new Pipeline(plan)
  await pipeline.run()
  await pipeline.killAll()
  expectUnbroken('conservation', whatIsUnaccountedFor(pipeline.ledger))
}

promise(
  'every event is handled once, or counted where it remained, whatever happens',
  { runs: 1_000 },
  pipelines(),
  everythingIsAccountedFor,
)

promise(
  'every event is accounted for when stages exit in any way, one after the other',
  { runs: 500 },
  pipelines({ incidents: ['kill', 'crash', 'exit', 'stop', 'cancel', 'strike', 'topple', 'delay'], mostIncidents: 12 }),
  everythingIsAccountedFor,
)

/** The same pipeline, with producers that accumulate at first. */
function accumulating(plan: PipelinePlan, timing: SourcePlan['timing']): PipelinePlan {
  const [producers = [], ...rest] = plan.layers
  return {
    ...plan,
    layers: [producers.map((each) => ({ ...each, timing, mode: 'accumulate' }) as SourcePlan), ...rest],
  }
}

promise(
  'every event is accounted for when a producer exits while it accumulates, or releases what it has accumulated',
  { runs: 500 },
  fc
    .tuple(
      pipelines({ incidents: ['burst', 'burst', 'forward', 'forward', 'accumulate', 'kill', 'ask'], mostLayers: 1 }),
      timings,
    )
    .map(([plan, timing]) => accumulating(plan, timing)),
  everythingIsAccountedFor,
)

promise(
  'what a stream holds when it is closed is counted',
  { runs: 200 },
  fc.record({
    schedule: schedules,
    timing: timings,
    maxDemand: fc.integer({ min: 1, max: 20 }),
    taken: fc.nat(30),
    // What else happens while it is left: the producer emits more, or has been killed.
    ending: fc.constantFrom('leave' as const, 'burst' as const, 'kill' as const),
  }),
  async ({ schedule, timing, maxDemand, taken, ending }) => {
    let held = 0
    const logger = {
      warn: (_message: string, facts: { readonly remaining?: unknown }) => {
        const counts = Object.values((facts.remaining ?? {}) as Record<string, number>)
        for (const count of counts) held += count
      },
    }
    const runtime = testRuntime({ seed: schedule, logger })
    const inTime = timedReturn(timing)
    let emitted = 0
    let left = 50
    const source = await start(
      producer({
        handleDemand: (demand) =>
          inTime(() => {
            const count = Math.min(demand, left)
            left -= count
            return Array.from({ length: count }, () => emitted++)
          }),
        handleCast: { burst: () => [emitted++, emitted++] },
      }),
      { runtime },
    )
    let seen = 0
    const read = async (): Promise<void> => {
      for await (const _event of stream([to(source, { maxDemand, cancel: 'temporary' })])) if (++seen > taken) break
    }
    const reading = read()
    await runtime.settle()
    if (ending === 'burst') source.cast('burst')
    if (ending === 'kill') source.exit('kill')
    await runtime.settle()
    await reading
    source.exit('kill')
    await runtime.settle()
    expect(seen + held).toBe(emitted)
  },
)

test('a stage that its own callback stops begins no other batch, and the rest of the delivery is counted', async () => {
  const held: unknown[] = []
  const logger = {
    warn: (_message: string, facts: { readonly remaining?: unknown }) => void held.push(facts.remaining),
  }
  const runtime = testRuntime({ logger })
  const source = await start(fromIterable([1, 2, 3, 4, 5], { demand: 'accumulate' }), { runtime })
  const seen: number[] = []
  const sink = await start(
    consumer(({ self }) => ({
      handleEvents(events: readonly number[]) {
        seen.push(...events)
        self.exit('kill')
      },
    })),
    { runtime },
  )
  await sink.subscribe(source, { maxDemand: 5, minDemand: 3 })
  source.demand('forward')
  await runtime.settle()
  expect(await sink.exited).toBe('killed')
  expect(seen).toEqual([1, 2])
  expect(held).toEqual([{ handling: 3, mailbox: 0 }])
})
