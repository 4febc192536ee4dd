import { type ChildSpec, consumer, type ExitReason, supervisor, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Gate, gate } from '../stage/test-stages.ts'
import { launchTree } from './diary.ts'

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
