import {
  broadcastDispatcher,
  consumer,
  fromIterable,
  type ProcessRef,
  partitionDispatcher,
  stream,
  ThrownValueError,
} from 'genstage'
import { shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  ascending,
  collecting,
  type Gate,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
} from './test-stages.ts'

/** An async iterable that a test feeds, one `next()` at a time. It knows how it was treated. */
class Tap implements AsyncIterableIterator<number> {
  readonly pending: Gate<IteratorResult<number>>[] = []
  nexts = 0
  returns = 0
  mostPending = 0
  /** What `return()` returns: by default it waits for the pending `next()`, as that of an async generator does. */
  returning: () => Promise<IteratorResult<number>> = async () => {
    await Promise.all(this.pending.map(({ opened }) => opened))
    return { done: true, value: undefined }
  };

  [Symbol.asyncIterator](): this {
    return this
  }
  next(): Promise<IteratorResult<number>> {
    this.nexts++
    const result = gate<IteratorResult<number>>()
    this.pending.push(result)
    this.mostPending = Math.max(this.mostPending, this.pending.length)
    return result.opened
  }
  return(): Promise<IteratorResult<number>> {
    this.returns++
    return this.returning()
  }
  /** Resolves the pending `next()`. */
  give(value: number): void {
    this.pending.shift()?.open({ done: false, value })
  }
  end(): void {
    this.pending.shift()?.open({ done: true, value: undefined })
  }
}

async function* slowly(first: number, end: number): AsyncGenerator<number> {
  for (let next = first; next < end; next++) {
    await Promise.resolve()
    yield next
  }
}

describe.each(timings)('a synchronous iterable, with %s callbacks', (_name, later) => {
  test.each([
    ['an array', () => range(0, 100)],
    ['a set', () => new Set(range(0, 100))],
    ['an iterator', () => range(0, 100).values()],
    [
      'a generator',
      () =>
        (function* () {
          yield* range(0, 100)
        })(),
    ],
  ])('emits all of %s in order, each item once, and then exits normally', async (_what, items) => {
    await shuffled(20, async (runtime) => {
      const seen: number[] = []
      const source = await launch(runtime, fromIterable(items(), { demand: 'accumulate' }))
      const sinks = await Promise.all([1, 2].map(() => launch(runtime, collecting(later, seen))))
      for (const sink of sinks) await sink.subscribe(source, { maxDemand: 7 })
      source.demand('forward')
      expect(await Promise.all([source, ...sinks].map(({ exited }) => exited))).toEqual(['normal', 'normal', 'normal'])
      expect(ascending(seen)).toEqual(range(0, 100))
    })
  })

  test('is read only on demand, one batch at a time', async () => {
    const runtime = testRuntime()
    let taken = 0
    const batches: number[][] = []
    const source = await launch(
      runtime,
      fromIterable(
        (function* () {
          while (true) yield taken++
        })(),
      ),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleSubscribe: () => 'manual',
        handleEvents: later((events: readonly number[]) => {
          batches.push([...events])
        }),
      }),
    )
    const subscription = await sink.subscribe(source)
    await runtime.settle()
    expect(taken).toBe(0)
    subscription.ask(4)
    await runtime.settle()
    expect([taken, batches]).toEqual([4, [[0, 1, 2, 3]]])
  })

  test('may be a string, read by letter, and may be empty', async () => {
    const runtime = testRuntime()
    const letters: string[] = []
    const source = await launch(runtime, fromIterable('añ'))
    const sink = await launch(runtime, collecting(later, letters))
    await sink.subscribe(source)
    expect([await sink.exited, letters]).toEqual(['normal', ['a', 'ñ']])
    const empty = await launch(runtime, fromIterable([]))
    const idle = await launch(runtime, collecting(later, []))
    await idle.subscribe(empty)
    expect([await empty.exited, await idle.exited]).toEqual(['normal', 'normal'])
  })

  test('emits the items before a failure, and then exits with the error', async () => {
    for (const thrown of [new Error('boom'), 'a string']) {
      const runtime = testRuntime()
      const seen: number[] = []
      let isClosed = false
      const source = await launch(
        runtime,
        fromIterable(
          (function* () {
            try {
              yield* [1, 2, 3]
              throw thrown
            } finally {
              isClosed = true
            }
          })(),
        ),
      )
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(source, { cancel: 'temporary' })
      const reason = await source.exited
      await runtime.settle()
      expect(seen).toEqual([1, 2, 3])
      if (thrown instanceof Error) expect(reason).toBe(thrown)
      else expect([(reason as Error).constructor, (reason as Error).cause]).toEqual([ThrownValueError, thrown])
      expect(isClosed).toBe(true)
    }
  })

  test.each(endings())('closes a generator %s', async (_how, end) => {
    const runtime = testRuntime()
    const closed: string[] = []
    const source = await launch(
      runtime,
      fromIterable(
        (function* () {
          try {
            for (let next = 0; ; next++) yield next
          } finally {
            closed.push('closed')
          }
        })(),
        { onCancel: 'stop' },
      ),
    )
    const sink = await launch(
      runtime,
      consumer({ handleSubscribe: () => 'manual', handleEvents: later((_events: readonly number[]) => {}) }),
    )
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    subscription.ask(2)
    await runtime.settle()
    await end(source, () => subscription.cancel())
    await runtime.settle()
    expect(closed).toEqual(['closed'])
  })

  test('closes no iterator that has ended or has no return()', async () => {
    const runtime = testRuntime()
    let returns = 0
    const counted = () => {
      const iterator = [1, 2].values() as Iterator<number> & { return?: () => IteratorResult<number> }
      iterator.return = () => {
        returns++
        return { done: true, value: undefined }
      }
      return { [Symbol.iterator]: () => iterator }
    }
    const source = await launch(runtime, fromIterable(counted()))
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source)
    expect(await source.exited).toBe('normal')
    expect(returns).toBe(0)
    const unused = await launch(runtime, fromIterable(counted()))
    await unused.stop()
    expect(returns).toBe(1)
    const bare = await launch(
      runtime,
      fromIterable({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) }),
    )
    await bare.stop()
    expect(await bare.exited).toBe('normal')
  })

  test("holds its items back until its demand mode is 'forward'", async () => {
    const runtime = testRuntime()
    const [one, other]: [number[], number[]] = [[], []]
    const source = await launch(
      runtime,
      fromIterable(range(0, 10), { demand: 'accumulate', dispatcher: broadcastDispatcher<number>() }),
    )
    const first = await launch(runtime, collecting(later, one))
    await first.subscribe(source)
    await runtime.settle()
    const second = await launch(runtime, collecting(later, other))
    await second.subscribe(source)
    await runtime.settle()
    expect([one, other, await source.demand()]).toEqual([[], [], 'accumulate'])
    source.demand('forward')
    await source.exited
    await runtime.settle()
    expect([one, other]).toEqual([range(0, 10), range(0, 10)])
  })

  test('exits only when every partition has taken its items', async () => {
    await shuffled(50, async (runtime) => {
      const [odd, even]: [number[], number[]] = [[], []]
      const source = await launch(
        runtime,
        fromIterable(range(0, 100), {
          dispatcher: partitionDispatcher({
            partitions: ['even', 'odd'],
            hash: (n: number) => [n, n % 2 ? 'odd' : 'even'],
          }),
        }),
      )
      const first = await launch(runtime, collecting(later, odd))
      await first.subscribe(source, { partition: 'odd' })
      await runtime.settle()
      const second = await launch(runtime, collecting(later, even))
      await second.subscribe(source, { partition: 'even', maxDemand: 3 })
      expect(await source.exited).toBe('normal')
      await runtime.settle()
      expect([odd, even]).toEqual([range(0, 100).filter((n) => n % 2), range(0, 100).filter((n) => n % 2 === 0)])
    })
  })
})

/** The ways in which a source may end before its items do. */
function endings(): [how: string, end: (source: ProcessRef, cancel: () => void) => Promise<unknown>][] {
  return [
    ['when it is stopped', (source) => source.stop()],
    [
      'when it is killed',
      async (source) => {
        source.exit('kill')
        expect(await source.exited).toBe('killed')
      },
    ],
    [
      "when its last subscriber cancels and onCancel is 'stop'",
      async (source, cancel) => {
        cancel()
        expect(await source.exited).toBe('normal')
      },
    ],
  ]
}

describe('an async iterable', () => {
  const start = async (options: object = {}) => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const tap = new Tap()
    const seen: number[] = []
    const source = await launch(runtime, fromIterable(tap, options))
    const sink = await launch(
      runtime,
      collecting((callback) => callback, seen),
    )
    return { runtime, tap, source, sink, seen, records }
  }

  test('can be subscribed to, cancelled and stopped while it waits an hour for its next item', async () => {
    const { runtime, tap, source, sink, seen } = await start()
    const first = await sink.subscribe(source, { cancel: 'temporary' })
    await runtime.settle()
    expect(tap.nexts).toBe(1)
    tap.give(1)
    await runtime.settle()
    expect(seen).toEqual([1])
    const other: number[] = []
    const newcomer = await launch(
      runtime,
      collecting((callback) => callback, other),
    )
    await newcomer.subscribe(source, { cancel: 'temporary', confirm: true })
    first.cancel()
    await runtime.settle()
    expect(await source.estimateBufferedCount()).toBe(0)
    tap.give(2)
    await runtime.settle()
    expect([seen, other]).toEqual([[1], [2]])
    await source.stop()
    expect([tap.nexts, tap.returns, tap.mostPending]).toEqual([3, 1, 1])
  })

  test('emits its first item before it reads the second', async () => {
    await shuffled(50, async (runtime) => {
      const order: string[] = []
      async function* hourly() {
        for (let hour = 1; hour < 4; hour++) {
          order.push(`asked for ${hour}`)
          yield hour
        }
        await new Promise(() => {})
      }
      const source = await launch(runtime, fromIterable(hourly()))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents(events: readonly number[]) {
            order.push(`handled ${events}`)
          },
        }),
      )
      await sink.subscribe(source)
      await runtime.settle()
      expect(order).toEqual(['asked for 1', 'handled 1', 'asked for 2', 'handled 2', 'asked for 3', 'handled 3'])
      source.exit('kill')
    })
  })

  test('has at most one next() pending', async () => {
    const { runtime, tap, source, sink, seen } = await start()
    const others = await Promise.all(
      [1, 2, 3].map(() =>
        launch(
          runtime,
          collecting((callback) => callback, seen),
        ),
      ),
    )
    for (const each of [sink, ...others]) await each.subscribe(source, { maxDemand: 5, cancel: 'temporary' })
    await runtime.settle()
    for (const item of range(0, 40)) {
      tap.give(item)
      await runtime.settle()
    }
    expect([tap.mostPending, tap.nexts, tap.pending.length]).toEqual([1, 41, 1])
    expect(seen).toEqual(range(0, 40))
    await source.stop()
  })

  test('reads no more items than there is demand', async () => {
    const { runtime, tap, source } = await start()
    const manual = await launch(
      runtime,
      consumer({ handleSubscribe: () => 'manual', handleEvents: (_events: readonly number[]) => {} }),
    )
    const subscription = await manual.subscribe(source)
    await runtime.settle()
    expect(tap.nexts).toBe(0)
    subscription.ask(2)
    for (const item of [1, 2]) {
      await runtime.settle()
      tap.give(item)
    }
    await runtime.settle()
    expect(tap.nexts).toBe(2)
    subscription.ask(1)
    await runtime.settle()
    expect(tap.nexts).toBe(3)
  })

  test.each(endings())('calls return() without waiting for the item, %s', async (_how, end) => {
    const { runtime, tap, source, sink, records } = await start({ onCancel: 'stop' })
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    await runtime.settle()
    expect([tap.nexts, tap.returns]).toEqual([1, 0])
    await end(source, () => subscription.cancel())
    expect(tap.returns).toBe(1)
    // A later item or failure has no effect any more.
    tap.give(1)
    await runtime.settle()
    expect([tap.nexts, tap.returns]).toEqual([1, 1])
    expect(records.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  })

  test('ignores an iterator whose return() fails, or that fails late', async () => {
    for (const returning of [
      () => Promise.reject(new Error('not closed')),
      () => {
        throw new Error('not closed')
      },
    ]) {
      const { runtime, tap, source, sink } = await start()
      tap.returning = returning
      await sink.subscribe(source, { cancel: 'temporary' })
      await runtime.settle()
      await source.stop()
      tap.pending[0]?.fail(new Error('too late'))
      await runtime.settle()
      expect([await source.exited, tap.returns]).toEqual(['normal', 1])
    }
  })

  test('exits when its items end, after the last one has been emitted', async () => {
    await shuffled(50, async (runtime) => {
      const seen: number[] = []
      const source = await launch(runtime, fromIterable(slowly(0, 20), { demand: 'accumulate' }))
      const sinks = await Promise.all(
        [1, 2].map(() =>
          launch(
            runtime,
            collecting((callback) => callback, seen),
          ),
        ),
      )
      for (const sink of sinks) await sink.subscribe(source, { maxDemand: 3 })
      source.demand('forward')
      expect(await Promise.all([source, ...sinks].map(({ exited }) => exited))).toEqual(['normal', 'normal', 'normal'])
      expect(ascending(seen)).toEqual(range(0, 20))
    })
  })

  test('does not call return() of an iterator that has ended or failed', async () => {
    const { runtime, tap, source, sink } = await start()
    await sink.subscribe(source)
    await runtime.settle()
    tap.end()
    expect([await source.exited, tap.returns]).toEqual(['normal', 0])
    const failing = await start()
    await failing.sink.subscribe(failing.source, { cancel: 'temporary' })
    await failing.runtime.settle()
    const boom = new Error('boom')
    failing.tap.pending.shift()?.fail(boom)
    expect(await failing.source.exited).toBe(boom)
    expect([failing.tap.returns, failing.tap.nexts]).toEqual([0, 1])
  })

  test('exits with what next() throws, and fails at a result that is not one', async () => {
    for (const [next, message] of [
      [
        () => {
          throw new Error('thrown')
        },
        'thrown',
      ],
      [async () => 5, 'expected next to return an iterator result, got: 5'],
      [async () => undefined, 'expected next to return an iterator result, got: undefined'],
    ] as const) {
      const runtime = testRuntime()
      const source = await launch(runtime, fromIterable({ [Symbol.asyncIterator]: () => ({ next }) } as never))
      const sink = await launch(
        runtime,
        collecting((callback) => callback, []),
      )
      await sink.subscribe(source, { cancel: 'temporary' })
      expect(((await source.exited) as Error).message).toBe(message)
    }
  })

  test('loses no item when its demand mode changes while it waits', async () => {
    const { runtime, tap, source, sink, seen } = await start()
    await sink.subscribe(source)
    await runtime.settle()
    source.demand('accumulate')
    tap.give(1)
    await runtime.settle()
    expect(seen).toEqual([])
    source.demand('forward')
    await runtime.settle()
    expect(seen).toEqual([1])
    await source.stop()
  })

  test('serves many next() calls of a stream at a time', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable(slowly(0, 10)))
    const seen: number[] = []
    for await (const event of stream([source])) seen.push(event)
    expect(seen).toEqual(range(0, 10))
  })
})

describe('onCancel', () => {
  test.each([
    ['continue', true],
    ['stop', false],
  ] as const)('%s: it continues when the last subscriber has cancelled or failed: %s', async (onCancel, goesOn) => {
    for (const leave of ['cancel', 'die'] as const) {
      const runtime = testRuntime()
      const source = await launch(runtime, fromIterable(slowly(0, 1_000_000), { onCancel }))
      const [one, other] = await Promise.all(
        [1, 2].map(() =>
          launch(
            runtime,
            consumer({ handleSubscribe: () => 'manual', handleEvents: (_events: readonly number[]) => {} }),
          ),
        ),
      )
      const first = await one?.subscribe(source, { cancel: 'temporary' })
      const second = await other?.subscribe(source, { cancel: 'temporary' })
      first?.cancel()
      await runtime.settle()
      expect(await source.demand()).toBe('forward')
      if (leave === 'cancel') second?.cancel('whatever')
      else other?.exit('kill')
      await runtime.settle()
      if (goesOn) expect(await source.demand()).toBe('forward')
      else expect(await source.exited).toBe('normal')
    }
  })

  test('ignores a subscriber that was refused', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      fromIterable(range(0, 10), { onCancel: 'stop', dispatcher: partitionDispatcher({ partitions: 2 }) }),
    )
    const sink = await launch(
      runtime,
      collecting((callback) => callback, []),
    )
    await rejection(sink.subscribe(source, { partition: 7, confirm: true }))
    await runtime.settle()
    expect(await source.demand()).toBe('forward')
    await sink.stop()
  })
})

describe('fromIterable refuses', () => {
  test.each([[undefined], [null], [5], [{}], [() => [1]], [Promise.resolve([1])]])(
    'what is not iterable: %s',
    (items) => {
      expect(() => fromIterable(items as never)).toThrow(/^expected an iterable or async iterable, got: /)
    },
  )

  test.each([
    [{ demand: 'backward' }, "expected demand to be 'forward' or 'accumulate', got: 'backward'"],
    [{ onCancel: true }, "expected onCancel to be 'continue' or 'stop', got: true"],
    [{ dispatcher: {} }, 'expected dispatcher to be a dispatcher, as demandDispatcher() makes it, got: {}'],
    [{ onCancle: 'stop' }, "'onCancle' (did you mean onCancel?)"],
    [null, 'expected the options of fromIterable to be an object, got: null'],
  ])('a wrong option: %j', (options, message) => {
    expect(() => fromIterable([1], options as never)).toThrow(TypeError)
    expect(() => fromIterable([1], options as never)).toThrow(message)
  })

  test('to start when the iterator cannot be created', async () => {
    const runtime: TestRuntime = testRuntime()
    const boom = new Error('no iterator')
    const error = await rejection(
      launch(
        runtime,
        fromIterable({
          [Symbol.iterator]() {
            throw boom
          },
        }),
      ),
    )
    expect(error.cause).toBe(boom)
  })
})
