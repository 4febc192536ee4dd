import { consumer, producer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, counting, emittingOnRequest, gate, launch, range, rejection, timings } from './test-stages.ts'

describe.each(timings)('demand on a producer, with %s callbacks', (_name, later) => {
  test('is maxDemand at first, and then what batches have released', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const batches: unknown[] = []
    const source = await launch(runtime, counting(later, 16, demands))
    const held = gate()
    let handled = 0
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: async (events: readonly number[]) => {
          batches.push(events)
          if (++handled === 3) await held.opened
        },
      }),
    )
    await sink.subscribe(source, { maxDemand: 10, minDemand: 4 })
    await runtime.settle()
    expect(batches).toEqual([range(0, 6), range(6, 10), range(10, 16)])
    expect(demands).toEqual([10, 6])
    held.open()
    await runtime.settle()
    expect(demands).toEqual([10, 6, 10])
  })

  test('that is not met is owed, and is met by any callback that returns events', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const seen: number[] = []
    const source = await launch(runtime, emittingOnRequest(later, demands))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 10, minDemand: 0 })
    await runtime.settle()
    source.cast('emit', [1, 2])
    await source.call('emit', [3])
    await source.call('early', [4])
    await runtime.settle()
    expect([seen, demands]).toEqual([[1, 2, 3, 4], [10]])
    expect(await source.estimateBufferedCount()).toBe(0)
  })

  test('that is exceeded fills the buffer, from which later demand is met first', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const seen: number[] = []
    const source = await launch(runtime, emittingOnRequest(later, demands))
    await source.call('emit', range(0, 12))
    expect(await source.estimateBufferedCount()).toBe(12)
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 10, minDemand: 5 })
    await runtime.settle()
    expect(seen).toEqual(range(0, 12))
    expect(await source.estimateBufferedCount()).toBe(0)
    // 10 met from the buffer, of the next 5 only 2, and of the 5 after that none.
    expect(demands).toEqual([3, 5])
  })

  test('is at least 1, and no batch is empty', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const batches: number[][] = []
    const source = await launch(runtime, emittingOnRequest(later, demands))
    const sink = await launch(runtime, collecting(later, [], batches))
    const subscription = await sink.subscribe(source, { maxDemand: 2, minDemand: 0 })
    subscription.ask(0)
    source.cast('emit', [])
    await source.call('emit', [])
    source.cast('emit', [1])
    await runtime.settle()
    expect([demands, batches]).toEqual([[2], [[1]]])
  })

  test("is held back and released in order with events in mode 'accumulate'", async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        demand: 'accumulate',
        handleDemand: later((demand: number): number[] => {
          order.push(`demand ${demand}`)
          return []
        }),
        handleCast: { emit: later((events: readonly number[]) => events) },
      }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    )
    source.cast('emit', [1, 2])
    await sink.subscribe(source, { maxDemand: 3, minDemand: 0 })
    source.cast('emit', [3])
    await runtime.settle()
    expect([order, await source.demand()]).toEqual([[], 'accumulate'])
    source.demand('forward')
    await runtime.settle()
    expect(await source.demand()).toBe('forward')
    expect(order.filter((entry) => typeof entry === 'number')).toEqual([1, 2, 3])
    source.demand('accumulate')
    source.cast('emit', [4])
    await runtime.settle()
    expect(order).not.toContain(4)
    source.demand('forward')
    await runtime.settle()
    expect(order).toContain(4)
  })

  test('can be held back and released by the stage itself', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer(({ demand }) => ({
        demand: 'accumulate',
        handleDemand: later((count: number): number[] => (count === 2 ? [0, 1] : [])),
        handleCast: {
          open: later(() => {
            demand('forward')
            return undefined
          }),
        },
      })),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 2, minDemand: 1 })
    await runtime.settle()
    expect(seen).toEqual([])
    source.cast('open')
    await runtime.settle()
    expect(seen).toEqual([0, 1])
  })

  test('has a mode that is checked', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(later, 100))
    expect(() => source.demand('backward' as never)).toThrow(TypeError)
    expect(
      await rejection(launch(runtime, producer({ demand: 'backward', handleDemand: () => [] } as never))),
    ).toBeInstanceOf(TypeError)
  })
})
