import { consumer, NameTakenError, named, StartError, type SupervisorRef, supervisor, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { launch, rejection } from '../stage/test-stages.ts'
import { Diary, idsOf, launchTree } from './diary.ts'

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

  test('are unknown to calls that come too late', async () => {
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
    const received: unknown[] = []
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
                  received.push(await idsOf(tree), (await tree.startChild(diary.child('new'))) !== undefined)
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
    expect(received).toEqual([['curious'], true])
    await ref.stop()
  })
})
