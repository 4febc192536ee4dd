import { consumer, consumerSupervisor, fromIterable, type ProcessRef, producer, to } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { childCounts, lingering, ManualWork } from './test-children.ts'
import { atOnce, counting, type Gate, gate, type LogRecord, launch, range, recording } from './test-stages.ts'

describe('a consumer supervisor', () => {
  test('stops all its children at once, and waits for as long as their shutdown allows', async () => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const pool = await launch(runtime, consumerSupervisor<number>({ start: () => lingering(ends), shutdown: 200 }))
    const children = await Promise.all([1, 2, 3].map((event) => pool.startChild(event)))
    let isStopped = false
    const stopping = pool.stop().then(() => {
      isStopped = true
    })
    await runtime.advance(199)
    expect([ends, isStopped]).toEqual([['shutdown', 'shutdown', 'shutdown'], false])
    await runtime.advance(1)
    await stopping
    for (const child of children) expect(await (child as ProcessRef).exited).toBe('killed')
  })

  test('ignores unknown messages', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const pool = await launch(runtime, consumerSupervisor<number>({ child: () => {} }), { name: 'pool' })
    const messages = [
      undefined,
      null,
      'hello',
      5,
      {},
      { exit: undefined, reason: 'x' },
      { exit: pool, reason: 'x' },
      new Error('x'),
    ]
    for (const message of messages) pool.send(message)
    await pool.info('hello')
    pool.exit('because')
    const stranger = await launch(
      runtime,
      consumer((stage) => {
        stage.link(pool)
        return { handleEvents: () => {} }
      }),
    )
    stranger.exit('of mine')
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(childCounts(0))
    expect(records.filter(({ level }) => level === 'warn').length).toBe(messages.length + 3)
    await pool.stop()
  })

  test('with a permanent subscription stops with its producer, and its children with it', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const source = await launch(runtime, fromIterable([1, 2]))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { cancel: 'permanent' })
    expect(await pool.exited).toBe('normal')
    expect(work.aborted.length).toBe(work.started.length)
  })

  test('reports events beyond its demand, and handles them', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const work = new ManualWork()
    const source = await launch(runtime, counting(atOnce, 5))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }), { name: 'pool' })
    const subscription = await pool.subscribe(source, { maxDemand: 2 })
    subscription.ask(3)
    await runtime.settle()
    expect(work.started).toEqual(range(0, 5))
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors).toEqual(['consumer-supervisor pool received 3 events more than it asked for'])
    await pool.stop()
  })
})

describe('a consumer supervisor whose producers have ended cleanly', () => {
  test('waits for its children, including those that are restarted, and then exits', async () => {
    await shuffled(30, async (runtime) => {
      const done: number[] = []
      const attempts = new Map<number, number>()
      const child = async (event: number): Promise<void> => {
        for (let turns = event % 3; turns > 0; turns--) await Promise.resolve()
        const attempt = (attempts.get(event) ?? 0) + 1
        attempts.set(event, attempt)
        if (event % 5 === 0 && attempt === 1) throw new Error('again')
        done.push(event)
      }
      const source = await launch(runtime, fromIterable(range(0, 20)))
      const pool = await launch(
        runtime,
        consumerSupervisor<number>({
          child,
          restart: 'transient',
          maxRestarts: 10,
          subscribeTo: [to(source, { maxDemand: 7 })],
        }),
      )
      expect(await runtime.settle(pool.exited)).toBe('normal')
      expect(done.toSorted((one, other) => one - other)).toEqual(range(0, 20))
    })
  })

  test('waits for children of startChild, and exits immediately when it has no child', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.startChild(5)
    await pool.subscribe(await launch(runtime, fromIterable<number>([])))
    await runtime.settle()
    expect([await pool.countChildren(), work.aborted]).toEqual([childCounts(1), []])
    work.finish(5)
    expect(await pool.exited).toBe('normal')
    const idle = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await idle.subscribe(await launch(runtime, fromIterable<number>([])))
    expect(await idle.exited).toBe('normal')
  })

  test('continues when it subscribes again before its children have finished', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(await launch(runtime, fromIterable([1])))
    await runtime.settle()
    const open = await launch(runtime, producer({ handleDemand: (): number[] => [] }))
    await pool.subscribe(open)
    work.finish(1)
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(childCounts(0))
    await open.stop()
    expect(await pool.exited).toBe('normal')
  })

  test('waits for the last producer as well, and exits immediately when one fails', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const other = await launch(runtime, counting(atOnce, 1))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child, subscribeTo: [other] }))
    await pool.subscribe(await launch(runtime, fromIterable([10])))
    await runtime.settle()
    work.finish(0, 10)
    await runtime.settle()
    expect(await pool.countChildren()).toEqual(childCounts(0))
    const failing = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await failing.subscribe(other)
    await failing.startChild(7)
    other.exit('broken')
    expect([await failing.exited, await pool.exited]).toEqual(['broken', 'broken'])
    expect(work.aborted).toEqual([
      [0, 'normal'],
      [10, 'normal'],
      [7, 'shutdown'],
    ])
  })
})

describe('a consumer supervisor that drains', () => {
  test('lets its children finish, and then exits', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const source = await launch(runtime, counting(atOnce, 100))
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }))
    await pool.subscribe(source, { maxDemand: 3 })
    await runtime.settle()
    const drained = pool.drain()
    await runtime.settle()
    expect([work.started, work.aborted]).toEqual([[0, 1, 2], []])
    work.finish(0, 1, 2)
    expect(await drained).toEqual({ undone: [] })
    expect(await pool.exited).toBe('shutdown')
  })

  test('restarts no child, and reports those that fail as undone', async () => {
    const runtime = testRuntime()
    const [held, started]: [Gate, number[]] = [gate(), []]
    const child = async (event: number): Promise<void> => {
      started.push(event)
      await held.opened
      if (event > 1) throw new Error('failed')
    }
    const pool = await launch(runtime, consumerSupervisor<number>({ child, restart: 'transient' }), { name: 'pool' })
    for (const event of [1, 2, 3]) await pool.startChild(event)
    const drained = pool.drain()
    held.open()
    const label = 'consumer-supervisor pool'
    expect(await drained).toMatchObject({
      undone: [{ label, reason: 'shutdown', remaining: { children: 0, failed: 2 } }],
    })
    expect(started).toEqual([1, 2, 3])
  })

  test('counts the children that are killed at the deadline, not those that finished or were terminated', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const work = new ManualWork()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }), { name: 'pool' })
    const [first] = await Promise.all([1, 2, 3, 4].map((event) => pool.startChild(event)))
    await runtime.settle()
    await pool.terminateChild(first as ProcessRef)
    work.finish(2)
    const drained = pool.drain({ deadline: 100 })
    await runtime.advance(100)
    const label = 'consumer-supervisor pool'
    expect(await drained).toMatchObject({ undone: [{ label, remaining: { children: 2, failed: 0 } }] })
    expect(records).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: `${label} ended and dropped 2 events: 2 whose child was running`,
      }),
    )
  })

  test('counts the children that exit with it when it is killed', async () => {
    const runtime = testRuntime()
    const work = new ManualWork()
    const pool = await launch(runtime, consumerSupervisor<number>({ child: work.child }), { name: 'pool' })
    await Promise.all([1, 2].map((event) => pool.startChild(event)))
    const drained = pool.drain()
    await runtime.settle()
    pool.exit('kill')
    expect(await drained).toMatchObject({ undone: [{ reason: 'killed', remaining: { children: 2 } }] })
  })
})
