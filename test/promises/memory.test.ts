import { getEventListeners } from 'node:events'
import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  consumerSupervisor,
  createScope,
  demandDispatcher,
  fromIterable,
  type ProcessRef,
  type ProducerRef,
  producer,
  type Stage,
  start,
  stream,
  supervisor,
  task,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { countLeft, MOST_KEPT_BY_ENGINE } from '../garbage.ts'
import { booksOf } from './ledger.ts'

const many = 10_000

/** What makes a stage stop, or wait forever. */
type Waiting = { readonly stop: 'shutdown' } | Promise<never>

/** The state of a stage: an instance of a class, which only the stage holds. */
class Worker {
  readonly ballast = Array.from({ length: 100 }, () => 0)
  handled = 0

  handleEvents(events: readonly unknown[]): void {
    this.handled += events.length
  }

  /** On request it fails, stops, or waits forever. */
  handleInfo(message: Error | Waiting): Waiting {
    if (message instanceof Error) throw message
    return message
  }

  terminate(): void {
    this.handled = -1
  }
}

/** Makes stages whose instances are watched, and counts those that are left. */
class Crowd {
  readonly weak: WeakRef<Worker>[] = []

  make(): Stage<ConsumerRef<unknown>> {
    return consumer(() => {
      const worker = new Worker()
      this.weak.push(new WeakRef(worker))
      return worker
    })
  }

  left(): Promise<number> {
    return countLeft(this.weak)
  }
}

/** Never settles, and lives as long as the test: a socket that hangs. */
const never = new Promise<never>(() => {})

describe(`the instances of ${many} ended stages whose references are held are collected`, { timeout: 60_000 }, () => {
  const ends: Record<string, (ref: ProcessRef, index: number) => unknown> = {
    'after a stop': (ref) => ref.stop(),
    'after an exit': (ref) => ref.exit('boom'),
    'after a kill': (ref) => ref.exit('kill'),
    'after a crash': (ref, index) => ref.send(new Error(`boom ${index}`)),
    'after a stop of their own': (ref) => ref.send({ stop: 'shutdown' }),
    'after a kill in the middle of a callback that waits forever': (ref) => {
      ref.send(never)
      setImmediate(() => ref.exit('kill'))
    },
  }

  test.each(Object.entries(ends))('%s', async (_how, end) => {
    const runtime = testRuntime()
    const crowd = new Crowd()
    const refs: ProcessRef[] = []
    for (let index = 0; index < many; index++) refs.push(await start(crowd.make(), { runtime, name: `stage ${index}` }))
    expect(crowd.weak).toHaveLength(many)
    refs.forEach(end)
    const reasons = await Promise.all(refs.map(({ exited }) => exited))
    expect(reasons).toHaveLength(many)
    await runtime.settle()
    expect(await crowd.left()).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
    expect(refs.map(({ name }) => name)).toEqual(refs.map((_, index) => `stage ${index}`))
  })

  test('after a scope was disposed of, which is held too', async () => {
    const runtime = testRuntime()
    const crowd = new Crowd()
    const scope = createScope({ runtime })
    const refs: ProcessRef[] = []
    for (let index = 0; index < many; index++) refs.push(await scope.startLink(crowd.make()))
    await scope[Symbol.asyncDispose]()
    expect(await crowd.left()).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
    expect(refs).toHaveLength(many)
  })

  test('while the stages that they subscribed to, called and monitored are alive', async () => {
    const runtime = testRuntime()
    const source = await start(producer({ handleDemand: () => [], handleCall: { size: () => ({ reply: 0 }) } }), {
      runtime,
    })
    const weak: WeakRef<Worker>[] = []
    const held: unknown[] = []
    for (let index = 0; index < many; index++) {
      const stage = consumer((own) => {
        const worker = new Worker()
        weak.push(new WeakRef(worker))
        own.monitor(source)
        own.link(source)
        held.push(own.sendAfter('never', 1_000_000), own.call(source, 'size'))
        return worker
      })
      const ref = await start(stage, { runtime })
      held.push(ref, await ref.subscribe(source, { cancel: 'temporary' }))
      await ref.stop()
    }
    await runtime.settle()
    expect(await countLeft(weak)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
    expect(held).toHaveLength(4 * many)
    const books = booksOf(runtime).processes.get(source.id)
    const { watchers, watching, links, incomingCalls } = books ?? {}
    expect([watchers, watching, links, incomingCalls].map((set) => set?.size ?? 0)).toEqual([0, 0, 0, 0])
    await source.stop()
  })

  test('after a start that failed', async () => {
    const runtime = testRuntime()
    const weak: WeakRef<Worker>[] = []
    const errors: unknown[] = []
    for (let index = 0; index < many; index++) {
      const stage = consumer(() => {
        const worker = new Worker()
        weak.push(new WeakRef(worker))
        return index % 2 === 0 ? { stop: 'no' } : Object.assign(worker, { bufferSize: index })
      })
      errors.push(await start(stage, { runtime }).catch((error: unknown) => error))
    }
    for (const error of errors) expect(error).toBeInstanceOf(Error)
    expect(await countLeft(weak)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
  })

  test('of other kinds too: iterables, streams, tasks and supervisors', async () => {
    const runtime = testRuntime()
    const weak: WeakRef<object>[] = []
    const watched = <Value extends object>(value: Value): Value => {
      weak.push(new WeakRef(value))
      return value
    }
    const held: unknown[] = []
    for (let index = 0; index < many / 10; index++) {
      const source = await start(fromIterable(watched([1, 2, 3])), { runtime })
      const events = stream([source])
      const batch = watched([] as unknown[])
      for await (const event of events) batch.push(event)
      const work = watched(async () => {})
      const job = await start(task(work), { runtime })
      const child = watched(() => consumer(new Worker()))
      const boss = await start(supervisor({ strategy: 'one-for-one', children: [child] }), { runtime })
      const pool = await start(consumerSupervisor({ child: watched(() => never), shutdown: 'brutal-kill' }), {
        runtime,
      })
      await pool.startChild(index)
      await Promise.all([boss.stop(), pool.stop(), job.exited, source.exited])
      held.push(source, events, job, boss, pool)
    }
    await runtime.settle()
    expect(weak).toHaveLength(many / 2)
    expect(await countLeft(weak)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
    expect(held).toHaveLength(many / 2)
  })
})

describe('stages that stay alive', { timeout: 60_000 }, () => {
  /** What either side of a subscription holds of the other, and of the subscription. */
  const relate = async (
    made: WeakRef<object>[],
    sink: ConsumerRef<number>,
    source: ProducerRef<number>,
  ): Promise<void> => {
    made.push(new WeakRef(await sink.subscribe(source, { cancel: 'temporary', metadata: made.length })))
  }
  const idle = () => consumer({ handleEvents(_events: readonly number[]) {} })
  const empty = () => producer({ handleDemand: (): number[] => [] })
  const some = many / 5

  test('keep nothing of the producers and the subscriptions that they had', async () => {
    const runtime = testRuntime()
    const sink = await start(idle(), { runtime })
    const made: WeakRef<object>[] = []
    for (let index = 0; index < some; index++) {
      const source = await start(empty(), { runtime })
      made.push(new WeakRef(source))
      await relate(made, sink, source)
      await source.stop()
    }
    await runtime.settle()
    expect(made).toHaveLength(2 * some)
    expect(await countLeft(made)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
    await sink.stop()
  })

  test.each([demandDispatcher, broadcastDispatcher<number>])(
    'keep nothing of the consumers and the subscriptions that they had, with any dispatcher',
    async (dispatcher) => {
      const runtime = testRuntime()
      const source = await start(producer({ dispatcher: dispatcher(), handleDemand: (): number[] => [] }), { runtime })
      const made: WeakRef<object>[] = []
      for (let index = 0; index < some; index++) {
        const sink = await start(idle(), { runtime })
        made.push(new WeakRef(sink))
        await relate(made, sink, source)
        await sink.stop()
      }
      await runtime.settle()
      expect(made).toHaveLength(2 * some)
      expect(await countLeft(made)).toBeLessThanOrEqual(MOST_KEPT_BY_ENGINE)
      await source.stop()
    },
  )
})

describe('after all has stopped', () => {
  test('the runtime holds no process, name, timer, link, monitor or listener', async () => {
    const runtime = testRuntime()
    const { signal } = new AbortController()
    const scope = createScope({ runtime })
    const source = await scope.startLink(
      producer({
        handleDemand: (demand) => Array.from({ length: Math.min(demand, 10) }, () => 1),
        handleCall: { never() {} },
      }),
      { name: 'source' },
    )
    const sink = await scope.startLink(
      consumer((stage) => {
        stage.monitor(source)
        stage.link(source)
        stage.sendAfter('later', 60_000)
        stage.signal.addEventListener('abort', () => {})
        stage.call(source, 'never', { timeout: 60_000 }).catch(() => {})
        return { handleEvents() {}, handleInfo: () => never }
      }),
      { name: 'sink' },
    )
    await sink.subscribe(source)
    const outside = source.call('never', { signal, timeout: 60_000 })
    const failed = expect(outside).rejects.toMatchObject({ code: 'GENSTAGE_EXIT' })
    sink.send('wait')
    await runtime.settle()
    const { processes, names, timers, scope: program } = booksOf(runtime)
    expect([processes.size, names.size, timers.size]).toEqual([2, 2, 3])
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    const disposed = scope[Symbol.asyncDispose]()
    await runtime.advance(5_000)
    await disposed
    await failed
    expect([processes.size, names.size, timers.size, program.links?.size ?? 0]).toEqual([0, 0, 0, 0])
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})
