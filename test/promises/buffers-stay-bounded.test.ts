import fc from 'fast-check'
import {
  type Castable,
  consumer,
  type ProducerRef,
  producer,
  producerConsumer,
  type Stage,
  type Subscription,
  start,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import { whatIsUnaccountedFor } from './audit.ts'
import { expectUnbroken, promise } from './for-all.ts'
import { Pipeline } from './pipeline.ts'
import { pipelines, schedules } from './plan.ts'

promise('no buffer ever holds more than its size', { runs: 400 }, pipelines({ mostIncidents: 14 }), async (plan) => {
  const pipeline = new Pipeline(plan)
  await pipeline.run()
  await pipeline.killAll()
  expectUnbroken('bounds', pipeline.ledger.problems)
})

promise(
  'what a buffer discards is counted exactly, whatever happens to the pipeline',
  { runs: 400 },
  pipelines({ mostIncidents: 14, incidents: ['burst', 'burst', 'ask', 'accumulate', 'forward', 'cancel', 'kill'] }),
  async (plan) => {
    const pipeline = new Pipeline(plan)
    await pipeline.run()
    await pipeline.killAll()
    expectUnbroken('conservation', whatIsUnaccountedFor(pipeline.ledger))
  },
)

/** A step: the stage emits events, a consumer asks for events, or the demand mode is set. */
type Step = readonly ['emit' | 'ask' | 'accumulate' | 'forward', number]

/**
 * A simple model of a stage with a buffer: arrays, event by event.
 *
 * In mode `'accumulate'` it holds back what is emitted and what is buffered.
 */
class NaiveStage {
  readonly sent: number[] = []
  discarded = 0
  buffer: number[] = []
  /** Demand that no event has met. */
  private open = 0
  private held: number[][] | undefined
  private readonly size: number
  private readonly keep: 'first' | 'last'

  constructor(size: number, keep: 'first' | 'last') {
    this.size = size
    this.keep = keep
  }

  emit(events: readonly number[]): void {
    if (this.held !== undefined) this.held.push([...events])
    else this.dispatch(events)
  }

  ask(demand: number): void {
    this.open += demand
    if (this.held === undefined) this.dispatch(this.buffer.splice(0))
  }

  accumulate(): void {
    this.held ??= []
  }

  forward(): void {
    const due = this.held ?? []
    this.held = undefined
    this.dispatch(this.buffer.splice(0))
    for (const events of due) this.dispatch(events)
  }

  private dispatch(events: readonly number[]): void {
    const sent = events.slice(0, this.open)
    this.sent.push(...sent)
    this.open -= sent.length
    const kept = [...this.buffer, ...events.slice(sent.length)]
    const excess = Math.max(0, kept.length - this.size)
    this.discarded += excess
    this.buffer = this.keep === 'last' ? kept.slice(excess) : kept.slice(0, this.size)
  }
}

type Emitting = ProducerRef<number> & Castable<{ emit(events: readonly number[]): void }>

interface Options {
  readonly bufferSize: number
  readonly bufferKeep: 'first' | 'last'
  readonly formatDiscarded?: (count: number) => boolean
}

const emitted = { emit: (events: readonly number[]) => events }

/** A stage that emits on request, and nothing on demand. */
const kinds: Record<'producer' | 'producer-consumer', (options: Options) => Stage<Emitting>> = {
  producer: (options) => producer({ ...options, handleDemand: () => [], handleCast: emitted }),
  'producer-consumer': (options) =>
    producerConsumer({ ...options, handleEvents: (events: readonly number[]) => events, handleCast: emitted }),
}

/** Has a consumer of a stage ask by hand; what it is given goes into `seen`. */
async function listen(runtime: TestRuntime, source: Emitting, seen: number[]): Promise<Subscription> {
  const sink = consumer({
    handleSubscribe: () => 'manual' as const,
    handleEvents: (events: readonly number[]) => void seen.push(...events),
  })
  const ref = await start(sink, { runtime })
  return ref.subscribe(source)
}

promise(
  'a buffer keeps the first or the last events, as its option specifies, and emits them in order',
  { runs: 600 },
  fc.record({
    schedule: schedules,
    kind: fc.constantFrom('producer' as const, 'producer-consumer' as const),
    bufferSize: fc.oneof(fc.nat(8), fc.constant(10_000)),
    bufferKeep: fc.constantFrom('first' as const, 'last' as const),
    reports: fc.boolean(),
    steps: fc.array(
      fc.oneof<fc.Arbitrary<Step>[]>(
        fc.tuple(fc.constant('emit'), fc.nat(12)),
        fc.tuple(fc.constant('emit'), fc.nat(12)),
        fc.tuple(fc.constant('ask'), fc.nat(9)),
        fc.tuple(fc.constantFrom('accumulate', 'forward'), fc.constant(0)),
      ),
      { maxLength: 24 },
    ),
  }),
  async ({ schedule, kind, bufferSize, bufferKeep, reports, steps }) => {
    let logged = 0
    let reported = 0
    const warn = (_message: string, facts: { readonly discarded?: unknown }) => {
      logged += Number(facts.discarded ?? 0)
    }
    const runtime = testRuntime({ seed: schedule, logger: { warn } })
    const formatDiscarded = (count: number): boolean => {
      reported += count
      return false
    }
    const options = { bufferSize, bufferKeep, ...(reports ? { formatDiscarded } : {}) }
    const source = await start(kinds[kind](options), { runtime })
    const naive = new NaiveStage(bufferSize, bufferKeep)
    const seen: number[] = []
    const subscription = await listen(runtime, source, seen)
    let next = 0
    for (const [what, count] of steps) {
      if (what === 'emit') {
        const events = Array.from({ length: count }, () => next++)
        source.cast('emit', events)
        naive.emit(events)
      } else if (what === 'ask') {
        subscription.ask(count)
        naive.ask(count)
      } else if (kind === 'producer') {
        source.demand(what)
        naive[what]()
      }
      await runtime.settle()
      const counted = source.estimateBufferedCount()
      await runtime.settle()
      expect(await counted).toBe(naive.buffer.length)
      expect(naive.buffer.length).toBeLessThanOrEqual(bufferSize)
      expect(seen).toEqual(naive.sent)
      expect([reported, logged]).toEqual(reports ? [naive.discarded, 0] : [0, naive.discarded])
    }
  },
)
