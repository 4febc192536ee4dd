import { getEventListeners } from 'node:events'
import { type Callable, consumer, type From, named, type ProcessRef, start } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import { type Untyped, untyped } from '../untyped.ts'
import { type Gate, gate } from './gate.ts'
import { idle } from './plain-stages.ts'

/** A stage that replies at once, later, never, or by calling others. */
const Replying = (owed: From<string>[] = []) =>
  consumer((stage) => ({
    handleEvents() {},
    handleCall: {
      echo: (word: string) => ({ reply: word }),
      nothing: () => ({ reply: undefined }),
      owe(_: undefined, from: From<string>) {
        owed.push(from)
      },
      stop: () => ({ reply: 'bye', stop: 'shutdown' }),
      fail: () => {
        throw new Error('in the handler')
      },
      refer: async (others: readonly Callable<Untyped>[]) => {
        const [next, ...rest] = others
        return { reply: next === undefined ? 'end' : ((await stage.call(next, 'refer', rest)) as string) }
      },
    },
  }))

/** Deadlines that wait in a runtime, and processes that live in it. */
const booksOf = (runtime: unknown) => {
  const { timers, processes } = runtime as ProcessRuntime
  return {
    timers: timers.size,
    calls: [...processes.values()].map(({ incomingCalls, outgoingCalls }) => [
      incomingCalls?.size ?? 0,
      outgoingCalls?.size ?? 0,
    ]),
  }
}

describe('a call', () => {
  test('resolves with the reply, be it undefined', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime })
    expect(await ref.call('echo', 'hello')).toBe('hello')
    expect(await ref.call('nothing')).toBeUndefined()
  })

  test('resolves with a reply that comes later, from anywhere; the first counts', async () => {
    const runtime = testRuntime()
    const owed: From<string>[] = []
    const ref = await start(Replying(owed), { runtime })
    const reply = ref.call('owe', undefined)
    await runtime.settle()
    owed[0]?.reply('first')
    owed[0]?.reply('second')
    expect(await reply).toBe('first')
  })

  test('rejects with a TimeoutError after 5,000 ms, and not before', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime, name: 'library' })
    let error: unknown
    ref.call('owe', undefined).catch((reason: unknown) => (error = reason))
    await runtime.advance(4_999)
    expect(error).toBeUndefined()
    await runtime.advance(1)
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'GENSTAGE_TIMEOUT', timeout: 5_000 })
    expect((error as Error).message).toBe("call 'owe' to consumer library timed out after 5000 ms")
  })

  test.each([1, 60_000, 2 ** 31, 2 ** 40])('waits for its own timeout of %d ms', async (timeout) => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime })
    let failed = false
    ref.call('owe', undefined, { timeout }).catch(() => (failed = true))
    // Within half a millisecond it counts as due, since platforms may wake that early.
    await runtime.advance(timeout - 0.6)
    expect(failed).toBe(false)
    await runtime.advance(0.6)
    expect(failed).toBe(true)
  })

  test('with a timeout of Infinity sets no timer', async () => {
    const runtime = testRuntime()
    const owed: From<string>[] = []
    const ref = await start(Replying(owed), { runtime })
    const reply = ref.call('owe', undefined, { timeout: Number.POSITIVE_INFINITY })
    await runtime.advance(2 ** 45)
    expect(booksOf(runtime).timers).toBe(0)
    owed[0]?.reply('finally')
    expect(await reply).toBe('finally')
  })

  test('leaves nothing behind, however it ends', async () => {
    const runtime = testRuntime()
    const { signal } = new AbortController()
    const owed: From<string>[] = []
    const ref = await start(Replying(owed), { runtime })
    const other = await start(Replying(), { runtime })
    const caller = await start(
      consumer((stage) => ({
        handleEvents() {},
        async handleInfo(kind: 'owe' | 'stop') {
          await stage.call(kind === 'stop' ? other : ref, kind as 'owe', undefined, { timeout: 100 }).catch(() => {})
        },
      })),
      { runtime },
    )
    const nothing = {
      timers: 0,
      calls: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    }

    await ref.call('echo', 'word', { signal })
    expect(booksOf(runtime)).toEqual(nothing)

    const timedOut = expect(ref.call('owe', undefined, { timeout: 100, signal })).rejects.toThrow('100 ms')
    caller.send('owe')
    await runtime.settle()
    expect(booksOf(runtime)).toEqual({
      timers: 2,
      calls: [
        [2, 0],
        [0, 0],
        [0, 1],
      ],
    })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await runtime.advance(100)
    await timedOut
    expect(booksOf(runtime)).toEqual(nothing)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    owed[0]?.reply('too late')
    owed[1]?.reply('too late')

    caller.send('owe')
    await runtime.settle()
    caller.exit('kill')
    await runtime.settle()
    expect(booksOf(runtime)).toEqual({
      timers: 0,
      calls: [
        [0, 0],
        [0, 0],
      ],
    })

    const abandoned = expect(other.call('owe', undefined, { signal })).rejects.toThrow('killed')
    await runtime.settle()
    other.exit('kill')
    await abandoned
    expect(booksOf(runtime)).toEqual({ timers: 0, calls: [[0, 0]] })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('rejects with a NoProcessError if no process is alive', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime, name: 'library' })
    await ref.stop()
    await expect(ref.call('echo', 'hello')).rejects.toMatchObject({
      name: 'NoProcessError',
      code: 'GENSTAGE_NO_PROCESS',
      reason: 'noproc',
      message: "call 'echo' to consumer library: consumer library is not running",
    })
    const token = named<typeof ref>('library', { runtime })
    await expect(token.call('echo', 'hello')).rejects.toMatchObject({ code: 'GENSTAGE_NO_PROCESS' })
  })

  test('rejects with an ExitError, the cause kept, where the stage ends before it has replied', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime, name: 'library' })
    const pending = [ref.call('owe', undefined), ref.call('fail'), ref.call('echo', 'not reached')]
    const outcomes = await Promise.allSettled(pending)
    const error = await ref.exited
    expect(error).toEqual(new Error('in the handler'))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { name: 'ExitError', code: 'GENSTAGE_EXIT', reason: error, cause: error },
      })
    }
  })

  test('has its reply if the handler returns a reply and a stop', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime })
    expect(await ref.call('stop')).toBe('bye')
    expect(await ref.exited).toBe('shutdown')
  })

  test('is given up when its signal is aborted, with the reason of that', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime })
    const reason = new Error('no longer wanted')
    const controller = new AbortController()
    const reply = ref.call('owe', undefined, { signal: controller.signal })
    await runtime.settle()
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    await expect(ref.call('echo', 'hello', { signal: controller.signal })).rejects.toBe(reason)
    expect(booksOf(runtime)).toEqual({ timers: 0, calls: [[0, 0]] })
  })

  test('of a kind that there is not rejects, and the stage goes on', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime })
    const loose = ref as unknown as { call(kind: unknown, ...rest: unknown[]): Promise<unknown> }
    for (const kind of ['ehco', 'toString', 'constructor', '__proto__', Symbol('echo'), '']) {
      await expect(loose.call(kind)).rejects.toThrow(TypeError)
      await expect(loose.call(kind)).rejects.toThrow('expected a kind of request that handleCall has')
    }
    const none = (await start(idle(), { runtime })) as unknown as typeof loose
    await expect(none.call('echo')).rejects.toThrow('expected a stage with a handleCall')
    expect(await ref.call('echo', 'still here')).toBe('still here')
  })
})

describe('a reply that is a promise', () => {
  /** A stage whose replies are the promises of gates, returned or sent by `from`, and one that stops after it. */
  const Promising = (replies: Gate<string>[], log: string[] = []) => {
    const next = (): Promise<string> => {
      const reply = gate<string>()
      replies.push(reply)
      return reply.promise
    }
    return consumer({
      handleEvents() {},
      handleCall: {
        returned: () => ({ reply: next() }),
        late: async () => ({ reply: [next()][0] as Promise<string> }),
        owed(_: undefined, from: From<string>) {
          from.reply(next())
          from.reply('a second reply')
        },
        stop: () => ({ reply: next(), stop: 'shutdown' }),
        echo: (word: string) => ({ reply: word }),
      },
      terminate() {
        log.push('terminate')
      },
    })
  }

  const kinds = ['returned', 'late', 'owed'] as const
  const call = (ref: Untyped, kind: string, options: object = {}): Promise<unknown> =>
    ref.call(kind, undefined, { timeout: 5_000, ...options })

  describe.each(kinds)('given as the kind %s does', (kind) => {
    test('is waited for, while the stage handles other messages', async () => {
      await shuffled(20, async (runtime) => {
        const replies: Gate<string>[] = []
        const ref = await start(Promising(replies), { runtime })
        const pending = call(ref, kind)
        await runtime.settle()
        expect(await ref.call('echo', 'hello')).toBe('hello')
        replies[0]?.open('promised')
        expect(await runtime.settle(pending)).toBe('promised')
        expect(booksOf(runtime)).toEqual({ timers: 0, calls: [[0, 0]] })
      })
    })

    test('rejects the call where it rejects, and the stage goes on', async () => {
      const runtime = testRuntime()
      const replies: Gate<string>[] = []
      const ref = await start(Promising(replies), { runtime })
      const pending = call(ref, kind)
      const outcome = pending.catch((error: unknown) => error)
      await runtime.settle()
      const error = new Error('no reply')
      replies[0]?.fail(error)
      expect(await runtime.settle(outcome)).toBe(error)
      expect(await ref.call('echo', 'hello')).toBe('hello')
    })

    test('leaves the timeout and the signal of the call alive; what comes then is dropped', async () => {
      const runtime = testRuntime()
      const replies: Gate<string>[] = []
      const ref = await start(Promising(replies), { runtime })
      const controller = new AbortController()
      const outcomes = Promise.allSettled([
        call(ref, kind, { timeout: 100 }),
        call(ref, kind, { signal: controller.signal }),
      ])
      await runtime.settle()
      const reason = new Error('no longer wanted')
      controller.abort(reason)
      await runtime.advance(100)
      expect(await runtime.settle(outcomes)).toMatchObject([
        { status: 'rejected', reason: { code: 'GENSTAGE_TIMEOUT' } },
        { status: 'rejected', reason },
      ])
      for (const reply of replies) reply.fail(new Error('too late'))
      await runtime.settle()
      expect(booksOf(runtime)).toEqual({ timers: 0, calls: [[0, 0]] })
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    })

    test('is an ExitError where the stage ends before', async () => {
      const runtime = testRuntime()
      const replies: Gate<string>[] = []
      const ref = await start(Promising(replies), { runtime })
      const pending = call(ref, kind).catch((error: unknown) => error)
      await runtime.settle()
      ref.exit('enough')
      expect(await runtime.settle(pending)).toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'enough' })
      replies[0]?.fail(new Error('too late'))
      await runtime.settle()
    })
  })

  test('of a stage that stops comes before the end, after terminate', async () => {
    const runtime = testRuntime()
    const replies: Gate<string>[] = []
    const log: string[] = []
    const ref = await start(Promising(replies, log), { runtime })
    const pending = call(ref, 'stop').then((reply) => log.push(String(reply)))
    await runtime.settle()
    expect(log).toEqual([])
    replies[0]?.open('bye')
    await runtime.settle(pending)
    expect(log).toEqual(['terminate', 'bye'])
    expect(await ref.exited).toBe('shutdown')
  })

  test('that comes second, and rejects, is dropped like any other', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const runtime = testRuntime()
    const owed: From<string>[] = []
    const ref = await start(Replying(owed), { runtime })
    const pending = ref.call('owe', undefined)
    await runtime.settle()
    owed[0]?.reply('first')
    owed[0]?.reply(Promise.reject(new Error('second')))
    expect(await runtime.settle(pending)).toBe('first')
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  test('of a stage that stops rejects the call where it rejects, and the stage stops as it wanted to', async () => {
    const runtime = testRuntime()
    const replies: Gate<string>[] = []
    const ref = await start(Promising(replies), { runtime })
    const pending = call(ref, 'stop').catch((error: unknown) => error)
    await runtime.settle()
    const error = new Error('no reply')
    replies[0]?.fail(error)
    expect(await runtime.settle(pending)).toBe(error)
    expect(await ref.exited).toBe('shutdown')
  })
})

describe('an AbortSignal', () => {
  test('that is passed to a thousand calls has one listener, and none once they have their replies', async () => {
    const runtime = testRuntime()
    const owed: From<string>[] = []
    const ref = await start(Replying(owed), { runtime })
    const { signal } = new AbortController()
    const warnings: Error[] = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    const calls = Array.from({ length: 1_000 }, () => ref.call('owe', undefined, { signal }))
    await runtime.settle()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    for (const from of owed) from.reply('here')
    await Promise.all(calls)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })

  test('rejects the calls that still wait, in their order, and those only', async () => {
    const runtime = testRuntime()
    const owed: From<string>[] = []
    const ref = await start(Replying(owed), { runtime })
    const controller = new AbortController()
    const settled: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) {
      ref.call('owe', undefined, { signal: controller.signal }).then(
        (reply) => settled.push(`${name}: ${reply}`),
        (error: unknown) => settled.push(`${name}: ${(error as Error).message}`),
      )
    }
    await runtime.settle()
    owed[1]?.reply('here')
    await runtime.settle()
    controller.abort(new Error('aborted'))
    await runtime.settle()
    expect(settled).toEqual(['b: here', 'a: aborted', 'c: aborted', 'd: aborted'])
  })

  test('whose removeEventListener throws disturbs neither the call nor the stage that replies', async () => {
    const runtime = testRuntime()
    const ref = await start(Replying(), { runtime })
    const { signal } = new AbortController()
    signal.removeEventListener = () => {
      throw new Error('cannot remove')
    }
    expect(await runtime.settle(ref.call('echo', 'hello', { signal }))).toBe('hello')
    expect(await runtime.settle(ref.call('echo', 'again'))).toBe('again')
  })
})

describe('a stage’s own call', () => {
  test('to itself is a CallingSelfError at once', async () => {
    const runtime = testRuntime()
    const ref = await start(
      consumer((stage) => ({
        handleEvents() {},
        handleCall: {
          self: async () => ({
            reply: await stage.call(untyped(stage.self), 'self' as never, ...([] as never)).catch((e: unknown) => e),
          }),
        },
      })),
      { runtime, name: 'lonely' },
    )
    expect(await ref.call('self')).toMatchObject({
      name: 'CallingSelfError',
      code: 'GENSTAGE_CALLING_SELF',
      message: "call 'self' to consumer lonely: a stage cannot call itself",
    })
    expect(runtime.now()).toBe(0)
  })

  test('in a circle is a DeadlockError that names the stages, for the call that closes the circle', async () => {
    await shuffled(30, async (runtime) => {
      const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => start(Replying(), { runtime, name })))
      if (a === undefined || b === undefined || c === undefined) throw new Error('three were started')
      const outcome = a.call('refer', [b, c, a]).catch((error: unknown) => error)
      await runtime.settle()
      // The one that closes the circle fails of it, and the others of its failing.
      const error = (await c.exited) as Error
      expect(error).toMatchObject({
        name: 'DeadlockError',
        code: 'GENSTAGE_DEADLOCK',
        stages: ['consumer c', 'consumer a', 'consumer b'],
      })
      expect(error.message).toContain('consumer c calls consumer a, which calls consumer b, which calls consumer c')
      expect(await outcome).toMatchObject({ code: 'GENSTAGE_EXIT' })
      expect(runtime.now()).toBe(0)
    })
  })

  test('of two stages at once is a DeadlockError for one of them, and no reply is late', async () => {
    await shuffled(50, async (runtime) => {
      const [a, b] = await Promise.all([start(Replying(), { runtime }), start(Replying(), { runtime })])
      const outcomes = Promise.allSettled([a.call('refer', [b, a]), b.call('refer', [a, b])])
      await runtime.settle()
      expect(runtime.now()).toBe(0)
      const codes = (await outcomes).map((outcome) => (outcome as { reason?: { code: string } }).reason?.code)
      expect(codes).toContain('GENSTAGE_EXIT')
    })
  })

  test('along a chain has its reply', async () => {
    const runtime = testRuntime()
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => start(Replying(), { runtime })))
    expect(await a?.call('refer', [b, c] as never)).toBe('end')
  })

  test('that no callback waits for makes no circle', async () => {
    const runtime = testRuntime()
    const waiting = gate()
    const replies: unknown[] = []
    // It asks without waiting, and then is busy with something else when the other asks back.
    const asking = await start(
      consumer((stage) => ({
        handleEvents() {},
        handleInfo(message: Callable<{ ask(back: unknown): string }> | { readonly reply: string } | 'work') {
          if (message === 'work') return waiting.promise
          if ('reply' in message) replies.push(message.reply)
          else void stage.call(message, 'ask', stage.self).then((reply) => stage.self.send({ reply }))
          return undefined
        },
        handleCall: { name: () => ({ reply: 'asking' }) },
      })),
      { runtime },
    )
    const replying = await start(
      consumer((stage) => ({
        handleEvents() {},
        handleCall: {
          ask: async (back: Callable<{ name(): string }>) => ({ reply: `hello, ${await stage.call(back, 'name')}` }),
        },
      })),
      { runtime },
    )
    asking.send(replying)
    asking.send('work')
    await runtime.settle()
    waiting.open()
    await runtime.settle()
    expect(replies).toEqual(['hello, asking'])
  })

  test('goes to the process that has a name, and rejects if no process has it', async () => {
    const runtime = testRuntime()
    const token = named<Callable<{ echo(word: string): string }> & ProcessRef>('library', { runtime })
    const asking = await start(
      consumer((stage) => ({
        handleEvents() {},
        handleCall: {
          ask: async () => ({ reply: await stage.call(token, 'echo', 'hello').catch((error: unknown) => error) }),
        },
      })),
      { runtime },
    )
    expect(await asking.call('ask')).toMatchObject({ code: 'GENSTAGE_NO_PROCESS' })
    await start(Replying(), { runtime, name: 'library' })
    expect(await asking.call('ask')).toBe('hello')
  })
})
