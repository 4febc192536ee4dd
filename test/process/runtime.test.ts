import { consumer, createRuntime, named, type ProcessRef, producer, start, stream, to } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test, vi } from 'vitest'
import type { Untyped } from '../untyped.ts'
import { acting, collecting, idle } from './plain-stages.ts'

const source = () => producer({ handleDemand: () => [] })

describe('references of two runtimes', () => {
  test('do not mix', async () => {
    const here = testRuntime()
    const there = testRuntime()
    const sink = await start(idle(), { runtime: here })
    const near = await start(source(), { runtime: here })
    const far = await start(source(), { runtime: there, name: 'far' })
    const refused = /^expected .* of the same runtime, got producer far, which runs in another one$/

    await expect(sink.subscribe(far)).rejects.toThrow(refused)
    const subscription = await sink.subscribe(near)
    await expect(sink.resubscribe(subscription, 'normal', far)).rejects.toThrow(refused)
    await expect(start(consumer({ handleEvents() {}, subscribeTo: [far] }), { runtime: here })).rejects.toThrow(refused)
    expect(() => stream([near, far])).toThrow(refused)
    expect(() => stream([near, to(far, { maxDemand: 5 })])).toThrow(refused)
    expect(() => stream([near], { producers: [far] })).toThrow(refused)

    const refusals: string[] = []
    const inside = await start(
      consumer((stage) => ({
        handleEvents() {},
        handleCall: {
          async use(name: 'monitor' | 'link' | 'unlink' | 'subscribe' | 'call') {
            try {
              if (name === 'call') await stage.call(far as Untyped, 'size' as never, ...([] as never))
              else stage[name](far)
            } catch (error) {
              refusals.push((error as Error).message)
            }
            return { reply: undefined }
          },
        },
      })),
      { runtime: here },
    )
    for (const name of ['monitor', 'link', 'unlink', 'subscribe', 'call'] as const) await inside.call('use', name)
    expect(refusals).toHaveLength(5)
    for (const message of refusals) expect(message).toMatch(refused)
  })

  test('have ids that differ', async () => {
    const ids = await Promise.all(
      [testRuntime(), testRuntime()].map(async (runtime) => (await start(idle(), { runtime })).id),
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('may be sent, called and stopped from anywhere, for they know their own', async () => {
    const here = testRuntime()
    const there = createRuntime()
    const received: unknown[] = []
    const far = await start(collecting(received), { runtime: there })
    const near = await start(
      acting(() => far.send('over there')),
      { runtime: here },
    )
    near.send('')
    await here.settle()
    await far.stop()
    expect(received).toEqual(['over there'])
  })
})

describe('two copies of the package in one program', () => {
  test('recognise each other’s references, names and stages, and refuse them in a sentence', async () => {
    vi.resetModules()
    const other = await import('../../src/index.ts')
    expect(other.start).not.toBe(start)
    const theirs = await other.start(other.producer({ handleDemand: () => [] }))
    const sink = await start(idle())
    const sentence =
      /^expected .*another copy of genstage in this program \(version .*; this one is .*\): install one copy/
    const loose = sink as Untyped
    await expect(loose.subscribe(theirs)).rejects.toThrow(sentence)
    await expect(loose.subscribe(other.named('numbers'))).rejects.toThrow(sentence)
    await expect(start(other.producer({ handleDemand: () => [] }) as Untyped)).rejects.toThrow(sentence)
    expect(() => stream([theirs] as Untyped)).toThrow(sentence)
    const stage = await start(
      consumer((own) => ({
        handleEvents() {},
        handleCall: { watch: () => ({ reply: attempt(() => own.monitor(theirs)) }) },
      })),
    )
    expect(await stage.call('watch')).toMatch(sentence)
    await Promise.all([theirs.stop(), sink.stop(), stage.stop()])
  })
})

function attempt(run: () => unknown): string {
  try {
    run()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('a logger', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('in the logger')
      },
    ],
    ['rejects', () => Promise.reject(new Error('in the logger'))],
  ])('that %s ends no process', async (_how, log) => {
    const logger = { debug: log, info: log, warn: log, error: log } as never
    const runtime = createRuntime({ logger })
    const received: unknown[] = []
    const failing = await start(
      acting(() => {
        throw new Error('boom')
      }),
      { runtime },
    )
    const deaf = await start(consumer({ handleEvents() {} }), { runtime })
    const other = await start(collecting(received), { runtime })
    failing.send('')
    deaf.send('not received')
    other.send('still here')
    expect(await failing.exited).toEqual(new Error('boom'))
    await other.stop()
    expect(received).toEqual(['still here'])
    await new Promise((resolve) => setImmediate(resolve))
  })

  test('is called as a method, with a sentence and the facts', async () => {
    const calls: unknown[] = []
    class Logger {
      readonly name = 'pino'
      debug(): void {}
      info(): void {}
      warn(): void {}
      error(message: string, facts: Readonly<Record<string, unknown>>): void {
        calls.push([this.name, message, facts])
      }
    }
    const runtime = createRuntime({ logger: new Logger() })
    const error = new Error('boom')
    const failing = await start(
      acting(() => {
        throw error
      }),
      { runtime, name: 'one' },
    )
    failing.send('')
    await failing.exited
    expect(calls).toEqual([
      [
        'pino',
        expect.stringContaining('consumer one failed in handleInfo: boom'),
        expect.objectContaining({ process: failing.id, name: 'one', callback: 'handleInfo', reason: error }),
      ],
    ])
  })
})

test('a name token of one runtime is looked up in that of the stage that uses it', async () => {
  const here = testRuntime()
  const there = testRuntime()
  const token = named<ProcessRef>('one', { runtime: there })
  const down: unknown[] = []
  const mine = await start(idle(), { runtime: here, name: 'one' })
  await start(idle(), { runtime: there, name: 'one' })
  const watcher = await start(
    acting((message, stage) => {
      if (message === 'go') stage.monitor(token)
      else down.push(message)
    }),
    { runtime: here },
  )
  watcher.send('go')
  await here.settle()
  mine.exit('boom')
  await here.settle()
  expect(down).toEqual([{ down: mine, reason: 'boom' }])
})
