import { consumer, producer, start } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { gate } from './gate.ts'
import { acting, collecting, idle, recordingLogger } from './plain-stages.ts'

describe('order', () => {
  test('messages from one process to another arrive in the order sent, under every schedule', async () => {
    await shuffled(100, async (runtime) => {
      const received: string[] = []
      const listener = await start(collecting(received), { runtime })
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
        const ofOne = received.filter((message) => message.startsWith(name))
        expect(ofOne).toEqual(Array.from({ length: 20 }, (_, index) => `${name}${index + 1}`))
      }
    })
  })

  test('a message of each kind keeps its place among the others', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const stage = await start(
      consumer({
        handleEvents() {},
        handleInfo(message: unknown) {
          received.push(message)
        },
        handleCast: {
          note(word: string) {
            received.push(word)
          },
        },
        handleCall: {
          ask(word: string) {
            received.push(word)
            return { reply: word }
          },
        },
        terminate(reason) {
          received.push(reason)
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
    // A consumer has no buffer, so an info is due after what is in the mailbox: after the stop.
    expect(received).toEqual(['sent', 'cast', 'called', 'shutdown'])
  })

  test('no callback runs inside a call of the library', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const stage = consumer(({ signal }) => {
      ran.push('setup')
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
    expect(ran).toEqual(['setup'])
    await Promise.all([size, stopping])
    expect(ran).toEqual(['setup', 'info', 'cast', 'call', 'terminate', 'abort'])
  })
})

describe('turns', () => {
  test('the process that has a message first runs first', async () => {
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

  test('a process handles in its turn what arrives in the meantime, too', async () => {
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

  test('what a callback throws ends its process and no other', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const failing = await start(
      acting(() => {
        throw new Error('boom')
      }),
      { runtime },
    )
    const other = await start(collecting(received), { runtime })
    failing.send('')
    other.send('still here')
    await runtime.settle()
    expect(received).toEqual(['still here'])
    other.send('and now')
    await runtime.settle()
    expect(received).toEqual(['still here', 'and now'])
  })

  test.each(['kill', 'boom', 'stop', 'throw'])(
    'a dispatcher that throws when it is asked at the end (%s) harms no other process',
    async (how) => {
      const lines: string[] = []
      const runtime = testRuntime({ logger: recordingLogger(lines) })
      const received: unknown[] = []
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
      const other = await start(collecting(received), { runtime })
      if (how === 'throw') failing.send('')
      else if (how === 'stop') void failing.stop()
      else failing.exit(how)
      expect(await failing.exited).toBeDefined()
      other.send('still here')
      await runtime.settle()
      expect(received).toEqual(['still here'])
      expect(lines).toContain('error: producer failing could not count its remaining events: in queuedCount')
      await start(idle(), { runtime, name: 'failing' })
    },
  )
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

  test('of several callers resolves for all of them', async () => {
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
