import {
  consumer,
  consumerSupervisor,
  createScope,
  type ExitReason,
  named,
  producer,
  type Restart,
  StageFailure,
  type StageRef,
  supervisor,
  task,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Gate, gate, type LogRecord, launch, range, recording, rejection } from '../stage/test-stages.ts'
import { Diary, idsOf, launchTree } from './diary.ts'

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

  test('ignores exits of processes that are not its children, and messages', async () => {
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
  ])('has its defaults: %j allows %d', async (options, allowed) => {
    const runtime = testRuntime()
    const diary = new Diary()
    const tree = await launchTree(runtime, 'one-for-one', [diary.child('a')], options)
    for (const _ of range(0, allowed)) {
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

  test('is reported, with the last failure, and is a failure of linked processes', async () => {
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
