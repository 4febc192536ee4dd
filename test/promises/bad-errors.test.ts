import { runInNewContext } from 'node:vm'
import {
  type ConsumerRef,
  consumer,
  consumerSupervisor,
  createScope,
  ExitError,
  fromIterable,
  type ProcessRef,
  producer,
  producerConsumer,
  StageFailure,
  StartError,
  start,
  stream,
  supervisor,
  task,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { gate } from '../process/gate.ts'
import { type Untyped, untyped } from '../untyped.ts'

const refusing = (): never => {
  throw new Error('a trap or getter that throws')
}

/** A proxy that refuses whatever is done with it. */
const refusal = (target: object): object =>
  new Proxy(
    target,
    new Proxy({}, { get: () => refusing }), // Every trap there is.
  )

const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const having = (target: object, key: string, property: PropertyDescriptor): object =>
  Object.defineProperty(target, key, property)

const withGetter = (...keys: readonly string[]): Error => {
  const error = new Error('hidden')
  for (const key of keys) Object.defineProperty(error, key, { get: refusing })
  return error
}

class HttpError extends Error {
  // A class field takes the place of what the constructor of `Error` sets.
  override message!: string
}

/** Thrown values that break careless code. */
const badErrors: readonly (readonly [what: string, make: () => unknown])[] = [
  ['an error whose message is undefined', () => new HttpError('not found')],
  ['an error whose message is an object', () => Object.assign(new Error(), { message: { code: 404 } })],
  ['an error whose message cannot be read', () => withGetter('message')],
  ['an error of which nothing can be read', () => withGetter('stack', 'message', 'name', 'cause', 'constructor')],
  ['an error whose cause cannot be read', () => withGetter('cause')],
  ['a frozen error', () => Object.freeze(new Error('cold'))],
  ['an error that can be waited for', () => having(new Error('late'), 'then', { value() {} })],
  ['an error of another realm', () => runInNewContext('new Error("from elsewhere")')],
  ['a proxy that refuses all', () => refusal({})],
  ['a proxy of an error that refuses all', () => refusal(new Error('inside'))],
  ['a proxy of a function that refuses all', () => refusal(() => {})],
  ['a proxy that was revoked', () => revoked({})],
  ['an object without a prototype', () => Object.create(null)],
  ['an object whose then cannot be read', () => having({}, 'then', { get: refusing })],
  [
    'an object that is no text',
    () => ({ toString: refusing, [Symbol.toPrimitive]: refusing, toJSON: refusing, valueOf: refusing }),
  ],
  ['a symbol', () => Symbol('thrown')],
  ['undefined', () => undefined],
]

const numbers = (end: number) => fromIterable(Array.from({ length: end }, (_, index) => index))

/** A stage that does with `'go'` what `act` does, however it gets there. */
const obeying = (act: () => unknown, more: object = {}) =>
  consumer({
    handleEvents() {},
    handleInfo: () => untyped(act()),
    handleCall: { wait() {} },
    ...more,
  })

const idle = () => producer({ handleDemand: () => [], handleCall: { alive: () => ({ reply: true }) } })

/** What tasks wait for. */
const open = gate()

/**
 * Ways in which a stage can fail, or be ended, of what it is given: each starts a stage in `begin`, and strikes then.
 */
interface Way {
  readonly stage: (bad: unknown) => Untyped
  readonly strike: (ref: Untyped, bad: unknown, runtime: TestRuntime) => unknown
}

const fail = (bad: unknown) => (): never => {
  throw bad
}

const ways: Readonly<Record<string, Way>> = {
  'thrown by handleInfo': { stage: (bad) => obeying(fail(bad)), strike: (ref) => ref.send('go') },
  'rejected by handleInfo': {
    stage: (bad) => obeying(() => Promise.reject(bad)),
    strike: (ref) => ref.send('go'),
  },
  'returned as stop': { stage: (bad) => obeying(() => ({ stop: bad })), strike: (ref) => ref.send('go') },
  'thrown by handleCast': {
    stage: (bad) => obeying(() => {}, { handleCast: { go: fail(bad) } }),
    strike: (ref) => ref.cast('go'),
  },
  'thrown by handleCall': {
    stage: (bad) => obeying(() => {}, { handleCall: { go: fail(bad), wait() {} } }),
    strike: (ref) => ref.call('go').catch(() => {}),
  },
  'rejected by handleCall': {
    stage: (bad) => obeying(() => {}, { handleCall: { go: () => Promise.reject(bad), wait() {} } }),
    strike: (ref) => ref.call('go').catch(() => {}),
  },
  'thrown by terminate, at another end': {
    stage: (bad) => obeying(() => ({ stop: 'other' }), { terminate: fail(bad) }),
    strike: (ref) => ref.send('go'),
  },
  'thrown by terminate, at an end of an error': {
    stage: (bad) => obeying(fail(new Error('first')), { terminate: fail(bad) }),
    strike: (ref) => ref.send('go'),
  },
  'thrown by handleEvents': {
    stage: (bad) => consumer({ handleEvents: fail(bad), handleCall: { wait() {} } }),
    strike: async (ref, _bad, runtime) => ref.subscribe(await start(numbers(3), { runtime })).catch(() => {}),
  },
  'thrown by handleSubscribe': {
    stage: (bad) => obeying(() => {}, { handleSubscribe: fail(bad) }),
    strike: async (ref, _bad, runtime) => ref.subscribe(await start(numbers(3), { runtime })).catch(() => {}),
  },
  'thrown by handleCancel': {
    stage: (bad) => obeying(() => {}, { handleCancel: fail(bad) }),
    strike: async (ref, _bad, runtime) => ref.subscribe(await start(numbers(3), { runtime })).catch(() => {}),
  },
  'thrown by handleDemand': {
    stage: (bad) => producer({ handleDemand: fail(bad), handleCall: { wait() {} } }),
    strike: async (ref, _bad, runtime) =>
      (
        await start(
          obeying(() => {}),
          { runtime },
        )
      )
        .subscribe(ref)
        .catch(() => {}),
  },
  'rejected by handleDemand': {
    stage: (bad) => producer({ handleDemand: () => Promise.reject(bad), handleCall: { wait() {} } }),
    strike: async (ref, _bad, runtime) =>
      (
        await start(
          obeying(() => {}),
          { runtime },
        )
      )
        .subscribe(ref)
        .catch(() => {}),
  },
  'thrown by handleEvents of a producer-consumer': {
    stage: (bad) => producerConsumer({ handleEvents: fail(bad), handleCall: { wait() {} } }),
    strike: async (ref, _bad, runtime) => {
      const sink = await start(
        obeying(() => {}),
        { runtime },
      )
      sink.subscribe(ref).catch(() => {})
      ref.subscribe(await start(numbers(3), { runtime })).catch(() => {})
    },
  },
  'thrown by formatDiscarded': {
    stage: (bad) =>
      producer({
        handleDemand: () => [],
        handleCast: { go: () => [1, 2] },
        handleCall: { wait() {} },
        bufferSize: 0,
        formatDiscarded: untyped(fail(bad)),
      }),
    strike: (ref) => ref.cast('go'),
  },
  'thrown by an iterator': {
    stage: (bad) => fromIterable({ [Symbol.iterator]: () => ({ next: untyped(fail(bad)) }) }),
    strike: async (ref, _bad, runtime) =>
      (
        await start(
          obeying(() => {}),
          { runtime },
        )
      )
        .subscribe(ref)
        .catch(() => {}),
  },
  'thrown by a task': {
    stage: (bad) =>
      task(async () => {
        await open.promise
        throw bad
      }),
    strike: () => open.open(),
  },
  'given to exit': { stage: () => obeying(() => {}), strike: (ref, bad) => ref.exit(bad) },
  'given to exit, and trapped and thrown': {
    stage: () =>
      consumer({
        trapExit: true,
        handleEvents() {},
        handleCall: { wait() {} },
        handleInfo(message: Untyped) {
          throw message.reason
        },
      }),
    strike: (ref, bad) => ref.exit(bad),
  },
  'given to exit, and trapped and returned as stop': {
    stage: () =>
      consumer({
        trapExit: true,
        handleEvents() {},
        handleCall: { wait() {} },
        handleInfo: (message: Untyped) => ({ stop: message.reason }),
      }),
    strike: (ref, bad) => ref.exit(bad),
  },
  'given to stop': { stage: () => obeying(() => {}), strike: (ref, bad) => ref.stop(bad).catch(() => {}) },
  'given to cancel': {
    stage: () => obeying(() => {}),
    strike: async (ref, bad, runtime) => {
      const source = await start(idle(), { runtime })
      const subscription = await ref.subscribe(source, { cancel: 'permanent', confirm: false })
      subscription.cancel(untyped(bad))
    },
  },
}

// What is undefined counts as not given: `{ stop: undefined }`, `stop()`, `cancel()`.
const isGiven = (way: string, bad: unknown): boolean => bad !== undefined || !/given to|returned/.test(way)

describe.each(Object.entries(ways))('a bad error %s', (way, { stage, strike }) => {
  test.each(badErrors.filter(([, make]) => isGiven(way, make())))('%s: fails no other stage', async (_what, make) => {
    const bad = make()
    const logged: string[] = []
    const log = (message: string): void => {
      logged.push(message)
    }
    const runtime = testRuntime({ logger: { error: log, warn: log, info: log, debug: log } })
    const other = await start(idle(), { runtime })
    const received: string[] = []

    const watcher = await start(
      consumer(({ monitor, link, self }) => ({
        trapExit: true,
        handleEvents() {},
        handleInfo(message: Untyped) {
          if ('watch' in message) {
            monitor(message.watch)
            link(message.watch)
          } else received.push('down' in message ? 'down' : 'exit')
          return undefined
        },
        handleCall: { self: () => ({ reply: self.id }) },
      })),
      { runtime },
    )
    const scope = createScope({ runtime })
    let done: unknown = 'pending'
    scope.done.catch((failure: unknown) => {
      done = failure
    })
    const ref = (await scope.startLink(stage(bad))) as Untyped
    watcher.send({ watch: ref })
    await runtime.settle()
    let called: unknown = 'pending'
    ref.call?.('wait', { timeout: 1_000_000 }).catch((error: unknown) => {
      called = error
    })
    void ref.exited.then(() => received.push('exited'))
    await strike(ref, bad, runtime)
    await runtime.settle()

    expect(received).toEqual(['down', 'exit', 'exited'])
    if (ref.call !== undefined && !way.includes('iterator')) expect(called).toBeInstanceOf(ExitError)
    // An end that was asked for is no failure, unless the stage throws what is no error.
    if (done !== 'pending' || !/given to (exit|stop)/.test(way)) {
      expect(done).toBeInstanceOf(StageFailure)
      expect((done as StageFailure).message).toMatch(/^[\w-]+ g\d+\.\d+ failed( in \w+(\.\w+)?)?: ./)
    }
    expect(await runtime.settle(other.call('alive'))).toBe(true)
    expect(logged.every((line) => typeof line === 'string')).toBe(true)
    // It is over, and handles nothing more.
    await runtime.settle((ref as ProcessRef).stop())
    expect(await (ref as ProcessRef).drain()).toEqual({ undone: [] })
  })
})

describe.each(badErrors)('%s', (_what, make) => {
  test.each([
    ['thrown', (bad: unknown) => consumer(fail(bad))],
    ['rejected', (bad: unknown) => consumer(() => Promise.reject(bad))],
    ['returned as stop', (bad: unknown) => consumer(() => untyped({ stop: bad }))],
  ])('%s by a setup function rejects the start', async (_way, stage) => {
    const runtime = testRuntime()
    const failure = await runtime.settle(start(stage(make()), { runtime }).catch((error: unknown) => error))
    expect(failure).toBeInstanceOf(StartError)
    expect((failure as Error).message).toMatch(/^consumer g\d+\.1 could not be started: ./)
    expect(await runtime.settle((await start(idle(), { runtime })).call('alive'))).toBe(true)
  })

  test('ends a loop over a stream with an error, and no other loop', async () => {
    const runtime = testRuntime()
    const source = await start(producer({ handleDemand: fail(make()) }), { runtime })
    const reading = (async () => {
      for await (const _event of stream([source]));
    })()
    await expect(runtime.settle(reading)).rejects.toBeInstanceOf(ExitError)
    const seen: number[] = []
    for await (const event of stream([await start(numbers(3), { runtime })])) seen.push(event)
    expect(seen).toEqual([0, 1, 2])
  })

  test('makes a supervisor and a consumer supervisor restart a child', async () => {
    const runtime = testRuntime()
    let starts = 0
    const child = () => {
      starts++
      return task(async () => {
        if (starts % 2 === 1) throw make()
      })
    }
    await start(supervisor({ strategy: 'one-for-one', children: [{ id: 'a', start: child, restart: 'transient' }] }), {
      runtime,
    })
    await runtime.settle()
    expect(starts).toBe(2)
    const pool = (await start(consumerSupervisor({ start: child, restart: 'transient' } as Untyped), {
      runtime,
    })) as Untyped as ConsumerRef<number>
    await pool.subscribe(await start(numbers(1), { runtime }), { cancel: 'temporary' })
    await runtime.settle()
    expect(starts).toBe(4)
  })
})
