import { createHook } from 'node:async_hooks'
import { consumer, producer, producerConsumer, start, ThrownValueError } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { Untyped } from '../untyped.ts'
import { gate } from './gate.ts'
import { acting, hearing, idle, recordingLogger } from './plain-stages.ts'

/** Something with a `then` that is no promise. */
// oxlint-disable-next-line unicorn/no-thenable -- that callbacks may answer one is what is tested
const thenable = (run: (resolve: (value: unknown) => void) => void): object => Object.fromEntries([['then', run]])

describe('order', () => {
  test('messages from one process to another arrive in the order sent, whoever runs next', async () => {
    await shuffled(100, async (runtime) => {
      const heard: string[] = []
      const listener = await start(hearing(heard), { runtime })
      const talkers = await Promise.all(
        ['a', 'b', 'c'].map((name) =>
          start(
            acting((count: number, { self }) => {
              listener.send(`${name}${count}`)
              if (count < 20) self.send(count + 1)
            }),
            { runtime },
          ),
        ),
      )
      for (const talker of talkers) talker.send(1)
      await runtime.settle()
      for (const name of ['a', 'b', 'c']) {
        const ofOne = heard.filter((message) => message.startsWith(name))
        expect(ofOne).toEqual(Array.from({ length: 20 }, (_, index) => `${name}${index + 1}`))
      }
    })
  })

  test('a message of each kind keeps its place among the others', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const stage = await start(
      consumer({
        handleEvents() {},
        handleInfo(message: unknown) {
          heard.push(message)
        },
        handleCast: {
          note(word: string) {
            heard.push(word)
          },
        },
        handleCall: {
          ask(word: string) {
            heard.push(word)
            return { reply: word }
          },
        },
        terminate(reason) {
          heard.push(reason)
        },
      }),
      { runtime },
    )
    stage.send('sent')
    stage.cast('note', 'cast')
    const reply = stage.call('ask', 'called')
    const queued = stage.info('info')
    const stopped = stage.stop('shutdown')
    stage.send('too late')
    await Promise.all([reply, queued, stopped])
    // A consumer has no buffer, so an info is due behind what is in the mailbox: behind the stop.
    expect(heard).toEqual(['sent', 'cast', 'called', 'shutdown'])
  })

  test('nobody’s code runs inside a call of ours', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const stage = consumer(({ signal }) => {
      ran.push('set-up')
      signal.addEventListener('abort', () => ran.push('abort'))
      return {
        handleEvents() {},
        handleInfo() {
          ran.push('info')
        },
        handleCall: {
          size() {
            ran.push('call')
            return { reply: 0 }
          },
        },
        handleCast: {
          clear() {
            ran.push('cast')
          },
        },
        terminate() {
          ran.push('terminate')
        },
      }
    })
    const starting = start(stage, { runtime })
    expect(ran).toEqual([])
    const ref = await starting
    ref.send('')
    ref.cast('clear')
    const size = ref.call('size')
    const stopping = ref.stop()
    ref.exit('normal')
    expect(ran).toEqual(['set-up'])
    await Promise.all([size, stopping])
    expect(ran).toEqual(['set-up', 'info', 'cast', 'call', 'terminate', 'abort'])
  })
})

describe('turns', () => {
  test('whoever has mail first runs first', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const make = (name: string) =>
      start(
        acting(() => ran.push(name) && undefined),
        { runtime },
      )
    const [a, b, c] = await Promise.all([make('a'), make('b'), make('c')])
    for (const ref of [c, a, b, a, c]) ref.send('')
    await runtime.settle()
    expect(ran).toEqual(['c', 'c', 'a', 'a', 'b'])
  })

  test('a process handles in its turn what arrives meanwhile too', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const a = await start(
      acting((count: number, { self }) => {
        ran.push(`a${count}`)
        if (count < 3) self.send(count + 1)
      }),
      { runtime },
    )
    const b = await start(
      acting(() => ran.push('b') && undefined),
      { runtime },
    )
    a.send(1)
    b.send('')
    await runtime.settle()
    expect(ran).toEqual(['a1', 'a2', 'a3', 'b'])
  })

  test('a full mailbox holds the others up for a few messages only', async () => {
    const runtime = testRuntime()
    let handled = 0
    let before = 0
    const busy = await start(
      acting(() => void handled++),
      { runtime },
    )
    const other = await start(
      acting(() => {
        before = handled
      }),
      { runtime },
    )
    for (let count = 0; count < 1_000; count++) busy.send('')
    other.send('')
    await runtime.settle()
    expect(handled).toBe(1_000)
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThanOrEqual(64)
  })

  test('a process that always has mail goes to the tail after each of its turns', async () => {
    const runtime = testRuntime()
    let rounds = 0
    const endless = await start(
      acting((_message, { self }) => {
        if (rounds < 100_000) self.send('again')
        rounds++
      }),
      { runtime },
    )
    const seen: number[] = []
    const polite = await start(
      acting((count: number) => {
        seen.push(rounds)
        if (count < 5) other.send(count + 1)
        else endless.exit('kill')
      }),
      { runtime },
    )
    const other = await start(
      acting((count: number) => polite.send(count)),
      { runtime },
    )
    endless.send('go')
    polite.send(1)
    await runtime.settle()
    expect(seen).toHaveLength(5)
    expect(seen.at(-1)).toBeLessThan(1_000)
  })

  test('what a callback throws ends its process and nobody else', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const failing = await start(
      acting(() => {
        throw new Error('boom')
      }),
      { runtime },
    )
    const other = await start(hearing(heard), { runtime })
    failing.send('')
    other.send('still here')
    await runtime.settle()
    expect(heard).toEqual(['still here'])
    other.send('and now')
    await runtime.settle()
    expect(heard).toEqual(['still here', 'and now'])
  })

  test.each(['kill', 'boom', 'stop', 'throw'])(
    'a dispatcher that throws when it is asked at the end (%s) harms nobody else',
    async (how) => {
      const lines: string[] = []
      const runtime = testRuntime({ logger: recordingLogger(lines) })
      const heard: unknown[] = []
      const dispatcher = {
        subscribe: () => 0,
        ask: () => 0,
        cancel: () => 0,
        dispatch: (events: readonly unknown[]) => ({ deliveries: [], leftover: events }),
        queuedCount(): number {
          throw new Error('in queuedCount')
        },
      }
      const failing = await start(
        producer({
          dispatcher,
          handleDemand: () => [],
          handleInfo() {
            throw new Error('in handleInfo')
          },
        }),
        { runtime, name: 'failing' },
      )
      const other = await start(hearing(heard), { runtime })
      if (how === 'throw') failing.send('')
      else if (how === 'stop') void failing.stop()
      else failing.exit(how)
      expect(await failing.exited).toBeDefined()
      other.send('still here')
      await runtime.settle()
      expect(heard).toEqual(['still here'])
      expect(lines).toContain('error: producer failing could not count its remaining events: in queuedCount')
      await start(idle(), { runtime, name: 'failing' })
    },
  )
})

describe('synchronous first', () => {
  test('a chain of callbacks that answer plain values runs within one microtask', async () => {
    // Its slices are counted in turns, so that no slow machine ends one here.
    const runtime = testRuntime()
    const heard: unknown[] = []
    let next = await start(hearing(heard), { runtime })
    for (let length = 0; length < 50; length++) {
      const after = next
      next = await start(
        acting((message) => after.send(message)),
        { runtime },
      )
    }
    next.send('passed on')
    expect(heard).toEqual([])
    // The run queue is drained by a microtask that was queued by the send, so before this one.
    await Promise.resolve()
    expect(heard).toEqual(['passed on'])
  })

  test('a pipeline of callbacks that answer plain values makes no promise', async () => {
    const runtime = testRuntime()
    let emitted = 0
    const last = 100_000
    const source = await start(
      producer({
        handleDemand(demand) {
          const count = Math.min(demand, last - emitted)
          return Array.from({ length: count }, () => emitted++)
        },
      }),
      { runtime },
    )
    const middle = await start(producerConsumer({ handleEvents: (events: readonly number[]) => [...events] }), {
      runtime,
    })
    let handled = 0
    const sink = await start(
      consumer({
        handleEvents(events: readonly number[]) {
          handled += events.length
        },
      }),
      { runtime },
    )
    await sink.subscribe(middle, { maxDemand: 10 })
    let promises = 0
    const hook = createHook({
      init(_id, type) {
        if (type === 'PROMISE') promises++
      },
    })
    hook.enable()
    await middle.subscribe(source, { maxDemand: 10 })
    await runtime.settle()
    hook.disable()
    expect(handled).toBe(last)
    // 40,000 callbacks ran. The test itself, waiting for them, makes a few.
    expect(promises).toBeLessThan(200)
  })
})

describe('parking', () => {
  test('a promise parks its process, and nobody else', async () => {
    const runtime = testRuntime()
    const waiting = gate()
    const log: string[] = []
    const slow = await start(
      acting(async (message: string) => {
        log.push(`${message} begins`)
        await waiting.promise
        log.push(`${message} ends`)
      }),
      { runtime },
    )
    const other = await start(
      acting((message) => log.push(`other: ${message}`) && undefined),
      { runtime },
    )
    slow.send('first')
    slow.send('second')
    other.send('hello')
    await runtime.settle()
    expect(log).toEqual(['first begins', 'other: hello'])
    waiting.open()
    await runtime.settle()
    expect(log).toEqual(['first begins', 'other: hello', 'first ends', 'second begins', 'second ends'])
  })

  test('anything with a then is waited for', async () => {
    const runtime = testRuntime()
    const order: string[] = []
    let settle: (value: unknown) => void = () => {}
    const stage = await start(
      acting((message: string) => {
        order.push(message)
        if (message !== 'first') return undefined
        return thenable((resolve) => {
          settle = resolve
        })
      }),
      { runtime },
    )
    stage.send('first')
    stage.send('second')
    await runtime.settle()
    expect(order).toEqual(['first'])
    settle({ stop: 'shutdown' })
    expect(await stage.exited).toBe('shutdown')
  })

  test('an array with a then is an array', async () => {
    const runtime = testRuntime()
    const handled: unknown[] = []
    const source = await start(
      producer({
        handleDemand(demand) {
          const events = Array.from({ length: Math.min(demand, 2) }, () => 'event')
          return Object.assign(
            events,
            thenable(() => {}),
          )
        },
      }),
      { runtime },
    )
    const sink = await start(
      consumer({
        handleEvents(events: readonly unknown[]) {
          handled.push(...events)
          return { stop: 'normal' }
        },
      }),
      { runtime },
    )
    await sink.subscribe(source)
    await sink.exited
    expect(handled).toEqual(['event', 'event'])
  })
})

describe('exit reasons', () => {
  const crashing = (thrown: unknown) =>
    acting(() => {
      throw thrown
    })

  test('an error that a callback throws is the reason, the same object', async () => {
    const runtime = testRuntime()
    const error = new RangeError('boom')
    const stage = await start(crashing(error), { runtime })
    stage.send('')
    expect(await stage.exited).toBe(error)
  })

  test('an error that a callback’s promise rejects with is the reason, the same object', async () => {
    const runtime = testRuntime()
    const error = new Error('boom')
    const stage = await start(
      acting(() => Promise.reject(error)),
      { runtime },
    )
    stage.send('')
    expect(await stage.exited).toBe(error)
  })

  test.each(['normal', 'shutdown', { shutdown: 'by throwing' }, undefined, null, 0, Symbol('x')])(
    'anything else thrown is wrapped, and nobody ends in order by throwing %o',
    async (thrown) => {
      const runtime = testRuntime()
      for (const stage of [crashing(thrown), acting(() => Promise.reject(thrown))]) {
        const ref = await start(stage, { runtime })
        ref.send('')
        const reason = await ref.exited
        expect(reason).toBeInstanceOf(ThrownValueError)
        expect((reason as ThrownValueError).cause).toBe(thrown)
        expect((reason as ThrownValueError).code).toBe('GENSTAGE_THROWN_VALUE')
      }
    },
  )

  test('any value may be a reason', async () => {
    const runtime = testRuntime()
    for (const reason of ['done', 42, null, { shutdown: 1 }, { code: 3 }, [1], Symbol('why')]) {
      const ref = await start(
        acting(() => ({ stop: reason })),
        { runtime },
      )
      ref.send('')
      expect(await ref.exited).toBe(reason)
    }
  })

  describe('terminate', () => {
    const ending = (terminate: (reason: unknown) => Untyped) =>
      consumer({ handleEvents() {}, terminate, handleInfo: failing })
    const failing = () => {
      throw new Error('in handleInfo')
    }

    test('is given the reason, and is waited for', async () => {
      const runtime = testRuntime()
      const cleaning = gate()
      const reasons: unknown[] = []
      const ref = await start(
        ending(async (reason) => {
          reasons.push(reason)
          await cleaning.promise
        }),
        { runtime },
      )
      let ended = false
      const stopped = ref.stop({ shutdown: 'enough' }).then(() => (ended = true))
      await runtime.settle()
      expect({ reasons, ended }).toEqual({ reasons: [{ shutdown: 'enough' }], ended: false })
      cleaning.open()
      await stopped
    })

    test('runs after a callback has thrown', async () => {
      const runtime = testRuntime()
      const reasons: unknown[] = []
      const ref = await start(
        ending((reason) => {
          reasons.push(reason)
        }),
        { runtime },
      )
      ref.send('')
      expect([await ref.exited]).toEqual(reasons)
      expect(reasons).toEqual([new Error('in handleInfo')])
    })

    test.each([
      [
        'throws',
        (error: unknown) => {
          throw error
        },
      ],
      ['rejects', (error: unknown) => Promise.reject(error)],
    ])('that %s replaces the reason, and keeps the former one as the cause', async (_how, fail) => {
      const runtime = testRuntime()
      const error = new Error('in terminate')
      const stopped = await start(
        ending(() => fail(error)),
        { runtime },
      )
      await expect(stopped.stop('shutdown')).rejects.toMatchObject({ code: 'GENSTAGE_EXIT', reason: error })
      expect(await stopped.exited).toBe(error)
      expect(error.cause).toBe('shutdown')

      const another = new Error('in terminate')
      const crashed = await start(
        ending(() => fail(another)),
        { runtime },
      )
      crashed.send('')
      expect(await crashed.exited).toBe(another)
      expect(another.cause).toEqual(new Error('in handleInfo'))
    })

    test('that throws no error is wrapped', async () => {
      const runtime = testRuntime()
      const ref = await start(
        ending(() => {
          throw 'normal'
        }),
        { runtime },
      )
      const stopping = ref.stop()
      await expect(stopping).rejects.toMatchObject({ code: 'GENSTAGE_EXIT' })
      expect(await ref.exited).toBeInstanceOf(ThrownValueError)
    })

    test('whatever it answers is of no interest', async () => {
      const runtime = testRuntime()
      const ref = await start(
        ending(() => ({ stop: 'another reason' })),
        { runtime },
      )
      await ref.stop()
      expect(await ref.exited).toBe('normal')
    })
  })
})

describe('exit signals', () => {
  test('end a process at once, in the middle of a pending callback and without terminate', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const never = gate()
    const ref = await start(
      consumer({
        handleEvents() {},
        async handleInfo(message: string) {
          ran.push(message)
          await never.promise
          ran.push('after the end')
        },
        terminate() {
          ran.push('terminate')
        },
      }),
      { runtime },
    )
    ref.send('pending')
    ref.send('waiting')
    await runtime.settle()
    ref.exit('enough')
    expect(await ref.exited).toBe('enough')
    expect(ran).toEqual(['pending'])
  })

  test('come before what is in the mailbox', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const ref = await start(hearing(heard), { runtime })
    ref.send('never heard')
    ref.exit('enough')
    expect(await ref.exited).toBe('enough')
    expect(heard).toEqual([])
  })

  test('of reason normal mean nothing', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const ref = await start(hearing(heard), { runtime })
    ref.exit('normal')
    ref.send('still here')
    await runtime.settle()
    expect(heard).toEqual(['still here'])
  })

  test('that are trapped wait their turn, as { exit, reason }', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const waiting = gate()
    const child = await start(idle(), { runtime })
    const ref = await start(
      consumer((stage) => {
        stage.link(child)
        return {
          trapExit: true,
          handleEvents() {},
          async handleInfo(message: unknown) {
            heard.push(message)
            await waiting.promise
          },
        }
      }),
      { runtime },
    )
    ref.send('pending')
    ref.send('before')
    await runtime.settle()
    ref.exit('by hand')
    ref.exit('normal')
    child.exit('of a link')
    await runtime.settle()
    expect(heard).toEqual(['pending'])
    waiting.open()
    await runtime.settle()
    expect(heard).toEqual([
      'pending',
      'before',
      { exit: undefined, reason: 'by hand' },
      { exit: undefined, reason: 'normal' },
      { exit: child, reason: 'of a link' },
    ])
    expect((heard[4] as { exit: unknown }).exit).toBe(child)
  })

  test('of kind kill cannot be trapped, and the others hear killed', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const terminated: unknown[] = []
    const target = await start(
      consumer({
        trapExit: true,
        handleEvents() {},
        handleInfo: () => new Promise<void>(() => {}),
        terminate(reason) {
          terminated.push(reason)
        },
      }),
      { runtime },
    )
    const linked = await start(
      consumer((stage) => {
        stage.link(target)
        stage.monitor(target)
        return {
          trapExit: true,
          handleEvents() {},
          handleInfo(message: unknown) {
            heard.push(message)
          },
        }
      }),
      { runtime },
    )
    target.send('pending')
    await runtime.settle()
    target.exit('kill')
    expect(await target.exited).toBe('killed')
    await runtime.settle()
    expect(heard).toEqual([
      { down: target, reason: 'killed' },
      { exit: target, reason: 'killed' },
    ])
    expect(terminated).toEqual([])
    await linked.stop()
  })

  test('of the parent stop a process that traps exits, through terminate, whatever the reason', async () => {
    for (const reason of ['normal', 'boom'] as const) {
      const runtime = testRuntime()
      const terminated: unknown[] = []
      const heard: unknown[] = []
      const Child = () =>
        consumer({
          trapExit: true,
          handleEvents() {},
          handleInfo(message: unknown) {
            heard.push(message)
          },
          terminate(why) {
            terminated.push(why)
          },
        })
      const parent = await start(
        consumer(async (stage) => {
          await stage.startLink(Child())
          return { handleEvents() {}, handleInfo: (why: unknown) => ({ stop: why as string }) }
        }),
        { runtime },
      )
      parent.send(reason)
      await runtime.settle()
      expect({ terminated, heard }).toEqual({ terminated: [reason], heard: [] })
    }
  })

  test('to a process that is in its terminate end it there', async () => {
    const runtime = testRuntime()
    const ref = await start(consumer({ handleEvents() {}, terminate: () => new Promise<void>(() => {}) }), { runtime })
    const stopping = ref.stop()
    await runtime.settle()
    ref.exit('kill')
    await expect(stopping).rejects.toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'killed' })
  })

  test('that a process sends to itself end it once, whatever it is about to wait for', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const waiting = gate()
    const heard: unknown[] = []
    const ref = await start(
      acting(async (_message, { self }) => {
        self.exit('kill')
        await waiting.promise
      }),
      { runtime, name: 'once' },
    )
    const watching = await start(
      consumer((stage) => {
        stage.monitor(ref)
        return {
          handleEvents() {},
          handleInfo(message: unknown) {
            heard.push(message)
          },
        }
      }),
      { runtime },
    )
    ref.send('')
    expect(await ref.exited).toBe('killed')
    await runtime.settle()
    // The name belongs to somebody else by the time the callback goes on.
    const heir = await start(idle(), { runtime, name: 'once' })
    waiting.open()
    await runtime.settle()
    expect(heard).toEqual([{ down: ref, reason: 'killed' }])
    expect(lines.filter((line) => line.includes('once ended'))).toHaveLength(1)
    await heir.stop()
    await watching.stop()
  })
})

describe('stop', () => {
  test('waits for the callback that is pending, and for what is in the mailbox before it', async () => {
    const runtime = testRuntime()
    const waiting = gate()
    const log: string[] = []
    const ref = await start(
      acting(async (message: string) => {
        await waiting.promise
        log.push(message)
      }),
      { runtime },
    )
    ref.send('first')
    ref.send('second')
    const stopped = ref.stop().then(() => log.push('stopped'))
    ref.send('third')
    await runtime.settle()
    expect(log).toEqual([])
    waiting.open()
    await stopped
    expect(log).toEqual(['first', 'second', 'stopped'])
  })

  test('rejects where the process ends for another reason', async () => {
    const runtime = testRuntime()
    const error = new Error('boom')
    const ref = await start(
      acting(() => Promise.reject(error)),
      { runtime },
    )
    ref.send('')
    await expect(ref.stop()).rejects.toMatchObject({ code: 'GENSTAGE_EXIT', reason: error, cause: error })
    await ref.stop()
  })

  test('may be given up after a time, and the process stops all the same', async () => {
    const runtime = testRuntime()
    const waiting = gate()
    const ref = await start(
      acting(() => waiting.promise),
      { runtime },
    )
    ref.send('')
    const stopping = ref.stop('normal', { timeout: 100 })
    const failure = expect(stopping).rejects.toMatchObject({ code: 'GENSTAGE_TIMEOUT', timeout: 100 })
    await runtime.advance(100)
    await failure
    waiting.open()
    expect(await ref.exited).toBe('normal')
  })

  test('of several askers tells all of them', async () => {
    const runtime = testRuntime()
    const ref = await start(idle(), { runtime })
    const [one, other] = await Promise.allSettled([ref.stop(), ref.stop('shutdown')])
    expect(one.status).toBe('fulfilled')
    expect(other.status).toBe('fulfilled')
  })
})

test('a mailbox that grows long is reported, once', async () => {
  const lines: string[] = []
  const runtime = testRuntime({ logger: recordingLogger(lines) })
  const waiting = gate()
  const ref = await start(
    acting(() => waiting.promise),
    { runtime, name: 'slow' },
  )
  ref.send('')
  await runtime.settle()
  for (let count = 0; count < 9_999; count++) ref.send(count)
  expect(lines).toEqual([])
  for (let count = 0; count < 9_999; count++) ref.send(count)
  expect(lines).toEqual(['warn: consumer slow has 10000 messages in its mailbox'])
  ref.exit('kill')
  await runtime.settle()
})
