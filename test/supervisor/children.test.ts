import {
  type ChildSpec,
  consumer,
  type ExitReason,
  NameTakenError,
  named,
  type ProcessRef,
  type Restart,
  type StageRef,
  StartError,
  supervisor,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Gate, gate, type LogRecord, launch, range, recording, rejection } from '../stage/test-stages.ts'
import { Diary, idsOf, launchTree } from './diary.ts'

describe('a start that fails', () => {
  const failing = (reason: ExitReason): ChildSpec => ({
    id: 'failing',
    start: () => consumer<number>(() => ({ stop: reason as {} })),
  })

  test('stops those that had started, in reverse, and rejects', async () => {
    await shuffled(50, async (runtime) => {
      const diary = new Diary()
      const error = await rejection(
        launch(
          runtime,
          supervisor({
            strategy: 'one-for-one',
            children: [diary.child('a', { name: 'a' }), diary.child('b'), failing('no'), diary.child('c')],
          }),
          { name: 'tree' },
        ),
      )
      expect(error).toBeInstanceOf(StartError)
      expect(error.reason.shutdown.message).toBe("child 'failing' could not be started")
      expect([error.reason.shutdown.cause.constructor, error.reason.shutdown.cause.reason]).toEqual([StartError, 'no'])
      expect(diary.take()).toEqual(['+a', '+b', '-b', '-a'])
      // Neither name is taken any more.
      const again = await launch(
        runtime,
        supervisor({ strategy: 'one-for-one', children: [diary.child('a', { name: 'a' })] }),
        { name: 'tree' },
      )
      await again.stop()
    })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no stage')
      },
      'no stage',
    ],
    ['returns none', () => undefined, 'expected a stage, created by producer'],
    ['returns one that was started', undefined, 'got the same consumer again'],
  ])('may be one whose function %s', async (_what, start, message) => {
    const runtime = testRuntime()
    const used = consumer({ handleEvents: () => {} })
    await launch(runtime, used)
    const tree = launchTree(runtime, 'one-for-one', [(start ?? (() => used)) as never])
    const error = await rejection(tree)
    expect(error.reason.shutdown.cause.message).toContain(message)
  })

  test('does not fail if a child returns ignore: the child is kept unless it is temporary', async () => {
    const runtime = testRuntime()
    const ignoring = (restart: Restart): ChildSpec => ({
      id: restart,
      restart,
      start: () => consumer<number>(() => 'ignore'),
    })
    const tree = await launchTree(runtime, 'one-for-one', [
      ignoring('permanent'),
      ignoring('temporary'),
      ignoring('transient'),
    ])
    expect(await idsOf(tree)).toEqual(['permanent-', 'transient-'])
    expect(await tree.countChildren()).toEqual({ specs: 2, active: 0, supervisors: 0, workers: 2 })
    await tree.stop()
  })

  test('refuses children of one id, or of a name that is none', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const twice = await rejection(launchTree(runtime, 'one-for-one', [diary.child('a'), diary.child('a')]))
    expect([twice.constructor, twice.message]).toEqual([TypeError, "expected child ids to be unique, got 'a' twice"])
    expect(await rejection(launchTree(runtime, 'one-for-one', [diary.child('a', { name: '' })]))).toBeInstanceOf(
      TypeError,
    )
    expect(diary.take()).toEqual([])
  })

  test('of a restart is tried again, which counts', async () => {
    await shuffled(20, async (runtime) => {
      let starts = 0
      const fragile = {
        id: 'fragile',
        start: () =>
          consumer(() => {
            starts++
            if (starts > 1 && starts < 4) throw new Error(`no ${starts}`)
            return { handleEvents: () => {}, handleInfo: () => ({ stop: 'because' }) }
          }),
      }
      const diary = new Diary()
      const tree = await launchTree(runtime, 'rest-for-one', [diary.child('a'), fragile, diary.child('b')])
      diary.take()
      const [, child] = await tree.whichChildren()
      child?.ref?.send('end')
      await runtime.settle()
      expect([starts, await idsOf(tree), diary.take()]).toEqual([4, ['a', 'fragile', 'b'], ['-b', '+b']])
      // That were three restarts; one more is too many.
      const [, next] = await tree.whichChildren()
      next?.ref?.send('end')
      expect(await tree.exited).toBe('shutdown')
    })
  })

  test('again and again makes it give up', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    let starts = 0
    const tree = await launch(
      runtime,
      supervisor({
        strategy: 'one-for-one',
        children: [
          {
            id: 'fragile',
            start: () => {
              if (++starts > 1) throw new Error('no more')
              return consumer({ handleEvents: () => {}, handleInfo: () => ({ stop: 'because' }) })
            },
          },
        ],
      }),
      { name: 'tree' },
    )
    const [child] = await tree.whichChildren()
    child?.ref?.send('end')
    expect([await tree.exited, starts]).toEqual(['shutdown', 4])
    expect(records.at(-1)?.message).toMatch(/gave up: more than 3 restarts within 5 seconds; the last: .*no more/)
  })

  test('because a name is taken is tried again', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a', { name: 'a' })], { maxRestarts: 2 })
    diary.living.get('a')?.exit('kill')
    // Another process is faster.
    await diary.living.get('a')?.exited
    const thief = await launch(runtime, consumer({ handleEvents: () => {} }), { name: 'a' }).catch(
      (error: unknown) => error,
    )
    await runtime.settle()
    if (thief instanceof NameTakenError) expect(await idsOf(tree)).toEqual(['a'])
    else expect(await tree.exited).toBe('shutdown')
  })
})

describe('a supervisor that is killed', () => {
  test('takes its children with it', async () => {
    await shuffled(50, async (runtime) => {
      const diary = new Diary()
      const tree = await launchTree(runtime, 'one-for-one', [
        diary.child('a'),
        () => supervisor({ strategy: 'one-for-one', children: [diary.child('b')] }),
      ])
      tree.exit('kill')
      expect(await tree.exited).toBe('killed')
      await runtime.settle()
      // Supervisors trap exits: the inner one receives the signal, and stops its children in order.
      expect([await diary.living.get('a')?.exited, await diary.living.get('b')?.exited]).toEqual(['killed', 'shutdown'])
    })
  })

  /** A child whose setup function waits for its gate. */
  const waiting = (name: string, diary: Diary, setups: Gate[]): ChildSpec => ({
    id: name,
    start: () =>
      consumer(async ({ self }) => {
        diary.living.set(name, self)
        const ready = gate()
        setups.push(ready)
        await ready.opened
        return { handleEvents: () => {} }
      }),
  })

  test('while it starts them leaves no orphan', async () => {
    await shuffled(100, async (runtime, seed) => {
      const diary = new Diary()
      const setups: Gate[] = []
      const children = [diary.child('a'), waiting('b', diary, setups), waiting('c', diary, setups), diary.child('d')]
      const starting = launch(runtime, supervisor({ strategy: 'one-for-one', children }), { name: 'tree' }).then(
        () => 'started',
        (error: unknown) => error,
      )
      // It is killed at some point of its start.
      for (const _ of range(0, seed % 7)) {
        await (seed % 2 === 0 ? Promise.resolve() : runtime.settle())
        setups.at(-1)?.open()
      }
      if (seed % 3 === 0) await runtime.settle()
      named<StageRef>('tree', { runtime }).exit('kill')
      if (seed % 5 === 0) for (const ready of setups) ready.open()
      await runtime.settle()
      const known = [...diary.living.keys()]
      for (const ready of setups) ready.open()
      await runtime.settle()
      if (known.length < 4) expect(await starting).toBeInstanceOf(StartError)
      expect([...diary.living.keys()]).toEqual(known)
      for (const [name, ref] of diary.living) expect([name, await ref.exited]).toEqual([name, 'killed'])
    })
  })

  test('or whose parent is, while it starts them, leaves no orphan either, once they are set up', async () => {
    await shuffled(50, async (runtime, seed) => {
      const diary = new Diary()
      const setups: Gate[] = []
      const children = [diary.child('a'), waiting('b', diary, setups), waiting('c', diary, setups)]
      const starting = rejection(
        launch(
          runtime,
          consumer(async ({ startLink }) => {
            await startLink(supervisor({ strategy: 'one-for-one', children }))
            return { handleEvents: () => {} }
          }),
          { name: 'root' },
        ),
      )
      for (const _ of range(0, seed % 7)) await Promise.resolve()
      named<StageRef>('root', { runtime }).exit('kill')
      for (const _ of range(0, 4)) {
        await runtime.settle()
        for (const ready of setups) ready.open()
      }
      expect((await starting).constructor).toBe(StartError)
      for (const [name, ref] of diary.living) expect([name, await ref.exited]).toEqual([name, expect.any(String)])
    })
  })

  test('while it restarts them leaves no orphan', async () => {
    await shuffled(50, async (runtime) => {
      const started: ProcessRef[] = []
      const setups: Gate[] = []
      const slow: ChildSpec = {
        id: 'slow',
        start: () =>
          consumer(async ({ self }) => {
            started.push(self)
            if (started.length > 1) {
              const ready = gate()
              setups.push(ready)
              await ready.opened
            }
            return { handleEvents: () => {} }
          }),
      }
      const tree = await launchTree(runtime, 'one-for-one', [slow])
      started[0]?.exit('kill')
      await runtime.settle()
      tree.exit('kill')
      await runtime.settle()
      setups[0]?.open()
      await runtime.settle()
      expect(await Promise.all(started.map(({ exited }) => exited))).toEqual(['killed', 'killed'])
    })
  })
})
