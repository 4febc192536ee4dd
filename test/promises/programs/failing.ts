// Programs in which stages fail, or do not: the first argument is the name of the one to run.
import {
  type Callable,
  consumer,
  consumerSupervisor,
  createRuntime,
  createScope,
  type ProcessRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type RefOf,
  type Runnable,
  type Stage,
  start,
  startLink,
  stream,
  supervisor,
  task,
  to,
} from 'genstage'
import { type Untyped, untyped } from '../../untyped.ts'

/** A producer that gives a hundred numbers, and then fails. */
const Failing = () => {
  let next = 0
  return producer({
    handleDemand(demand) {
      if (next >= 100) throw new Error('out of numbers')
      return Array.from({ length: Math.min(demand, 100) }, () => next++)
    },
  })
}
const Idle = () => producer({ handleDemand: (): number[] => [] })
const Doubling = () =>
  producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })
const Taking = () => consumer({ handleEvents(_events: readonly number[]) {} })
const Crashing = (message = 'boom') =>
  consumer({
    handleEvents() {},
    handleInfo() {
      throw new Error(message)
    },
  })
const Stuck = () => consumer({ handleEvents() {}, handleInfo: () => new Promise<void>(() => {}) })

type Starting = typeof start

/** Three stages, each subscribed to the one before. */
async function pipeline(begin: Starting, Source: () => ReturnType<typeof Failing>) {
  const a = await begin(Source(), { name: 'numbers' })
  const b = await begin(Doubling(), { name: 'doubled' })
  const c = await begin(Taking(), { name: 'sink' })
  await c.subscribe(b, { maxDemand: 10 })
  await b.subscribe(a, { maxDemand: 10 })
  return { a, b, c }
}

/** Prints at the end how many errors were reported as uncaught, and which. */
function catchReports(): void {
  const reports: string[] = []
  process.on('uncaughtException', (error) => reports.push(error.message))
  process.on('exit', () => console.log(JSON.stringify(reports)))
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A stage that does what it is sent. */
const Obeying = () =>
  consumer((stage) => ({
    handleEvents() {},
    handleInfo: (act: (own: typeof stage) => Untyped) => act(stage),
  }))

const programs: Record<string, () => Promise<unknown>> = {
  async linked() {
    await pipeline(startLink, Failing)
  },

  async 'linked, caught'() {
    catchReports()
    const { a, b, c } = await pipeline(startLink, Failing)
    const other = await startLink(consumer({ handleEvents() {}, handleCall: { name: () => ({ reply: 'other' }) } }))
    await Promise.all([a.exited, b.exited, c.exited])
    await sleep(20)
    // The run queue goes on.
    console.log(await other.call('name'))
  },

  async 'two causes, caught'() {
    catchReports()
    for (const message of ['first', 'second']) (await startLink(Crashing(message))).send('')
  },

  async unlinked() {
    const { c } = await pipeline(start, Failing)
    await c.exited
  },

  async 'unlinked, of many lines'() {
    const ref = await start(Crashing('first line\nsecond line\n  third line'), { name: 'wordy' })
    ref.send('')
    await ref.exited
  },

  async stopped() {
    const { a, c } = await pipeline(startLink, Idle)
    await a.stop()
    console.log(await c.exited)
  },

  async 'ended by hand'() {
    const { a, c } = await pipeline(startLink, Idle)
    const reason = new Error('asked for')
    a.exit(reason)
    console.log((await c.exited) === reason)
    const killed = await pipeline(startLink, Idle)
    killed.c.exit('kill')
    console.log(await killed.c.exited)
    const stopped = await startLink(Taking())
    await stopped.stop(new Error('asked for'))
    await killed.a.stop()
  },

  async disposed() {
    await using a = await startLink(Idle())
    await using c = await startLink(Taking())
    await c.subscribe(a)
  },

  async 'gives up'() {
    await startLink(
      supervisor({
        strategy: 'one-for-one',
        maxRestarts: 2,
        children: [{ id: 'failing', start: () => task(() => Promise.reject(new Error('cannot run'))) }],
      }),
      { name: 'boss' },
    )
  },

  async 'gives up, caught'() {
    catchReports()
    await programs['gives up']?.()
  },

  async 'gives up, of one event each'() {
    const events = await start(producer({ demand: 'accumulate', handleDemand: () => [1] }))
    const pool = await startLink(
      consumerSupervisor({
        child: () => Promise.reject(new Error('cannot run')),
        restart: 'transient',
        maxRestarts: 1,
        subscribeTo: [events],
      }),
      { name: 'pool' },
    )
    events.demand('forward')
    await pool.exited
  },

  async 'inside a linked stage'() {
    const parent = await startLink(Obeying(), { name: 'parent' })
    parent.send(async (stage: { startLink: Starting }) => {
      ;(await stage.startLink(Crashing(), { name: 'child' })).send('')
    })
  },

  async 'inside an unlinked stage'() {
    const parent = await start(Obeying(), { name: 'parent' })
    parent.send(async (stage: { startLink: Starting }) => {
      ;(await stage.startLink(Crashing(), { name: 'child' })).send('')
    })
    await parent.exited
  },

  async 'inside a stage that traps exits'() {
    const parent = await startLink(
      consumer((stage) => ({
        trapExit: true,
        handleEvents() {},
        async handleInfo(message: unknown) {
          if (message !== 'go') return console.log(message)
          ;(await stage.startLink(Crashing(), { name: 'child' })).send('')
          return undefined
        },
      })),
      { name: 'parent' },
    )
    parent.send('go')
  },

  async 'in terminate'() {
    const ref = await startLink(
      consumer({
        handleEvents() {},
        terminate() {
          throw new Error('cannot tidy up')
        },
      }),
      { name: 'untidy' },
    )
    await ref.stop().catch(() => {})
  },

  async 'throws no error'() {
    const ref = await startLink(consumer({ handleEvents() {}, handleInfo: () => Promise.reject('normal') }), {
      name: 'odd',
    })
    ref.send('')
  },

  async 'a start that fails'() {
    const failing = startLink(consumer(() => Promise.reject(new Error('no database'))))
    console.log(await failing.catch((error: unknown) => (error as Error).message))
  },

  async 'late rejection'() {
    let fail: (error: unknown) => void = () => {}
    const pending = () =>
      new Promise<never>((_resolve, reject) => {
        fail = reject
      })
    const stages: (() => Stage<ProcessRef>)[] = [
      () => consumer({ handleEvents() {}, handleInfo: pending }),
      () => consumer({ handleEvents() {}, handleInfo: () => ({ stop: 'normal' }), terminate: pending }),
      () => consumer(pending),
      () => task(pending),
    ]
    for (const make of stages) {
      // Started linked, so a failure would be reported.
      const runs = startLink(make(), { name: 'pending' })
      runs.catch(() => {})
      await sleep(5)
      const ref = await Promise.race([runs, sleep(5)])
      ref?.send('')
      await sleep(5)
      // The one that is still being set up has no reference: it is ended by its name.
      const { named } = await import('genstage')
      named<ProcessRef>('pending').exit('kill')
      await sleep(5)
      fail(new Error('too late'))
      await sleep(5)
    }
    console.log('still here')
  },

  async 'killed while it calls'() {
    const stuck = await start(consumer({ handleEvents() {}, handleCall: { never: () => {} } }))
    const ref = await start(Obeying())
    ref.send(async (stage: { call(ref: Callable<Untyped>, kind: 'never'): Promise<unknown> }) => {
      // It calls first, and waits for the reply only after something else.
      const reply = stage.call(stuck, 'never')
      await new Promise(() => {})
      await reply
    })
    await sleep(5)
    ref.exit('kill')
    await sleep(5)
    console.log('still here')
  },

  async 'stopped while children start'() {
    const events = await start(
      producer({ handleDemand: () => [], handleInfo: (numbers: readonly number[]) => numbers }),
    )
    const pool = await start(
      consumerSupervisor({ child: () => new Promise(() => {}), shutdown: 'brutal-kill', subscribeTo: [events] }),
    )
    await sleep(5)
    const stopping = await start(Obeying())
    // In this order: the events are in flight when the pool is stopped, and both arrive in one turn.
    events.send([1, 2, 3])
    stopping.send(() => void pool.stop())
    await pool.exited
    await sleep(5)
    console.log('still here')
  },

  async 'async where it may not be'() {
    const events = await start(
      producer({
        dispatcher: partitionDispatcher({
          partitions: ['one'],
          hash: untyped(() => Promise.reject(new Error('in hash'))),
        }),
        handleDemand: () => [1],
      }),
      { name: 'events' },
    )
    const sink = await start(Taking())
    await sink.subscribe(events, { partition: 'one' })
    await sink.exited
    await sleep(5)
  },

  async 'a scope without a listener'() {
    const scope = createScope()
    ;(await scope.startLink(Crashing(), { name: 'inside' })).send('')
    await scope.startLink(Taking())
  },

  async 'a scope with a listener'() {
    const scope = createScope()
    ;(await scope.startLink(Crashing(), { name: 'inside' })).send('')
    console.log(await scope.done.catch((error: unknown) => (error as Error).message))
  },

  async 'a stream of a linked source'() {
    const source = await startLink(Failing(), { name: 'numbers' })
    for await (const _event of stream([to(source, { maxDemand: 10 })])) await sleep(0)
  },

  async 'a stream of an unlinked source'() {
    const source = await start(Failing(), { name: 'numbers' })
    try {
      for await (const _event of stream([to(source, { maxDemand: 10 })])) await sleep(0)
    } catch (error) {
      console.log((error as { code: string }).code)
    }
  },

  async idle() {
    const { a, b, c } = await pipeline(startLink, Idle)
    await start(Stuck()).then((ref) => ref.send(''))
    await startLink(supervisor({ strategy: 'one-for-one', children: [Taking] }))
    await stream([a])[Symbol.asyncIterator]().return?.()
    await startLink(
      consumer((stage) => {
        stage.sendAfter('never', Number.POSITIVE_INFINITY)
        void stage.signal
        stage.monitor(b)
        stage.link(c)
        return { handleEvents() {} }
      }),
    )
    console.log('end')
  },

  async 'a pending call'() {
    const ref = await start(consumer({ handleEvents() {}, handleCall: { never: () => {} } }))
    const began = performance.now()
    ref.call('never', { timeout: 300 }).catch((error: unknown) => {
      console.log((error as Error).name, performance.now() - began >= 299)
    })
  },

  async 'a message that is due'() {
    await start(
      consumer((stage) => {
        stage.sendAfter('due', 300)
        return { handleEvents() {}, handleInfo: (message: string) => console.log(message) }
      }),
    )
  },

  async 'a clock that throws, caught'() {
    catchReports()
    const clear = () => {
      throw new Error('cannot clear')
    }
    const runtime = createRuntime({ clock: { now: () => 0, setTimer: () => ({ clear }) } })
    const ref = await start(
      consumer((stage) => {
        stage.sendAfter('never', 1_000)
        return { handleEvents() {} }
      }),
      { runtime },
    )
    const watching = await start(
      consumer(({ monitor }) => {
        monitor(ref)
        return { handleEvents() {}, handleInfo: () => console.log('down') }
      }),
      { runtime },
    )
    ref.exit('enough')
    console.log(await ref.exited)
    await watching.stop()
  },

  async 'a turn that throws, caught'() {
    catchReports()
    const due: Runnable[] = []
    const broken: Runnable = {
      id: 'broken',
      turn() {
        throw new Error('broken')
      },
    }
    const schedule = {
      get size() {
        return due.length
      },
      add: (process: Runnable) => due.push(process),
      next: () => due.shift() as Runnable,
    }
    const runtime = createRuntime({ schedule })
    const begin = async () => {
      const ref = await start(Obeying(), { runtime })
      ref.send(() => console.log('handled'))
      await ref.stop()
    }
    await begin()
    due.push(broken)
    await begin()
  },

  async 'a call that has its reply'() {
    const ref = await start(consumer({ handleEvents() {}, handleCall: { name: () => ({ reply: 'me' }) } }))
    console.log(await ref.call('name', { timeout: 600_000 }))
  },
}

// Makes sure that a stage may be typed by what it starts.
export type Started = RefOf<typeof Taking>

await programs[process.argv[2] ?? '']?.()
