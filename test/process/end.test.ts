import { runInNewContext } from 'node:vm'
import {
  consumer,
  createScope,
  type ProcessRef,
  type ProducerRef,
  producer,
  producerConsumer,
  type Stage,
  type StageFailure,
  start,
  supervisor,
  task,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { Untyped } from '../untyped.ts'
import { acting, idle, recordingLogger } from './plain-stages.ts'

const failing = (error: Error) =>
  producer({
    demand: 'accumulate',
    handleDemand: () => {
      throw error
    },
  })

/** Three stages that die of one error, and what is logged of it. */
async function logOfThree(begin: (runtime: ReturnType<typeof testRuntime>) => typeof start): Promise<string[]> {
  const lines: string[] = []
  const runtime = testRuntime({ logger: recordingLogger(lines) })
  const starting = begin(runtime)
  const a = await starting(failing(new Error('boom')), { runtime, name: 'a' })
  const b = await starting(producerConsumer({ handleEvents: (events: readonly unknown[]) => events }), {
    runtime,
    name: 'b',
  })
  const c = await starting(consumer({ handleEvents() {} }), { runtime, name: 'c' })
  await c.subscribe(b)
  await b.subscribe(a)
  a.demand('forward')
  await Promise.all([a.exited, b.exited, c.exited])
  return lines
}

const levels = (lines: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const line of lines) {
    const level = line.slice(0, line.indexOf(':'))
    counts[level] = (counts[level] ?? 0) + 1
  }
  return counts
}

describe('a failure', () => {
  test('is logged once, where it began, with stage, callback and reason; the others die at level debug', async () => {
    const lines = await logOfThree(() => start)
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([
      expect.stringMatching(/^error: producer a failed in handleDemand: boom \(at .*end\.test\.ts:\d+:\d+\)+$/),
    ])
    expect(lines.filter((line) => line.startsWith('debug')).map((line) => line.slice(0, 24))).toEqual([
      'debug: producer-consumer',
      'debug: consumer c ended:',
    ])
    // That b and c stop because of their subscription is logged too, to explain their ends.
    expect(levels(lines)).toEqual({ error: 1, debug: 2, info: 2 })
  })

  test('that a scope reports is not also logged as an error', async () => {
    const scopes: ReturnType<typeof createScope>[] = []
    const lines = await logOfThree((runtime) => {
      const scope = createScope({ runtime })
      scopes.push(scope)
      scope.done.catch(() => {})
      return (stage, options) => scope.startLink(stage, options)
    })
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([])
    await expect(scopes[0]?.done).rejects.toMatchObject({ stage: 'producer a', callback: 'handleDemand' })
  })

  test('of one error object by two stages is two failures, each with its own report', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const shared = Promise.reject(new Error('boom'))
    shared.catch(() => {})
    const refs = await Promise.all([
      start(
        acting(() => shared),
        { runtime, name: 'one' },
      ),
      start(consumer({ handleEvents() {}, handleCast: { go: () => shared } }), { runtime, name: 'two' }),
    ])
    refs[0].send('')
    refs[1].cast('go')
    await runtime.settle()
    expect(lines.map((line) => line.replace(/ \(at .*/, ''))).toEqual([
      'error: consumer one failed in handleInfo: boom',
      'error: consumer two failed in handleCast.go: boom',
    ])
  })

  test('of an error of another realm has its message, and is the cause as it is', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const error: unknown = runInNewContext('new RangeError("from elsewhere")')
    expect(error).not.toBeInstanceOf(Error)
    const scope = createScope({ runtime })
    const ref = await scope.startLink(
      acting(() => {
        throw error
      }),
      { name: 'one' },
    )
    ref.send('')
    expect(await runtime.settle(scope.done.catch((failure: unknown) => failure))).toMatchObject({
      message: 'consumer one failed in handleInfo: from elsewhere',
    })
    await expect(scope.done).rejects.toHaveProperty('cause', error)
    expect(await ref.exited).toBe(error)
  })

  test('of one error object in two scopes rejects each with the stage that failed in it', async () => {
    const runtime = testRuntime()
    const error = new Error('boom')
    const failures = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const scope = createScope({ runtime })
        const ref = await scope.startLink(
          acting(() => {
            throw error
          }),
          { name },
        )
        ref.send('')
        return scope.done.catch((failure: unknown) => failure)
      }),
    )
    expect(failures).toEqual([
      expect.objectContaining({ stage: 'consumer one', callback: 'handleInfo', cause: error }),
      expect.objectContaining({ stage: 'consumer two', callback: 'handleInfo', cause: error }),
    ])
  })

  describe.each<[string, (reason: unknown) => Untyped]>([
    ['stops with', (reason) => ({ stop: reason })],
    [
      'throws',
      (reason) => {
        throw reason
      },
    ],
    ['rejects with', (reason) => Promise.reject(reason)],
  ])('that reaches a stage which then %s that same reason', (_how, pass) => {
    /** What a scope receives, and what else is logged, when `stage` passes on a failure of `source`. */
    async function reports(
      stage: (source: ProducerRef<unknown>) => Stage<ProcessRef>,
      connect: (ref: Untyped, source: ProducerRef<unknown>) => unknown = () => {},
    ): Promise<unknown> {
      const lines: string[] = []
      const runtime = testRuntime({ logger: recordingLogger(lines) })
      const scope = createScope({ runtime })
      const failed = scope.done.catch(({ stage, callback }: StageFailure) => ({ stage, callback }))
      const source = await start(failing(new Error('boom')), { runtime, name: 'source' })
      const ref = await scope.startLink(stage(source), { name: 'second' })
      await connect(ref, source)
      const asking = await start(idle(), { runtime })
      asking.subscribe(source).catch(() => {})
      await runtime.settle()
      source.demand('forward')
      return [await runtime.settle(failed), lines.filter((line) => line.startsWith('error')).length]
    }
    // If no process that is linked to the source passes the failure on by itself, it is one line in the log, too.
    const once = (lines: number) => [{ stage: 'producer source', callback: 'handleDemand' }, lines]

    test('in handleInfo, by a monitor, is that of the stage where it began', async () => {
      const stage = (source: ProducerRef<unknown>) =>
        consumer(({ monitor }) => {
          monitor(source)
          return { handleEvents() {}, handleInfo: ({ reason }: Untyped) => pass(reason) }
        })
      expect(await reports(stage)).toEqual(once(1))
    })

    test('in handleInfo, by a link, is that of the stage where it began', async () => {
      const stage = (source: ProducerRef<unknown>) =>
        consumer(({ link }) => {
          link(source)
          return { trapExit: true, handleEvents() {}, handleInfo: ({ reason }: Untyped) => pass(reason) }
        })
      expect(await reports(stage)).toEqual(once(1))
    })

    test('in handleCancel, as a consumer, is that of the stage where it began', async () => {
      const stage = () => consumer({ handleEvents() {}, handleCancel: ({ down }: Untyped) => pass(down) })
      const connect = (ref: Untyped, source: unknown) => ref.subscribe(source, { cancel: 'temporary' })
      expect(await reports(stage, connect)).toEqual(once(1))
    })

    test('in handleCancel, after events that it holds, is that of the stage where it began', async () => {
      const stage = () =>
        producerConsumer({
          onProducerEnd: 'stop',
          handleEvents: () => [],
          handleCancel: ({ down }: Untyped) => pass(down),
        })
      const connect = (ref: Untyped, source: unknown) => ref.subscribe(source, { cancel: 'temporary' })
      expect(await reports(stage, connect)).toEqual(once(1))
    })

    test('in handleCancel, as a producer, is that of the stage where it began', async () => {
      const lines: string[] = []
      const runtime = testRuntime({ logger: recordingLogger(lines) })
      const scope = createScope({ runtime })
      const failed = scope.done.catch(({ stage, callback }: StageFailure) => ({ stage, callback }))
      const source = await scope.startLink(
        producer({ handleDemand: () => [1], handleCancel: ({ down }: Untyped) => pass(down) }),
      )
      const sink = await start(
        consumer({
          handleEvents() {
            throw new Error('boom')
          },
        }),
        { runtime, name: 'sink' },
      )
      await sink.subscribe(source)
      expect(await runtime.settle(failed)).toEqual({ stage: 'consumer sink', callback: 'handleEvents' })
    })

    test('at another time, is a failure of its own', async () => {
      const stage = (source: ProducerRef<unknown>) =>
        consumer(({ monitor, self }) => {
          monitor(source)
          return {
            handleEvents() {},
            handleInfo(message: Untyped) {
              if (!('down' in message)) return pass(message.later)
              self.send({ later: message.reason })
              return undefined
            },
          }
        })
      expect(await reports(stage)).toEqual([{ stage: 'consumer second', callback: callbackOf() }, 1])
    })

    // A result of `{ stop }` is no failure of the callback, but of the stage.
    const callbackOf = () => (_how === 'stops with' ? undefined : 'handleInfo')
  })

  test('of a child is logged where its supervisor deals with it', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    let runs = 0
    const boss = await start(
      supervisor({
        strategy: 'one-for-one',
        children: [
          {
            restart: 'transient',
            start: () =>
              task(() => {
                if (runs++ === 0) throw new Error('at first')
              }),
          },
        ],
      }),
      { runtime, name: 'boss' },
    )
    await runtime.settle()
    expect(runs).toBe(2)
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([
      expect.stringContaining('failed in task: at first'),
    ])
    await boss.stop()
  })
})

describe('a clean exit', () => {
  test.each(['normal', 'shutdown', { shutdown: 'enough' }])('with reason %o is not logged', async (reason) => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const ref = await start(
      acting(() => ({ stop: reason })),
      { runtime },
    )
    ref.send('')
    await ref.exited
    expect(lines).toEqual([])
  })

  test('reports how many events were dropped', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const ref = await start(producer({ handleDemand: () => [], handleInfo: () => [1, 2, 3] }), {
      runtime,
      name: 'full',
    })
    ref.send('')
    await ref.stop()
    expect(lines).toEqual(['warn: producer full ended and dropped 3 events: 3 in its buffer'])
  })
})

describe('the report of an end', () => {
  test('reaches monitors first, then linked processes, then callers that wait', async () => {
    const runtime = testRuntime()
    const received: string[] = []
    const ref = await start(consumer({ handleEvents() {}, handleCall: { never() {} } }), { runtime })
    const watching = (name: string, watch: 'monitor' | 'link') =>
      start(
        consumer((stage) => {
          stage[watch](ref)
          return {
            trapExit: true,
            handleEvents() {},
            handleInfo() {
              received.push(name)
            },
          }
        }),
        { runtime },
      )
    await watching('linked', 'link')
    await watching('watching', 'monitor')
    void ref.exited.then(() => received.push('exited'))
    ref.call('never').catch(() => received.push('calling'))
    await runtime.settle()
    ref.exit('boom')
    await runtime.settle()
    expect(received.slice(0, 2)).toEqual(['watching', 'linked'])
    expect(received.slice(2).sort()).toEqual(['calling', 'exited'])
  })

  test('reaches monitors of a failed start too, but no link to the starter', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const refs: ProcessRef[] = []
    const other = await start(
      consumer((stage) => ({
        trapExit: true,
        handleEvents() {},
        handleInfo(message: unknown) {
          if (message === 'go') stage.link(refs[0] as ProcessRef)
          else received.push(message)
        },
      })),
      { runtime },
    )
    const starting = start(
      consumer(async (stage) => {
        refs.push(stage.self)
        other.send('go')
        await new Promise((resolve) => setImmediate(resolve))
        throw new Error('in setup')
      }),
      { runtime },
    )
    await expect(starting).rejects.toMatchObject({ code: 'GENSTAGE_START' })
    await runtime.settle()
    expect(received).toEqual([{ exit: refs[0], reason: new Error('in setup') }])
    await (await start(idle(), { runtime })).stop()
  })
})
