import { producer, StartError, StartIgnoredError } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, counting, gate, launch, range, rejection, timings } from './test-stages.ts'

describe.each(timings)('the setup of a producer, with %s callbacks', (_name, later) => {
  const three = () => {
    let isDone = false
    return {
      handleDemand: later((): number[] => {
        const events = isDone ? [] : [0, 1, 2]
        isDone = true
        return events
      }),
    }
  }

  class Counter {
    next = 0
    readonly #step: number
    constructor(step: number) {
      this.#step = step
    }
    handleDemand(demand: number): number[] {
      return this.next > 20 ? [] : Array.from({ length: demand }, () => this.#emit())
    }
    handleCall = { next: () => ({ reply: this.next }) }
    #emit(): number {
      this.next += this.#step
      return this.next
    }
  }

  class FastCounter extends Counter {
    override handleDemand(demand: number): number[] {
      return super.handleDemand(demand * 2)
    }
  }

  test.each([
    ['a literal', () => three()],
    ['a function', () => () => three()],
    ['an async function', () => async () => three()],
    ['a function that returns later', () => later(three)],
  ])('may be %s', async (_form, setup) => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, producer(setup() as { handleDemand: (demand: number) => number[] }))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 5 })
    await runtime.settle()
    expect(seen).toEqual([0, 1, 2])
  })

  test('returns an instance of a class, whose fields are the state and whose methods are the callbacks', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, producer(later(() => new Counter(2))))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 4, minDemand: 0 })
    await runtime.settle()
    expect(seen.slice(0, 4)).toEqual([2, 4, 6, 8])
    expect(await source.call('next')).toBeGreaterThanOrEqual(8)
  })

  test('returns an instance whose class inherits its callbacks', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, producer(new FastCounter(1)))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    expect(seen).toEqual(range(1, 23))
  })

  test("returns 'ignore', and then the start rejects, and the name is free", async () => {
    const runtime = testRuntime()
    const ended: unknown[] = []
    const ignoring = producer<number>(later(() => 'ignore' as const))
    const error = await rejection(launch(runtime, ignoring, { name: 'numbers' }))
    expect(error).toBeInstanceOf(StartIgnoredError)
    const source = await launch(runtime, counting(later, 100), { name: 'numbers' })
    expect([source.name, ended]).toEqual(['numbers', []])
  })

  test('returns { stop }, and then the start rejects with the reason, and terminate does not run', async () => {
    const runtime = testRuntime()
    for (const reason of ['normal', 'no database', new Error('no database'), { shutdown: 'not today' }]) {
      const stopping = producer<number>(later(() => ({ stop: reason })))
      const error = await rejection(launch(runtime, stopping, { name: 'numbers' }))
      expect(error).toBeInstanceOf(StartError)
      expect([error.reason, error.cause]).toEqual([reason, reason])
    }
  })

  test('throws, and then the start rejects with the error as its cause', async () => {
    const boom = new Error('boom')
    const failing = producer<number>(
      later(() => {
        throw boom
      }),
    )
    const error = await rejection(launch(testRuntime(), failing))
    expect(error).toBeInstanceOf(StartError)
    expect(error.cause).toBe(boom)
  })

  test.each([[[]], [5], ['go'], [null], [undefined], [new Date()], [() => ({})]])('may not be %j', async (result) => {
    const error = await rejection(launch(testRuntime(), producer<number>(later(() => result as never))))
    expect(error).toBeInstanceOf(TypeError)
  })

  test('refuses callbacks that have run before, also where that start has failed', async () => {
    const runtime = testRuntime()
    const callbacks = { handleDemand: () => [] }
    await launch(runtime, producer(later(() => callbacks)))
    const again = await rejection(launch(runtime, producer(later(() => callbacks))))
    expect(again).toBeInstanceOf(TypeError)
    expect(again.message).toContain('got the same object again')

    const wrong = { handleDemand: () => [], bufferSize: -1 }
    expect(await rejection(launch(runtime, producer(wrong)))).toBeInstanceOf(RangeError)
    expect((await rejection(launch(runtime, producer(wrong)))).message).toContain('got the same object again')
  })

  test('refuses a stage that has been started before, also where that start has failed', async () => {
    const runtime = testRuntime()
    const source = counting(later, 100)
    await launch(runtime, source)
    expect((await rejection(launch(runtime, source))).message).toContain('got the same producer again')
    const ignoring = producer<number>(() => 'ignore')
    await rejection(launch(runtime, ignoring))
    expect((await rejection(launch(runtime, ignoring))).message).toContain('got the same producer again')
  })

  test('delays messages until it has finished', async () => {
    const runtime = testRuntime()
    const ready = gate()
    const received: unknown[] = []
    const starting = launch(
      runtime,
      producer(async ({ self }) => {
        self.send('early')
        await ready.opened
        received.push('set up')
        return {
          handleDemand: () => [],
          handleInfo: later((message: unknown) => {
            received.push(message)
          }),
        }
      }),
    )
    await runtime.settle()
    expect(received).toEqual([])
    ready.open()
    await starting
    await runtime.settle()
    expect(received).toEqual(['set up', 'early'])
  })
})
