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
import { atOnce, collecting, copying, launch, range, rejection, told } from './test-stages.ts'

type Told = ProducerRef<number> &
  Callable<{ emit(events: readonly number[]): 'ok' }> &
  Castable<{ emit(events: readonly number[]): void }>

describe('a name that somebody has', () => {
  test('does all that the reference does', async () => {
    const runtime = testRuntime()
    const messages: unknown[] = []
    const seen: number[] = []
    const numbers = named<Told>('numbers', { runtime })
    const sink = named<ConsumerRef<number>>('sink', { runtime })
    const source = await launch(runtime, told(atOnce, [], messages), { name: numbers })
    await launch(runtime, collecting(atOnce, seen), { name: 'sink' })
    expect([numbers.name, numbers.id, source.name]).toEqual(['numbers', source.id, 'numbers'])

    expect(await numbers.call('emit', [1, 2])).toBe('ok')
    expect(await numbers.estimateBufferedCount()).toBe(2)
    await numbers.info('behind 2')
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
    expect(messages).toEqual(['sent', 'behind 2'])

    const { exited } = numbers
    await numbers.stop('shutdown')
    expect(await exited).toBe('shutdown')
    sink.exit('because')
    await runtime.settle()
    expect(await rejection(sink.info('x'))).toBeInstanceOf(NoProcessError)
  })

  test('disposes of it', async () => {
    const runtime = testRuntime()
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const source = await launch(runtime, told(atOnce), { name: numbers })
    await numbers[Symbol.asyncDispose]()
    expect(await source.exited).toBe('normal')
    await numbers[Symbol.asyncDispose]()
  })

  test('does what supervisors do', async () => {
    const runtime = testRuntime()
    const tree = named<SupervisorRef>('tree', { runtime })
    const pool = named<ConsumerSupervisorRef<number>>('pool', { runtime })
    await launch(runtime, supervisor({ strategy: 'one-for-one', children: [] }), { name: tree })
    await launch(runtime, consumerSupervisor<number>({ child: () => new Promise(() => {}) }), { name: pool })
    await tree.startChild({ id: 'child', start: () => told(atOnce) })
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

  test('may be monitored, linked with and called by stages', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const numbers = named<Told>('numbers', { runtime })
    const source = await launch(runtime, told(atOnce), { name: numbers })
    const sink = await launch(
      runtime,
      consumer((stage) => {
        stage.monitor(numbers)
        stage.link(numbers)
        stage.unlink(numbers)
        return {
          handleEvents: (_events: readonly number[]) => {},
          handleInfo: async (message: unknown) => {
            heard.push(message === 'call' ? await stage.call(numbers, 'emit', []) : message)
          },
        }
      }),
    )
    sink.send('call')
    await runtime.settle()
    source.exit('because')
    await runtime.settle()
    expect(heard).toEqual(['ok', { down: source, reason: 'because' }])
  })

  test('says so where the process has not that operation', async () => {
    const runtime = testRuntime()
    const wrong = named<ConsumerRef<number>>('numbers', { runtime })
    await launch(runtime, told(atOnce), { name: 'numbers' })
    const subscription = {} as never
    const error = await rejection(
      wrong.resubscribe(subscription, 'x', named<ProducerRef<number>>('numbers', { runtime })),
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe('expected a process that has resubscribe, got producer numbers, which has not')
  })
})

describe('a name that nobody has', () => {
  test('rejects what waits for an answer, and lets the rest vanish', async () => {
    const runtime = testRuntime()
    const nobody = named<Told & ProducerConsumerRef<number, number>>('nobody', { runtime })
    const asked = [
      nobody.call('emit', []),
      nobody.info('x'),
      nobody.demand(),
      nobody.estimateBufferedCount(),
      nobody.done,
      nobody.subscribe(nobody),
    ]
    for (const asking of asked) {
      const error = await rejection(asking)
      expect(error).toBeInstanceOf(NoProcessError)
      expect(error.message).toContain("the process named 'nobody' is not running")
    }
    await nobody.stop()
    expect(await nobody.drain()).toEqual({ undone: [] })
    nobody.send('x')
    nobody.cast('emit', [])
    nobody.exit('kill')
    nobody.demand('accumulate')
    expect([await nobody.exited, nobody.id]).toEqual(['noproc', ''])
  })

  test('is found anew once somebody has it', async () => {
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
  test('belong to one process at a time, whoever spells them', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, told(atOnce), { name: 'numbers' })
    const error = await rejection(launch(runtime, told(atOnce), { name: named<Told>('numbers') }))
    expect(error).toBeInstanceOf(NameTakenError)
    expect(error.message).toBe(`the name 'numbers' is already taken by producer ${source.id}`)
    source.exit('kill')
    expect(await source.exited).toBe('killed')
    await launch(runtime, told(atOnce), { name: 'numbers' })
  })

  test('belong to a runtime', async () => {
    const [one, other] = [testRuntime(), testRuntime()]
    await launch(one, told(atOnce), { name: 'numbers' })
    await launch(other, told(atOnce), { name: 'numbers' })
    const [here, there] = [one, other].map((runtime) => named<Told>('numbers', { runtime }))
    await here?.stop()
    expect(await there?.call('emit', [])).toBe('ok')
  })

  test('are looked up where the stage lives that subscribes to them, whatever their own runtime', async () => {
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
    expect(await rejection(launch(testRuntime(), told(atOnce), { name: name as string }))).toBeInstanceOf(TypeError)
  })
})
