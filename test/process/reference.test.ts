import { start } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { acting, collecting, idle } from './plain-stages.ts'

describe('exited', () => {
  test('resolves with the reason, before the end and after, and is one promise', async () => {
    const runtime = testRuntime()
    const ref = await start(idle(), { runtime })
    const { exited } = ref
    expect(ref.exited).toBe(exited)
    ref.exit('boom')
    expect(await exited).toBe('boom')
    const unread = await start(idle(), { runtime })
    unread.exit('boom')
    await runtime.settle()
    expect(await unread.exited).toBe('boom')
  })

  test('never rejects, though the reason be a promise that does', async () => {
    const runtime = testRuntime()
    const reason = Promise.reject(new Error('forgotten await'))
    reason.catch(() => {})
    const ref = await start(
      acting(() => ({ stop: reason })),
      { runtime },
    )
    ref.send('')
    const outcome = await ref.exited.then(
      () => 'resolved',
      () => 'rejected',
    )
    expect(outcome).toBe('resolved')
  })

  test('resolves after other processes were notified of the end', async () => {
    const runtime = testRuntime()
    const ref = await start(idle(), { runtime, name: 'one' })
    const heir = ref.exited.then(() => start(idle(), { runtime, name: 'one' }))
    ref.exit('boom')
    await (await heir).stop()
  })
})

describe('disposal', () => {
  test('at the end of a block stops the stage', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    let after: unknown
    {
      await using ref = await start(collecting(received), { runtime })
      ref.send('before the end')
      after = ref.exited
    }
    expect(received).toEqual(['before the end'])
    expect(await after).toBe('normal')
  })

  test('of a stage that fails in the meantime, or has ended, does not throw', async () => {
    const runtime = testRuntime()
    const failing = await start(
      acting(() => {
        throw new Error('boom')
      }),
      { runtime },
    )
    failing.send('')
    await failing[Symbol.asyncDispose]()
    await failing[Symbol.asyncDispose]()
    expect(await failing.exited).toEqual(new Error('boom'))
  })
})

test('an id identifies a process, and is not used again', async () => {
  const runtime = testRuntime()
  const ids = new Set<string>()
  for (let count = 0; count < 20; count++) {
    const ref = await start(idle(), { runtime, name: 'same' })
    ids.add(ref.id)
    await ref.stop()
  }
  expect(ids.size).toBe(20)
})

test('a reference shows its id and name, and nothing of what is inside', async () => {
  const runtime = testRuntime()
  const ref = await start(idle(), { runtime, name: 'shown' })
  expect(Object.keys(ref)).toEqual(['id', 'name'])
  expect(JSON.parse(JSON.stringify(ref))).toEqual({ id: ref.id, name: 'shown' })
})
