import {
  connect,
  consumer,
  fromIterable,
  type ProducerRef,
  producer,
  producerConsumer,
  start,
  stream,
  to,
} from 'genstage'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { range } from './test-stages.ts'

// What the end of a producer means for a consumer of several, by default.

async function sources(runtime: TestRuntime, counts: readonly number[]): Promise<ProducerRef<number>[]> {
  const refs: ProducerRef<number>[] = []
  for (const count of counts)
    refs.push(await start(fromIterable(range(0, count), { demand: 'accumulate' }), { runtime }))
  return refs
}

describe.each(['consumer', 'producer-consumer'] as const)('a %s of several producers', (kind) => {
  async function collector(runtime: TestRuntime, seen: number[]) {
    const handleEvents = (events: readonly number[]) => void seen.push(...events)
    if (kind === 'consumer') return { taker: await start(consumer({ handleEvents }), { runtime }), sink: undefined }
    const taker = await start(producerConsumer({ handleEvents: (events: readonly number[]) => events }), { runtime })
    const sink = await start(consumer({ handleEvents }), { runtime })
    await runtime.settle(sink.subscribe(taker, { maxDemand: 7 }))
    return { taker, sink }
  }

  test('exits when the last of them has exited, after it has handled all events', async () => {
    await shuffled(60, async (runtime) => {
      const seen: number[] = []
      const { taker, sink } = await collector(runtime, seen)
      const refs = await sources(runtime, [10, 1_000, 0])
      for (const ref of refs) await runtime.settle(taker.subscribe(ref))
      for (const ref of refs) ref.demand('forward')
      await runtime.settle(taker.done)
      await runtime.settle(sink?.done ?? Promise.resolve())
      expect(seen).toHaveLength(1_010)
    })
  })

  test('fails as soon as one of them fails', async () => {
    await shuffled(60, async (runtime) => {
      const seen: number[] = []
      const { taker, sink } = await collector(runtime, seen)
      const idle = await start(producer({ handleDemand: () => [] as number[] }), { runtime })
      const failing = await start(
        producer({
          handleDemand: async (): Promise<number[]> => {
            throw new Error('boom')
          },
        }),
        { runtime },
      )
      await runtime.settle(Promise.allSettled([taker.subscribe(idle), taker.subscribe(failing)]))
      await expect(runtime.settle(taker.done)).rejects.toThrow(/failed in handleDemand: boom/)
      if (sink !== undefined) await expect(runtime.settle(sink.done)).rejects.toThrow(/boom/)
      await idle.stop()
    })
  })

  test('continues when it has cancelled a subscription itself, even its last one', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const { taker } = await collector(runtime, seen)
    const [one, two] = await sources(runtime, [0, 5])
    const subscription = await taker.subscribe(one as ProducerRef<number>)
    subscription.cancel()
    await runtime.settle()
    await runtime.settle(taker.subscribe(two as ProducerRef<number>))
    two?.demand('forward')
    await runtime.settle(taker.done)
    expect(seen).toEqual(range(0, 5))
  })

  test('continues when it resubscribes, although that cancels a subscription', async () => {
    await shuffled(30, async (runtime) => {
      const seen: number[] = []
      const { taker } = await collector(runtime, seen)
      const [one, two] = await sources(runtime, [100, 5])
      const first = await runtime.settle(taker.subscribe(one as ProducerRef<number>, { maxDemand: 10 }))
      const again = await runtime.settle(
        taker.resubscribe(first, 'normal', one as ProducerRef<number>, { maxDemand: 2 }),
      )
      await runtime.settle(taker.resubscribe(again, new Error('elsewhere'), two as ProducerRef<number>))
      one?.demand('forward')
      two?.demand('forward')
      await runtime.settle(taker.done)
      expect(seen).toEqual(range(0, 5))
    })
  })

  test('exits when its last producer cancels the subscription', async () => {
    const runtime = testRuntime()
    const { taker } = await collector(runtime, [])
    const source = await start(
      producer({
        handleDemand: () => [] as number[],
        handleSubscribe: (_role, _options, from) => from.cancel(),
      }),
      { runtime },
    )
    await runtime.settle(taker.subscribe(source))
    await runtime.settle(taker.done)
  })
})

test('a failure is not hidden by a clean end that came before it, while the stage still holds events', async () => {
  await shuffled(60, async (runtime) => {
    const cancelled: unknown[] = []
    const Ending = (reason: 'normal' | Error) =>
      producer({ handleDemand: () => [1, 2], handleInfo: () => ({ stop: reason }) })
    const short = await start(Ending('normal'), { runtime })
    const failing = await start(Ending(new Error('boom')), { runtime })
    const middle = await start(
      producerConsumer({
        handleEvents: (events: readonly number[]) => events,
        handleCancel: (reason) => void cancelled.push('down' in reason ? reason.down : 'cancel'),
      }),
      { runtime },
    )
    await runtime.settle(middle.subscribe(short, { maxDemand: 2, cancel: 'permanent' }))
    await runtime.settle(middle.subscribe(failing, { maxDemand: 2 }))
    short.send('end')
    await runtime.settle(short.exited)
    failing.send('end')
    await runtime.settle(failing.exited)
    const seen: number[] = []
    const read = async (): Promise<void> => {
      for await (const event of stream([to(middle, { maxDemand: 1 })])) seen.push(event)
    }
    await expect(runtime.settle(read())).rejects.toThrow(/boom/)
    expect(seen).toEqual([1, 2, 1, 2])
    expect(cancelled).toHaveLength(2)
    expect(cancelled).toEqual(expect.arrayContaining([new Error('boom'), 'normal']))
  })
})

test("GenStage's mode 'permanent' stops it with the first producer that exits", async () => {
  const runtime = testRuntime()
  const [short, long] = await sources(runtime, [1, 10])
  const seen: number[] = []
  const taker = await start(
    consumer({
      subscribeTo: [short, long].map((ref) => to(ref as ProducerRef<number>, { cancel: 'permanent' })),
      handleEvents: (events: readonly number[]) => void seen.push(...events),
    }),
    { runtime },
  )
  short?.demand('forward')
  await runtime.settle(taker.done)
  expect(seen).toEqual([0])
})

describe('a subscriber that subscribes after the end', () => {
  test('of a source that exited cleanly receives that end', async () => {
    await shuffled(40, async (runtime) => {
      const source = await start(fromIterable(range(0, 400)), { runtime })
      const seen: number[] = []
      const workers = []
      for (let count = 0; count < 4; count++) {
        const worker = await start(
          consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }),
          {
            runtime,
          },
        )
        workers.push(worker)
        await runtime.settle(worker.subscribe(source))
      }
      for (const worker of workers) {
        await runtime.settle(worker.done)
        expect(await worker.exited).toBe('normal')
      }
      expect(seen).toEqual(range(0, 400))
    })
  })

  test('of a producer-consumer with an empty source receives that end, and so does a stream', async () => {
    const runtime = testRuntime()
    const source = await start(fromIterable([] as number[]), { runtime })
    const middle = await start(producerConsumer({ handleEvents: (events: readonly number[]) => events }), { runtime })
    await runtime.settle(middle.subscribe(source))
    await runtime.settle(middle.exited)
    const sink = await start(consumer({ subscribeTo: [middle], handleEvents(_events: readonly number[]) {} }), {
      runtime,
    })
    await runtime.settle(sink.done)
  })

  test('of a failed one is refused, and the message names both and the failure', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: { error: (line) => lines.push(line) } })
    const source = await start(
      producer({
        handleDemand: (): number[] => {
          throw new Error('boom')
        },
      }),
      { runtime, name: 'source' },
    )
    const first = await start(consumer({ handleEvents(_events: readonly number[]) {} }), { runtime, name: 'first' })
    await runtime.settle(first.subscribe(source))
    await runtime.settle(first.exited)
    const second = await start(consumer({ handleEvents(_events: readonly number[]) {} }), { runtime, name: 'second' })
    await expect(runtime.settle(second.subscribe(source))).rejects.toThrow(
      'consumer second could not subscribe: it subscribed to producer source, which had already exited with boom',
    )
    expect(await second.drain()).toEqual({ undone: [] })
    lines.length = 0
    const third = await start(consumer({ subscribeTo: [source], handleEvents(_events: readonly number[]) {} }), {
      runtime,
      name: 'third',
    })
    expect(await runtime.settle(third.exited)).toBe('noproc')
    expect(lines).toEqual([
      'consumer third failed: it subscribed to producer source, which had already exited with boom',
    ])
  })
})

test('connecting keeps workers from ending early', async () => {
  const runtime = testRuntime()
  const refs = await sources(runtime, [0, 3])
  for (const ref of refs) ref.demand('forward')
  const taker = await start(consumer({ handleEvents(_events: readonly number[]) {} }), { runtime })
  await runtime.settle(connect(refs, taker))
  await runtime.settle(taker.done)
})
