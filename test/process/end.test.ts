import { consumer, createScope, type ProcessRef, producer, producerConsumer, start, supervisor, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
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
    // That b and c stop because of their subscription is told too, for who wonders why.
    expect(levels(lines)).toEqual({ error: 1, debug: 2, info: 2 })
  })

  test('that a scope surfaces is not logged as an error besides', async () => {
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

  test('of the same error by two stages that have nothing to do with each other is of the first', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const error = new Error('boom')
    for (const name of ['one', 'two']) {
      const ref = await start(
        acting(() => {
          throw error
        }),
        { runtime, name },
      )
      ref.send('')
      await ref.exited
    }
    // One object is one cause: whoever passes an error on is not taken for its origin.
    expect(lines.map((line) => line.slice(0, 35))).toEqual(
      ['error: consumer one failed in handle', 'debug: consumer two ended: consumer '].map((line) => line.slice(0, 35)),
    )
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

describe('an end in good order', () => {
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

describe('whoever hears of an end', () => {
  test('hears in this order: those who watch, those who are linked, those who wait', async () => {
    const runtime = testRuntime()
    const heard: string[] = []
    const ref = await start(consumer({ handleEvents() {}, handleCall: { never() {} } }), { runtime })
    const watching = (name: string, watch: 'monitor' | 'link') =>
      start(
        consumer((stage) => {
          stage[watch](ref)
          return {
            trapExit: true,
            handleEvents() {},
            handleInfo() {
              heard.push(name)
            },
          }
        }),
        { runtime },
      )
    await watching('linked', 'link')
    await watching('watching', 'monitor')
    void ref.exited.then(() => heard.push('exited'))
    ref.call('never').catch(() => heard.push('calling'))
    await runtime.settle()
    ref.exit('boom')
    await runtime.settle()
    expect(heard.slice(0, 2)).toEqual(['watching', 'linked'])
    expect(heard.slice(2).sort()).toEqual(['calling', 'exited'])
  })

  test('is told of a start that failed too, but for the starter', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const refs: ProcessRef[] = []
    const other = await start(
      consumer((stage) => ({
        trapExit: true,
        handleEvents() {},
        handleInfo(message: unknown) {
          if (message === 'go') stage.link(refs[0] as ProcessRef)
          else heard.push(message)
        },
      })),
      { runtime },
    )
    const starting = start(
      consumer(async (stage) => {
        refs.push(stage.self)
        other.send('go')
        await new Promise((resolve) => setImmediate(resolve))
        throw new Error('in set-up')
      }),
      { runtime },
    )
    await expect(starting).rejects.toMatchObject({ code: 'GENSTAGE_START' })
    await runtime.settle()
    expect(heard).toEqual([{ exit: refs[0], reason: new Error('in set-up') }])
    await (await start(idle(), { runtime })).stop()
  })
})
