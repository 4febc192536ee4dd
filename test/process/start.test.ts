import {
  consumer,
  createScope,
  fromIterable,
  named,
  type ProcessRef,
  producer,
  start,
  startLink,
  supervisor,
  task,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import type { Untyped } from '../untyped.ts'
import { gate } from './gate.ts'
import { acting, collecting, idle, recordingLogger } from './plain-stages.ts'

/** What is left in the books of a runtime. */
const booksOf = (runtime: unknown) => {
  const { processes, names, timers, scope } = runtime as ProcessRuntime
  return { processes: processes.size, names: names.size, timers: timers.size, links: scope.links?.size ?? 0 }
}
const empty = { processes: 0, names: 0, timers: 0, links: 0 }

describe('a start', () => {
  test('resolves when setup is done', async () => {
    const runtime = testRuntime()
    const setUp = gate()
    let isStarted = false
    const starting = startLink(
      consumer(async () => {
        await setUp.promise
        return { handleEvents() {} }
      }),
      { runtime },
    ).then((ref) => {
      isStarted = true
      return ref
    })
    await runtime.settle()
    expect(isStarted).toBe(false)
    setUp.open()
    await (await starting).stop()
  })

  test('takes the name before setup runs, and messages wait', async () => {
    const runtime = testRuntime()
    const setUp = gate()
    const received: unknown[] = []
    const token = named<ProcessRef>('early', { runtime })
    const starting = start(
      consumer(async ({ self }) => {
        expect(token.id).toBe(self.id)
        self.send('from setup')
        await setUp.promise
        return {
          handleEvents() {},
          handleInfo(message: unknown) {
            received.push(message)
          },
        }
      }),
      { runtime, name: token },
    )
    token.send('to the name')
    await expect(start(idle(), { runtime, name: 'early' })).rejects.toMatchObject({
      name: 'NameTakenError',
      code: 'GENSTAGE_NAME_TAKEN',
      message: expect.stringMatching(/^the name 'early' is already taken by consumer g\d+\.1$/),
    })
    await runtime.settle()
    expect(received).toEqual([])
    setUp.open()
    const ref = await starting
    await runtime.settle()
    expect(received).toEqual(['to the name', 'from setup'])
    expect({ name: ref.name, id: ref.id }).toEqual({ name: 'early', id: token.id })
    await ref.stop()
    expect(token.id).toBe('')
  })

  test.each([
    [
      'returns ignore',
      () => 'ignore' as const,
      { name: 'StartIgnoredError', code: 'GENSTAGE_START_IGNORED', reason: 'ignore' },
    ],
    [
      'returns a stop',
      () => ({ stop: 'not now' }),
      { name: 'StartError', code: 'GENSTAGE_START', reason: 'not now', cause: 'not now' },
    ],
    ['returns a normal stop', () => ({ stop: 'normal' }), { code: 'GENSTAGE_START', reason: 'normal' }],
    [
      'throws',
      () => {
        throw new Error('boom')
      },
      { name: 'StartError', code: 'GENSTAGE_START', cause: new Error('boom') },
    ],
    [
      'throws no error',
      () => {
        throw 'normal'
      },
      { name: 'StartError', reason: { name: 'ThrownValueError', cause: 'normal' } },
    ],
    [
      'returns nonsense',
      () => 5,
      { name: 'TypeError', message: "expected a stage's callbacks, or a function that returns them, got: 5" },
    ],
    ['returns nothing', () => undefined, { name: 'TypeError' }],
    [
      'returns wrong options',
      () => ({ handleEvents: 5 }),
      { name: 'TypeError', message: 'expected handleEvents to be a function, got: 5' },
    ],
    [
      'subscribes to nonsense',
      () => ({ handleEvents() {}, subscribeTo: [5] }),
      { name: 'TypeError', message: 'expected a producer to subscribe to, got: 5' },
    ],
  ])(
    'whose setup function %s rejects, and leaves no name, timer or link',
    async (_what, setup: () => Untyped, expected) => {
      for (const delay of [false, true]) {
        const runtime = testRuntime()
        const setUp = consumer((stage) => {
          stage.sendAfter('never', 1_000)
          stage.link(bystander)
          stage.monitor(bystander)
          return delay ? Promise.resolve().then(setup) : setup()
        })
        const bystander = await start(consumer({ trapExit: true, handleEvents() {}, handleInfo() {} }), { runtime })
        await expect(startLink(setUp, { runtime, name: 'failing' })).rejects.toMatchObject(expected)
        await runtime.settle()
        expect(booksOf(runtime)).toEqual({ ...empty, processes: 1 })
        const watched = (runtime as unknown as ProcessRuntime).processes.get(bystander.id)
        expect(watched?.watchers?.size ?? 0).toBe(0)
        expect(watched?.links?.size ?? 0).toBe(0)
        // The name is free again.
        await (await start(idle(), { runtime, name: 'failing' })).stop()
      }
    },
  )

  test('that fails sends its starter no exit signal', async () => {
    const runtime = testRuntime()
    const failures: unknown[] = []
    const parent = await start(
      acting(async (_message, stage) => {
        const failing = consumer(() => {
          throw new Error('boom')
        })
        await stage.startLink(failing).catch((error: unknown) => failures.push(error))
      }),
      { runtime },
    )
    parent.send('')
    await runtime.settle()
    expect(failures).toMatchObject([{ code: 'GENSTAGE_START', cause: new Error('boom') }])
    await parent.stop()
  })

  test('that is cut short by a signal rejects with its reason', async () => {
    const runtime = testRuntime()
    const token = named<ProcessRef>('stuck', { runtime })
    const starting = startLink(
      consumer(() => new Promise<{ handleEvents(): void }>(() => {})),
      { runtime, name: token },
    )
    const failed = expect(starting).rejects.toMatchObject({ code: 'GENSTAGE_START', reason: 'killed' })
    await runtime.settle()
    token.exit('kill')
    await failed
    expect(booksOf(runtime)).toEqual(empty)
  })

  test('runs no terminate where it fails', async () => {
    const runtime = testRuntime()
    let terminated = 0
    const setUp = consumer({
      handleEvents() {},
      terminate() {
        terminated++
      },
      subscribeTo: [named<Untyped>('absent', { runtime })],
    })
    await expect(start(setUp, { runtime })).rejects.toMatchObject({ code: 'GENSTAGE_START', reason: 'noproc' })
    expect(terminated).toBe(0)
  })

  test('makes the stage a child: it dies with its starter, and its starter with it', async () => {
    for (const dies of ['parent', 'child']) {
      const runtime = testRuntime()
      const children: ProcessRef[] = []
      const parent = await start(
        consumer(async (stage) => {
          children.push(await stage.startLink(idle(), { name: 'child' }))
          return { handleEvents() {} }
        }),
        { runtime },
      )
      const [child] = children
      ;(dies === 'parent' ? parent : child)?.exit('boom')
      expect(await Promise.all([parent.exited, child?.exited])).toEqual(['boom', 'boom'])
    }
  })

  test('of a stage without a link fails alone, with one line in the log', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const failing = await start(
      acting(() => {
        throw new Error('boom')
      }),
      { runtime, name: 'lonely' },
    )
    failing.send('')
    await failing.exited
    const loud = lines.filter((line) => !line.startsWith('debug'))
    expect(loud).toHaveLength(1)
    expect(loud[0]).toMatch(/^error: consumer lonely failed in handleInfo: boom \(at .*start\.test\.ts:\d+:\d+\)$/)
  })
})

describe('the same stage', () => {
  const makers: Record<string, () => Untyped> = {
    consumer: idle,
    'producer with a setup function': () => producer(() => ({ handleDemand: () => [] })),
    'a stage that ignores': () => consumer(() => 'ignore'),
    'a stage that fails to start': () => consumer(() => ({ stop: 'no' })),
    fromIterable: () => fromIterable([1]),
    task: () => task(() => {}),
    supervisor: () => supervisor({ strategy: 'one-for-one', children: [] }),
  }

  test.each(Object.entries(makers))('%s cannot be started twice, whatever became of the first', async (_name, make) => {
    const runtime = testRuntime()
    const stage = make()
    const first = await start(stage, { runtime }).catch(() => undefined)
    const again = () =>
      expect(start(stage, { runtime })).rejects.toThrow(/^expected a stage that has not been started before/)
    await again()
    first?.exit('kill')
    await first?.exited
    await again()
    await expect(startLink(stage, { runtime })).rejects.toThrow(TypeError)
    await expect(createScope({ runtime }).startLink(stage)).rejects.toThrow(TypeError)
  })

  test('cannot be started again after its name was taken', async () => {
    const runtime = testRuntime()
    await start(idle(), { runtime, name: 'taken' })
    const stage = idle()
    await expect(start(stage, { runtime, name: 'taken' })).rejects.toMatchObject({ code: 'GENSTAGE_NAME_TAKEN' })
    await expect(start(stage, { runtime, name: 'free' })).rejects.toThrow(TypeError)
  })

  test('of callbacks cannot run as two, however it is wrapped', async () => {
    const runtime = testRuntime()
    const callbacks = { handleEvents() {} }
    await start(consumer(callbacks), { runtime })
    await expect(start(consumer(callbacks), { runtime })).rejects.toThrow(
      /^expected callbacks that no stage has run before/,
    )
    await expect(
      start(
        consumer(() => callbacks),
        { runtime },
      ),
    ).rejects.toThrow(TypeError)
    expect(booksOf(runtime).processes).toBe(1)
  })

  test('may be started after a start whose options were wrong', async () => {
    const runtime = testRuntime()
    const stage = idle()
    await expect(start(stage, { runtime, name: '' })).rejects.toThrow(TypeError)
    await (await start(stage, { runtime })).stop()
  })
})

describe('a name', () => {
  test('is free again when its stage ends, however that comes', async () => {
    const runtime = testRuntime()
    for (const reason of ['kill', 'boom', 'stop']) {
      const ref = await start(idle(), { runtime, name: 'one' })
      if (reason === 'stop') await ref.stop()
      else ref.exit(reason)
      await ref.exited
    }
    expect(booksOf(runtime)).toEqual(empty)
  })

  test('finds the process that has it at each use', async () => {
    const runtime = testRuntime()
    const token = named<ProcessRef>('one', { runtime })
    const received: string[] = []
    for (const each of ['first', 'second']) {
      const ref = await start(
        acting((message) => received.push(`${each}: ${message}`) && undefined),
        { runtime, name: token },
      )
      token.send('hello')
      await token.stop()
      expect(await ref.exited).toBe('normal')
    }
    token.send('not received')
    token.exit('kill')
    await token.stop()
    expect(await token.exited).toBe('noproc')
    expect(received).toEqual(['first: hello', 'second: hello'])
  })

  test('of one runtime means nothing in another', async () => {
    const here = testRuntime()
    const there = testRuntime()
    const received: unknown[] = []
    await start(collecting(received), { runtime: here, name: 'one' })
    const other = await start(idle(), { runtime: there, name: 'one' })
    named<ProcessRef>('one', { runtime: here }).send('hello')
    await here.settle()
    expect(received).toEqual(['hello'])
    await other.stop()
  })
})
