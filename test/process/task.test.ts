import {
  createScope,
  named,
  type ProcessRef,
  StageFailure,
  StartError,
  start,
  supervisor,
  ThrownValueError,
  task,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { gate } from './gate.ts'
import { acting, recordingLogger } from './plain-stages.ts'

describe('a task', () => {
  test('runs one function, and ends normally when that does', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const ref = await start(
      task(() => void ran.push('ran')),
      { runtime },
    )
    expect(await ref.exited).toBe('normal')
    expect(ran).toEqual(['ran'])
  })

  test('does not hold its starter up', async () => {
    const runtime = testRuntime()
    const working = gate()
    const ref = await start(
      task(() => working.promise),
      { runtime, name: 'worker' },
    )
    await runtime.settle()
    expect(named<ProcessRef>('worker', { runtime }).id).toBe(ref.id)
    working.open()
    expect(await ref.exited).toBe('normal')
  })

  test('may return anything, which is ignored', async () => {
    const runtime = testRuntime()
    for (const outcome of ['boom', { stop: 'boom' }, Promise.resolve({ stop: 'boom' }), new Error('boom')]) {
      const ref = await start(
        task(() => outcome),
        { runtime },
      )
      expect(await ref.exited).toBe('normal')
    }
  })

  test('ends of what it throws, or rejects with', async () => {
    const runtime = testRuntime()
    const error = new Error('boom')
    const fail = (thrown: unknown) => [
      task(() => {
        throw thrown
      }),
      task(() => Promise.reject(thrown)),
    ]
    for (const stage of fail(error)) expect(await (await start(stage, { runtime })).exited).toBe(error)
    for (const stage of fail('normal'))
      expect(await (await start(stage, { runtime })).exited).toBeInstanceOf(ThrownValueError)
  })

  test('that is stopped finishes its work first', async () => {
    const runtime = testRuntime()
    const working = gate()
    const ref = await start(
      task(() => working.promise),
      { runtime },
    )
    await runtime.settle()
    const stopping = ref.stop('shutdown')
    working.open()
    // It ended by itself before the stop had its turn.
    await stopping
    expect(await ref.exited).toBe('normal')
  })

  test('does not mind messages', async () => {
    const runtime = testRuntime()
    const working = gate()
    const ref = await start(
      task(() => working.promise),
      { runtime },
    )
    ref.send('hello')
    ref.send({ kind: 'run' })
    await runtime.settle()
    working.open()
    expect(await ref.exited).toBe('normal')
  })
})

describe('a task that is ended from outside', () => {
  test('has its signal aborted with the reason, and what it does then is dropped', async () => {
    for (const [reason, exitReason] of [
      ['because', 'because'],
      ['kill', 'killed'],
    ] as const) {
      const lines: string[] = []
      const runtime = testRuntime({ logger: recordingLogger(lines) })
      const reasons: unknown[] = []
      const working = gate()
      const ref = await start(
        task(async ({ signal }) => {
          signal.addEventListener('abort', () => reasons.push(signal.reason))
          await working.promise
        }),
        { runtime },
      )
      await runtime.settle()
      ref.exit(reason)
      expect(await ref.exited).toBe(exitReason)
      working.fail(new Error('too late'))
      await runtime.settle()
      expect(reasons).toEqual([exitReason])
      expect(lines.filter((line) => line.includes('too late'))).toEqual([])
    }
  })

  test('has its signal only where it asks for it, and also afterwards', async () => {
    const runtime = testRuntime()
    let context: { readonly signal: { readonly aborted: boolean; readonly reason: unknown } } | undefined
    const ref = await start(
      task((given) => {
        context = given
        return new Promise(() => {})
      }),
      { runtime },
    )
    await runtime.settle()
    ref.exit('because')
    await ref.exited
    expect([context?.signal.aborted, context?.signal.reason]).toEqual([true, 'because'])
  })

  test('before its first turn never runs, and its start rejects', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const starting = start(
      task(() => void ran.push('ran')),
      { runtime, name: 'worker' },
    )
    named<ProcessRef>('worker', { runtime }).exit('kill')
    await expect(starting).rejects.toMatchObject({ constructor: StartError, reason: 'killed' })
    expect(ran).toEqual([])
  })

  test('is ignored if its exit is normal', async () => {
    const runtime = testRuntime()
    const working = gate()
    const ref = await start(
      task(() => working.promise),
      { runtime },
    )
    ref.exit('normal')
    await runtime.settle()
    working.open()
    expect(await ref.exited).toBe('normal')
  })
})

describe('a task that others depend on', () => {
  test('fails linked processes with what it threw', async () => {
    const runtime = testRuntime()
    const boom = new Error('boom')
    const scope = createScope({ runtime })
    const failing = gate()
    const ref = await scope.startLink(
      task(() => failing.promise),
      { name: 'worker' },
    )
    const failed = scope.done.catch((error: unknown) => error)
    failing.fail(boom)
    const failure = (await failed) as StageFailure
    expect(failure).toBeInstanceOf(StageFailure)
    expect([failure.stage, failure.callback, failure.cause, await ref.exited]).toEqual([
      'task worker',
      'task',
      boom,
      boom,
    ])
  })

  test('is monitored and linked with like any process', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const working = gate()
    const ref = await start(
      task(() => working.promise),
      { runtime },
    )
    const watching = await start(
      acting((message, stage) => {
        if (message === 'watch') stage.monitor(ref)
        else received.push(message)
      }),
      { runtime },
    )
    watching.send('watch')
    await runtime.settle()
    working.open()
    await runtime.settle()
    expect(received).toEqual([{ down: ref, reason: 'normal' }])
  })

  test.each([
    ['permanent', true, 4],
    ['permanent', false, 4],
    ['transient', true, 1],
    ['transient', false, 4],
    ['temporary', true, 1],
    ['temporary', false, 1],
  ] as const)('is supervised like any other: %s, ends well: %s, runs %d times', async (restart, endsWell, runs) => {
    await shuffled(20, async (runtime) => {
      let ran = 0
      const tree = await start(
        supervisor({
          strategy: 'one-for-one',
          children: [
            {
              id: 'worker',
              restart,
              start: () =>
                task(async () => {
                  ran++
                  if (!endsWell) throw new Error('not well')
                }),
            },
          ],
        }),
        { runtime },
      )
      await runtime.settle()
      expect(ran).toBe(runs)
      if (runs === 4) expect(await tree.exited).toBe('shutdown')
      else await tree.stop()
    })
  })

  test('that hangs does not keep a supervisor from stopping', async () => {
    const runtime = testRuntime()
    const reasons: unknown[] = []
    const tree = await start(
      supervisor({
        strategy: 'one-for-one',
        children: [
          () =>
            task(async ({ signal }) => {
              signal.addEventListener('abort', () => reasons.push(signal.reason))
              await new Promise(() => {})
            }),
        ],
      }),
      { runtime },
    )
    await runtime.settle()
    await tree.stop()
    expect(reasons).toEqual(['shutdown'])
  })
})

describe('task refuses', () => {
  test.each([[undefined], [null], [5], [{}], ['run'], [Promise.resolve()]])('what is no function: %s', (run) => {
    expect(() => task(run as never)).toThrow(/^expected task to be given a function, got: /)
  })

  test('to be started twice', async () => {
    const runtime = testRuntime()
    const once = task(() => {})
    await start(once, { runtime })
    await expect(start(once, { runtime })).rejects.toThrow('got the same task again')
  })
})
