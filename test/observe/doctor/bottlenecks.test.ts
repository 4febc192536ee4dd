import { describe, expect, test } from 'vitest'
import {
  type ConsumerRef,
  consumer,
  consumerSupervisor,
  fromIterable,
  type ProducerRef,
  producer,
  producerConsumer,
  type Stage,
  start,
} from '../../../src/index.ts'
import { type Finding, observer, type Snapshot } from '../../../src/observe/snapshot/index.ts'
import { counter, shuffled, type TestRuntime, testRuntime } from '../../../src/testing/index.ts'
import { briefly, slow, slowMapper, starterIn, ticking } from './pipelines.ts'

const windows = [
  {},
  { maxDemand: 10, minDemand: 5 },
  { maxDemand: 100, minDemand: 0 },
  { maxDemand: 1, minDemand: 0 },
] as const

interface Look {
  readonly time: number
  readonly findings: readonly Finding[]
}

/** What is found at each look of an observer, from now on. */
async function looksFor(runtime: TestRuntime, ms: number, interval: number = 500): Promise<readonly Look[]> {
  const looks: Look[] = []
  const watching = observer({ runtime, interval })
  watching.subscribe(({ time }, findings) => looks.push({ time, findings }))
  await runtime.advance(ms)
  watching.close()
  return looks
}

/** What is found in these looks, each different result once. */
function foundIn(looks: readonly Look[]): string[] {
  return [...new Set(looks.map(({ findings }) => briefly(findings).join(', ')))]
}

/** A stage that takes so long for each batch, however many events it has. */
const batching = (runtime: TestRuntime, ms: number) =>
  producerConsumer({
    async handleEvents(events: readonly number[]) {
      await runtime.sleep(ms)
      return events
    },
  })
const storing = (runtime: TestRuntime, ms: number) =>
  consumer({ handleEvents: (_events: readonly number[]) => runtime.sleep(ms) })

/** Two stages, which take so long for each batch, with a source that has more than enough. */
async function twoStages(runtime: TestRuntime, first: number, second: number, window: (typeof windows)[number]) {
  const begin = starterIn(runtime)
  const enrich = await begin('enrich', batching(runtime, first))
  await (await begin('warehouse', storing(runtime, second))).subscribe(enrich, window)
  await enrich.subscribe(await begin('source', counter()), window)
}

describe('of two stages the slower one is named, on every look,', () => {
  const times = [
    [100, 300, 'consumer warehouse'],
    [120, 180, 'consumer warehouse'],
    [300, 100, 'producer-consumer enrich'],
    [250, 500, 'consumer warehouse'],
  ] as const
  const cases = times.flatMap(([first, second, slower]) =>
    windows.map((window) => [first, second, window, slower] as const),
  )
  test.each(cases)('with %i and %i ms a batch and %o', async (first, second, window, slower) => {
    const runtime = testRuntime()
    await twoStages(runtime, first, second, window)
    await runtime.advance(2_000)
    const looks = await looksFor(runtime, 60_000)
    // Of these 120 the first shows less than a second.
    expect(foundIn(looks.slice(1))).toEqual([`note: bottleneck at ${slower}`])
    expect(briefly(looks[0]?.findings ?? [])).toEqual([])
  })

  test('whenever one looks, and in whatever order the stages run', async () => {
    for (const interval of [100, 300, 370, 1_000]) {
      await shuffled(3, async (runtime) => {
        await runtime.settle(twoStages(runtime, 100, 300, { maxDemand: 10, minDemand: 5 }))
        await runtime.advance(2_000)
        const looks = await looksFor(runtime, 15_000, interval)
        const known = looks.filter(({ time }) => time >= 4_000)
        expect(foundIn(known)).toEqual(['note: bottleneck at consumer warehouse'])
      })
    }
  })
})

describe('of two stages that are nearly as slow', () => {
  test('the slower one is named, and the other as the one that comes next', async () => {
    const runtime = testRuntime()
    await twoStages(runtime, 180, 178, { maxDemand: 10, minDemand: 5 })
    await runtime.advance(12_000)
    const looks = await looksFor(runtime, 30_000)
    expect(foundIn(looks.slice(1))).toEqual(['note: bottleneck at producer-consumer enrich'])
    const [finding] = looks.at(-1)?.findings ?? []
    expect(finding?.text).toMatch(/consumer warehouse is nearly as busy, with 99 %: it is the next bottleneck\.$/)
    expect(finding?.evidence).toMatchObject({ next: 'consumer warehouse', busyShare: 1 })
  })

  test('and take turns, the one downstream is, though the window cuts a turn in two', async () => {
    const runtime = testRuntime()
    await twoStages(runtime, 180, 180, { maxDemand: 1, minDemand: 0 })
    await runtime.advance(12_000)
    // In a second or two, half a turn is a large share.
    const looks = (await looksFor(runtime, 40_000)).filter(({ time }) => time >= 22_000)
    for (const { findings } of looks) {
      expect(briefly(findings)).toEqual(['note: bottleneck at consumer warehouse'])
      expect(findings[0]?.text).toContain('hardly ever work at the same time: raise maxDemand')
      expect(findings[0]?.evidence).toMatchObject({ next: 'producer-consumer enrich' })
    }
  })
})

describe('the slowest is named', () => {
  async function chain(
    runtime: TestRuntime,
    source: Stage<ProducerRef<number>>,
    middle: number,
    last: number,
    window: object = { maxDemand: 10, minDemand: 5 },
  ): Promise<string[]> {
    const begin = starterIn(runtime)
    const stage = await begin('middle', slowMapper(runtime, middle))
    await (await begin('last', slow(runtime, last))).subscribe(stage, window)
    await stage.subscribe(await begin('source', source), window)
    await runtime.advance(20_000)
    return foundIn((await looksFor(runtime, 40_000)).slice(1))
  }

  test('downstream of a source that waits for each event, but less than it does', async () => {
    for (const window of [{ maxDemand: 10, minDemand: 5 }, { maxDemand: 100, minDemand: 50 }, {}]) {
      const runtime = testRuntime()
      const reading = async function* () {
        for (let event = 0; ; event++) {
          await runtime.sleep(60)
          yield event
        }
      }
      const found = await chain(runtime, fromIterable(reading()), 10, 100, window)
      expect(found).toEqual(['note: bottleneck at consumer last'])
    }
  })

  test('where a source emits a little more than it takes, long before its window is full', async () => {
    const runtime = testRuntime()
    const found = await chain(runtime, ticking(1, 90), 10, 100, {})
    expect(found).toEqual(['note: bottleneck at consumer last'])
  })

  test('where it asks for one event at a time of a source that is slow itself', async () => {
    const runtime = testRuntime()
    const asked = producer({
      async handleDemand(demand: number) {
        await runtime.sleep(10 * demand)
        return Array.from({ length: demand }, () => 0)
      },
    })
    const found = await chain(runtime, asked, 0, 100, { maxDemand: 1, minDemand: 0 })
    expect(found).toEqual(['note: bottleneck at consumer last'])
  })

  test('where it asks for one event at a time of a source that waits for each, but not for long', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const reading = async function* () {
      for (let event = 0; ; event++) {
        await runtime.sleep(5)
        yield event
      }
    }
    const sink = await begin('sink', slow(runtime, 95))
    await sink.subscribe(await begin('source', fromIterable(reading())), { maxDemand: 1, minDemand: 0 })
    expect(foundIn((await looksFor(runtime, 40_000)).slice(2))).toEqual(['note: bottleneck at consumer sink'])
  })

  test('where its source takes long for many events at once, but less than it does', async () => {
    const runtime = testRuntime()
    const asked = producer({
      async handleDemand(demand: number) {
        await runtime.sleep(82 * demand)
        return Array.from({ length: demand }, () => 0)
      },
    })
    const found = await chain(runtime, asked, 25, 163, { maxDemand: 100, minDemand: 50 })
    expect(found).toEqual(['note: bottleneck at consumer last'])
  })

  test('while it has a long queue of its own, and its source nothing to do', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const reading = async function* () {
      for (let event = 0; ; event++) {
        await runtime.sleep(7)
        yield event
      }
    }
    const sink = await begin('sink', slow(runtime, 70))
    await sink.subscribe(await begin('source', fromIterable(reading())))
    expect(foundIn((await looksFor(runtime, 90_000)).slice(2))).toEqual(['note: bottleneck at consumer sink'])
  })

  test('where batches take most of the window, and a buffer fills and empties with them', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const window = { maxDemand: 100, minDemand: 50 }
    const middle = await begin('middle', slowMapper(runtime, 163))
    await (await begin('last', slow(runtime, 25))).subscribe(middle, window)
    await middle.subscribe(await begin('ticks', ticking(3, 375)), window)
    await runtime.advance(25_000)
    const looks = (await looksFor(runtime, 65_000)).slice(1)
    expect(foundIn(looks)).toEqual(['note: bottleneck at producer-consumer middle'])
  })

  test('where it asks seldom for many events, which are there at once', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', slow(runtime, 50))
    await sink.subscribe(await begin('source', counter()), { maxDemand: 1_000, minDemand: 900 })
    expect(foundIn((await looksFor(runtime, 60_000)).slice(2))).toEqual(['note: bottleneck at consumer sink'])
  })

  test('from the beginning, where what waits for it grows', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', slow(runtime, 100))
    await sink.subscribe(await begin('ticks', ticking(1, 80)))
    const looks = (await looksFor(runtime, 10_000)).filter(({ time }) => time >= 3_000)
    expect(foundIn(looks)).toEqual(['note: bottleneck at consumer sink'])
  })

  test('where a source that does not wait to be asked emits more than it takes, in large batches', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', slow(runtime, 150))
    await sink.subscribe(await begin('ticks', ticking(3, 400)), { maxDemand: 100, minDemand: 50 })
    await runtime.advance(30_000)
    expect(foundIn((await looksFor(runtime, 60_000)).slice(2))).toEqual(['note: bottleneck at consumer sink'])
  })

  test('of three workers that share a source, with the others as busy', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', counter())
    for (const name of ['a', 'b', 'c']) {
      await (await begin(name, storing(runtime, 250))).subscribe(source, { maxDemand: 10, minDemand: 5 })
    }
    await runtime.advance(2_000)
    const looks = (await looksFor(runtime, 20_000)).slice(1)
    expect(foundIn(looks)).toEqual(['note: bottleneck at consumer a'])
    for (const { findings } of looks) expect(findings[0]?.evidence).toMatchObject({ alike: 2 })
  })
})

describe('a consumer supervisor', () => {
  async function pool(runtime: TestRuntime, source: Stage<ProducerRef<number>>, childMs: number) {
    const child = (_event: number): Promise<void> => runtime.sleep(childMs)
    const workers = await start(consumerSupervisor({ child }), { runtime, name: 'pool' })
    await workers.subscribe(await starterIn(runtime)('source', source), { maxDemand: 4, minDemand: 3 })
    await runtime.advance(12_000)
    return (await looksFor(runtime, 30_000)).slice(1)
  }

  test('whose places are all taken is named, once its children have changed often enough to show a pace', async () => {
    const looks = await pool(testRuntime(), counter(), 700)
    const known = looks.filter(({ time }) => time >= 16_000)
    expect(foundIn(known)).toEqual(['note: bottleneck at consumer-supervisor pool'])
    const [finding] = looks.at(-1)?.findings ?? []
    expect(finding?.text).toMatch(
      /^consumer-supervisor pool sets the pace, at 4\.5 events a second: its places for 4 children were all taken for 100 % of the last 10 s\. Raise maxDemand/,
    )
    expect(finding?.evidence).toMatchObject({ places: 4, busyShare: 1 })
  })

  test('with places left, or with children that live long, is not', async () => {
    expect(foundIn(await pool(testRuntime(), ticking(1, 250), 700))).toEqual([''])
    expect(foundIn(await pool(testRuntime(), counter(), 12_000))).toEqual([''])
  })
})

describe('a stage that is busy 95 % of the time and keeps up is never named', () => {
  test.each(windows.slice(0, 2))('with %o, though no look sees it idle', async (window) => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', slow(runtime, 95))
    await sink.subscribe(await begin('ticks', ticking(1, 100)), window)
    await runtime.advance(2_050)
    const looks = await looksFor(runtime, 40_000)
    expect(foundIn(looks)).toEqual([''])
  })
})

test('demand of a source is counted as long as it is open, however often it is observed', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  const ref: ConsumerRef<number> = await begin('sink', slow(runtime, 95))
  const source = await begin('ticks', ticking(1, 100))
  await ref.subscribe(source, { maxDemand: 1, minDemand: 0 })
  const openAfter = async (ms: number): Promise<number> => {
    const watching = observer({ runtime, interval: 500 })
    await runtime.advance(ms)
    watching.close()
    const of = (shown: Snapshot): number => shown.stages.find(({ id }) => id === source.id)?.producing?.demandTime ?? -1
    return of(watching.latest) - of(watching.history[0] as Snapshot)
  }
  await runtime.advance(1_000)
  // Asked for an event each time it has handled one: 5 ms out of 100.
  expect(await openAfter(10_000)).toBe(500)
})
