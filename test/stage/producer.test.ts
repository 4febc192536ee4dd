import {
  BadReturnError,
  broadcastDispatcher,
  type CancelReason,
  type Castable,
  consumer,
  type Dispatcher,
  ExitError,
  type ExitReason,
  type From,
  fromIterable,
  named,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  StartError,
  StartIgnoredError,
  type Subscriber,
  SubscriptionRefusedError,
  TimeoutError,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  ascending,
  collecting,
  counting,
  gate,
  heldAtEnd,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
  told,
} from './test-stages.ts'

describe.each(timings)('set-up of a producer, with callbacks that answer %s', (_name, later) => {
  const three = () => {
    let isDone = false
    return {
      handleDemand: later((): number[] => {
        const events = isDone ? [] : [0, 1, 2]
        isDone = true
        return events
      }),
    }
  }

  class Counter {
    next = 0
    readonly #step: number
    constructor(step: number) {
      this.#step = step
    }
    handleDemand(demand: number): number[] {
      return this.next > 20 ? [] : Array.from({ length: demand }, () => this.#emit())
    }
    handleCall = { next: () => ({ reply: this.next }) }
    #emit(): number {
      this.next += this.#step
      return this.next
    }
  }

  class FastCounter extends Counter {
    override handleDemand(demand: number): number[] {
      return super.handleDemand(demand * 2)
    }
  }

  test.each([
    ['a literal', () => three()],
    ['a function', () => () => three()],
    ['an async function', () => async () => three()],
    ['a function that answers later', () => later(three)],
  ])('is %s', async (_form, setup) => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, producer(setup() as { handleDemand: (demand: number) => number[] }))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 5 })
    await runtime.settle()
    expect(seen).toEqual([0, 1, 2])
  })

  test('answers an instance of a class, whose fields are the state and whose methods are the callbacks', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, producer(later(() => new Counter(2))))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 4, minDemand: 0 })
    await runtime.settle()
    expect(seen.slice(0, 4)).toEqual([2, 4, 6, 8])
    expect(await source.call('next')).toBeGreaterThanOrEqual(8)
  })

  test('answers an instance whose callbacks its class inherits', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, producer(new FastCounter(1)))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await runtime.settle()
    expect(seen).toEqual(range(1, 23))
  })

  test("answers 'ignore', and then the start rejects, and the name is free", async () => {
    const runtime = testRuntime()
    const ended: unknown[] = []
    const ignoring = producer<number>(later(() => 'ignore' as const))
    const error = await rejection(launch(runtime, ignoring, { name: 'numbers' }))
    expect(error).toBeInstanceOf(StartIgnoredError)
    const source = await launch(runtime, counting(later, 100), { name: 'numbers' })
    expect([source.name, ended]).toEqual(['numbers', []])
  })

  test('answers { stop }, and then the start rejects with the reason, and terminate does not run', async () => {
    const runtime = testRuntime()
    for (const reason of ['normal', 'no database', new Error('no database'), { shutdown: 'not today' }]) {
      const stopping = producer<number>(later(() => ({ stop: reason })))
      const error = await rejection(launch(runtime, stopping, { name: 'numbers' }))
      expect(error).toBeInstanceOf(StartError)
      expect([error.reason, error.cause]).toEqual([reason, reason])
    }
  })

  test('throws, and then the start rejects with the error as its cause', async () => {
    const boom = new Error('boom')
    const failing = producer<number>(
      later(() => {
        throw boom
      }),
    )
    const error = await rejection(launch(testRuntime(), failing))
    expect(error).toBeInstanceOf(StartError)
    expect(error.cause).toBe(boom)
  })

  test.each([[[]], [5], ['go'], [null], [undefined], [new Date()], [() => ({})]])(
    'refuses to be %j',
    async (answer) => {
      const error = await rejection(launch(testRuntime(), producer<number>(later(() => answer as never))))
      expect(error).toBeInstanceOf(TypeError)
    },
  )

  test('refuses callbacks that have run before, also where that start has failed', async () => {
    const runtime = testRuntime()
    const callbacks = { handleDemand: () => [] }
    await launch(runtime, producer(later(() => callbacks)))
    const again = await rejection(launch(runtime, producer(later(() => callbacks))))
    expect(again).toBeInstanceOf(TypeError)
    expect(again.message).toContain('got the same object again')

    const wrong = { handleDemand: () => [], bufferSize: -1 }
    expect(await rejection(launch(runtime, producer(wrong)))).toBeInstanceOf(RangeError)
    expect((await rejection(launch(runtime, producer(wrong)))).message).toContain('got the same object again')
  })

  test('refuses a stage that has been started before, also where that start has failed', async () => {
    const runtime = testRuntime()
    const source = counting(later, 100)
    await launch(runtime, source)
    expect((await rejection(launch(runtime, source))).message).toContain('got the same producer again')
    const ignoring = producer<number>(() => 'ignore')
    await rejection(launch(runtime, ignoring))
    expect((await rejection(launch(runtime, ignoring))).message).toContain('got the same producer again')
  })

  test('takes mail only once it is done', async () => {
    const runtime = testRuntime()
    const ready = gate()
    const heard: unknown[] = []
    const starting = launch(
      runtime,
      producer(async ({ self }) => {
        self.send('early')
        await ready.opened
        heard.push('set up')
        return {
          handleDemand: () => [],
          handleInfo: later((message: unknown) => {
            heard.push(message)
          }),
        }
      }),
    )
    await runtime.settle()
    expect(heard).toEqual([])
    ready.open()
    await starting
    await runtime.settle()
    expect(heard).toEqual(['set up', 'early'])
  })
})

describe.each(timings)('demand on a producer, with callbacks that answer %s', (_name, later) => {
  test('is asked for once in full, then as batches are handled', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const batches: unknown[] = []
    const source = await launch(runtime, counting(later, 16, demands))
    const held = gate()
    let handled = 0
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: async (events: readonly number[]) => {
          batches.push(events)
          if (++handled === 3) await held.opened
        },
      }),
    )
    await sink.subscribe(source, { maxDemand: 10, minDemand: 4 })
    await runtime.settle()
    expect(batches).toEqual([range(0, 6), range(6, 10), range(10, 16)])
    expect(demands).toEqual([10, 6])
    held.open()
    await runtime.settle()
    expect(demands).toEqual([10, 6, 10])
  })

  test('that is not met at once is owed, and met by whatever callback answers events', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const seen: number[] = []
    const source = await launch(runtime, told(later, demands))
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 10, minDemand: 0 })
    await runtime.settle()
    source.cast('emit', [1, 2])
    await source.call('emit', [3])
    await source.call('early', [4])
    await runtime.settle()
    expect([seen, demands]).toEqual([[1, 2, 3, 4], [10]])
    expect(await source.estimateBufferedCount()).toBe(0)
  })

  test('that is exceeded fills the buffer, from which later demand is met first', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const seen: number[] = []
    const source = await launch(runtime, told(later, demands))
    await source.call('emit', range(0, 12))
    expect(await source.estimateBufferedCount()).toBe(12)
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 10, minDemand: 5 })
    await runtime.settle()
    expect(seen).toEqual(range(0, 12))
    expect(await source.estimateBufferedCount()).toBe(0)
    // 10 met from the buffer, of the next 5 only 2, and of the 5 after that none.
    expect(demands).toEqual([3, 5])
  })

  test('is never below 1, and no batch is ever empty', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const batches: number[][] = []
    const source = await launch(runtime, told(later, demands))
    const sink = await launch(runtime, collecting(later, [], batches))
    const subscription = await sink.subscribe(source, { maxDemand: 2, minDemand: 0 })
    subscription.ask(0)
    source.cast('emit', [])
    await source.call('emit', [])
    source.cast('emit', [1])
    await runtime.settle()
    expect([demands, batches]).toEqual([[2], [[1]]])
  })

  test('is held back and passed on in order with events, where it accumulates', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        demand: 'accumulate',
        handleDemand: later((demand: number): number[] => {
          order.push(`demand ${demand}`)
          return []
        }),
        handleCast: { emit: later((events: readonly number[]) => events) },
      }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    )
    source.cast('emit', [1, 2])
    await sink.subscribe(source, { maxDemand: 3, minDemand: 0 })
    source.cast('emit', [3])
    await runtime.settle()
    expect([order, await source.demand()]).toEqual([[], 'accumulate'])
    source.demand('forward')
    await runtime.settle()
    expect(await source.demand()).toBe('forward')
    expect(order.filter((entry) => typeof entry === 'number')).toEqual([1, 2, 3])
    source.demand('accumulate')
    source.cast('emit', [4])
    await runtime.settle()
    expect(order).not.toContain(4)
    source.demand('forward')
    await runtime.settle()
    expect(order).toContain(4)
  })

  test('can be held back and let through from inside', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer(({ demand }) => ({
        demand: 'accumulate',
        handleDemand: later((count: number): number[] => (count === 2 ? [0, 1] : [])),
        handleCast: {
          open: later(() => {
            demand('forward')
            return undefined
          }),
        },
      })),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source, { maxDemand: 2, minDemand: 1 })
    await runtime.settle()
    expect(seen).toEqual([])
    source.cast('open')
    await runtime.settle()
    expect(seen).toEqual([0, 1])
  })

  test('mode is refused where it is none', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(later, 100))
    expect(() => source.demand('backward' as never)).toThrow(TypeError)
    expect(
      await rejection(launch(runtime, producer({ demand: 'backward', handleDemand: () => [] } as never))),
    ).toBeInstanceOf(TypeError)
  })
})

describe.each(timings)('requests to a producer, with callbacks that answer %s', (_name, later) => {
  test('have their events sent out before they are replied to', async () => {
    await shuffled(50, async (runtime) => {
      const order: unknown[] = []
      const source = await launch(runtime, told(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((events: readonly number[]) => {
            order.push(...events)
          }),
          handleInfo: later((message: unknown) => {
            order.push(message)
          }),
        }),
      )
      await sink.subscribe(source)
      await runtime.settle()
      await source.call('emit', [1, 2])
      sink.send('replied')
      await runtime.settle()
      expect(order).toEqual([1, 2, 'replied'])
    })
  })

  test('may be replied to before the events, by from', async () => {
    const runtime = testRuntime()
    const goOn = gate()
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: {
          async early(event: number, from: From<string>) {
            from.reply('got it')
            await goOn.opened
            return { events: [event] }
          },
        },
      }),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source)
    expect(await source.call('early', 1)).toBe('got it')
    await runtime.settle()
    expect(seen).toEqual([])
    goOn.open()
    await runtime.settle()
    expect(seen).toEqual([1])
  })

  test('may be replied to later, once, by whoever holds from', async () => {
    const runtime = testRuntime()
    const waiting: From<string>[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: {
          wait: later((_request: undefined, from: From<string>) => {
            waiting.push(from)
          }),
        },
      }),
    )
    const first = source.call('wait', undefined)
    const second = source.call('wait', undefined)
    await runtime.settle()
    waiting[1]?.reply('two')
    waiting[1]?.reply('three')
    expect(await second).toBe('two')
    waiting[0]?.reply('one')
    expect(await first).toBe('one')
  })

  test('may be the last: the events go out, terminate runs, and then the caller has its reply', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: { last: later(() => ({ reply: 'bye', events: [1], stop: 'shutdown' })) },
        terminate: later((reason: ExitReason) => {
          order.push(reason)
        }),
      }),
    )
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source)
    order.push(await source.call('last'))
    expect(await source.exited).toBe('shutdown')
    await runtime.settle()
    expect([order, seen]).toEqual([['shutdown', 'bye'], [1]])
  })

  test('of a kind that the stage does not have are refused, and hurt nobody', async () => {
    const runtime = testRuntime()
    const records: LogRecord[] = []
    const noisy = testRuntime({ logger: recording(records) })
    class Table {
      #size = 4
      size() {
        return { reply: this.#size }
      }
    }
    const literal = await launch(runtime, told(later))
    const table = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleCall: new Table() as { size(): { reply: number } } }),
    )
    const bare = await launch(runtime, counting(later, 1))
    const kinds = ['bogus', 'toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf', '']
    for (const stage of [literal, table, bare] as unknown as { call(kind: string): Promise<unknown> }[]) {
      for (const kind of kinds) {
        const error = await rejection(stage.call(kind))
        expect([kind, error.constructor]).toEqual([kind, TypeError])
      }
    }
    const unknown = await rejection((literal as unknown as { call(kind: string): Promise<unknown> }).call('bogus'))
    expect(unknown.message).toBe("expected a kind of request that handleCall has ('emit', 'early'), got: 'bogus'")
    const unknownToTable = await rejection((table as unknown as { call(kind: string): Promise<unknown> }).call('bogus'))
    expect(unknownToTable.message).toBe("expected a kind of request that handleCall has ('size'), got: 'bogus'")
    expect(await table.call('size')).toBe(4)

    const quiet = await launch(noisy, told(later))
    for (const kind of kinds) quiet.cast(kind as 'emit', [])
    expect(await quiet.call('emit', [])).toBe('ok')
    expect(records.map(({ level }) => level)).toEqual(kinds.map(() => 'error'))
    expect(records[0]?.message).toContain(
      "received an unknown cast: expected a kind of request that handleCast has ('emit')",
    )
  })

  test.each([
    ['a bare array', [1]],
    ['nothing known', { rely: 1 }],
    ['a string', 'ok'],
    ['null', null],
    ['an error', new Error('no')],
    ['events that are none', { reply: 1, events: 'abc' }],
  ])('may not be answered by %s', async (_what, answer) => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCall: { size: later(() => answer as { reply: number }) },
      }),
    )
    const error = await rejection(source.call('size'))
    expect(error).toBeInstanceOf(ExitError)
    const reason = (await source.exited) as BadReturnError
    expect(reason).toBeInstanceOf(BadReturnError)
    expect(reason.callback).toBe('handleCall.size')
    expect(reason.message).toContain('expected handleCall.size to return { reply, events?, stop? }')
  })

  test('reply may be undefined', async () => {
    const source = await launch(
      testRuntime(),
      producer({
        handleDemand: later((): number[] => []),
        handleCall: {
          nothing: later(() => ({ reply: undefined })),
          stay: later(() => ({ reply: 1, stop: undefined })),
        },
      }),
    )
    expect(await source.call('nothing')).toBeUndefined()
    expect(await source.call('stay')).toBe(1)
  })
})

describe.each(timings)('messages to a producer, with callbacks that answer %s', (_name, later) => {
  test('by info come behind all that is buffered, those by send before', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCast: { emit: later((events: readonly number[]) => events) },
        handleInfo: later((message: unknown) => {
          order.push(message)
        }),
      }),
    )
    source.cast('emit', [1, 2, 3])
    await source.info('behind 3')
    source.cast('emit', [4])
    await source.info('behind 4')
    source.send('sent')
    await runtime.settle()
    expect(order).toEqual(['sent'])
    const sink = await launch(
      runtime,
      consumer({
        handleSubscribe: () => 'manual',
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    )
    const subscription = await sink.subscribe(source)
    subscription.ask(2)
    await runtime.settle()
    expect(order).toEqual(['sent', 1, 2])
    subscription.ask(1)
    await runtime.settle()
    expect(new Set(order.slice(3))).toEqual(new Set([3, 'behind 3']))
    subscription.ask(1)
    await runtime.settle()
    expect(new Set(order.slice(5))).toEqual(new Set([4, 'behind 4']))
    await source.info('at once')
    await runtime.settle()
    expect(order.at(-1)).toBe('at once')
  })

  test('by info are queued from inside, too', async () => {
    const runtime = testRuntime()
    const messages: unknown[] = []
    const source = await launch(
      runtime,
      producer(({ info }) => {
        info('from set-up')
        return {
          handleDemand: later((): number[] => [1]),
          handleCast: {
            emit: later((events: readonly number[]) => {
              info(`behind ${events.length}`)
              return events
            }),
          },
          handleInfo: later((message: unknown) => {
            messages.push(message)
          }),
        }
      }),
    )
    await runtime.settle()
    expect(messages).toEqual(['from set-up'])
    source.cast('emit', [1, 2])
    await runtime.settle()
    expect(messages).toEqual(['from set-up'])
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { maxDemand: 2, minDemand: 0, cancel: 'temporary' })
    await runtime.settle()
    expect(messages).toEqual(['from set-up', 'behind 2'])
  })

  test('by info do not wait for events that are held back by the demand mode, as in GenStage', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        demand: 'accumulate',
        handleDemand: later((): number[] => []),
        handleCast: { emit: later((events: readonly number[]) => events) },
        handleInfo: later((message: unknown) => {
          order.push(message)
        }),
      }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    )
    await sink.subscribe(source)
    source.cast('emit', [1, 2])
    await source.info('behind nothing')
    await runtime.settle()
    source.demand('forward')
    await runtime.settle()
    expect(order).toEqual(['behind nothing', 1, 2])
  })

  test('to one without handleInfo are logged, and hurt nobody', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, counting(later, 1), { name: 'numbers' })
    source.send('hello')
    await source.info('hello')
    await runtime.settle()
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: producer numbers has no handleInfo, and received a message',
      'warn: producer numbers has no handleInfo, and received a message',
    ])
    expect(await source.estimateBufferedCount()).toBe(0)
  })
})

describe.each(timings)('the buffer of a producer, with callbacks that answer %s', (_name, later) => {
  const buffering = (options: object, drops: number[]) =>
    producer({
      handleDemand: later((): number[] => []),
      handleCast: { emit: later((events: readonly number[]) => events) },
      formatDiscarded(count: number) {
        drops.push(count)
        return true
      },
      ...options,
    })

  test.each([
    ['keeps the last', {}, [3, 4, 5, 6], [1, 2]],
    ['keeps the first', { bufferKeep: 'first' }, [0, 1, 2, 3], [1, 2]],
    ['of size 0 keeps nothing', { bufferSize: 0 }, [], [4, 1, 2]],
    ['without a bound keeps all', { bufferSize: Number.POSITIVE_INFINITY }, range(0, 7), []],
  ])('%s', async (_what, options, kept, drops) => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const dropped: number[] = []
    const source = await launch(runtime, buffering({ bufferSize: 4, ...options }, dropped), { name: 'numbers' })
    for (const events of [[0, 1, 2, 3], [4], [5, 6]]) source.cast('emit', events)
    expect(await source.estimateBufferedCount()).toBe(kept.length)
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(source)
    await runtime.settle()
    expect([seen, dropped]).toEqual([kept, drops])
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual(
      drops.map((count) => `warn: producer numbers has discarded ${count} events from its buffer`),
    )
  })

  test('says nothing of what it drops where formatDiscarded answers false', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, buffering({ bufferSize: 1, formatDiscarded: () => false }, []))
    source.cast('emit', [1, 2])
    await runtime.settle()
    expect([await source.estimateBufferedCount(), records]).toEqual([1, []])
  })

  test.each([[Promise.resolve(true)], [undefined], [1]])('accepts no %s of formatDiscarded', async (answer) => {
    const runtime = testRuntime()
    const source = await launch(runtime, buffering({ bufferSize: 1, formatDiscarded: () => answer }, []))
    source.cast('emit', [1, 2])
    const reason = (await source.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'formatDiscarded'])
  })

  test('is counted in the report of its end, with what was held back', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, told(later), { name: 'numbers' })
    source.cast('emit', [1, 2, 3])
    await runtime.settle()
    source.demand('accumulate')
    source.cast('emit', [4, 5])
    await source.stop()
    expect(records.map(({ message }) => message)).toEqual([
      "producer numbers ended and dropped 5 events: 3 in its buffer, 2 held back in demand mode 'accumulate'",
    ])
    expect(heldAtEnd(records)).toMatchObject({ buffer: 3, accumulated: 2 })
  })
})

describe.each(timings)('subscribers of a producer, with callbacks that answer %s', (_name, later) => {
  test('come with their options and metadata, as the producer sees them', async () => {
    const runtime = testRuntime()
    const subscribed: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleSubscribe: later((role: 'consumer', options: object, from: Subscriber) => {
          subscribed.push([role, options, from.tag, from.consumer])
        }),
      }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const metadata = { who: 'me' }
    const plain = await sink.subscribe(source, { cancel: 'temporary' })
    const full = await sink.subscribe(source, { maxDemand: 5, metadata, confirm: true, timeout: 100 })
    expect(subscribed).toEqual([
      ['consumer', { cancel: 'temporary' }, plain.tag, sink.id],
      ['consumer', { maxDemand: 5, metadata }, full.tag, sink.id],
    ])
    expect((subscribed[1] as [unknown, { metadata: unknown }])[1].metadata).toBe(metadata)
  })

  test('may stop the producer', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleSubscribe: later(() => ({ stop: 'shutdown' })),
      }),
    )
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { cancel: 'transient' })
    expect(await source.exited).toBe('shutdown')
    await runtime.settle()
    await sink.stop()
  })

  test.each([
    ['manual'],
    ['yes'],
    [{}],
    [[]],
    [[1]],
    [null],
    [true],
    [{ stop: undefined }],
    [{ stop: 'normal', events: [1] }],
  ])('may not be answered with %j', async (answer) => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: later(() => answer as never) }),
    )
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { cancel: 'temporary', confirm: false })
    await runtime.settle()
    const reason = (await source.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'handleSubscribe'])
  })

  test('that leave are heard of, with how they left, and make room for events to others', async () => {
    const runtime = testRuntime()
    const cancelled: unknown[] = []
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCancel: later((reason: CancelReason, from: Subscriber) => {
          cancelled.push([reason, from.consumer])
          return [cancelled.length]
        }),
      }),
    )
    const [asking, dying, staying] = await Promise.all([
      launch(runtime, collecting(later, [])),
      launch(runtime, collecting(later, [])),
      launch(runtime, collecting(later, seen)),
    ])
    const subscription = await asking.subscribe(source, { maxDemand: 1, cancel: 'permanent' })
    await dying.subscribe(source, { maxDemand: 1 })
    await staying.subscribe(source)
    subscription.cancel('enough')
    expect(await asking.exited).toBe('enough')
    dying.exit('kill')
    await runtime.settle()
    expect(cancelled).toEqual([
      [{ cancel: 'enough' }, asking.id],
      [{ down: 'killed' }, dying.id],
    ])
    expect(seen).toEqual([1, 2])
  })

  test('that a dispatcher refuses go on, and both sides hear of it', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const heard: unknown[] = []
    const seen: number[] = []
    const source = await launch(
      runtime,
      producer({
        dispatcher: partitionDispatcher({
          partitions: ['odd', 'even'],
          hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
        }),
        handleDemand: later((): number[] => []),
        handleCast: { emit: later((events: readonly number[]) => events) },
        handleCancel: later((reason: CancelReason) => {
          heard.push(['producer', reason])
        }),
      }),
      { name: 'numbers' },
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          seen.push(...events)
        }),
        handleCancel: later((reason: CancelReason) => {
          heard.push(['consumer', reason])
        }),
      }),
      { name: 'sink' },
    )
    await sink.subscribe(source, { partition: 'odd', confirm: true })
    await sink.subscribe(source, { partition: 'odd', confirm: false })
    await sink.subscribe(source, { partition: 'neither' as 'odd', confirm: false })
    await sink.subscribe(source, { partition: 'even' })
    await runtime.settle()
    expect(heard).toEqual([
      ['producer', { cancel: 'partition-taken' }],
      ['consumer', { cancel: 'partition-taken' }],
      ['producer', { cancel: 'bad-partition' }],
      ['consumer', { cancel: 'bad-partition' }],
    ])
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      `warn: producer numbers refused a subscription of consumer sink: partition 'odd' already has a subscriber (${sink.id}), and can have only one`,
      "warn: producer numbers refused a subscription of consumer sink: expected the option partition to be one of ['odd', 'even'], got: 'neither'",
    ])
    source.cast('emit', [1, 2, 3])
    await runtime.settle()
    expect(ascending(seen)).toEqual([1, 2, 3])
  })

  test('never make a producer fail that serves everybody', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const source = await launch(
      runtime,
      producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: later((): number[] => []) }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleCancel: later((reason: CancelReason) => {
          heard.push(reason)
        }),
      }),
    )
    await sink.subscribe(source)
    await sink.subscribe(source, { confirm: false })
    const bad = await launch(runtime, collecting(later, []))
    await bad.subscribe(source, { selector: 'even' as never, confirm: false })
    await runtime.settle()
    expect(heard).toEqual([{ cancel: 'already-subscribed' }])
    expect(await source.demand()).toBe('forward')
    await Promise.all([bad.stop(), sink.stop(), source.stop()])
  })
})

describe.each(timings)('what a producer’s callbacks answer (%s)', (_name, later) => {
  const subscribed = async (source: { readonly callbacks: object }) => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const seen: number[] = []
    const stage = await launch(runtime, producer(source.callbacks as { handleDemand: () => number[] }), {
      name: 'numbers',
    })
    const sink = await launch(runtime, collecting(later, seen))
    await sink.subscribe(stage, { cancel: 'temporary' })
    await runtime.settle()
    return { runtime, stage, sink, seen, records }
  }

  test.each([
    [undefined],
    [null],
    ['events'],
    [5],
    [{ event: [1] }],
    [{ events: new Set([1]) }],
    [new Error('no')],
    [new Set([1])],
    [range(0, 3).values()],
  ])('to handleDemand may not be %j', async (answer) => {
    const { stage, records } = await subscribed({ callbacks: { handleDemand: later(() => answer) } })
    const reason = (await stage.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, 'handleDemand'])
    const errors = records.filter(({ level }) => level === 'error')
    expect(errors.length).toBe(1)
    expect(errors[0]?.message).toContain(
      'producer numbers failed in handleDemand: expected handleDemand to return an array',
    )
  })

  test.each([[[7]], [{ events: [7] }], [{ events: [7], stop: undefined }]])(
    'to handleDemand may be %j',
    async (answer) => {
      const { stage, seen } = await subscribed({ callbacks: { handleDemand: later(() => answer) } })
      expect(seen).toEqual([7])
      await stage.stop()
    },
  )

  test('may stop it: events go out before', async () => {
    const order: unknown[] = []
    const { stage, seen } = await subscribed({
      callbacks: {
        handleDemand: later(() => ({ events: [1, 2], stop: 'shutdown' })),
        terminate: later((reason: ExitReason) => {
          order.push(reason)
        }),
      },
    })
    expect([await stage.exited, seen, order]).toEqual(['shutdown', [1, 2], ['shutdown']])
  })

  test('may be nothing where events are only occasional', async () => {
    const { runtime, stage } = await subscribed({
      callbacks: {
        handleDemand: later(() => []),
        handleInfo: later(() => undefined),
        handleCast: { go: later(() => undefined) },
        handleCancel: later(() => undefined),
      },
    })
    stage.send('x')
    ;(stage as unknown as { cast(kind: string): void }).cast('go')
    await runtime.settle()
    await stage.stop()
  })

  test.each([
    ['handleInfo', (stage: { send(message: unknown): void }) => stage.send('go')],
    [
      'handleCast.go',
      (stage: { send(message: unknown): void }) => (stage as unknown as Castable<{ go(): void }>).cast('go'),
    ],
    ['handleCancel', (_stage: unknown, sink: { exit(reason: string): void }) => sink.exit('kill')],
  ])('to %s may not be a string', async (callback, provoke) => {
    const wrong = later(() => 'wrong')
    const { stage, sink } = await subscribed({
      callbacks: { handleDemand: later(() => []), handleInfo: wrong, handleCast: { go: wrong }, handleCancel: wrong },
    })
    provoke(stage, sink)
    const reason = (await stage.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, callback])
  })

  test('is its exit reason if it is thrown: the same object, reported once, under its name', async () => {
    const boom = new Error('boom')
    const terminated: unknown[] = []
    const { stage, records } = await subscribed({
      callbacks: {
        handleDemand: later(() => {
          throw boom
        }),
        terminate: later((reason: ExitReason) => {
          terminated.push(reason)
        }),
      },
    })
    expect(await stage.exited).toBe(boom)
    expect(terminated).toEqual([boom])
    expect(records.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^producer numbers failed in handleDemand: boom \(at /),
    ])
  })

  test('to terminate does not matter, but what it throws replaces the reason', async () => {
    const boom = new Error('boom')
    const { stage } = await subscribed({
      callbacks: {
        handleDemand: later(() => []),
        terminate: later(() => {
          throw boom
        }),
      },
    })
    const error = await rejection(stage.stop('shutdown'))
    expect(error).toBeInstanceOf(ExitError)
    expect([await stage.exited, boom.cause]).toEqual([boom, 'shutdown'])
    const other = await subscribed({ callbacks: { handleDemand: later(() => []), terminate: later(() => 'whatever') } })
    await other.stage.stop()
    expect(await other.stage.exited).toBe('normal')
  })
})

describe.each(timings)('a subscription that is to be confirmed, with callbacks that answer %s', (_name, later) => {
  test('resolves once the producer has accepted it', async () => {
    const runtime = testRuntime()
    const admitting = gate()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: () => admitting.opened }),
    )
    const sink = await launch(runtime, collecting(later, []))
    let isConfirmed = false
    const confirming = sink.subscribe(source, { confirm: true }).then(() => {
      isConfirmed = true
    })
    await sink.subscribe(source, { cancel: 'temporary', confirm: false })
    await runtime.settle()
    expect(isConfirmed).toBe(false)
    admitting.open()
    await confirming
  })

  test('rejects where it is refused, with the reason', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: later((): number[] => []) }),
      { name: 'numbers' },
    )
    const sink = await launch(runtime, collecting(later, []), { name: 'sink' })
    await sink.subscribe(source, { confirm: true })
    const error = await rejection(sink.subscribe(source, { confirm: true }))
    expect([error.constructor, error.code, error.reason]).toEqual([
      SubscriptionRefusedError,
      'GENSTAGE_SUBSCRIPTION_REFUSED',
      'already-subscribed',
    ])
    expect(error.message).toBe(
      'producer numbers refused the subscription of consumer sink: the consumer is already subscribed, and can receive each event only once',
    )
    await sink.stop()
  })

  test('rejects where the producer ends meanwhile, or has ended', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(
        runtime,
        producer({
          handleDemand: later((): number[] => []),
          handleSubscribe: later(() => ({ stop: 'no' })),
        }),
      )
      const sink = await launch(runtime, collecting(later, []))
      const error = await rejection(sink.subscribe(source, { confirm: true, cancel: 'temporary' }))
      expect([error.constructor, error.reason]).toEqual([SubscriptionRefusedError, 'no'])
      const late = await rejection(sink.subscribe(source, { confirm: true, cancel: 'temporary' }))
      expect([late.constructor, late.reason]).toEqual([SubscriptionRefusedError, 'noproc'])
      await sink.stop()
    })
  })

  test('rejects where the consumer ends meanwhile', async () => {
    const runtime = testRuntime()
    const never = gate()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: () => never.opened }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const confirming = rejection(sink.subscribe(source, { confirm: true }))
    await runtime.settle()
    sink.exit('enough')
    const error = await confirming
    expect([error.constructor, error.reason]).toEqual([ExitError, 'enough'])
    never.open()
  })

  test('rejects where the answer takes too long', async () => {
    const runtime = testRuntime()
    const never = gate()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: () => never.opened }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const confirming = rejection(sink.subscribe(source, { confirm: true, timeout: 30 }))
    await runtime.advance(29)
    await runtime.advance(1)
    expect((await confirming).constructor).toBe(TimeoutError)
    never.open()
    await runtime.settle()
    await sink.stop()
  })

  test('rejects where a name belongs to nobody', async () => {
    const runtime = testRuntime()
    const nobody = named<ProducerRef<number>>('nobody', { runtime })
    const bearing = await launch(runtime, collecting(later, []))
    const error = await rejection(bearing.subscribe(nobody, { confirm: true, cancel: 'temporary' }))
    expect([error.constructor, error.reason]).toEqual([SubscriptionRefusedError, 'noproc'])
    await bearing.stop()
    const strict = await launch(runtime, collecting(later, []))
    const fatal = await rejection(strict.subscribe(nobody, { confirm: true, cancel: 'permanent' }))
    expect([fatal.constructor, fatal.reason]).toEqual([SubscriptionRefusedError, 'noproc'])
    expect(await strict.exited).toBe('noproc')
  })

  test('shows no callback the empty batch by which the producer confirms', async () => {
    await shuffled(50, async (runtime) => {
      const batches: unknown[] = []
      const source = await launch(runtime, told(later))
      for (const mode of ['manual', 'automatic'] as const) {
        const both = producerConsumer({
          handleSubscribe: later((role: 'producer' | 'consumer') => (role === 'producer' ? mode : undefined)),
          handleEvents: later((events: readonly number[]) => {
            batches.push(events)
            return []
          }),
        })
        const sinkOnly = consumer({
          handleSubscribe: later(() => mode),
          handleEvents: later((events: readonly number[]) => {
            batches.push(events)
          }),
        })
        const [middle, sink] = await Promise.all([launch(runtime, both), launch(runtime, sinkOnly)])
        await middle.subscribe(source, { confirm: true })
        await sink.subscribe(source, { confirm: true })
        await sink.subscribe(middle, { confirm: true })
      }
      await runtime.settle()
      expect(batches).toEqual([])
    })
  })
})

describe('a dispatcher of one’s own', () => {
  /** Gives everything to whoever subscribed first, whether it asked or not. */
  const careless = (): Dispatcher<number> => {
    const subscribers: Subscriber[] = []
    return {
      subscribe(subscriber) {
        subscribers.push(subscriber)
        return 0
      },
      ask: (_subscriber, demand) => demand,
      cancel: () => 0,
      dispatch: (events) => ({ deliveries: [[subscribers[0] as Subscriber, events]], leftover: [] }),
    }
  }

  test.each(timings)(
    'that sends more than was asked for ends its stage, and the excess is sent to nobody (%s)',
    async (_name, later) => {
      const records: LogRecord[] = []
      const runtime = testRuntime({ logger: recording(records) })
      const seen: number[] = []
      const source = await launch(
        runtime,
        producer({
          dispatcher: careless(),
          handleDemand: later((): number[] => []),
          handleCast: { emit: later((events: readonly number[]) => events) },
        }),
        { name: 'numbers' },
      )
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(source, { maxDemand: 4, minDemand: 0, cancel: 'temporary' })
      await runtime.settle()
      source.cast('emit', [1, 2, 3])
      source.cast('emit', [4, 5])
      const reason = (await source.exited) as BadReturnError
      await runtime.settle()
      expect([reason.constructor, reason.callback, seen]).toEqual([BadReturnError, 'dispatch', [1, 2, 3]])
      expect(reason.message).toContain('no more events for a subscriber than it asked for (1), got: 2')
      expect(records.filter(({ level }) => level === 'error').length).toBe(1)
      await sink.stop()
    },
  )

  const base: Dispatcher<number> = {
    subscribe: () => 0,
    ask: (_subscriber, demand) => demand,
    cancel: () => 0,
    dispatch: (events) => ({ deliveries: [], leftover: events }),
  }

  test.each([
    ['subscribe', undefined, 'the demand that it adds, or { refuse }'],
    ['subscribe', null, 'the demand that it adds, or { refuse }'],
    ['subscribe', Number.NaN, 'the demand that it adds, an integer of at least 0'],
    ['subscribe', -1, 'the demand that it adds, an integer of at least 0'],
    ['ask', undefined, 'the demand that it adds, or { demand, deliveries?, … }'],
    ['ask', 1.5, 'the demand that it adds, an integer of at least 0'],
    ['ask', {}, 'the demand that it adds, an integer of at least 0'],
    ['ask', { demand: Number.POSITIVE_INFINITY }, 'the demand that it adds, an integer of at least 0'],
    ['cancel', '0', 'the demand that it adds, or { demand, deliveries?, … }'],
    ['cancel', -1, 'the demand that it adds, an integer of at least 0'],
    ['dispatch', undefined, '{ deliveries, leftover }, which are arrays'],
    ['dispatch', {}, '{ deliveries, leftover }, which are arrays'],
    ['dispatch', [], '{ deliveries, leftover }, which are arrays'],
    ['dispatch', { deliveries: [] }, '{ deliveries, leftover }, which are arrays'],
    ['dispatch', { deliveries: [[{ tag: 'me', consumer: 'me' }, [1]]], leftover: [] }, 'the very subscribers'],
  ])('whose %s answers %j ends its stage, which says what was expected', async (method, answer, expected) => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({ dispatcher: { ...base, [method]: () => answer }, handleDemand: () => [1] }),
    )
    const sink = await launch(
      runtime,
      collecting((callback) => callback, []),
    )
    const subscription = await sink.subscribe(source, { cancel: 'temporary', confirm: false })
    await runtime.settle()
    subscription.cancel()
    const reason = (await source.exited) as BadReturnError
    expect([reason.constructor, reason.callback]).toEqual([BadReturnError, method])
    expect(reason.message).toContain(`expected ${method} to return `)
    expect(reason.message).toContain(expected)
    await runtime.settle()
    await sink.stop()
  })

  test('cannot serve two stages', async () => {
    const runtime = testRuntime()
    const dispatcher = broadcastDispatcher<number>()
    await launch(runtime, producer({ dispatcher, handleDemand: () => [] }))
    const error = await rejection(launch(runtime, producer({ dispatcher, handleDemand: () => [] })))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('a dispatcher of its own for each stage')
    expect(await rejection(launch(runtime, fromIterable([1], { dispatcher })))).toBeInstanceOf(TypeError)
  })
})

describe('batches', () => {
  test('are frozen in a test, so that a callback which changes one is found out', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      counting((callback) => callback, 4),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents(events: readonly number[]) {
          ;(events as number[]).reverse()
          ;(events as number[]).push(1)
        },
      }),
    )
    await sink.subscribe(source, { cancel: 'temporary' })
    expect(await sink.exited).toBeInstanceOf(TypeError)
    const lax = testRuntime({ freezeBatches: false })
    const again = await launch(
      lax,
      counting((callback) => callback, 4),
    )
    const other = await launch(
      lax,
      consumer({
        handleEvents(events: readonly number[]) {
          ;(events as number[]).reverse()
        },
      }),
    )
    await other.subscribe(again)
    await lax.settle()
    await other.stop()
  })

  test('are handed on as they are where they fit', async () => {
    const runtime = testRuntime()
    const given = [1, 2, 3, 4]
    const got: unknown[] = []
    const source = await launch(
      runtime,
      producer({ handleDemand: () => [], handleCast: { emit: (events: readonly number[]) => events } }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents(events: readonly number[]) {
          got.push(events)
        },
      }),
    )
    await sink.subscribe(source, { maxDemand: 8, minDemand: 4 })
    await runtime.settle()
    source.cast('emit', given)
    await runtime.settle()
    expect(got[0]).toBe(given)
  })
})
