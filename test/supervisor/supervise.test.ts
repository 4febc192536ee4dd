import {
  type ChildSpec,
  consumer,
  consumerSupervisor,
  createScope,
  type ExitReason,
  NameTakenError,
  named,
  type ProcessRef,
  producer,
  type Restart,
  StageFailure,
  type StageRef,
  StartError,
  type Strategy,
  type SupervisorRef,
  supervisor,
  task,
} from 'genstage'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Gate, gate, type LogRecord, launch, range, recording, rejection } from '../stage/test-stages.ts'

/** What happened to the children of a supervisor, in order. */
class Diary {
  readonly entries: string[] = []
  /** The process that each name stands for at present. */
  readonly living = new Map<string, ProcessRef>()

  take(): string[] {
    return this.entries.splice(0)
  }

  /** A child that notes when it starts and stops. A message to it is the reason for which it stops. */
  readonly child = (name: string, options: object = {}): ChildSpec => ({
    id: name,
    ...options,
    start: () => this.stage(name),
  })

  stage(name: string) {
    return consumer(({ self }) => {
      this.entries.push(`+${name}`)
      this.living.set(name, self)
      return {
        trapExit: true,
        handleEvents: () => {},
        handleInfo: (reason: ExitReason) => ({ stop: reason }),
        terminate: () => {
          this.entries.push(`-${name}`)
        },
      }
    })
  }

  end(name: string, reason: ExitReason): void {
    this.living.get(name)?.send(reason)
  }
}

const idsOf = async (tree: SupervisorRef) =>
  (await tree.whichChildren()).map(({ id, ref }) => `${id}${ref === undefined ? '-' : ''}`)

const launchTree = (runtime: TestRuntime, strategy: Strategy, children: readonly ChildSpec[], options: object = {}) =>
  launch(runtime, supervisor({ strategy, children, ...options }))

describe('a supervisor', () => {
  test('starts its children in order, each when the one before is set up, and stops them in reverse', async () => {
    await shuffled(50, async (runtime) => {
      const diary = new Diary()
      const slow: Gate[] = []
      const slowly = {
        id: 'slow',
        start: () =>
          consumer(async () => {
            const ready = gate()
            slow.push(ready)
            await ready.opened
            diary.entries.push('+slow')
            return { handleEvents: () => {} }
          }),
      }
      const starting = launchTree(runtime, 'one-for-one', [diary.child('a'), slowly, diary.child('b')])
      await runtime.settle()
      expect(diary.take()).toEqual(['+a'])
      slow[0]?.open()
      const tree = await starting
      expect(diary.take()).toEqual(['+slow', '+b'])
      expect(await idsOf(tree)).toEqual(['a', 'slow', 'b'])
      await tree.stop()
      expect(diary.take()).toEqual(['-b', '-a'])
    })
  })

  test.each([
    ['one-for-one', 'b', ['+b'], ['-b']],
    ['one-for-all', 'b', ['-d', '-c', '-a', '+a', '+b', '+c', '+d'], ['-b']],
    ['rest-for-one', 'b', ['-d', '-c', '+b', '+c', '+d'], ['-b']],
    ['rest-for-one', 'a', ['-d', '-c', '-b', '+a', '+b', '+c', '+d'], ['-a']],
    ['rest-for-one', 'd', ['+d'], ['-d']],
  ] as const)('of strategy %s restarts, when %s fails, %j', async (strategy, failing, expected, first) => {
    await shuffled(50, async (runtime) => {
      const diary = new Diary()
      const tree = await launchTree(
        runtime,
        strategy,
        ['a', 'b', 'c', 'd'].map((name) => diary.child(name)),
      )
      diary.take()
      const before = await tree.whichChildren()
      diary.end(failing, 'because')
      await runtime.settle()
      expect(diary.take()).toEqual([...first, ...expected])
      const after = await tree.whichChildren()
      expect(after.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
      const replaced = after.filter(({ ref }, index) => ref !== before[index]?.ref).map(({ id }) => `+${id}`)
      expect(replaced).toEqual(expected.filter((entry) => entry.startsWith('+')))
      await tree.stop()
    })
  })

  const restarts: readonly (readonly [Restart, ExitReason, boolean])[] = [
    ['permanent', 'normal', true],
    ['permanent', 'because', true],
    ['permanent', new Error('boom'), true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', false],
    ['transient', { shutdown: 'update' }, false],
    ['transient', 'because', true],
    ['temporary', 'normal', false],
    ['temporary', 'because', false],
  ]

  test.each(restarts)('restarts a %s child that ended with %j: %s', async (restart, reason, isRestarted) => {
    for (const strategy of ['one-for-one', 'one-for-all', 'rest-for-one'] as const) {
      const runtime = testRuntime()
      const diary = new Diary()
      const tree = await launchTree(runtime, strategy, [diary.child('a', { restart }), diary.child('b')])
      diary.take()
      diary.end('a', reason)
      await runtime.settle()
      const others = strategy === 'one-for-one' ? [] : ['-b', '+a', '+b']
      expect(diary.take()).toEqual(isRestarted ? ['-a', ...(others.length > 0 ? others : ['+a'])] : ['-a'])
      // One that is temporary is forgotten, the others are kept.
      const kept = isRestarted ? ['a', 'b'] : restart === 'temporary' ? ['b'] : ['a-', 'b']
      expect(await idsOf(tree)).toEqual(kept)
      await tree.stop()
    }
  })

  test('forgets a temporary child that was stopped for the sake of another', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-all', [
      diary.child('a'),
      diary.child('b', { restart: 'temporary' }),
      diary.child('c', { restart: 'transient' }),
    ])
    diary.take()
    diary.end('a', 'because')
    await runtime.settle()
    expect(diary.take()).toEqual(['-a', '-c', '-b', '+a', '+c'])
    expect(await idsOf(tree)).toEqual(['a', 'c'])
    await tree.stop()
  })

  test('handles children that end together one after the other', async () => {
    await shuffled(100, async (runtime) => {
      for (const strategy of ['one-for-one', 'one-for-all', 'rest-for-one'] as const) {
        const diary = new Diary()
        const tree = await launchTree(
          runtime,
          strategy,
          ['a', 'b', 'c'].map((name) => diary.child(name)),
          { maxRestarts: 10 },
        )
        for (const name of ['a', 'b', 'c']) diary.living.get(name)?.exit('kill')
        await runtime.settle()
        const children = await tree.whichChildren()
        expect(children.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
        for (const { id, ref } of children) expect(ref).toBe(diary.living.get(id))
        const alive = await Promise.all(
          children.map(({ ref }) =>
            (ref as StageRef).info('normal').then(
              () => true,
              () => false,
            ),
          ),
        )
        expect(alive).toEqual([true, true, true])
        await tree.stop()
      }
    })
  })

  test('makes the names of its children free before it starts them again', async () => {
    await shuffled(50, async (runtime) => {
      const diary = new Diary()
      const token = named<StageRef>('b', { runtime })
      const tree = await launchTree(runtime, 'rest-for-one', [
        diary.child('a', { name: 'a', id: undefined }),
        diary.child('b', { name: token, id: undefined }),
      ])
      expect(await idsOf(tree)).toEqual(['a', 'b'])
      for (const reason of ['because', 'normal']) {
        diary.end('a', reason)
        await runtime.settle()
      }
      expect((await tree.whichChildren()).map(({ ref }) => ref?.name)).toEqual(['a', 'b'])
      expect(token.id).toBe(diary.living.get('b')?.id)
      await tree.stop()
    })
  })

  test('ignores those who are none of its children, and messages', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a')])
    for (const message of [undefined, null, 'hello', { exit: tree, reason: 'x' }]) tree.send(message)
    const stranger = await launch(
      runtime,
      consumer((stage) => {
        stage.link(tree)
        return { handleEvents: () => {} }
      }),
    )
    stranger.exit('of mine')
    tree.exit('normal')
    tree.exit('because')
    await runtime.settle()
    expect(await idsOf(tree)).toEqual(['a'])
    await tree.stop()
  })

  test('supervises stages of every kind, tasks and supervisors', async () => {
    const runtime = testRuntime()
    const tree = await launchTree(runtime, 'one-for-one', [
      () => producer({ handleDemand: (): number[] => [] }),
      () => consumer({ handleEvents: () => {} }),
      () => task(() => new Promise(() => {})),
      () => consumerSupervisor<number>({ child: () => {} }),
      () => supervisor({ strategy: 'one-for-one', children: [] }),
    ])
    expect(await tree.countChildren()).toEqual({ specs: 5, active: 5, supervisors: 2, workers: 3 })
    expect(await idsOf(tree)).toEqual(['0', '1', '2', '3', '4'])
    await tree.stop()
    expect(runtime.id).toBeDefined()
  })
})

describe('giving up', () => {
  test('happens with one restart more than maxRestarts within maxSeconds, by the clock', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a'), diary.child('b')], {
      maxRestarts: 2,
      maxSeconds: 10,
    })
    const fail = async () => {
      diary.end('a', 'because')
      await runtime.settle()
    }
    await fail()
    await runtime.advance(9_999)
    await fail()
    await runtime.advance(2)
    // The first is 10,001 ms old, and forgotten.
    await fail()
    expect(await idsOf(tree)).toEqual(['a', 'b'])
    await runtime.advance(9_998)
    diary.take()
    // Now two are at most 10,000 ms old.
    await fail()
    expect(await tree.exited).toBe('shutdown')
    expect(diary.take()).toEqual(['-a', '-b'])
  })

  test.each([
    [{}, 3],
    [{ maxRestarts: 0 }, 0],
    [{ maxRestarts: 1 }, 1],
  ])('has its defaults: %j bears %d', async (options, borne) => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a')], options)
    for (const _ of range(0, borne)) {
      diary.end('a', 'because')
      await runtime.settle()
    }
    expect(await idsOf(tree)).toEqual(['a'])
    diary.end('a', 'because')
    expect(await tree.exited).toBe('shutdown')
  })

  test('counts restarts, not children: of all for one it is one', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(
      runtime,
      'one-for-all',
      ['a', 'b', 'c'].map((name) => diary.child(name)),
      { maxRestarts: 1 },
    )
    diary.end('a', 'because')
    await runtime.settle()
    expect(await idsOf(tree)).toEqual(['a', 'b', 'c'])
    diary.end('a', 'because')
    expect(await tree.exited).toBe('shutdown')
  })

  test('is reported, with the last failure, and is a failure of whoever is linked', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const diary = new Diary()
    const boom = new Error('boom')
    const tree = await launch(
      runtime,
      supervisor({ strategy: 'one-for-one', children: [diary.child('a')], maxRestarts: 0 }),
      { name: 'tree' },
    )
    diary.end('a', boom)
    await tree.exited
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors.at(-1)).toMatch(
      /^supervisor tree gave up: more than 0 restarts within 5 seconds; the last: consumer .* failed.*: boom/,
    )
    // The failure of the child is one of its own.
    expect(errors.length).toBe(2)

    const quiet = testRuntime()
    const scope = createScope({ runtime: quiet })
    const failed = rejection(scope.done)
    await scope.startLink(supervisor({ strategy: 'one-for-one', children: [diary.child('a')], maxRestarts: 0 }), {
      name: 'tree',
    })
    diary.end('a', boom)
    const failure = (await failed) as StageFailure
    expect([failure.constructor, failure.stage, failure.cause, failure.reason]).toEqual([
      StageFailure,
      'supervisor tree',
      boom,
      'shutdown',
    ])
  })

  test('is a failure to the supervisor above, which starts it again, or gives up in turn', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(
      runtime,
      'one-for-one',
      [
        {
          id: 'inner',
          start: () => supervisor({ strategy: 'one-for-one', children: [diary.child('a')], maxRestarts: 0 }),
        },
        diary.child('b'),
      ],
      { maxRestarts: 1 },
    )
    const [before] = await tree.whichChildren()
    diary.take()
    diary.end('a', 'because')
    await runtime.settle()
    const [after] = await tree.whichChildren()
    expect(diary.take()).toEqual(['-a', '+a'])
    expect([after?.ref === before?.ref, await before?.ref?.exited]).toEqual([false, 'shutdown'])
    diary.end('a', 'because')
    expect(await tree.exited).toBe('shutdown')
    expect(diary.take()).toEqual(['-a', '-b'])
  })

  test('is not when a child ends that is not restarted', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(
      runtime,
      'one-for-all',
      [diary.child('a', { restart: 'temporary' }), diary.child('b', { restart: 'transient' })],
      { maxRestarts: 0 },
    )
    diary.end('a', 'because')
    diary.end('b', 'normal')
    await runtime.settle()
    expect(await idsOf(tree)).toEqual(['b-'])
    await tree.stop()
  })
})

describe('stopping a child', () => {
  /** Traps exits, and takes its time to end. */
  const lingering = (ends: unknown[], held: Gate, options: object = {}): ChildSpec => ({
    id: 'slow',
    ...options,
    start: () =>
      consumer({
        trapExit: true,
        handleEvents: () => {},
        async terminate(reason: ExitReason) {
          ends.push(reason)
          await held.opened
        },
      }),
  })

  test.each([
    [undefined, 5_000],
    [100, 100],
    [1, 1],
  ])('gives it its shutdown time, then kills it: %s', async (shutdown, ms) => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const tree = await launchTree(runtime, 'one-for-one', [lingering(ends, gate(), { shutdown })])
    const [child] = await tree.whichChildren()
    let isStopped = false
    const stopping = tree.stop().then(() => {
      isStopped = true
    })
    await runtime.advance(ms - 1)
    expect([ends, isStopped]).toEqual([['shutdown'], false])
    await runtime.advance(1)
    await stopping
    expect(await child?.ref?.exited).toBe('killed')
  })

  test('by Infinity waits for as long as it takes', async () => {
    const runtime = testRuntime()
    const held = gate()
    const tree = await launchTree(runtime, 'one-for-one', [lingering([], held, { shutdown: Number.POSITIVE_INFINITY })])
    const [child] = await tree.whichChildren()
    const stopping = tree.stop()
    await runtime.advance(10_000_000)
    held.open()
    await stopping
    expect(await child?.ref?.exited).toBe('shutdown')
  })

  test("by 'brutal-kill' does not even ask", async () => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const tree = await launchTree(runtime, 'one-for-one', [lingering(ends, gate(), { shutdown: 'brutal-kill' })])
    const [child] = await tree.whichChildren()
    await tree.stop()
    expect([await child?.ref?.exited, ends]).toEqual(['killed', []])
  })

  test('gives a supervisor all the time it needs', async () => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const tree = await launchTree(runtime, 'one-for-one', [
      () => supervisor({ strategy: 'one-for-one', children: [lingering(ends, gate(), { shutdown: 20_000 })] }),
    ])
    const stopping = tree.stop()
    await runtime.advance(19_999)
    expect(runtime.now()).toBe(19_999)
    await runtime.advance(1)
    await stopping
    expect(ends).toEqual(['shutdown'])
  })

  test('one after the other, in reverse', async () => {
    const runtime = testRuntime()
    const ends: unknown[] = []
    const [first, second] = [gate(), gate()]
    const tree = await launchTree(runtime, 'one-for-one', [
      lingering(ends, first, { id: 'first' }),
      lingering(ends, second, { id: 'second' }),
    ])
    const stopping = tree.stop()
    await runtime.settle()
    expect(ends).toEqual(['shutdown'])
    second.open()
    await runtime.settle()
    expect(ends).toEqual(['shutdown', 'shutdown'])
    first.open()
    await stopping
  })

  test('that does not trap exits takes no time', async () => {
    const runtime = testRuntime()
    const tree = await launchTree(runtime, 'one-for-one', [
      {
        id: 'hanging',
        start: () => consumer({ handleEvents: () => {}, handleInfo: () => new Promise<void>(() => {}) }),
      },
      { id: 'task', start: () => task(() => new Promise(() => {})) },
    ])
    const children = await tree.whichChildren()
    children[0]?.ref?.send('hang')
    await runtime.settle()
    await tree.stop()
    for (const { ref } of children) expect(await ref?.exited).toBe('shutdown')
  })
})

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
    ['answers none', () => undefined, 'expected a stage, made by producer'],
    ['answers one that was started', undefined, 'got the same consumer again'],
  ])('may be one whose function %s', async (_what, start, message) => {
    const runtime = testRuntime()
    const used = consumer({ handleEvents: () => {} })
    await launch(runtime, used)
    const tree = launchTree(runtime, 'one-for-one', [(start ?? (() => used)) as never])
    const error = await rejection(tree)
    expect(error.reason.shutdown.cause.message).toContain(message)
  })

  test('is none where a child answers ignore: it is kept, and not temporary ones', async () => {
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
    expect([twice.constructor, twice.message]).toEqual([
      TypeError,
      "expected each child to have an id of its own, got 'a' twice",
    ])
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
    // Somebody is faster.
    await diary.living.get('a')?.exited
    const thief = await launch(runtime, consumer({ handleEvents: () => {} }), { name: 'a' }).catch(
      (error: unknown) => error,
    )
    await runtime.settle()
    if (thief instanceof NameTakenError) expect(await idsOf(tree)).toEqual(['a'])
    else expect(await tree.exited).toBe('shutdown')
  })
})

describe('the children of a supervisor', () => {
  test('can be added, and come last', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'rest-for-one', [diary.child('a')])
    const child = await tree.startChild(diary.child('b'))
    expect(child).toBe(diary.living.get('b'))
    const unnamed = await tree.startChild(() => diary.stage('c'))
    expect(unnamed).toBe(diary.living.get('c'))
    expect(await idsOf(tree)).toEqual(['a', 'b', '2'])
    diary.take()
    diary.end('a', 'because')
    await runtime.settle()
    expect(diary.take()).toEqual(['-a', '-c', '-b', '+a', '+b', '+c'])
    await tree.stop()
    expect(diary.take()).toEqual(['-c', '-b', '-a'])
  })

  test('that cannot be added are not kept', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a', { name: 'a' })])
    const failed = await rejection(tree.startChild({ id: 'b', start: () => consumer<number>(() => ({ stop: 'no' })) }))
    expect([failed.constructor, failed.reason]).toEqual([StartError, 'no'])
    expect((await rejection(tree.startChild(diary.child('a')))).message).toContain("got 'a' twice")
    expect(await rejection(tree.startChild(diary.child('b', { name: 'a' })))).toBeInstanceOf(NameTakenError)
    expect(await rejection(tree.startChild({ id: 'b' } as never))).toBeInstanceOf(TypeError)
    expect(await rejection(tree.startChild(diary.child('b', { strategy: 1 }) as never))).toBeInstanceOf(TypeError)
    expect(await rejection(tree.startChild(undefined as never))).toBeInstanceOf(TypeError)
    expect(await tree.startChild({ id: 'b', start: () => consumer<number>(() => 'ignore') })).toBe('ignore')
    expect(
      await tree.startChild({ id: 'c', restart: 'temporary', start: () => consumer<number>(() => 'ignore') }),
    ).toBe('ignore')
    expect(await idsOf(tree)).toEqual(['a', 'b-'])
    await tree.stop()
  })

  test('can be terminated, restarted and deleted, in that order only', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a'), diary.child('b')])
    diary.take()
    for (const operation of ['restartChild', 'deleteChild'] as const) {
      const refused = await rejection(tree[operation]('a'))
      expect(refused).toMatchObject({ code: 'GENSTAGE_CHILD_RUNNING', child: 'a' })
      expect(refused.message).toBe(`${operation}: child 'a' is running: terminate it first`)
    }
    expect(await tree.terminateChild('a')).toBe(true)
    expect([diary.take(), await idsOf(tree)]).toEqual([['-a'], ['a-', 'b']])
    expect(await tree.terminateChild('a')).toBe(true)
    expect(await tree.countChildren()).toEqual({ specs: 2, active: 1, supervisors: 0, workers: 2 })
    const restarted = await tree.restartChild('a')
    expect([restarted, diary.take()]).toEqual([diary.living.get('a'), ['+a']])
    await tree.terminateChild('a')
    expect(await tree.deleteChild('a')).toBe(true)
    expect(await idsOf(tree)).toEqual(['b'])
    expect(await tree.terminateChild('a')).toBe(false)
    expect(await tree.deleteChild('a')).toBe(false)
    const unknown = await rejection(tree.restartChild('a'))
    expect([unknown.constructor, unknown.message]).toEqual([RangeError, "expected the id of a child, got: 'a'"])
    for (const wrong of [undefined, null, 5, {}]) expect(await tree.terminateChild(wrong as never)).toBe(false)
    await tree.stop()
  })

  test('that were terminated come back with the others where one fails for all', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-all', [diary.child('a'), diary.child('b')])
    await tree.terminateChild('a')
    diary.take()
    diary.end('b', 'because')
    await runtime.settle()
    expect([diary.take(), await idsOf(tree)]).toEqual([
      ['-b', '+a', '+b'],
      ['a', 'b'],
    ])
    await tree.stop()
  })

  test('that are temporary are forgotten once they are terminated', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a', { restart: 'temporary' })])
    expect(await tree.terminateChild('a')).toBe(true)
    expect(await idsOf(tree)).toEqual([])
    await tree.startChild(diary.child('a'))
    await tree.stop()
  })

  test('that cannot be restarted by hand are kept, terminated', async () => {
    const runtime = testRuntime()
    let starts = 0
    const tree = await launchTree(runtime, 'one-for-one', [
      {
        id: 'fragile',
        start: () => consumer(() => (++starts === 2 ? { stop: 'no' } : { handleEvents: () => {} })),
      },
    ])
    await tree.terminateChild('fragile')
    expect((await rejection(tree.restartChild('fragile'))).reason).toBe('no')
    expect(await idsOf(tree)).toEqual(['fragile-'])
    expect(await tree.restartChild('fragile')).toBeDefined()
    await tree.stop()
  })

  test('are not there for those who ask too late', async () => {
    const runtime = testRuntime()
    const tree = await launchTree(runtime, 'one-for-one', [])
    await tree.stop()
    for (const asking of [
      tree.whichChildren(),
      tree.countChildren(),
      tree.startChild(() => task(() => {})),
      tree.terminateChild('a'),
    ]) {
      expect((await rejection(asking)).code).toBe('GENSTAGE_NO_PROCESS')
    }
  })

  test('may call their supervisor once they run', async () => {
    const runtime = testRuntime()
    const diary = new Diary()
    const heard: unknown[] = []
    const tree = named<SupervisorRef>('tree', { runtime })
    const ref = await launch(
      runtime,
      supervisor({
        strategy: 'one-for-one',
        children: [
          {
            id: 'curious',
            start: () =>
              consumer({
                handleEvents: () => {},
                async handleInfo() {
                  heard.push(await idsOf(tree), (await tree.startChild(diary.child('new'))) !== undefined)
                },
              }),
          },
        ],
      }),
      { name: tree },
    )
    const [child] = await ref.whichChildren()
    child?.ref?.send('look')
    await runtime.settle()
    expect(heard).toEqual([['curious'], true])
    await ref.stop()
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
      // Supervisors trap exits: the one inside hears of it, and stops its children in order.
      expect([await diary.living.get('a')?.exited, await diary.living.get('b')?.exited]).toEqual(['killed', 'shutdown'])
    })
  })

  /** A child whose set-up waits for its gate. */
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

describe('the options of a supervisor', () => {
  test.each([
    [{ children: [] }, TypeError, "expected strategy to be given: 'one-for-one', 'one-for-all' or 'rest-for-one'"],
    [{ strategy: 'simple', children: [] }, TypeError, "got: 'simple'"],
    [{ strategy: 'one-for-one' }, TypeError, 'expected children to be given: an array'],
    [{ strategy: 'one-for-one', children: {} }, TypeError, 'expected children to be an array, got: {}'],
    [{ strategy: 'one-for-one', children: [5] }, TypeError, 'expected child 0 of a supervisor to be an object, got: 5'],
    [{ strategy: 'one-for-one', children: [{}] }, TypeError, 'expected start to be given: a function'],
    [{ strategy: 'one-for-one', children: [{ start: task(() => {}) }] }, TypeError, 'expected start to be a function'],
    [
      { strategy: 'one-for-one', children: [{ start: () => task(() => {}), restart: 'always' }] },
      TypeError,
      "expected restart to be 'permanent', 'transient' or 'temporary', got: 'always'",
    ],
    [
      { strategy: 'one-for-one', children: [{ start: () => task(() => {}), shutdown: 'infinity' }] },
      TypeError,
      "Infinity or 'brutal-kill', got: 'infinity'",
    ],
    [
      { strategy: 'one-for-one', children: [{ start: () => task(() => {}), shutdown: Number.NaN }] },
      RangeError,
      'got: NaN',
    ],
    [
      { strategy: 'one-for-one', children: [{ start: () => task(() => {}), id: 5 }] },
      TypeError,
      'expected id to be a string, got: 5',
    ],
    [{ strategy: 'one-for-one', children: [], maxRestarts: 1.5 }, RangeError, 'got: 1.5'],
    [{ strategy: 'one-for-one', children: [], maxSeconds: Number.NaN }, RangeError, 'got: NaN'],
    [{ strategy: 'one-for-one', children: [], maxSeconds: '5' }, TypeError, "got: '5'"],
    [{ strategy: 'one-for-one', children: [], intensity: 5 }, TypeError, "got: 'intensity'"],
    [undefined, TypeError, 'expected strategy to be given'],
    [[], TypeError, 'expected the options of a supervisor to be an object, got: []'],
  ])('are checked at once: %j', (options, mistake, message) => {
    expect(() => supervisor(options as never)).toThrow(mistake)
    expect(() => supervisor(options as never)).toThrow(message)
  })
})
