import {
  attachTelemetry,
  broadcastDispatcher,
  type Callable,
  consumer,
  createRuntime,
  fromIterable,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  start,
  stream,
  to,
} from 'genstage'
import { describe, expect, test } from 'vitest'
import { longestHold } from '../process/longest-hold.ts'
import type { Untyped } from '../untyped.ts'

const many = 2_000_000
/** Made once: what is sent is handed on and never changed. */
const events: readonly number[] = Array.from({ length: many }, (_, index) => index)
const sumOfAll = (many * (many - 1)) / 2

/** Everything that was handled, added up: no event is missing, and none came twice, where both are right. */
class Tally {
  count = 0
  sum = 0
  batches = 0
  largest = 0

  take(batch: readonly number[]): void {
    for (const event of batch) this.sum += event
    this.count += batch.length
    this.batches++
    this.largest = Math.max(this.largest, batch.length)
  }

  get isWhole(): boolean {
    return this.count === many && this.sum === sumOfAll
  }
}

/** A consumer that stops when all has come. */
const counting = (tally: Tally, wanted = many) =>
  consumer({
    handleEvents(batch: readonly number[]) {
      tally.take(batch)
      return tally.count >= wanted ? { stop: 'normal' } : undefined
    },
  })

/** A producer that gives all there is, once, whatever is asked for. */
const Flood = (options: object = {}) => {
  let isGiven = false
  return producer<number>({
    bufferSize: Number.POSITIVE_INFINITY,
    ...options,
    handleDemand() {
      if (isGiven) return []
      isGiven = true
      return events
    },
  })
}

/** A producer that emits nothing on demand, and all events on request. */
const EmittingOnRequest = (options: object = {}) =>
  producer({
    bufferSize: Number.POSITIVE_INFINITY,
    ...options,
    handleDemand: () => [] as number[],
    handleInfo: () => events,
    handleCast: { emit: () => events },
    handleCall: { emit: () => ({ reply: 'emitted', events }) },
  })

/**
 * Waits for the end, and holds the time against what is bearable on a busy machine: some seconds, and a tenth of one.
 */
async function inTime(done: Promise<unknown>, mostHold: number, name: string): Promise<void> {
  const began = performance.now()
  const hold = await longestHold(done)
  const time = performance.now() - began
  if (process.env.SHOW_FIGURES) console.log(`${name}: ${Math.round(time)} ms, held for ${Math.round(hold)} ms at most`)
  expect(time).toBeLessThan(10_000)
  expect(hold).toBeLessThan(mostHold)
}

// Two million events are put into a queue, or passed to a callback, in one step: some tens of ms.
const inOneGo = 600
// After that they are handled in slices of 2 ms.
const inSlices = 300

describe('one batch of 2,000,000 events passes', () => {
  test('from handleDemand through the buffer to a consumer, batch by batch', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(Flood(), { runtime })
    const sink = await start(counting(tally), { runtime })
    await sink.subscribe(source)
    await inTime(sink.exited, inOneGo, 'buffer')
    expect(tally).toMatchObject({ isWhole: true, batches: many / 500, largest: 500 })
    await source.stop()
  })

  test('to a consumer that asks for all of it, as the same array', async () => {
    const runtime = createRuntime()
    const seen: unknown[] = []
    const source = await start(Flood(), { runtime })
    const sink = await start(
      consumer({
        handleEvents(batch: readonly number[]) {
          seen.push(batch)
          return { stop: 'normal' }
        },
      }),
      { runtime },
    )
    await sink.subscribe(source, { maxDemand: many, minDemand: 0 })
    await inTime(sink.exited, inSlices, 'whole')
    expect(seen[0]).toBe(events)
    await source.stop()
  })

  test.each(['send', 'cast', 'call', 'info'] as const)('from the callback of a %s', async (how) => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(EmittingOnRequest(), { runtime })
    const sink = await start(counting(tally), { runtime })
    await sink.subscribe(source, { maxDemand: 50_000 })
    if (how === 'call') expect(await source.call('emit')).toBe('emitted')
    else if (how === 'cast') source.cast('emit')
    else if (how === 'info') await source.info('emit')
    else source.send('emit')
    await inTime(sink.exited, inOneGo, how)
    expect(tally.isWhole).toBe(true)
    await source.stop()
  })

  test('through a producer-consumer, in one batch, and in many', async () => {
    for (const maxDemand of [many, 1_000]) {
      const runtime = createRuntime()
      const tally = new Tally()
      const source = await start(Flood(), { runtime })
      const middle = await start(
        producerConsumer({ handleEvents: (batch: readonly number[]) => [...batch.values()] }),
        { runtime },
      )
      const sink = await start(counting(tally), { runtime })
      await sink.subscribe(middle, { maxDemand, minDemand: 0 })
      await middle.subscribe(source, { maxDemand, minDemand: 0, cancel: 'temporary' })
      await inTime(sink.exited, inOneGo, `producer-consumer, ${maxDemand}`)
      expect(tally.isWhole).toBe(true)
      await source.stop()
    }
  })

  test('out of one event, in a producer-consumer', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(fromIterable([1]), { runtime })
    const middle = await start(producerConsumer({ handleEvents: (_batch: readonly number[]) => events }), { runtime })
    const sink = await start(counting(tally), { runtime })
    await sink.subscribe(middle)
    await middle.subscribe(source)
    await inTime(sink.exited, inOneGo, 'out of one')
    expect(tally.isWhole).toBe(true)
  })

  test('through a queue of events without demand', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(Flood(), { runtime })
    const middle = await start(producerConsumer({ handleEvents: (batch: readonly number[]) => batch }), { runtime })
    await middle.subscribe(source, { maxDemand: many, minDemand: 0, cancel: 'temporary' })
    await source.stop()
    const sink = await start(counting(tally), { runtime })
    await sink.subscribe(middle)
    await inTime(sink.exited, inOneGo, 'inbound queue')
    expect(tally.isWhole).toBe(true)
  })

  test('to many consumers by demand', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(Flood({ demand: 'accumulate' }), { runtime })
    const sinks = await Promise.all(Array.from({ length: 10 }, () => start(counting(tally), { runtime })))
    for (const sink of sinks) await sink.subscribe(source)
    source.demand('forward')
    await inTime(Promise.race(sinks.map(({ exited }) => exited)), inOneGo, 'demand')
    expect(tally.isWhole).toBe(true)
    await source.stop()
  })

  test('to all consumers of a broadcast, and through a selector', async () => {
    const runtime = createRuntime()
    const all = new Tally()
    const even = new Tally()
    const dispatcher = broadcastDispatcher<number>()
    const source = await start(Flood({ demand: 'accumulate', dispatcher }), { runtime })
    const one = await start(counting(all), { runtime })
    const other = await start(counting(even, many / 2), { runtime })
    await one.subscribe(source, { maxDemand: 100_000, cancel: 'temporary' })
    const options = { maxDemand: 100_000, cancel: 'temporary', selector: (event: number) => event % 2 === 0 } as const
    await other.subscribe(source, options)
    source.demand('forward')
    await inTime(Promise.all([one.exited, other.exited]), inOneGo, 'broadcast')
    expect(all.isWhole).toBe(true)
    expect({ count: even.count, sum: even.sum }).toEqual({ count: many / 2, sum: (many / 2) * (many / 2 - 1) })
    await source.stop()
  })

  test('to partitions, with a custom hash and without', async () => {
    for (const hash of [undefined, (event: number) => [event, event % 4] as const]) {
      const runtime = createRuntime()
      const tally = new Tally()
      const dispatcher = partitionDispatcher<number, number>({ partitions: 4, ...(hash && { hash }) })
      const source = await start(Flood({ demand: 'accumulate', dispatcher }), { runtime })
      const sinks = await Promise.all([0, 1, 2, 3].map(() => start(counting(tally), { runtime })))
      for (const [partition, sink] of sinks.entries())
        await sink.subscribe(source, { partition, cancel: 'temporary' } as object)
      source.demand('forward')
      await inTime(Promise.race(sinks.map(({ exited }) => exited)), inOneGo, `partitions${hash ? ', hash' : ''}`)
      expect(tally.isWhole).toBe(true)
      await source.stop()
    }
  })

  test('to one partition, whose queue holds what it has not asked for', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const dispatcher = partitionDispatcher<number, number>({ partitions: 2, hash: (event) => [event, 0] })
    const source = await start(Flood({ demand: 'accumulate', dispatcher }), { runtime })
    const busy = await start(counting(tally), { runtime })
    const idle = await start(consumer({ handleEvents() {} }), { runtime })
    await busy.subscribe(source, { partition: 0, maxDemand: 1_000, cancel: 'temporary' } as object)
    await idle.subscribe(source, { partition: 1, maxDemand: many, cancel: 'temporary' } as object)
    source.demand('forward')
    await inTime(busy.exited, inOneGo, 'one partition')
    expect(tally.isWhole).toBe(true)
    await source.stop()
  })

  test('from an iterable, and from an async one', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(fromIterable(events), { runtime })
    const sink = await start(counting(tally), { runtime })
    await sink.subscribe(source, { maxDemand: many, minDemand: 0 })
    await inTime(sink.exited, inOneGo, 'iterable')
    expect(tally.isWhole).toBe(true)
  })

  test.each([1_000, many])('into a stream of maxDemand %d', async (maxDemand) => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(Flood(), { runtime })
    const read = async (): Promise<void> => {
      for await (const event of stream([to(source, { maxDemand, minDemand: 0 })])) {
        tally.count++
        tally.sum += event
        if (tally.count === many) return
      }
    }
    await inTime(read(), inSlices, `stream, ${maxDemand}`)
    expect(tally.isWhole).toBe(true)
    await source.stop()
  })

  test('into a buffer that keeps some of it, and logs how much it discarded', async () => {
    for (const bufferKeep of ['first', 'last'] as const) {
      const warnings: string[] = []
      const logger = { debug() {}, info() {}, warn: (message: string) => warnings.push(message), error() {} }
      const runtime = createRuntime({ logger })
      const source = await start(EmittingOnRequest({ bufferSize: 10_000, bufferKeep }), { runtime, name: 'source' })
      source.send('emit')
      expect(await source.estimateBufferedCount()).toBe(10_000)
      expect(warnings).toEqual(['producer source discarded 1990000 events: buffer full'])
      const tally = new Tally()
      const sink = await start(counting(tally, 10_000), { runtime })
      await sink.subscribe(source)
      await sink.exited
      const first = bufferKeep === 'first' ? 0 : many - 10_000
      expect(tally.sum).toBe(10_000 * first + (10_000 * 9_999) / 2)
      await source.stop()
    }
  })

  test('into an accumulating producer, and out of it', async () => {
    const runtime = createRuntime()
    const tally = new Tally()
    const source = await start(EmittingOnRequest({ demand: 'accumulate' }), { runtime })
    const sink = await start(counting(tally), { runtime })
    await sink.subscribe(source)
    await source.call('emit')
    source.demand('forward')
    await inTime(sink.exited, inOneGo, 'accumulate')
    expect(tally.isWhole).toBe(true)
    await source.stop()
  })

  test('to a stage that exits before it has handled it: the report has the count', async () => {
    const lines: string[] = []
    const logger = { debug() {}, info() {}, warn: (message: string) => lines.push(message), error() {} }
    const runtime = createRuntime({ logger })
    const source = await start(EmittingOnRequest(), { runtime, name: 'source' })
    source.send('emit')
    await source.stop()
    expect(lines).toEqual(['producer source ended and dropped 2000000 events: 2000000 in its buffer'])
  })
})

describe('10,000,000 events go into a buffer', () => {
  const most = 10_000_000
  // A slice is 2 ms, and a piece of the events a fraction of that; the rest is for busy machines and the collector. In
  // one go it would be hundreds.
  const mostHold = 100

  /** Waits until the stage has handled all its messages. Returns how long the event loop was blocked. */
  async function holdOf(
    work: (source: ProducerRef<number> & Callable<{ done(): null }>) => unknown,
    more: object = {},
  ) {
    let hold = Number.POSITIVE_INFINITY
    // The best of three: what else the machine does can only add to it.
    for (let attempt = 0; attempt < 3 && hold > mostHold; attempt++) {
      const source = await start(
        producer({
          bufferSize: Number.POSITIVE_INFINITY,
          ...more,
          handleDemand: () => [] as number[],
          handleInfo: (result: Untyped) => result,
          handleCall: { done: () => ({ reply: null }) },
        }),
        { runtime: createRuntime({ logger: silent }) },
      )
      const timeout = Number.POSITIVE_INFINITY
      const working = (async () => {
        await work(source)
        await source.call('done', { timeout })
      })()
      hold = Math.min(hold, await longestHold(working))
      source.demand('forward')
      hold = Math.max(hold, await longestHold(source.call('done', { timeout })))
      expect(await source.estimateBufferedCount({ timeout })).toBe(most)
      source.exit('kill')
    }
    return hold
  }
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const all: readonly number[] = Array.from({ length: most }, (_, index) => index)
  const batch = all.slice(0, 1_000)

  test.each([
    ['in one array', () => all],
    ['in one array, with what is done next', () => ({ events: all, stop: undefined })],
  ])('%s, and the event loop turns', { timeout: 60_000 }, async (_how, result) => {
    expect(await holdOf((source) => source.send(result()))).toBeLessThan(mostHold)
  })

  test.each([
    ['in batches', {}],
    ['in batches, from an accumulating producer', { demand: 'accumulate' }],
  ])('%s, and the event loop turns', { timeout: 60_000 }, async (_how, more) => {
    const work = async (source: ProducerRef<number> & Callable<{ done(): null }>): Promise<void> => {
      for (let sent = 0; sent < most; sent += batch.length) {
        source.send(batch)
        if (sent % 100_000 === 0) await source.call('done', { timeout: Number.POSITIVE_INFINITY })
      }
    }
    expect(await holdOf(work, more)).toBeLessThan(mostHold)
  })

  test('in one array, from an accumulating producer, and the event loop turns', { timeout: 60_000 }, async () => {
    expect(await holdOf((source) => source.send(all), { demand: 'accumulate' })).toBeLessThan(mostHold)
  })

  test('and those that a stage is still about to emit when it is killed are counted', async () => {
    const runtime = createRuntime({ logger: silent })
    const counts: number[] = []
    attachTelemetry({ 'stage.stopped': ({ remaining }) => counts.push(remaining) }, { runtime })
    const source = await start(EmittingOnRequest(), { runtime })
    source.send('emit')
    const held = source.exited
    setImmediate(() => setImmediate(() => source.exit('kill')))
    await held
    expect(counts).toEqual([many])
  })

  test('before the reply and the stop that come with them', async () => {
    const runtime = createRuntime({ logger: silent })
    const ends: unknown[] = []
    attachTelemetry({ 'stage.stopped': (_numbers, { remaining }) => ends.push(remaining) }, { runtime })
    const begin = () =>
      start(
        producer({
          bufferSize: Number.POSITIVE_INFINITY,
          handleDemand: () => [] as number[],
          handleCall: {
            emit: () => ({ reply: 'emitted', events }),
            leave: () => ({ reply: 'bye', events, stop: 'normal' }),
          },
        }),
        { runtime },
      )
    const [one, other] = [await begin(), await begin()]
    expect(await one.call('emit')).toBe('emitted')
    one.exit('kill')
    await one.exited
    expect(await other.call('leave')).toBe('bye')
    expect(await other.exited).toBe('normal')
    expect(ends).toEqual(ends.map(() => ({ buffer: many, dispatcher: 0, accumulated: 0, unemitted: 0 })))
  })
})
