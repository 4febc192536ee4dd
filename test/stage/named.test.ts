import {
  type Callable,
  type Castable,
  type ConsumerRef,
  type ConsumerSupervisorRef,
  consumer,
  consumerSupervisor,
  fromIterable,
  NameTakenError,
  NoProcessError,
  named,
  type ProcessRef,
  type ProducerConsumerRef,
  type ProducerRef,
  type SupervisorRef,
  supervisor,
  to,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, collecting, copying, emittingOnRequest, launch, range, rejection } from './test-stages.ts'

type EmittingRef = ProducerRef<number> &
  Callable<{ emit(events: readonly number[]): 'ok' }> &
  Castable<{ emit(events: readonly number[]): void }>

describe('a name that a process has', () => {
  test('has all operations of the reference', async () => {
    const runtime = testRuntime()
    const messages: unknown[] = []
    const seen: number[] = []
    const numbers = named<EmittingRef>('numbers', { runtime })
    const sink = named<ConsumerRef<number>>('sink', { runtime })
    const source = await launch(runtime, emittingOnRequest(atOnce, [], messages), { name: numbers })
    await launch(runtime, collecting(atOnce, seen), { name: 'sink' })
    expect([numbers.name, numbers.id, source.name]).toEqual(['numbers', source.id, 'numbers'])

    expect(await numbers.call('emit', [1, 2])).toBe('ok')
    expect(await numbers.estimateBufferedCount()).toBe(2)
    await numbers.info('after 2')
    numbers.send('sent')
    numbers.demand('accumulate')
    expect(await numbers.demand()).toBe('accumulate')
    expect(await numbers.demand({ timeout: 5 })).toBe('accumulate')
    numbers.demand('forward')
    const subscription = await sink.subscribe(numbers, { maxDemand: 1, minDemand: 0, cancel: 'temporary' })
    await sink.resubscribe(subscription, 'again', numbers, { cancel: 'temporary' })
    numbers.cast('emit', [3])
    await runtime.settle()
    expect(seen).toEqual([1, 2, 3])
    expect(messages).toEqual(['sent', 'after 2'])

    const { exited } = numbers
    await numbers.stop('shutdown')
    expect(await exited).toBe('shutdown')
    sink.exit('because')
    await runtime.settle()
    expect(await rejection(sink.info('x'))).toBeInstanceOf(NoProcessError)
  })

  test('disposes of the process', async () => {
    const runtime = testRuntime()
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const source = await launch(runtime, emittingOnRequest(atOnce), { name: numbers })
    await numbers[Symbol.asyncDispose]()
    expect(await source.exited).toBe('normal')
    await numbers[Symbol.asyncDispose]()
  })

  test('has the operations of supervisors', async () => {
    const runtime = testRuntime()
    const tree = named<SupervisorRef>('tree', { runtime })
    const pool = named<ConsumerSupervisorRef<number>>('pool', { runtime })
    await launch(runtime, supervisor({ strategy: 'one-for-one', children: [] }), { name: tree })
    await launch(runtime, consumerSupervisor<number>({ child: () => new Promise(() => {}) }), { name: pool })
    await tree.startChild({ id: 'child', start: () => emittingOnRequest(atOnce) })
    expect((await tree.whichChildren()).map(({ id }) => id)).toEqual(['child'])
    expect(await tree.terminateChild('child')).toBe(true)
    await tree.restartChild('child')
    expect(await tree.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 })
    await tree.terminateChild('child')
    expect(await tree.deleteChild('child')).toBe(true)

    const child = (await pool.startChild(1)) as ProcessRef
    expect(await pool.whichChildren()).toEqual([{ ref: child }])
    expect(await pool.terminateChild(child)).toBe(true)
    expect(await pool.countChildren()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 })
    await Promise.all([tree.stop(), pool.stop()])
  })

  test('can be monitored, linked and called by stages', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const numbers = named<EmittingRef>('numbers', { runtime })
    const source = await launch(runtime, emittingOnRequest(atOnce), { name: numbers })
    const sink = await launch(
      runtime,
      consumer((stage) => {
        stage.monitor(numbers)
        stage.link(numbers)
        stage.unlink(numbers)
        return {
          handleEvents: (_events: readonly number[]) => {},
          handleInfo: async (message: unknown) => {
            received.push(message === 'call' ? await stage.call(numbers, 'emit', []) : message)
          },
        }
      }),
    )
    sink.send('call')
    await runtime.settle()
    source.exit('because')
    await runtime.settle()
    expect(received).toEqual(['ok', { down: source, reason: 'because' }])
  })

  test('reports an operation that the process does not have', async () => {
    const runtime = testRuntime()
    const wrong = named<ConsumerRef<number>>('numbers', { runtime })
    await launch(runtime, emittingOnRequest(atOnce), { name: 'numbers' })
    const subscription = {} as never
    const error = await rejection(
      wrong.resubscribe(subscription, 'x', named<ProducerRef<number>>('numbers', { runtime })),
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe('expected a process that has resubscribe, got producer numbers')
  })
})

describe('a name that no process has', () => {
  test('rejects operations that return a result, and drops messages', async () => {
    const runtime = testRuntime()
    const unknown = named<EmittingRef & ProducerConsumerRef<number, number>>('unknown', { runtime })
    const asked = [
      unknown.call('emit', []),
      unknown.info('x'),
      unknown.demand(),
      unknown.estimateBufferedCount(),
      unknown.done,
      unknown.subscribe(unknown),
    ]
    for (const asking of asked) {
      const error = await rejection(asking)
      expect(error).toBeInstanceOf(NoProcessError)
      expect(error.message).toContain("the process named 'unknown' is not running")
    }
    await unknown.stop()
    expect(await unknown.drain()).toEqual({ undone: [] })
    unknown.send('x')
    unknown.cast('emit', [])
    unknown.exit('kill')
    unknown.demand('accumulate')
    expect([await unknown.exited, unknown.id]).toEqual(['noproc', ''])
  })

  test('works once a process has it', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const doubled = named<ProducerRef<number>>('doubled', { runtime })
    const ids = new Set<string>()
    for (const round of range(0, 3)) {
      await launch(runtime, fromIterable([round]), { name: numbers })
      await launch(runtime, copying(atOnce, 2), { name: doubled as never })
      ids.add(doubled.id)
      const sink = await launch(runtime, collecting(atOnce, seen))
      await sink.subscribe(doubled)
      await named<ConsumerRef<number>>('doubled', { runtime }).subscribe(numbers)
      expect(await sink.exited).toBe('normal')
    }
    expect([seen, ids.size]).toEqual([[0, 0, 1, 1, 2, 2], 3])
  })
})

describe('names', () => {
  test('belong to one process at a time, as a string or a token', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(atOnce), { name: 'numbers' })
    const error = await rejection(launch(runtime, emittingOnRequest(atOnce), { name: named<EmittingRef>('numbers') }))
    expect(error).toBeInstanceOf(NameTakenError)
    expect(error.message).toBe(`the name 'numbers' is already taken by producer ${source.id}`)
    source.exit('kill')
    expect(await source.exited).toBe('killed')
    await launch(runtime, emittingOnRequest(atOnce), { name: 'numbers' })
  })

  test('belong to a runtime', async () => {
    const [one, other] = [testRuntime(), testRuntime()]
    await launch(one, emittingOnRequest(atOnce), { name: 'numbers' })
    await launch(other, emittingOnRequest(atOnce), { name: 'numbers' })
    const [here, there] = [one, other].map((runtime) => named<EmittingRef>('numbers', { runtime }))
    await here?.stop()
    expect(await there?.call('emit', [])).toBe('ok')
  })

  test('are looked up in the runtime of the subscribing stage, whatever their own runtime', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    await launch(runtime, fromIterable([1]), { name: 'numbers' })
    const elsewhere = named<ProducerRef<number>>('numbers')
    await launch(
      runtime,
      consumer({
        subscribeTo: [to(elsewhere, { cancel: 'temporary' })],
        handleEvents(events: readonly number[]) {
          seen.push(...events)
        },
      }),
    )
    await runtime.settle()
    expect(seen).toEqual([1])
  })

  test.each([[''], [5], [undefined], [null], [{}]])('may not be %j', async (name) => {
    expect(() => named(name as string)).toThrow(/^expected name to be a string that is not empty, got: /)
    if (name === undefined) return
    expect(await rejection(launch(testRuntime(), emittingOnRequest(atOnce), { name: name as string }))).toBeInstanceOf(
      TypeError,
    )
  })
})
