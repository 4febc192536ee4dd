import {
  type CancelReason,
  type ConsumerContext,
  type ConsumerRef,
  consumer,
  type ExitReason,
  fromIterable,
  named,
  type ProducerRef,
  producer,
  StartError,
  type Subscription,
  supervisor,
  to,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  ascending,
  collecting,
  counting,
  emittingOnRequest,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
} from './test-stages.ts'

describe.each(timings)('the sources of a consumer, with %s callbacks', (_name, later) => {
  const subscribing = (
    sources: readonly (ProducerRef<number> | ReturnType<typeof to<ProducerRef<number>>>)[],
    seen: number[],
  ) =>
    consumer({
      subscribeTo: sources,
      handleEvents: later((events: readonly number[]) => {
        seen.push(...events)
      }),
    })

  test('are given by its setup function: by reference, with options, by name', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const [plain, , demanding] = await Promise.all([
        launch(runtime, fromIterable([1])),
        launch(runtime, fromIterable([2]), { name: 'second' }),
        launch(runtime, fromIterable([3, 4])),
      ])
      const sources = [
        to(plain, { cancel: 'temporary' }),
        to(named<ProducerRef<number>>('second', { runtime }), { cancel: 'temporary' }),
        to(demanding, { maxDemand: 1, cancel: 'temporary' }),
      ]
      const sink = await launch(runtime, subscribing(sources, seen))
      await runtime.settle()
      expect(ascending(seen)).toEqual([1, 2, 3, 4])
      await sink.stop()
    })
  })

  test('are subscribed to before the start resolves, which fails when handleSubscribe stops the stage', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(runtime, counting(later, 3))
    const admitting = gate()
    const starting = launch(
      runtime,
      consumer({
        subscribeTo: [source, to(source, { maxDemand: 1 })],
        handleSubscribe: async (_role: 'producer', { maxDemand }: { readonly maxDemand: number }) => {
          order.push(maxDemand)
          await admitting.opened
        },
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    ).then(() => order.push('started'))
    await runtime.settle()
    expect(order).toEqual([1_000])
    admitting.open()
    await starting
    await runtime.settle()
    expect(order.filter((entry) => entry !== 'started')).toEqual([1_000, 1, 0, 1, 2])

    const terminated: unknown[] = []
    const error = await rejection(
      launch(
        runtime,
        consumer({
          subscribeTo: [source],
          handleSubscribe: later(() => ({ stop: 'no' })),
          handleEvents: later((_events: readonly number[]) => {}),
          terminate: later((reason: ExitReason) => {
            terminated.push(reason)
          }),
        }),
      ),
    )
    expect([error.constructor, error.reason, terminated]).toEqual([StartError, 'no', []])
  })

  test('are looked up again by name when another process has it', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    const sink = await launch(runtime, collecting(later, seen))
    for (const event of [1, 2, 3]) {
      const source = await launch(runtime, fromIterable([event]), { name: numbers })
      await sink.subscribe(numbers, { cancel: 'temporary' })
      expect(await source.exited).toBe('normal')
      await runtime.settle()
    }
    expect(seen).toEqual([1, 2, 3])
  })

  test('may be a name that no process has when the subscription is temporary', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const unknown = named<ProducerRef<number>>('unknown', { runtime })
    const sink = await launch(
      runtime,
      consumer((stage) => {
        stage.subscribe(to(unknown, { cancel: 'temporary' }))
        return {
          subscribeTo: [to(unknown, { cancel: 'temporary' })],
          handleEvents: later((_events: readonly number[]) => {}),
          handleCancel: later((reason: CancelReason) => {
            received.push(reason)
          }),
        }
      }),
    )
    const subscription = await sink.subscribe(unknown, { cancel: 'temporary', confirm: false })
    subscription.ask(1)
    subscription.cancel()
    await runtime.settle()
    expect(received).toEqual([])
    await sink.stop()
  })

  test.each([['permanent'], ['transient']] as const)(
    'may not be a name that no process has when it is %s',
    async (cancel) => {
      const runtime = testRuntime()
      const unknown = named<ProducerRef<number>>('unknown', { runtime })
      const error = await rejection(launch(runtime, subscribing([to(unknown, { cancel })], [])))
      expect([error.constructor, error.reason]).toEqual([StartError, 'noproc'])
      const sink = await launch(runtime, collecting(later, []))
      await sink.subscribe(unknown, { cancel, confirm: false })
      expect(await sink.exited).toBe('noproc')
      const inside = await launch(
        runtime,
        consumer((stage) => {
          stage.subscribe(to(unknown, { cancel }))
          return { handleEvents: later((_events: readonly number[]) => {}) }
        }),
      )
      expect(await inside.exited).toBe('noproc')
    },
  )

  test('must be producers', async () => {
    const runtime = testRuntime()
    for (const wrong of ['numbers', null, {}, 5, undefined, { producer: 1 }]) {
      const error = await rejection(launch(runtime, subscribing([wrong as never], [])))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain('a producer to subscribe to')
    }
    for (const wrong of ['numbers', {}, 5]) {
      const error = await rejection(launch(runtime, consumer({ subscribeTo: wrong as never, handleEvents: () => {} })))
      expect(error).toBeInstanceOf(TypeError)
    }
    const other = testRuntime()
    const stranger = await launch(other, emittingOnRequest(later))
    const error = await rejection(launch(runtime, subscribing([stranger], [])))
    expect(error.message).toContain('a producer to subscribe to of the same runtime')
  })

  test('have options that are checked when it subscribes', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(later))
    const error = await rejection(launch(runtime, subscribing([to(source, { maxDemand: 0 })], [])))
    expect([error.constructor, error.message]).toEqual([
      RangeError,
      'expected maxDemand to be an integer of at least 1, got: 0',
    ])
  })

  test('may be added at any time, also by the setup function', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const [first, second] = await Promise.all([launch(runtime, fromIterable([1])), launch(runtime, fromIterable([2]))])
    const sink = await launch(
      runtime,
      consumer(
        later((stage: ConsumerContext) => {
          stage.subscribe(to(first, { cancel: 'temporary' }))
          return {
            handleEvents: later((events: readonly number[]) => {
              seen.push(...events)
            }),
            handleInfo: later((producer: ProducerRef<number>) => {
              stage.subscribe(to(producer, { cancel: 'temporary' }))
            }),
          }
        }),
      ),
    )
    await runtime.settle()
    sink.send(second)
    await runtime.settle()
    expect(seen).toEqual([1, 2])
  })

  test('have handles that are those that its callbacks receive', async () => {
    const runtime = testRuntime()
    const seen: unknown[] = []
    const source = await launch(runtime, counting(later, 1))
    const sink = await launch(
      runtime,
      consumer((stage) => {
        const held = stage.subscribe(to(source, { cancel: 'temporary' }))
        return {
          handleSubscribe: later((_role: 'producer', _options: object, from: Subscription) => {
            seen.push(from === held)
          }),
          handleEvents: later((_events: readonly number[], from: Subscription) => {
            seen.push(from === held)
          }),
          handleCancel: later((_reason: CancelReason, from: Subscription) => {
            seen.push(from === held)
          }),
          handleInfo: later(() => held.cancel()),
        }
      }),
    )
    await runtime.settle()
    sink.send('cancel')
    await runtime.settle()
    expect(seen).toEqual([true, true, true])
  })

  test('receive no ask and no cancel before the subscription', async () => {
    await shuffled(50, async (runtime) => {
      const received: unknown[] = []
      const numbers = named<ProducerRef<number>>('numbers', { runtime })
      const start = () =>
        launch(
          runtime,
          producer({
            handleDemand: later((demand: number): number[] => {
              received.push(demand)
              return []
            }),
            handleCancel: later((reason: CancelReason) => {
              received.push(reason)
            }),
          }),
          { name: numbers },
        )
      const started = gate()
      const subscribing = (report: (held: Subscription) => void) =>
        consumer(async (stage) => {
          const held = stage.subscribe(to(numbers, { cancel: 'temporary' }))
          report(held)
          await started.opened
          return {
            handleSubscribe: later(() => 'manual' as const),
            handleEvents: later((_events: readonly number[]) => {}),
          }
        })
      const sinks = [
        launch(
          runtime,
          subscribing((held) => held.ask(5)),
        ),
        launch(
          runtime,
          subscribing((held) => held.cancel('changed my mind')),
        ),
      ]
      await runtime.settle()
      // A process takes the name only now: the handles work all the same.
      await start()
      started.open()
      await Promise.all(sinks)
      await runtime.settle()
      expect(received).toContain(5)
      expect(received).toContainEqual({ cancel: 'changed my mind' })
      expect(received.length).toBe(2)
    })
  })

  test('are refused for a stage that handles no events', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, emittingOnRequest(later), { name: 'numbers' })
    const token = named<ConsumerRef<number>>('numbers', { runtime })
    const error = await rejection(token.subscribe(source))
    expect([error.constructor, error.message]).toEqual([
      TypeError,
      expect.stringMatching(/^expected a stage that handles events to subscribe, got producer numbers, which emits/),
    ])
    const odd = await launch(
      runtime,
      producer((stage) => {
        ;(stage as unknown as ConsumerContext).subscribe(source)
        return { handleDemand: later((): number[] => []) }
      }),
    )
    await runtime.settle()
    expect(await odd.demand()).toBe('forward')
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      expect.stringMatching(/^error: expected a stage that handles events to subscribe, got producer /),
    ])
  })

  test('are subscribed to again when a supervisor restarts the consumer', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const numbers = named<ProducerRef<number>>('numbers', { runtime })
    let next = 0
    const tree = await launch(
      runtime,
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { name: numbers, start: () => fromIterableOnce(next++) },
          { id: 'sink', start: () => subscribing([numbers], seen) },
        ],
      }),
    )
    for (const event of [0, 1, 2]) {
      await runtime.settle()
      expect(seen).toEqual(range(0, event + 1))
      numbers.exit('kill')
      await runtime.settle()
      await runtime.advance(5_001)
    }
    await tree.stop()
  })

  /** A producer of one event, which does not end. */
  const fromIterableOnce = (event: number) => {
    let isDone = false
    return producer({
      handleDemand: later((): number[] => {
        const events = isDone ? [] : [event]
        isDone = true
        return events
      }),
    })
  }
})
