import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Callable, consumer, producer, type StageRef, start, task } from 'genstage'
import { collector, counter, hangingConsumer, mapper, shuffled, type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'

/** A stage that records each message, and returns the result of `act`. */
const recording = (received: unknown[], act: (message: unknown, self: StageRef) => void | Promise<void> = () => {}) =>
  consumer(({ self }) => ({
    handleEvents() {},
    handleInfo(message: unknown) {
      received.push(message)
      return act(message, self)
    },
  }))

describe('settle', () => {
  test('waits until everything that was asked for is handled', async () => {
    const runtime = testRuntime()
    const seen: number[] = []
    const numbers = await start(counter(0, 10_000), { runtime })
    const sink = await start(collector(seen), { runtime })
    await sink.subscribe(numbers, { maxDemand: 7, cancel: 'temporary' })
    await runtime.settle()
    expect(seen).toHaveLength(10_000)
  })

  test('waits for callbacks whose promises settle by themselves', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const stage = await start(
      recording(received, async (message, self) => {
        for (let turn = 0; turn < 5; turn++) await (turn % 2 === 0 ? setImmediate() : Promise.resolve())
        if (message !== 0) self.send((message as number) - 1)
      }),
      { runtime },
    )
    stage.send(20)
    await runtime.settle()
    expect(received).toHaveLength(21)
  })

  test('does not wait for what only time would bring, nor for a promise that never settles', async () => {
    const runtime = testRuntime()
    const numbers = await start(counter(), { runtime })
    const sink = await start(hangingConsumer<number>(), { runtime })
    await sink.subscribe(numbers)
    await start(
      task(() => runtime.sleep(1)),
      { runtime },
    )
    await runtime.settle()
    expect(runtime.now()).toBe(0)
  })

  test('returns the value of a promise', async () => {
    const runtime = testRuntime({ stepped: true })
    const stage = await runtime.settle(start(counter(), { runtime, name: 'numbers' }))
    expect(await runtime.settle(stage.estimateBufferedCount())).toBe(0)
    await expect(runtime.settle(start(counter(), { runtime, name: 'numbers' }))).rejects.toThrow('already taken')
  })

  test('fails if the promise can never settle, and names the stages that may be the cause', async () => {
    const runtime = testRuntime()
    const stage = await start(
      consumer({ handleEvents() {}, handleCall: { never: () => new Promise<{ reply: 1 }>(() => {}) } }),
      { runtime, name: 'mute' },
    )
    const mute: Callable<{ never(): 1 }> = stage
    await expect(runtime.settle(mute.call('never'))).rejects.toThrow(
      'the promise is still pending, but no process has anything left to do; ' +
        'waiting for a promise: consumer mute (in handleCall.never)',
    )
  })
})

describe.each([
  { mode: 'by itself', stepped: false },
  { mode: 'stepped', stepped: true },
])('settle gives up after a million steps, $mode,', { timeout: 60_000 }, ({ stepped }) => {
  test('and names the stages that run and those that wait for a promise', async () => {
    const runtime = testRuntime({ stepped })
    const names = { runtime, name: 'restless' }
    const restless = await runtime.settle(
      start(
        recording([], (message, self) => self.send(message)),
        names,
      ),
    )
    const numbers = await runtime.settle(start(counter(), { runtime }))
    const sink = await runtime.settle(start(hangingConsumer<number>(), { runtime, name: 'hanging' }))
    await runtime.settle(sink.subscribe(numbers))
    restless.send('again')
    await expect(runtime.settle()).rejects.toThrow(
      'did not settle within 1000000 steps; still running: consumer restless (in handleInfo, 1 message); ' +
        'waiting for a promise: consumer hanging (in handleEvents)',
    )
  })

  test('also where an async callback goes on without end', async () => {
    const runtime = testRuntime({ stepped })
    const restless = await runtime.settle(
      start(
        recording([], async (message, self) => {
          await Promise.resolve()
          self.send(message)
        }),
        { runtime, name: 'restless' },
      ),
    )
    restless.send('again')
    await expect(runtime.settle()).rejects.toThrow(/still running: consumer restless \(in handleInfo, \d messages?\)$/)
  })
})

test('settle also gives up if the processes that run exit all the time', { timeout: 60_000 }, async () => {
  const runtime = testRuntime()
  const again = (): void => {
    void start(task(again), { runtime })
  }
  again()
  await expect(runtime.settle()).rejects.toThrow(/still running: (.*, and )?\d+ that have exited since$/)
})

test('a runtime that settle has given up stands still', async () => {
  const runtime = testRuntime()
  const restless = await start(
    recording([], (message, self) => self.send(message)),
    { runtime },
  )
  restless.send('again')
  await expect(runtime.settle()).rejects.toThrow('did not settle')
  const { steps } = runtime
  await setTimeout(5)
  expect(runtime.steps).toBe(steps)
  await expect(runtime.settle()).rejects.toThrow('did not settle')
})

describe('a stepped runtime', () => {
  test('runs nothing by itself', async () => {
    const runtime = testRuntime({ stepped: true })
    const received: unknown[] = []
    const starting = start(recording(received), { runtime, name: 'recorder' })
    await setTimeout(5)
    expect(runtime.steps).toBe(0)
    expect(runtime.step()).toBe(1)
    ;(await starting).send('hello')
    await setTimeout(5)
    expect(received).toEqual([])
    runtime.step()
    expect(received).toEqual(['hello'])
  })

  test('takes one step at a time, in the order in which processes have something to do', async () => {
    const runtime = testRuntime({ stepped: true })
    const received: unknown[] = []
    const [one, other] = await runtime.settle(
      Promise.all([start(recording(received), { runtime }), start(recording(received), { runtime })]),
    )
    other.send('other')
    one.send('one')
    runtime.step()
    expect(received).toEqual(['other'])
    runtime.step()
    expect(received).toEqual(['other', 'one'])
  })

  test('returns how many steps there were to take', async () => {
    const runtime = testRuntime({ stepped: true })
    const stage = await runtime.settle(start(recording([]), { runtime }))
    expect(runtime.step()).toBe(0)
    stage.send('hello')
    expect(runtime.step(0)).toBe(0)
    expect(runtime.step(10)).toBe(1)
    expect(runtime.steps).toBe(2)
  })

  test('can be stepped to the end of a pipeline, or settled at any point', async () => {
    const run = async (finish: (runtime: TestRuntime) => unknown): Promise<number[]> => {
      const runtime = testRuntime({ stepped: true })
      const seen: number[] = []
      const numbers = await runtime.settle(start(counter(0, 50), { runtime }))
      const tens = await runtime.settle(
        start(
          mapper((event: number) => event * 10),
          { runtime },
        ),
      )
      const sink = await runtime.settle(start(collector(seen), { runtime }))
      void sink.subscribe(tens, { maxDemand: 3, cancel: 'temporary' })
      void tens.subscribe(numbers, { maxDemand: 2 })
      await finish(runtime)
      return seen
    }
    const all = Array.from({ length: 50 }, (_, event) => event * 10)
    expect(await run((runtime) => runtime.step(Number.MAX_SAFE_INTEGER))).toEqual(all)
    expect(await run((runtime) => runtime.step(3))).toEqual([])
    expect(
      await run(async (runtime) => {
        runtime.step(5)
        await runtime.settle()
      }),
    ).toEqual(all)
  })

  test('is shuffled by its seed', async () => {
    const orderUnder = async (seed: number): Promise<unknown[]> => {
      const runtime = testRuntime({ stepped: true, seed })
      const received: unknown[] = []
      const stages = await runtime.settle(
        Promise.all(Array.from({ length: 8 }, () => start(recording(received), { runtime }))),
      )
      for (const [index, stage] of stages.entries()) stage.send(index)
      runtime.step(8)
      return received
    }
    expect(await orderUnder(1)).toEqual(await orderUnder(1))
    expect(await orderUnder(1)).not.toEqual(await orderUnder(2))
  })

  test('moves its clock and settles by advance', async () => {
    const runtime = testRuntime({ stepped: true })
    const received: unknown[] = []
    await runtime.settle(
      start(
        consumer(({ sendAfter }) => {
          sendAfter('late', 1_000)
          return {
            handleEvents() {},
            handleInfo(message: unknown) {
              received.push([runtime.now(), message])
            },
          }
        }),
        { runtime },
      ),
    )
    await runtime.advance(999)
    expect(received).toEqual([])
    await runtime.advance(1)
    expect(received).toEqual([[1_000, 'late']])
  })

  test('cannot be stepped by a callback, nor can one that runs by itself be stepped at all', async () => {
    const runtime = testRuntime({ stepped: true })
    let thrown: unknown
    const stage = await runtime.settle(
      start(
        recording([], () => {
          try {
            runtime.step()
          } catch (error) {
            thrown = error
          }
        }),
        { runtime },
      ),
    )
    stage.send('step')
    await runtime.settle()
    expect(thrown).toEqual(new Error('expected a scheduler that is held and not running a turn'))
    expect(() => testRuntime().step()).toThrow('expected a runtime made by testRuntime({ stepped: true })')
    expect(() => runtime.step(-1)).toThrow('expected count to be an integer of at least 0, got: -1')
  })
})

describe('advance', () => {
  test('runs what falls due in order, each at its time, and settles in between', async () => {
    const runtime = testRuntime()
    const seen: [number, string][] = []
    const sleeper = (name: string, ms: number) =>
      task(async () => {
        await runtime.sleep(ms)
        seen.push([runtime.now(), name])
        await runtime.sleep(ms)
        seen.push([runtime.now(), name])
      })
    await start(sleeper('slow', 300), { runtime })
    await start(sleeper('fast', 200), { runtime })
    await runtime.advance(450)
    expect(seen).toEqual([
      [200, 'fast'],
      [300, 'slow'],
      [400, 'fast'],
    ])
    expect(runtime.now()).toBe(450)
  })

  test('reaches the timeouts of calls', async () => {
    const runtime = testRuntime()
    const stage = await start(
      producer({ handleDemand: () => [], handleCall: { never: () => new Promise<{ reply: 1 }>(() => {}) } }),
      { runtime },
    )
    const outcome = stage.call('never').catch((error: Error) => error.message)
    await runtime.advance(4_999)
    await runtime.advance(1)
    expect(await outcome).toContain('timed out after 5000 ms')
  })

  test('refuses what is no time', async () => {
    const runtime = testRuntime()
    await expect(runtime.advance(-1)).rejects.toThrow('expected ms to be a finite number of at least 0, got: -1')
    await expect(runtime.sleep(Number.NaN)).rejects.toThrow('got: NaN')
  })
})

describe('the options of a test runtime', () => {
  test('are checked', () => {
    expect(() => testRuntime({ step: true } as never)).toThrow("got: 'step' (did you mean seed?)")
    expect(() => testRuntime({ seed: 1.5 })).toThrow('expected seed to be an integer')
    expect(() => testRuntime({ stepped: 1 as never })).toThrow('expected stepped to be true or false, got: 1')
    expect(() => testRuntime({ logger: 'console' as never })).toThrow('expected logger to be an object')
  })
})

describe('random', () => {
  test('is decided by the seed, and is the same in every run without one', async () => {
    const draw = ({ random }: TestRuntime): unknown[] => [
      random.below(1_000),
      random.fraction(),
      random.pick(['a', 'b', 'c', 'd']),
    ]
    expect(draw(testRuntime({ seed: 3 }))).toEqual(draw(testRuntime({ seed: 3 })))
    expect(draw(testRuntime({ seed: 3 }))).not.toEqual(draw(testRuntime({ seed: 4 })))
    expect(draw(testRuntime())).toEqual(draw(testRuntime()))
  })

  test('is not what the schedule draws', async () => {
    // Were it the same sequence, a body that picks a stage by it would pick the one that runs next.
    let alike = 0
    await shuffled(50, async (runtime) => {
      const ran: number[] = []
      const stages = Array.from({ length: 4 }, (_, index) =>
        start(recording(ran), { runtime }).then((it) => [it, index]),
      )
      for (const [stage, index] of (await Promise.all(stages)) as [StageRef, number][]) stage.send(index)
      await runtime.settle()
      if (ran[0] === runtime.random.below(4)) alike++
    })
    expect(alike).toBeLessThan(30)
  })
})
