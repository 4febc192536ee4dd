import {
  CallingSelfError,
  type ConsumerContext,
  consumer,
  DeadlockError,
  type Down,
  type Exit,
  ExitError,
  NoProcessError,
  named,
  type ProcessRef,
  StageEndedError,
  TimeoutError,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { emittingOnRequest, type Failure, gate, launch, rejection, timings } from './test-stages.ts'

describe.each(timings)('the context of a stage, with %s callbacks', (_name, later) => {
  /** Calls `act` with each message. */
  const acting = (act: (message: never, stage: ConsumerContext) => unknown, options: object = {}) =>
    consumer((stage) => ({
      handleEvents: later((_events: readonly number[]) => {}),
      handleInfo: later((message: unknown) => act(message as never, stage) as undefined),
      handleCall: {
        ask: later((question: () => unknown) => ({ reply: question() })),
        askThrough: async (question: () => Promise<unknown>) => ({ reply: await question() }),
      },
      ...options,
    }))

  test('calls another stage', async () => {
    const runtime = testRuntime()
    const replies: unknown[] = []
    const replying = await launch(
      runtime,
      acting(() => {}),
      { name: 'replying' },
    )
    const token = named<typeof replying>('replying', { runtime })
    const calling = await launch(
      runtime,
      acting(async (target: typeof replying, { call }) => {
        replies.push(await call(target, 'ask', () => 5))
      }),
    )
    calling.send(replying)
    calling.send(token)
    await runtime.settle()
    expect(replies).toEqual([5, 5])
  })

  test('refuses a call to itself, in a circle or to an unknown name, and times out', async () => {
    const runtime = testRuntime()
    const errors: Failure[] = []
    const trying = acting(async ([target, question, options]: readonly unknown[], { call }) => {
      errors.push(await rejection(call(target as never, 'askThrough' as never, ...([question, options] as never))))
    })
    const stage = await launch(runtime, trying, { name: 'one' })
    stage.send([stage, () => 1])
    await runtime.settle()
    expect([errors[0]?.constructor, errors[0]?.message]).toEqual([
      CallingSelfError,
      "call 'askThrough' to consumer one: a stage cannot call itself",
    ])

    let other: { call: ConsumerContext['call'] } | undefined
    const second = await launch(
      runtime,
      consumer((context) => {
        other = context
        return {
          handleEvents: later((_events: readonly number[]) => {}),
          handleCall: { askThrough: async (question: () => Promise<unknown>) => ({ reply: await question() }) },
        }
      }),
      { name: 'two' },
    )
    stage.send([second, () => other?.call(stage, 'ask' as never, ...([() => 1] as never))])
    await runtime.settle()
    expect(errors[1]).toBeInstanceOf(ExitError)
    expect(errors[1]?.reason).toBeInstanceOf(DeadlockError)
    expect(errors[1]?.reason.stages).toEqual(['consumer two', 'consumer one'])

    stage.send([named('unknown', { runtime }), () => 1])
    stage.send([second, () => 1])
    await runtime.settle()
    expect([errors[2]?.constructor, errors[3]?.constructor]).toEqual([NoProcessError, NoProcessError])

    const silent = await launch(
      runtime,
      acting(() => {}),
    )
    const never = gate()
    stage.send([silent, () => never.opened, { timeout: 10 }])
    await runtime.advance(10)
    expect(errors[4]?.constructor).toBe(TimeoutError)
    never.open()
  })

  test('is notified once when a monitored process exits, and not after the monitor is cancelled', async () => {
    await shuffled(50, async (runtime) => {
      const received: unknown[] = []
      const [first, second, third] = await Promise.all([
        launch(
          runtime,
          acting(() => {}),
        ),
        launch(
          runtime,
          acting(() => {}),
        ),
        launch(
          runtime,
          acting(() => {}),
        ),
      ])
      await third.stop('shutdown')
      const watching = await launch(
        runtime,
        acting((message: { watch?: ProcessRef; unwatch?: true } & Partial<Down>, stage) => {
          if (message.watch !== undefined) {
            const monitor = stage.monitor(message.watch)
            if (message.unwatch) monitor.cancel()
          } else received.push([message.down, message.reason])
        }),
      )
      watching.send({ watch: first })
      watching.send({ watch: second, unwatch: true })
      watching.send({ watch: third })
      await runtime.settle()
      await first.stop('because')
      second.exit('kill')
      await runtime.settle()
      expect(received).toEqual([
        [third, 'noproc'],
        [first, 'because'],
      ])
    })
  })

  test('drops a notification that is in the mailbox already when the monitor is cancelled', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const hold = gate()
    const target = await launch(
      runtime,
      acting(() => {}),
    )
    const watching = await launch(
      runtime,
      consumer((stage) => {
        const monitor = stage.monitor(target)
        return {
          handleEvents: later((_events: readonly number[]) => {}),
          handleInfo: async (message: unknown) => {
            received.push(message)
            await hold.opened
            monitor.cancel()
          },
        }
      }),
    )
    watching.send('cancel')
    await runtime.settle()
    target.exit('kill')
    await runtime.settle()
    hold.open()
    await runtime.settle()
    expect(received).toEqual(['cancel'])
  })

  test('links the stage, which traps exits if its option is set', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const handlingExits = (
      message: Partial<Exit> & { link?: ProcessRef; unlink?: ProcessRef },
      stage: ConsumerContext,
    ) => {
      if (message.link !== undefined) stage.link(message.link)
      else if (message.unlink !== undefined) stage.unlink(message.unlink)
      else received.push([message.exit, message.reason])
    }
    const [friend, stranger, quiet] = await Promise.all(
      [1, 2, 3].map(() =>
        launch(
          runtime,
          acting(() => {}),
        ),
      ),
    )
    const trapping = await launch(runtime, acting(handlingExits, { trapExit: true }))
    const dying = await launch(runtime, acting(handlingExits))
    for (const stage of [trapping, dying]) {
      stage.send({ link: friend })
      stage.send({ link: stranger })
      stage.send({ unlink: stranger })
      stage.send({ link: quiet })
    }
    await runtime.settle()
    await quiet?.stop()
    stranger?.exit('kill')
    friend?.exit('because')
    await runtime.settle()
    expect(await dying.exited).toBe('because')
    expect(received).toEqual([
      [quiet, 'normal'],
      [friend, 'because'],
    ])
    trapping.exit('asked for')
    await runtime.settle()
    expect(received.at(-1)).toEqual([undefined, 'asked for'])
    trapping.exit('kill')
    expect(await trapping.exited).toBe('killed')
  })

  test('starts stages linked to this one', async () => {
    const runtime = testRuntime()
    const started: ProcessRef[] = []
    const starting = await launch(
      runtime,
      acting(async (name, { startLink }) => {
        started.push(
          await startLink(
            acting(() => {}),
            { name },
          ),
        )
      }),
    )
    starting.send('child')
    await runtime.settle()
    expect(started[0]?.name).toBe('child')
    starting.exit('because')
    expect(await started[0]?.exited).toBe('because')
    const other = await launch(
      runtime,
      acting(async (_message, { startLink }) => {
        started.push(await startLink(acting(() => {})))
      }),
    )
    other.send('go')
    await runtime.settle()
    started[1]?.exit('child’s fault')
    expect(await other.exited).toBe('child’s fault')
  })

  test('sends the stage messages later, and cancels them', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const stage = await launch(
      runtime,
      acting((message, { sendAfter }) => {
        received.push([message, runtime.now()])
        if (message !== 'start') return
        sendAfter('c', 30)
        sendAfter('a', 10)
        sendAfter('never', Number.POSITIVE_INFINITY)
        const second = sendAfter('not this', 20)
        const timer = sendAfter('b', 10)
        sendAfter('at once', 0)
        second.cancel()
        second.cancel()
        expect(() => sendAfter('x', -1)).toThrow(RangeError)
        expect(() => sendAfter('x', Number.NaN)).toThrow(RangeError)
        expect(() => sendAfter('x', '5' as never)).toThrow(TypeError)
        void timer
      }),
    )
    stage.send('start')
    await runtime.advance(9)
    expect(received).toEqual([
      ['start', 0],
      ['at once', 0],
    ])
    await runtime.advance(1)
    await runtime.advance(100)
    expect(received.slice(2)).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ])
    await stage.stop()
  })

  test('has a signal that is aborted with the reason at every exit', async () => {
    for (const [end, reason] of [
      [(stage: ProcessRef) => stage.stop('shutdown'), 'shutdown'],
      [(stage: ProcessRef) => stage.exit('because'), 'because'],
      [(stage: ProcessRef) => stage.exit('kill'), 'killed'],
    ] as const) {
      const runtime = testRuntime()
      const signals: { readonly aborted: boolean; readonly reason: unknown }[] = []
      const stage = await launch(
        runtime,
        consumer(({ signal }) => {
          signals.push(signal)
          return { handleEvents: later((_events: readonly number[]) => {}) }
        }),
      )
      expect(signals[0]?.aborted).toBe(false)
      await end(stage)
      await runtime.settle()
      expect([signals[0]?.aborted, signals[0]?.reason]).toEqual([true, reason])
    }
  })

  test('refuses all operations after the stage has exited', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const other = await launch(
      runtime,
      acting((message) => {
        received.push(message)
      }),
    )
    const source = await launch(runtime, emittingOnRequest(later))
    let context: ConsumerContext | undefined
    const stage = await launch(
      runtime,
      consumer((given) => {
        context = given
        return { handleEvents: later((_events: readonly number[]) => {}) }
      }),
    )
    const subscription = await stage.subscribe(source, { cancel: 'temporary' })
    await stage.stop('shutdown')
    const attempts: Record<string, (orphan: ConsumerContext) => unknown> = {
      sendAfter: (orphan) => orphan.sendAfter('x', 1),
      info: (orphan) => orphan.info('x'),
      call: (orphan) => orphan.call(other, 'ask' as never, ...([() => 1] as never)),
      startLink: (orphan) => orphan.startLink(acting(() => {})),
      monitor: (orphan) => orphan.monitor(other),
      link: (orphan) => orphan.link(other),
      unlink: (orphan) => orphan.unlink(other),
      subscribe: (orphan) => orphan.subscribe(source),
      resubscribe: (orphan) => orphan.resubscribe(subscription, 'x', source),
    }
    for (const [name, attempt] of Object.entries(attempts)) {
      const error = await rejection((async () => attempt(context as ConsumerContext))())
      expect([name, error.constructor, error.reason]).toEqual([name, StageEndedError, 'shutdown'])
    }
    // A message is sent by a reference, which does not know the stage that uses it.
    other.send('still')
    await runtime.settle()
    expect(received).toEqual(['still'])
  })
})
