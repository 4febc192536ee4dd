import { consumer, fromIterable, type ProducerRef, producer, producerConsumer, start, stream, to } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { range, timings } from './test-stages.ts'

/** Collects pairs; a half one is emitted at the end of the input. */
const Pairs = (ends: string[] = []) => {
  let half: number[] = []
  return producerConsumer({
    handleEvents(events: readonly number[]) {
      const all = half.concat(events)
      const whole = all.length - (all.length % 2)
      half = all.slice(whole)
      return Array.from({ length: whole / 2 }, (_, index) => all.slice(2 * index, 2 * index + 2))
    },
    handleEnd(cause) {
      ends.push(cause)
      return half.length > 0 ? [half] : []
    },
  })
}

test('what was collected is emitted when all producers have exited, and not when a consumer cancels', async () => {
  await shuffled(50, async (runtime) => {
    const ends: string[] = []
    const pairs = await start(Pairs(ends), { runtime })
    const sources: ProducerRef<number>[] = []
    for (const count of [3, 4]) {
      sources.push(await start(fromIterable(range(0, count), { demand: 'accumulate' }), { runtime }))
    }
    for (const source of sources) await runtime.settle(pairs.subscribe(source, { maxDemand: 2 }))
    for await (const _pair of stream([to(pairs, { maxDemand: 1 })], { demand: 'forward', producers: sources })) break
    const seen: number[][] = []
    for await (const pair of stream([pairs])) seen.push(pair)
    expect(ends).toEqual(['end'])
    expect(seen.filter(({ length }) => length === 1)).toHaveLength(1)
    expect(seen.at(-1)).toHaveLength(1)
    expect(await pairs.exited).toBe('normal')
  })
})

describe.each(timings)('with %s callbacks', (_name, later) => {
  test('a consumer is called once, after its last batch, and may be async', async () => {
    const runtime = testRuntime()
    const calls: string[] = []
    const source = await start(fromIterable(range(0, 5)), { runtime })
    const sink = await start(
      consumer({
        handleEvents: later((events: readonly number[]) => void calls.push(`handled ${events.length}`)),
        handleCancel: later(() => void calls.push('cancelled')),
        handleEnd: later((cause: string) => void calls.push(cause)),
        terminate: later(() => void calls.push('terminated')),
      }),
      { runtime },
    )
    await runtime.settle(sink.subscribe(source))
    await runtime.settle(sink.done)
    expect(calls).toEqual(['handled 5', 'cancelled', 'end', 'terminated'])
  })

  test('a drain calls it', async () => {
    const runtime = testRuntime()
    const pairs: unknown[] = []
    const ends: string[] = []
    const source = await start(fromIterable(range(0, 100), { demand: 'accumulate' }), { runtime })
    const middle = await start(Pairs(ends), { runtime })
    await runtime.settle(middle.subscribe(source, { maxDemand: 5 }))
    const sink = await start(
      consumer({ handleEvents: later((events: readonly number[][]) => void pairs.push(...events)) }),
      { runtime },
    )
    await runtime.settle(sink.subscribe(middle, { maxDemand: 1 }))
    source.send('ignored')
    await runtime.settle(middle.drain())
    await runtime.settle(sink.done)
    expect(ends).toEqual(['drain'])
  })

  test('a producer that is drained emits what it holds', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await start(
      producer({
        handleDemand: later(() => [] as number[]),
        handleEnd: later((cause: string) => (cause === 'drain' ? [1, 2, 3] : [])),
      }),
      { runtime },
    )
    const sink = await start(consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }), {
      runtime,
    })
    await runtime.settle(sink.subscribe(source))
    expect(await runtime.settle(source.drain())).toEqual({ undone: [] })
    await runtime.settle(sink.done)
    expect(seen).toEqual([1, 2, 3])
  })
})

test('it is not called when a producer fails, nor by stop', async () => {
  const runtime = testRuntime({ logger: { error() {} } })
  const ends: string[] = []
  const failing = await start(producer({ handleDemand: () => ({ events: [1, 2, 3], stop: new Error('boom') }) }), {
    runtime,
  })
  const middle = await start(Pairs(ends), { runtime })
  await runtime.settle(middle.subscribe(failing))
  const read = async (): Promise<void> => {
    for await (const _pair of stream([middle]));
  }
  await expect(runtime.settle(read())).rejects.toThrow(/boom/)
  const stopped = await start(Pairs(ends), { runtime })
  await stopped.stop()
  expect(ends).toEqual([])
})

describe('a failure of a producer', () => {
  test('reaches consumers after the events before it', async () => {
    await shuffled(60, async (runtime) => {
      const failing = await start(
        producer({ handleDemand: () => ({ events: range(0, 10), stop: new Error('boom') }) }),
        { runtime },
      )
      const middle = await start(
        producerConsumer({ handleEvents: (events: readonly number[]) => events.flatMap((event) => [event, event]) }),
        { runtime },
      )
      await runtime.settle(middle.subscribe(failing))
      const seen: number[] = []
      const read = async (): Promise<void> => {
        for await (const event of stream([to(middle, { maxDemand: 3 })])) seen.push(event)
      }
      await expect(runtime.settle(read())).rejects.toThrow(/boom/)
      expect(seen).toEqual(range(0, 10).flatMap((event) => [event, event]))
    })
  })
})

test('subscribeAt: a stage subscribes to its producers when its first consumer has subscribed', async () => {
  await shuffled(40, async (runtime) => {
    let asked = 0
    const source = await start(
      producer({
        handleDemand(demand) {
          asked += demand
          return { events: range(0, 5), stop: 'normal' }
        },
      }),
      { runtime },
    )
    const middle = await start(
      producerConsumer({
        subscribeAt: 'first-consumer',
        subscribeTo: [to(source, { maxDemand: 10 })],
        handleEvents: (events: readonly number[]) => events,
      }),
      { runtime },
    )
    await runtime.settle()
    expect(asked).toBe(0)
    const seen: number[] = []
    for await (const event of stream([middle])) seen.push(event)
    expect(seen).toEqual(range(0, 5))
  })
})
