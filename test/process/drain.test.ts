import {
  consumer,
  consumerSupervisor,
  fromIterable,
  named,
  type ProducerRef,
  producer,
  producerConsumer,
  StageFailure,
  start,
  supervisor,
  task,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { range } from '../stage/test-stages.ts'

/** A consumer that takes its time with each batch. */
const Slow = (seen: number[], ms = 10) =>
  consumer({
    async handleEvents(events: readonly number[]) {
      await new Promise((resolve) => setTimeout(resolve, ms))
      seen.push(...events)
    },
  })

describe('draining', () => {
  test('a worker handles what it was sent, and the others go on: nothing is lost, however often', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const Worker = () =>
        consumer({
          async handleEvents(events: readonly number[]) {
            await Promise.resolve()
            seen.push(...events)
          },
        })
      const source = await start(fromIterable(range(0, 1_000), { demand: 'accumulate' }), { runtime })
      const last = await start(Worker(), { runtime })
      await runtime.settle(last.subscribe(source, { maxDemand: 10 }))
      source.demand('forward')
      for (let left = 0; left < 10; left++) {
        const worker = await start(Worker(), { runtime })
        await worker.subscribe(source, { maxDemand: 10 })
        expect(await worker.drain()).toEqual({ undone: [] })
        expect(await worker.exited).toBe('shutdown')
      }
      await runtime.settle(last.done)
      expect(seen.toSorted((one, other) => one - other)).toEqual(range(0, 1_000))
    })
  })

  test('a producer-consumer hands on what it holds, as its consumers ask for it', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const source = await start(fromIterable(range(0, 100)), { runtime })
      const middle = await start(
        producerConsumer({ handleEvents: (events: readonly number[]) => events.flatMap((event) => [event, event]) }),
        { runtime },
      )
      await runtime.settle(middle.subscribe(source, { maxDemand: 20 }))
      const sink = await start(consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }), {
        runtime,
      })
      await runtime.settle(sink.subscribe(middle, { maxDemand: 3 }))
      expect(await runtime.settle(middle.drain())).toEqual({ undone: [] })
      await runtime.settle(sink.done)
      const half = seen.length / 2
      expect(seen).toEqual(range(0, half).flatMap((event) => [event, event]))
    })
  })

  test('a producer is asked for nothing more, and ends once its buffer is taken', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const source = await start(
      producer({
        handleDemand(demand) {
          demands.push(demand)
          return demands.length > 3 ? [] : range(0, demand + 5)
        },
      }),
      { runtime },
    )
    const seen: number[] = []
    const sink = await start(consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }), {
      runtime,
    })
    await runtime.settle(sink.subscribe(source, { maxDemand: 10, cancel: 'temporary' }))
    expect(await runtime.settle(source.drain())).toEqual({ undone: [] })
    const asked = demands.length
    await runtime.settle()
    expect(demands).toHaveLength(asked)
    expect(seen.length).toBe(demands.slice(0, 3).reduce((sum, demand) => sum + demand + 5, 0))
  })

  test('a supervisor drains its children together: none cancels another one that drains too', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const root = await start(
        supervisor({
          strategy: 'one-for-one',
          children: [
            { name: 'source', restart: 'transient', start: () => fromIterable(range(0, 5_000)) },
            {
              name: 'sink',
              restart: 'transient',
              start: () =>
                consumer({
                  subscribeTo: [named<ProducerRef<number>>('source', { runtime })],
                  handleEvents: (events: readonly number[]) => void seen.push(...events),
                }),
            },
          ],
        }),
        { runtime },
      )
      for (let turn = 0; turn < 3; turn++) await Promise.resolve()
      expect(await runtime.settle(root.drain())).toEqual({ undone: [] })
      expect(seen).toEqual(range(0, seen.length))
    })
  })

  test('what is left at the deadline is dropped, and reported', async () => {
    const lines: string[] = []
    const logger = { debug() {}, info() {}, warn: (line: string) => lines.push(line), error() {} }
    const runtime = testRuntime({ logger })
    const source = await start(fromIterable(range(0, 100)), { runtime })
    const stuck = await start(consumer({ handleEvents: (_events: readonly number[]) => new Promise<void>(() => {}) }), {
      runtime,
      name: 'stuck',
    })
    await runtime.settle(stuck.subscribe(source, { maxDemand: 10, minDemand: 5 }))
    let isDrained = false
    const drained = stuck.drain({ deadline: 1_000 }).finally(() => {
      isDrained = true
    })
    await runtime.advance(999)
    expect(isDrained).toBe(false)
    await runtime.advance(1)
    expect(await drained).toEqual({
      undone: [{ label: 'consumer stuck', reason: 'shutdown', remaining: { handling: 10, mailbox: 0 } }],
    })
    expect(lines).toEqual([
      expect.stringMatching(/^consumer stuck ended and dropped 10 events from producer .*: 10 being handled$/),
    ])
  })

  test('what traps exits is ended through its terminate at the deadline, with those that it has started', async () => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const Trapping = () =>
      consumer({
        trapExit: true,
        handleEvents(_events: readonly number[]) {},
        handleInfo: (message: unknown) => void ends.push(message),
        terminate: (reason) => void ends.push(reason),
      })
    const hanging = await start(producer({ handleDemand: () => new Promise<number[]>(() => {}) }), { runtime })
    const trapping = await start(Trapping(), { runtime })
    const tree = await start(
      supervisor({ strategy: 'one-for-one', children: [() => task(() => new Promise(() => {}))] }),
      { runtime },
    )
    // Its subscription lasts until the producer has confirmed that it is cancelled.
    await runtime.settle(trapping.subscribe(hanging))
    const drained = [trapping.drain({ deadline: 100 }), tree.drain({ deadline: 100 })]
    await runtime.advance(100)
    await Promise.all(drained)
    expect(ends).toEqual(['shutdown'])
    expect(await tree.exited).toBe('shutdown')
  })

  test('twice, or after the end, or with stop, is no error', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await start(fromIterable(range(0, 10)), { runtime })
    const sink = await start(Slow(seen, 0), { runtime })
    await sink.subscribe(source)
    const results = [sink.drain(), sink.drain(), sink.stop(), sink.stop('shutdown'), sink.drain({ deadline: 5 })]
    for (const result of await Promise.allSettled(results)) expect(result.status).toBe('fulfilled')
    await sink.stop()
    expect(await sink.drain()).toEqual({ undone: [] })
    await sink[Symbol.asyncDispose]()
  })

  test('by a name that no process has is no error', async () => {
    const absent = named<ProducerRef<number>>('absent', { runtime: testRuntime() })
    expect(await absent.drain()).toEqual({ undone: [] })
    await absent.stop()
  })

  test('a stage that fails in the meantime resolves it as well', async () => {
    const runtime = testRuntime()
    const source = await start(fromIterable(range(0, 10)), { runtime })
    const failing = await start(
      consumer({
        async handleEvents(_events: readonly number[]) {
          await runtime.sleep(10)
          throw new Error('boom')
        },
      }),
      { runtime },
    )
    await failing.subscribe(source)
    const drained = failing.drain()
    await runtime.advance(10)
    expect((await drained).undone).toEqual([expect.objectContaining({ label: `consumer ${failing.id}` })])
  })

  test('no wrong deadline is taken', async () => {
    const runtime = testRuntime()
    const idle = await start(consumer({ handleEvents() {} }), { runtime })
    await expect(idle.drain({ deadline: -1 })).rejects.toThrow(RangeError)
    await expect(idle.drain({ deadline: '5s' as never })).rejects.toThrow(TypeError)
    await idle.stop()
  })
})

describe('done', () => {
  test('resolves at a clean end, whatever has caused it', async () => {
    const runtime = testRuntime()
    const one = await start(
      task(() => {}),
      { runtime },
    )
    await runtime.settle(one.done)
    const other = await start(consumer({ handleEvents() {} }), { runtime })
    void other.stop('shutdown')
    await runtime.settle(other.done)
  })

  test('rejects with the failure, and with nothing where it is not read', async () => {
    const runtime = testRuntime()
    const failing = await start(
      task(() => {
        throw new Error('boom')
      }),
      { runtime },
    )
    await failing.exited
    const failure: unknown = await failing.done.catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StageFailure)
    expect((failure as StageFailure).cause).toEqual(new Error('boom'))
    const killed = await start(consumer({ handleEvents() {} }), { runtime })
    killed.exit('kill')
    await expect(runtime.settle(killed.done)).rejects.toThrow(StageFailure)
  })

  test('is one promise', async () => {
    const runtime = testRuntime()
    const one = await start(
      task(() => {}),
      { runtime },
    )
    expect(one.done).toBe(one.done)
    await runtime.settle(one.done)
  })
})

test('a kind of process brings its default shutdown: a supervisor is given as long as it takes', async () => {
  const runtime = testRuntime()
  let ended = 0
  const root = await start(
    supervisor({
      strategy: 'one-for-one',
      children: [
        () =>
          consumerSupervisor({
            child: () => {},
            shutdown: 60_000,
          }),
        () =>
          supervisor({
            strategy: 'one-for-one',
            children: [
              {
                shutdown: 60_000,
                start: () =>
                  consumer({
                    trapExit: true,
                    handleEvents() {},
                    terminate: async () => {
                      await runtime.sleep(30_000)
                      ended++
                    },
                  }),
              },
            ],
          }),
      ],
    }),
    { runtime },
  )
  const stopped = root.stop()
  await runtime.advance(30_000)
  await stopped
  expect(ended).toBe(1)
})
