import {
  BadReturnError,
  broadcastDispatcher,
  demandDispatcher,
  type Logger,
  StartError,
  stream,
  ThrownValueError,
} from 'genstage'
import { fromCallback, OverflowError, type Push } from 'genstage/bridge'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  atOnce,
  collecting,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
  rejection,
  timings,
} from '../stage/test-stages.ts'
import { failing, slowly, turns } from './test-stages.ts'

const boom = new Error('boom')

/** A source that a test pushes by hand, and that knows how often it was disconnected. */
function handle<Event = number>() {
  const source = {
    push: undefined as unknown as Push<Event>,
    disconnects: 0,
    connect: (push: Push<Event>) => {
      source.push = push
      return () => {
        source.disconnects++
      }
    },
  }
  return source
}

describe.each(timings)('to callbacks that return %s', (_name, later) => {
  test('gives everything that comes, in order, up to its end, where the buffer is big enough', async () => {
    await shuffled(50, async (runtime, seed) => {
      const source = handle()
      const seen: unknown[] = []
      const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail', bufferSize: 100 }))
      const sink = await launch(runtime, collecting(later, seen))
      const subscribed = sink.subscribe(stage, { maxDemand: 1 + (seed % 9) })
      for (const number of range(0, 100)) {
        source.push.emit(number)
        if (runtime.random.below(4) === 0) await Promise.resolve()
      }
      source.push.end()
      await subscribed
      expect(await sink.exited).toBe('normal')
      expect(await stage.exited).toBe('normal')
      expect(seen).toEqual(range(0, 100))
      expect(source.disconnects).toBe(1)
    })
  })

  test.each(['drop-oldest', 'drop-newest'] as const)('loses nothing that is not counted: %s', async (whenFull) => {
    await shuffled(50, async (runtime, seed) => {
      const source = handle()
      const seen: number[] = []
      const bufferSize = seed % 7
      const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull, bufferSize }))
      const sink = await launch(runtime, collecting(later, seen))
      await sink.subscribe(stage, { maxDemand: 1 + (seed % 5), cancel: 'temporary' })
      for (const number of range(0, 200)) {
        source.push.emit(number)
        if (runtime.random.below(10) === 0) await Promise.resolve()
      }
      await turns(30)
      expect(seen.length + (await stage.call('discarded'))).toBe(200)
      expect(seen).toEqual([...seen].sort((one, other) => one - other))
      // The last ones are there, or the first ones are.
      if (bufferSize > 0)
        expect(whenFull === 'drop-oldest' ? seen.at(-1) : seen[0]).toBe(whenFull === 'drop-oldest' ? 199 : 0)
    })
  })
})

describe('an end', () => {
  test('that comes before any demand waits for the first consumer that asks', async () => {
    const source = handle()
    const runtime = testRuntime()
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail' }))
    source.push.end()
    await turns()
    const sink = await launch(runtime, slowly([]))
    await sink.subscribe(stage)
    expect(await sink.exited).toBe('normal')
  })

  test('by a failure is the exit reason, the same object', async () => {
    const source = handle()
    const stage = await launch(testRuntime(), fromCallback<number>(source.connect, { whenFull: 'fail' }))
    source.push.fail(boom)
    expect(await stage.exited).toBe(boom)
    expect(source.disconnects).toBe(1)
  })

  test('by something that is no error is wrapped', async () => {
    const source = handle()
    const stage = await launch(testRuntime(), fromCallback<number>(source.connect, { whenFull: 'fail' }))
    source.push.fail('normal')
    expect(await stage.exited).toBeInstanceOf(ThrownValueError)
  })

  test('is the last thing that counts', async () => {
    const source = handle()
    const stage = await launch(testRuntime(), fromCallback<number>(source.connect, { whenFull: 'fail', bufferSize: 2 }))
    source.push.emit(1)
    source.push.end()
    for (const number of range(0, 100)) source.push.emit(number)
    source.push.fail(boom)
    source.push.end()
    const seen: number[] = []
    for await (const number of stream([stage])) seen.push(number)
    expect(seen).toEqual([1])
    expect(source.disconnects).toBe(1)
  })

  test('of the stage disconnects, once, and then nothing comes any more', async () => {
    for (const end of ['normal', boom, 'kill']) {
      const source = handle()
      const runtime = testRuntime()
      const stage = await launch(
        runtime,
        fromCallback<number>(source.connect, { whenFull: 'drop-newest', bufferSize: 0 }),
      )
      if (end === 'kill') stage.exit('kill')
      else await stage.stop(end)
      await stage.exited
      expect(source.disconnects).toBe(1)
      source.push.emit(1)
      source.push.end()
      await runtime.settle()
      expect(source.disconnects).toBe(1)
    }
  })

  test('of the last consumer is one of the stage', async () => {
    const source = handle()
    const runtime = testRuntime()
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail' }))
    const sink = await launch(runtime, failing(boom))
    await sink.subscribe(stage)
    source.push.emit(1)
    expect(await stage.exited).toBe(boom)
    expect(source.disconnects).toBe(1)
  })

  test('of what is full counts what was lost with it', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = handle()
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail', bufferSize: 5 }))
    for (const number of range(0, 5)) source.push.emit(number)
    await runtime.settle()
    source.push.emit(5)
    const reason = await stage.exited
    expect(reason).toBeInstanceOf(OverflowError)
    expect((reason as Error).message).toBe(
      'expected at most 5 buffered events (bufferSize), got one more: consumers are slower than the source',
    )
    expect(records.filter(({ message }) => message.endsWith('5 events were dropped')).length).toBe(1)
  })
})

describe('connecting', () => {
  test('may take its time, and the start waits for it', async () => {
    const connected = gate<() => void>()
    let isDisconnected = false
    const runtime = testRuntime()
    let hasStarted = false
    const starting = launch(
      runtime,
      fromCallback<number>(() => connected.opened, { whenFull: 'fail' }),
    )
    void starting.then(() => {
      hasStarted = true
    })
    await runtime.settle()
    expect(hasStarted).toBe(false)
    connected.open(() => {
      isDisconnected = true
    })
    await (await starting).stop()
    expect(isDisconnected).toBe(true)
  })

  test('that is overtaken by the end of the stage is undone when it is done', async () => {
    const connected = gate<() => void>()
    let isDisconnected = false
    const controller = new AbortController()
    const options = { whenFull: 'fail', signal: controller.signal } as const
    const starting = rejection(
      launch(
        testRuntime(),
        fromCallback<number>(() => connected.opened, options),
      ),
    )
    await turns()
    controller.abort(boom)
    expect((await starting).reason).toBe(boom)
    expect(isDisconnected).toBe(false)
    connected.open(() => {
      isDisconnected = true
    })
    await turns()
    expect(isDisconnected).toBe(true)
  })

  test('may fail, and so does the start', async () => {
    const throwing = () => {
      throw boom
    }
    for (const connect of [throwing, () => Promise.reject(boom)]) {
      const error = await rejection(launch(testRuntime(), fromCallback<number>(connect, { whenFull: 'fail' })))
      expect(error).toBeInstanceOf(StartError)
      expect(error.reason).toBe(boom)
    }
  })

  test('returns a function or nothing', async () => {
    const wrong = fromCallback<number>((() => 5) as never, { whenFull: 'fail' })
    const error = await rejection(launch(testRuntime(), wrong))
    expect(error.reason).toBeInstanceOf(BadReturnError)
    const nothing = await launch(
      testRuntime(),
      fromCallback<number>(() => {}, { whenFull: 'fail' }),
    )
    await nothing.stop()
  })

  test('may push before it is done', async () => {
    const stage = await launch(
      testRuntime(),
      fromCallback<number>(
        ({ emit, end }) => {
          emit(1)
          emit(2)
          end()
        },
        { whenFull: 'fail', bufferSize: 2 },
      ),
    )
    const seen: number[] = []
    for await (const number of stream([stage])) seen.push(number)
    expect(seen).toEqual([1, 2])
  })

  test.each([
    () => {
      throw boom
    },
    () => Promise.reject(boom),
  ])('is undone even if that fails, which is logged', async (disconnect) => {
    const records: LogRecord[] = []
    const logger: Logger = recording(records)
    const stage = await launch(
      testRuntime({ logger }),
      fromCallback<number>(() => disconnect, { whenFull: 'fail' }),
    )
    await stage.stop()
    await turns()
    const errors = records.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors).toEqual([expect.stringMatching(/^producer g\d+\.1 failed to disconnect its source: boom$/)])
  })
})

describe('while demand is held back', () => {
  test('no more is kept than the buffer holds, however many turns it takes, and the policy holds', async () => {
    for (const [whenFull, kept] of [
      ['drop-oldest', range(95, 100)],
      ['drop-newest', range(0, 5)],
    ] as const) {
      const runtime = testRuntime()
      const source = handle()
      const options = { whenFull, bufferSize: 5, formatDiscarded: () => false } as const
      const stage = await launch(runtime, fromCallback<number>(source.connect, options))
      stage.demand('accumulate')
      const seen: unknown[] = []
      await (await launch(runtime, collecting(atOnce, seen))).subscribe(stage)
      for (const number of range(0, 100)) {
        source.push.emit(number)
        await runtime.settle()
      }
      expect(await stage.call('discarded')).toBe(95)
      expect(seen).toEqual([])
      stage.demand('forward')
      await runtime.settle()
      expect(seen).toEqual(kept)
      source.push.emit(100)
      await runtime.settle()
      expect(seen).toEqual([...kept, 100])
    }
  })

  test('the dispatcher is not asked for its partitions each time, of which there may be very many', async () => {
    const runtime = testRuntime()
    const source = handle()
    let inspections = 0
    const dispatcher = demandDispatcher()
    const inspect = dispatcher.inspect?.bind(dispatcher)
    dispatcher.inspect = () => {
      inspections++
      return inspect?.() ?? { kind: 'demand' }
    }
    const options = { whenFull: 'drop-oldest', bufferSize: 5, formatDiscarded: () => false, dispatcher } as const
    const stage = await launch(runtime, fromCallback<number>(source.connect, options))
    for (const number of range(0, 100)) {
      source.push.emit(number)
      await runtime.settle()
    }
    expect(await stage.call('discarded')).toBe(95)
    expect(inspections).toBe(0)
  })

  test('what is too much fails the stage where it is to', async () => {
    const runtime = testRuntime()
    const source = handle()
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail', bufferSize: 5 }))
    stage.demand('accumulate')
    for (const number of range(0, 6)) {
      source.push.emit(number)
      await runtime.settle()
    }
    expect(await stage.exited).toBeInstanceOf(OverflowError)
  })

  test('an end waits until the kept events are sent', async () => {
    const runtime = testRuntime()
    const source = handle()
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail', bufferSize: 5 }))
    const seen: unknown[] = []
    const sink = await launch(runtime, collecting(atOnce, seen))
    await sink.subscribe(stage, { maxDemand: 2 })
    await runtime.settle()
    stage.demand('accumulate')
    for (const number of range(0, 5)) {
      source.push.emit(number)
      await runtime.settle()
    }
    source.push.end()
    await runtime.settle()
    stage.demand('forward')
    expect(await sink.exited).toBe('normal')
    expect(seen).toEqual(range(0, 5))
  })
})

test('a formatDiscarded that does not return a boolean ends the stage', async () => {
  for (const count of [3, 1]) {
    const source = handle()
    const formatDiscarded = (() => 'yes') as never
    const options = { whenFull: 'drop-newest', bufferSize: 0, formatDiscarded } as const
    const stage = await launch(testRuntime(), fromCallback<number>(source.connect, options))
    for (const number of range(0, count)) source.push.emit(number)
    expect(await stage.exited).toBeInstanceOf(BadReturnError)
  }
})

test('takes a dispatcher', async () => {
  const runtime = testRuntime()
  const source = handle()
  const dispatcher = broadcastDispatcher<number>()
  const stage = await launch(
    runtime,
    fromCallback<number, { selector?: (event: number) => boolean }>(source.connect, { whenFull: 'fail', dispatcher }),
  )
  const all: unknown[] = []
  const even: unknown[] = []
  await (await launch(runtime, slowly(all))).subscribe(stage)
  await (await launch(runtime, slowly(even))).subscribe(stage, { selector: (event: number) => event % 2 === 0 })
  for (const number of range(0, 10)) source.push.emit(number)
  source.push.end()
  await turns()
  expect([all, even]).toEqual([range(0, 10), [0, 2, 4, 6, 8]])
})

test('wrong arguments are refused', () => {
  const connect = () => {}
  expect(() => fromCallback(undefined as never, { whenFull: 'fail' })).toThrow(
    'expected a function that connects, got: undefined',
  )
  expect(() => fromCallback(connect, undefined as never)).toThrow('expected whenFull to be given')
  expect(() => fromCallback(connect, { whenFull: 'drop' as never })).toThrow("got: 'drop'")
  expect(() => fromCallback(connect, { whenFull: 'fail', bufferSize: -1 })).toThrow(RangeError)
  expect(() => fromCallback(connect, { whenFull: 'fail', buffersize: 1 } as never)).toThrow('did you mean bufferSize?')
  expect(() => fromCallback(connect, { whenFull: 'fail', onCancel: 'wait' as never })).toThrow("'stop' or 'continue'")
})
