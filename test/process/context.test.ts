import { AsyncLocalStorage } from 'node:async_hooks'
import { consumer, createRuntime, fromIterable, producer, start, stream, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { acting } from './plain-stages.ts'

const storage = new AsyncLocalStorage<string>()

/** A stage that records the context that each of its callbacks sees, at once and after a wait. */
const Watched = (seen: (string | undefined)[]) => {
  const look = (): void => {
    seen.push(storage.getStore())
  }
  const lookTwice = async (): Promise<void> => {
    look()
    await Promise.resolve()
    look()
  }
  return consumer(async (stage) => {
    await lookTwice()
    stage.signal.addEventListener('abort', look)
    return {
      handleSubscribe: look,
      handleCancel: look,
      handleEvents: lookTwice,
      handleInfo: lookTwice,
      handleCall: {
        async ask() {
          await lookTwice()
          return { reply: storage.getStore() }
        },
      },
      handleCast: { look: lookTwice },
      terminate: lookTwice,
    }
  })
}

describe('a stage of the default runtime', () => {
  test('sees neither of two callers in two contexts', async () => {
    const seen: (string | undefined)[] = []
    const caller = async (name: string, ref: Awaited<ReturnType<typeof started>>) => {
      const numbers = await start(fromIterable([1, 2, 3]))
      await ref.subscribe(numbers, { cancel: 'temporary' })
      ref.cast('look')
      ref.send(name)
      expect(await ref.call('ask')).toBeUndefined()
      // The caller finds its own context again.
      expect(storage.getStore()).toBe(name)
      await numbers.exited
      expect(storage.getStore()).toBe(name)
    }
    const started = () => start(Watched(seen))
    const ref = await storage.run('starter', started)
    await Promise.all(['one', 'other'].map((name) => storage.run(name, () => caller(name, ref))))
    await storage.run('stopper', () => ref.stop())
    expect(seen.length).toBeGreaterThan(20)
    expect(new Set(seen)).toEqual(new Set([undefined]))
  })

  test('sees no context of a caller when a timer wakes it that a call has armed', async () => {
    const seen: (string | undefined)[] = []
    const waiting = new Promise<void>(() => {})
    const slow = await start(
      consumer({ handleEvents() {}, handleCall: { never: () => waiting.then(() => ({ reply: 1 })) } }),
    )
    const ref = await start(
      consumer((stage) => {
        stage.sendAfter('due', 20)
        return {
          handleEvents() {},
          handleInfo() {
            seen.push(storage.getStore())
            return { stop: 'normal' }
          },
        }
      }),
    )
    // Its deadline comes first, so the one timer of the runtime is armed in this context.
    await storage.run('caller', async () => {
      await expect(slow.call('never', { timeout: 5 })).rejects.toMatchObject({ code: 'GENSTAGE_TIMEOUT' })
    })
    await ref.exited
    expect(seen).toEqual([undefined])
    slow.exit('kill')
  })

  test('is not reached by the context of a promise that it waits for', async () => {
    const seen: (string | undefined)[] = []
    let settle: () => void = () => {}
    const waiting = new Promise<void>((resolve) => {
      settle = resolve
    })
    const ref = await start(
      acting((message: string) => {
        seen.push(storage.getStore())
        return message === 'wait' ? waiting : { stop: 'normal' }
      }),
    )
    ref.send('wait')
    ref.send('after')
    await Promise.resolve()
    storage.run('settler', () => settle())
    await ref.exited
    expect(seen).toEqual([undefined, undefined])
  })

  test('and its children, tasks and iterables see no context either', async () => {
    const seen: (string | undefined)[] = []
    const look = () => seen.push(storage.getStore())
    await storage.run('starter', async () => {
      const parent = await start(
        consumer(async (stage) => {
          await stage.startLink(acting(look))
          const done = await stage.startLink(task(look))
          await done.exited
          return { handleEvents() {} }
        }),
      )
      const items = await start(
        fromIterable(
          (function* () {
            for (let item = 0; item < 3; item++) {
              look()
              yield item
            }
          })(),
        ),
      )
      for await (const _item of stream([items])) expect(storage.getStore()).toBe('starter')
      await parent.stop()
    })
    expect(seen).toHaveLength(4)
    expect(new Set(seen)).toEqual(new Set([undefined]))
  })
})

describe("{ context: 'capture' }", () => {
  test('runs all callbacks in the context of the starter, also after awaits', async () => {
    const seen: (string | undefined)[] = []
    const ref = await storage.run('starter', () => start(Watched(seen), { context: 'capture' }))
    await storage.run('caller', async () => {
      const numbers = await start(fromIterable([1, 2, 3]))
      await ref.subscribe(numbers, { cancel: 'temporary' })
      ref.cast('look')
      ref.send('hello')
      expect(await ref.call('ask')).toBe('starter')
      expect(storage.getStore()).toBe('caller')
      await numbers.exited
      await ref.stop()
    })
    expect(seen.length).toBeGreaterThan(10)
    expect(new Set(seen)).toEqual(new Set(['starter']))
  })

  test('does not reach those that it talks to', async () => {
    const seen: (string | undefined)[] = []
    const other = await start(
      acting(() => {
        seen.push(storage.getStore())
        return { stop: 'normal' }
      }),
    )
    const captured = await storage.run('starter', () =>
      start(
        acting((message) => other.send(message)),
        { context: 'capture' },
      ),
    )
    captured.send('passed on')
    await other.exited
    expect(seen).toEqual([undefined])
    await captured.stop()
  })

  test('of two stages keeps each in its own', async () => {
    const runtime = testRuntime()
    const seen: string[] = []
    const Named = (name: string) =>
      producer({
        handleDemand: () => [],
        async handleInfo() {
          await Promise.resolve()
          seen.push(`${name} in ${storage.getStore()}`)
          return []
        },
      })
    const one = await storage.run('first', () => start(Named('one'), { runtime, context: 'capture' }))
    const two = await storage.run('second', () => start(Named('two'), { runtime, context: 'capture' }))
    const none = await storage.run('third', () => start(Named('three'), { runtime }))
    for (const ref of [one, two, none, one, two]) ref.send('')
    await runtime.settle()
    expect(seen.sort()).toEqual([
      'one in first',
      'one in first',
      'three in undefined',
      'two in second',
      'two in second',
    ])
  })
})

test('a runtime that is created in the context of a caller sees no other contexts', async () => {
  const seen: (string | undefined)[] = []
  const runtime = createRuntime()
  const ref = await storage.run('starter', () =>
    start(
      acting(() => {
        seen.push(storage.getStore())
        return { stop: 'normal' }
      }),
      { runtime },
    ),
  )
  storage.run('sender', () => ref.send(''))
  await ref.exited
  expect(seen).toEqual([undefined])
})
