import { consumer, type EachOptions, fromIterable, producerConsumer, TimeoutError } from 'genstage'
import { snapshot } from 'genstage/snapshot'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { attachTelemetry } from '../../../src/process/start/attach-telemetry.ts'
import { untyped } from '../../untyped.ts'
import { atOnce, counting, type LogRecord, launch, range, recording } from '../test-stages.ts'

/** Starts a consumer of `events`, and returns when each attempt began, as `event@time`. */
async function begun(
  events: readonly number[],
  options: EachOptions<number>,
  handle: (event: number, attempt: number, runtime: TestRuntime) => Promise<void> | void = () => {},
) {
  const records: LogRecord[] = []
  const runtime = testRuntime({ logger: recording(records), seed: 1 })
  const begins: string[] = []
  const source = await launch(runtime, fromIterable(events))
  const sink = await launch(
    runtime,
    consumer({
      concurrency: 100,
      ...options,
      handleEvent(event: number, { attempt }) {
        begins.push(`${event}@${Math.round(runtime.now())}`)
        return handle(event, attempt, runtime)
      },
    }),
    { name: 'sink' },
  )
  await runtime.settle(sink.subscribe(source, { maxDemand: 1_000 }))
  return { runtime, sink, begins, records, each: () => eachOf(runtime, sink.id) }
}

const eachOf = (runtime: ReturnType<typeof testRuntime>, id: string) =>
  snapshot({ runtime }).stages.find((stage) => stage.id === id)?.consuming?.each

describe('orderBy', () => {
  test('handles events of one key one at a time, in order, and the others at the same time', async () => {
    const runtime = testRuntime()
    const log: string[] = []
    const source = await launch(runtime, fromIterable(range(0, 9)))
    const sink = await launch(
      runtime,
      consumer({
        concurrency: 3,
        orderBy: (event: number) => event % 3,
        async handleEvent(event) {
          log.push(`+${event}`)
          await runtime.sleep(event % 3 === 0 ? 100 : 10)
          log.push(`-${event}`)
        },
      }),
    )
    await runtime.settle(sink.subscribe(source, { maxDemand: 9 }))
    await runtime.advance(60)
    expect(log.filter((entry) => Number(entry.slice(1)) % 3 === 1)).toEqual(['+1', '-1', '+4', '-4', '+7', '-7'])
    expect(log.filter((entry) => Number(entry.slice(1)) % 3 === 0)).toEqual(['+0'])
    expect(eachOf(runtime, sink.id)).toMatchObject({ running: 1, waitingForKey: 2, queued: 0 })
    await runtime.advance(1_000)
    expect(log).toHaveLength(18)
    expect(await sink.exited).toBe('normal')
  })

  test('keeps its order while an event is attempted again', async () => {
    const { runtime, sink, begins } = await begun(
      [0, 1, 2],
      { orderBy: () => 'same', retry: { attempts: 2, delay: 50, jitter: 'none' } },
      (event, attempt) => {
        if (event === 0 && attempt === 1) throw new Error('busy')
      },
    )
    await runtime.advance(100)
    expect(begins).toEqual(['0@0', '0@50', '1@50', '2@50'])
    expect(await sink.exited).toBe('normal')
  })

  test('that returns no key fails the stage', async () => {
    const { runtime, sink } = await begun([1], { orderBy: untyped(() => ({})) })
    await runtime.settle()
    expect(await sink.exited).toMatchObject({
      message: 'expected orderBy to return a string, number, bigint or boolean, got: {}',
    })
  })
})

describe('rate', () => {
  test('lets attempts begin evenly after a burst', async () => {
    const { runtime, begins, each } = await begun(range(0, 6), { rate: { limit: 2, per: '1s', burst: 2 } })
    expect(begins).toEqual(['0@0', '1@0'])
    expect(each()).toMatchObject({ waitingForRate: 4, running: 0 })
    await runtime.advance(2_000)
    expect(begins).toEqual(['0@0', '1@0', '2@500', '3@1000', '4@1500', '5@2000'])
  })

  test('with a key does not delay events of other keys', async () => {
    const { runtime, begins } = await begun(range(0, 6), {
      rate: { limit: 1, per: '1s', key: (event) => event % 2 },
    })
    await runtime.advance(2_000)
    expect(begins).toEqual(['0@0', '1@0', '2@1000', '3@1000', '4@2000', '5@2000'])
  })

  test('counts attempts that are repeated', async () => {
    const { runtime, begins } = await begun(
      [0, 1],
      { rate: { limit: 1, per: '1s' }, retry: { attempts: 2, delay: 0 } },
      (event, attempt) => {
        if (event === 0 && attempt === 1) throw new Error('busy')
      },
    )
    await runtime.advance(3_000)
    expect(begins).toEqual(['0@0', '1@1000', '0@2000'])
  })

  test('is not exceeded when places become free late', async () => {
    const times: number[] = []
    const { runtime } = await begun(
      range(0, 10),
      { concurrency: 1, rate: { limit: 1, per: 100, burst: 1 } },
      async (event, _attempt, runtime) => {
        times.push(runtime.now())
        if (event === 0) await runtime.sleep(1_000)
      },
    )
    await runtime.advance(10_000)
    expect(times).toEqual([0, ...range(0, 9).map((index) => 1_000 + 100 * index)])
  })
})

describe('retry', () => {
  test('repeats an attempt that failed, as often and as late as the policy allows, without taking a place', async () => {
    const { runtime, sink, begins, each } = await begun(
      [0, 1, 2],
      { concurrency: 1, retry: { attempts: 3, delay: '100ms', jitter: 'none' }, onError: 'skip' },
      (event) => {
        if (event === 0) throw new Error('busy')
      },
    )
    expect(each()).toMatchObject({ waitingForRetry: 1, running: 0, retried: 1 })
    await runtime.advance(1_000)
    expect(begins).toEqual(['0@0', '1@0', '2@0', '0@100', '0@300'])
    expect(await sink.exited).toBe('normal')
  })

  test('is not made for a failure that is not worth it', async () => {
    const { runtime, sink, begins } = await begun(
      [0],
      { retry: { attempts: 5, shouldRetry: (error) => (error as Error).message !== 'fatal' } },
      () => {
        throw new Error('fatal')
      },
    )
    await runtime.advance(1_000)
    expect([begins, ((await sink.exited) as Error).message]).toEqual([['0@0'], 'fatal'])
  })

  test('has delays that the seed of a test runtime decides', async () => {
    const run = async () => {
      const { runtime, begins } = await begun([0], { retry: { attempts: 4 }, onError: 'skip' }, () => {
        throw new Error('busy')
      })
      await runtime.advance(60_000)
      return begins
    }
    expect(await run()).toEqual(await run())
  })

  test('that waits ends with its stage, and leaves no timer', async () => {
    const { runtime, sink, each } = await begun([0], { retry: { attempts: 2, delay: '1h' } }, () => {
      throw new Error('busy')
    })
    expect(each()).toMatchObject({ waitingForRetry: 1 })
    await runtime.settle(sink.stop())
    expect((runtime as unknown as { timers: { size: number } }).timers.size).toBe(0)
  })
})

describe('timeout', () => {
  test('aborts the signal, fails the attempt, and ignores what it still returns', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable([0]))
    const aborted: unknown[] = []
    const seen: unknown[] = []
    const stage = await launch(
      runtime,
      producerConsumer({
        timeout: '1s',
        retry: { attempts: 2, delay: 0 },
        async handleEvent(event: number, { signal, attempt }) {
          signal.addEventListener('abort', () => aborted.push(signal.reason))
          await runtime.sleep(attempt === 1 ? 1_500 : 800)
          return [`${event} by attempt ${attempt}`]
        },
      }),
      { name: 'slow' },
    )
    const sink = await launch(runtime, consumer({ handleEvent: (event: string) => void seen.push(event) }))
    await runtime.settle(sink.subscribe(stage))
    await runtime.settle(stage.subscribe(source))
    await runtime.advance(10_000)
    expect(seen).toEqual(['0 by attempt 2'])
    expect(aborted).toEqual([expect.any(TimeoutError)])
    expect((aborted[0] as Error).message).toBe('handleEvent of producer-consumer slow timed out after 1000 ms')
    expect(await sink.exited).toBe('normal')
  })

  test('without an attempt left fails the stage', async () => {
    const { runtime, sink } = await begun([0], { timeout: 5 }, () => new Promise<void>(() => {}))
    await runtime.advance(5)
    expect(await sink.exited).toBeInstanceOf(TimeoutError)
  })
})

describe('onError', () => {
  const failing = (event: number): void => {
    if (event % 2 === 1) throw new Error(`boom ${event}`)
  }

  test("'skip' continues without the event, counts it, and logs it", async () => {
    const { sink, runtime, records } = await begun(range(0, 4), { onError: 'skip' }, failing)
    await runtime.settle()
    expect(await sink.exited).toBe('normal')
    expect(records.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'consumer sink skipped an event after 1 attempt: boom 1',
      'consumer sink skipped an event after 1 attempt: boom 3',
    ])
  })

  test('a function is awaited, keeps its place in the meantime, and the event is skipped', async () => {
    const failed: unknown[] = []
    const pause: { for: (ms: number) => Promise<void> } = { for: async () => {} }
    const { runtime, begins, sink } = await begun(
      range(0, 4),
      {
        concurrency: 1,
        onError: async (error, event) => {
          failed.push([(error as Error).message, event])
          await pause.for(100)
        },
      },
      (event, _attempt, inside) => {
        pause.for = (ms) => inside.sleep(ms)
        if (event > 0) throw new Error('boom')
      },
    )
    await runtime.advance(1_000)
    expect(failed).toEqual([
      ['boom', 1],
      ['boom', 2],
      ['boom', 3],
    ])
    expect(begins).toEqual(['0@0', '1@0', '2@100', '3@200'])
    expect(await sink.exited).toBe('normal')
  })

  test('a function that throws fails the stage with what it threw', async () => {
    const { sink, runtime } = await begun(
      [1],
      {
        onError: () => {
          throw new Error('no better')
        },
      },
      failing,
    )
    await runtime.settle()
    expect(await sink.exited).toMatchObject({ message: 'no better' })
  })

  test('a skipped event of a producer-consumer does not hold back later results', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const source = await launch(runtime, fromIterable(range(0, 6)))
    const stage = await launch(
      runtime,
      producerConsumer({
        concurrency: 3,
        onError: 'skip',
        handleEvent: async (event: number) => {
          failing(event)
          return [event]
        },
      }),
    )
    const sink = await launch(runtime, consumer({ handleEvent: (event: number) => void seen.push(event) }))
    await runtime.settle(sink.subscribe(stage))
    await runtime.settle(stage.subscribe(source))
    await runtime.settle()
    expect(seen).toEqual([0, 2, 4])
  })
})

test('telemetry reports attempts, retries, skips, rates and each event', async () => {
  const events: string[] = []
  const runtime = testRuntime()
  attachTelemetry(
    {
      'attempt.failed': ({ attempt }, { event }) => void events.push(`failed ${event} ${attempt}`),
      'attempt.retried': ({ attempt, delay }, { event }) => void events.push(`retried ${event} ${attempt} ${delay}`),
      'event.skipped': ({ attempts }, { event }) => void events.push(`skipped ${event} ${attempts}`),
      'rate.limited': ({ wait }) => void events.push(`limited ${wait}`),
      'batch.handled': ({ size, duration }, { error }) =>
        void events.push(`handled ${size} ${duration} ${error !== undefined}`),
    },
    { runtime },
  )
  const source = await launch(runtime, fromIterable([7, 8]))
  const sink = await launch(
    runtime,
    consumer({
      retry: { attempts: 2, delay: 10, jitter: 'none' },
      rate: { limit: 2, per: 100 },
      onError: () => {},
      async handleEvent(event: number) {
        await runtime.sleep(5)
        if (event === 7) throw new Error('boom')
      },
    }),
  )
  await runtime.settle(sink.subscribe(source))
  await runtime.advance(1_000)
  expect(events).toEqual([
    'handled 1 5 true',
    'failed 7 1',
    'retried 7 2 10',
    'handled 1 5 false',
    'limited 35',
    'handled 1 5 true',
    'failed 7 2',
    'skipped 7 2',
  ])
})

describe('wrong arguments', () => {
  const refusal = async (callbacks: object): Promise<unknown> => {
    const runtime = testRuntime()
    return launch(runtime, consumer(untyped(callbacks))).catch((error: { cause?: unknown }) => error.cause ?? error)
  }
  const handleEvent = (): void => {}

  test.each([
    [{}, 'expected handleEvents to be given: a function, or handleEvent, which handles events one by one'],
    [{ handleEvent, handleEvents() {} }, 'expected either handleEvents or handleEvent, got both'],
    [{ handleEvents() {}, concurrency: 3 }, 'expected handleEvent to be given, because there is concurrency'],
    [{ handleEvents() {}, retry: {} }, 'expected handleEvent to be given, because there is retry'],
    [{ handleEvent, concurrency: 0 }, 'expected concurrency to be an integer of at least 1, got: 0'],
    [{ handleEvent, timeout: '5 s' }, "or as '200ms', '5s', '2m', '1h' or '7d', or Infinity, got: '5 s'"],
    [{ handleEvent, retry: 3 }, 'expected retry to be a retry policy, an object with attempts, delay'],
    [{ handleEvent, retry: { times: 3 } }, 'expected the options of a retry policy to be among attempts, delay'],
    [{ handleEvent, rate: { limit: 5 } }, 'expected per to be given: a duration above 0'],
    [{ handleEvent, onError: 'ignore' }, "expected onError to be 'fail' or 'skip', or a function, got: 'ignore'"],
    [{ handleEvent, ordered: 'yes' }, 'expected ordered to be true or false'],
    [{ handleEvent, orderBy: 'id' }, 'expected orderBy to be a function'],
  ])('%o is refused when the stage starts', async (callbacks, message) => {
    const error = (await refusal(callbacks)) as Error & { reason?: Error }
    expect(String(error.reason?.message ?? error.message)).toContain(message)
  })

  test('a class may use the names of the options for its own state, unless it has a handleEvent', async () => {
    const runtime = testRuntime()
    class Limited {
      readonly timeout = 'mine'
      readonly rate = 5
      handleEvents(_events: readonly number[]): void {}
    }
    const stage = await launch(runtime, consumer(untyped(() => new Limited())))
    await runtime.settle(stage.stop())
    class Fast {
      readonly concurrency = 3
      most = 0
      running = 0
      async handleEvent(_event: number): Promise<void> {
        this.most = Math.max(this.most, ++this.running)
        await runtime.sleep(1)
        this.running--
      }
    }
    const fast = new Fast()
    const sink = await launch(
      runtime,
      consumer<number>(() => fast),
    )
    await runtime.settle(sink.subscribe(await launch(runtime, counting(atOnce, 20))))
    await runtime.advance(100)
    expect(fast.most).toBe(3)
  })
})
