import {
  consumer,
  createRuntime,
  fromIterable,
  producer,
  type Runnable,
  type Runtime,
  type Schedule,
  start,
  stream,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { longestHold } from './longest-hold.ts'
import { acting, collecting, idle } from './plain-stages.ts'

/** Holds the thread for so many milliseconds. */
function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('the event loop', () => {
  // Held throughout, it would be held for 400 ms at least in each test. A slice is 2 ms; the rest is for busy machines.
  const mostHold = 300

  test('turns while processes send each other messages without end', async () => {
    const runtime = createRuntime()
    const until = performance.now() + 400
    const pong = await start(
      acting((ball) => ping.send(ball)),
      { runtime },
    )
    const ping = await start(
      acting((ball) => {
        if (performance.now() > until) return { stop: 'normal' }
        pong.send(ball)
        return undefined
      }),
      { runtime },
    )
    ping.send('ball')
    expect(await longestHold(ping.exited)).toBeLessThan(mostHold)
    await pong.stop()
  })

  test('turns while callbacks are async and do not wait', async () => {
    const runtime = createRuntime()
    const until = performance.now() + 400
    const ref = await start(
      acting(async (_message, { self }) => {
        self.send('again')
        return performance.now() > until ? { stop: 'normal' } : undefined
      }),
      { runtime },
    )
    ref.send('begin')
    expect(await longestHold(ref.exited)).toBeLessThan(mostHold)
  })

  test('turns while a program calls in a loop', async () => {
    const ref = await start(consumer({ handleEvents() {}, handleCall: { size: () => ({ reply: 1 }) } }))
    const calling = (async () => {
      const until = performance.now() + 400
      while (performance.now() < until) await ref.call('size')
    })()
    expect(await longestHold(calling)).toBeLessThan(mostHold)
    await ref.stop()
  })

  test('turns while several runtimes are busy, for the budget is that of the thread', async () => {
    const runtimes = Array.from({ length: 20 }, () => createRuntime())
    const until = performance.now() + 600
    const refs = await Promise.all(
      runtimes.map((runtime) =>
        start(
          acting((_message, { self }) => {
            self.send('again')
            return performance.now() > until ? { stop: 'normal' } : undefined
          }),
          { runtime },
        ),
      ),
    )
    for (const ref of refs) ref.send('begin')
    expect(await longestHold(Promise.all(refs.map(({ exited }) => exited)))).toBeLessThan(mostHold)
  })

  test('turns in the middle of a mailbox full of batches that take their time', async () => {
    const runtime = createRuntime()
    const batches = 30
    let handled = 0
    const sources = await Promise.all(
      Array.from({ length: batches }, () =>
        start(
          producer({
            demand: 'accumulate',
            handleDemand: (demand) => Array.from({ length: Math.min(demand, 2_000) }, () => 1),
          }),
          { runtime },
        ),
      ),
    )
    const sink = await start(
      consumer({
        handleEvents() {
          work(20)
          return ++handled === batches ? { stop: 'normal' } : undefined
        },
      }),
      { runtime },
    )
    for (const source of sources) await sink.subscribe(source, { maxDemand: 2_000, minDemand: 0, cancel: 'temporary' })
    for (const source of sources) source.demand('forward')
    expect(await longestHold(sink.exited)).toBeLessThan(mostHold)
    for (const source of sources) source.exit('kill')
  })

  test('turns while a program reads a stream, and works on each of its events', async () => {
    const runtime = createRuntime()
    const source = await start(fromIterable(Array.from({ length: 500 }, () => 1)), { runtime })
    const reading = (async () => {
      for await (const _event of stream([source])) work(1)
    })()
    expect(await longestHold(reading)).toBeLessThan(mostHold)
  })

  test('turns while a producer emits large batches at full speed', async () => {
    const runtime = createRuntime()
    const until = performance.now() + 400
    const source = await start(
      producer({
        handleDemand(demand) {
          work(1)
          return Array.from({ length: demand }, () => 1)
        },
      }),
      { runtime },
    )
    const sink = await start(
      consumer({ handleEvents: () => (performance.now() > until ? { stop: 'normal' } : undefined) }),
      { runtime },
    )
    await sink.subscribe(source, { maxDemand: 10_000 })
    expect(await longestHold(sink.exited)).toBeLessThan(mostHold)
    source.exit('kill')
  })
})

describe('runtimes that are busy at the same time', () => {
  /** So many milliseconds of the machine: a machine that is busy with others takes longer. */
  const computing = (ms: number): (() => boolean) => {
    const { user, system } = process.cpuUsage()
    return () => {
      const now = process.cpuUsage()
      return now.user + now.system < user + system + ms * 1_000
    }
  }

  /** Keeps a pair of stages busy in a runtime for as long as `goesOn` returns true; resolves with how many events were handled. */
  async function handledIn(runtime: Runtime, goesOn: () => boolean, isAsync: boolean): Promise<number> {
    let handled = 0
    const source = await start(producer({ handleDemand: (demand) => Array.from({ length: demand }, () => 1) }), {
      runtime,
    })
    const sink = await start(
      consumer({
        handleEvents(events) {
          handled += events.length
          const result = goesOn() ? undefined : { stop: 'normal' }
          return isAsync ? Promise.resolve(result) : result
        },
      }),
      { runtime },
    )
    await sink.subscribe(source, { maxDemand: 100 })
    await sink.exited
    source.exit('kill')
    return handled
  }

  test.each([
    ['whose callbacks return at once', false],
    ['whose callbacks are async', true],
  ])('share the thread equally, where there are three of them %s', async (_what, isAsync) => {
    const goesOn = computing(600)
    const handled = await Promise.all([1, 2, 3].map(() => handledIn(createRuntime(), goesOn, isAsync)))
    const third = handled.reduce((sum, count) => sum + count, 0) / 3
    for (const count of handled) expect(Math.abs(count - third) / third).toBeLessThan(0.2)
  })

  test('leave one that has little to do its turn within a slice or two of each', async () => {
    const goesOn = computing(400)
    const busy = [1, 2, 3].map(() => handledIn(createRuntime(), goesOn, false))
    const ref = await start(
      consumer({ handleEvents() {}, handleCall: { now: () => ({ reply: performance.now() }) } }),
      {
        runtime: createRuntime(),
      },
    )
    let calls = 0
    while (goesOn()) {
      await ref.call('now')
      calls++
    }
    await Promise.all(busy)
    // A slice is 2 ms; the rest is for busy machines.
    expect(calls).toBeGreaterThan(15)
    await ref.stop()
  })

  test('have as many turns as ever in each turn of the event loop, where they count them', async () => {
    const turns = async (others: number): Promise<number[]> => {
      const runtimes = Array.from({ length: 1 + others }, () => createRuntime({ turnsPerSlice: 10 }))
      const counts = runtimes.map(() => 0)
      const refs = await Promise.all(
        runtimes.map((runtime, index) =>
          start(
            acting((left: number, { self }) => {
              counts[index] = (counts[index] as number) + 1
              work(0.05)
              if (left > 0) self.send(left - 1)
              return undefined
            }),
            { runtime },
          ),
        ),
      )
      await new Promise((resolve) => setImmediate(resolve))
      for (const ref of refs) ref.send(1_000_000)
      const seen: number[] = []
      for (let slice = 0; slice < 6; slice++) {
        await new Promise((resolve) => setImmediate(resolve))
        seen.push(counts[0] as number)
      }
      for (const ref of refs) ref.exit('kill')
      return seen
    }
    const alone = await turns(0)
    expect(alone.slice(1).map((count, index) => count - (alone[index] as number))).toEqual([160, 160, 160, 160, 160])
    expect(await turns(3)).toEqual(alone)
  })
})

describe('a schedule', () => {
  test('that is user-defined decides which process runs next', async () => {
    const waiting: Runnable[] = []
    const lastInFirstOut: Schedule = {
      get size() {
        return waiting.length
      },
      add: (process) => waiting.push(process),
      next: () => waiting.pop() as Runnable,
    }
    const runtime = createRuntime({ schedule: lastInFirstOut })
    const ran: string[] = []
    const [a, b, c] = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        start(
          acting(() => ran.push(name) && undefined),
          { runtime },
        ),
      ),
    )
    for (const ref of [a, b, c]) ref?.send('')
    await c?.stop()
    await Promise.all([a?.stop(), b?.stop()])
    expect(ran).toEqual(['c', 'b', 'a'])
  })

  test('that is seeded is the same for the same seed, and differs between seeds', async () => {
    const run = async (seed: number): Promise<string> => {
      const runtime = testRuntime({ seed })
      const ran: string[] = []
      const refs = await Promise.all(
        ['a', 'b', 'c', 'd', 'e'].map((name) =>
          start(
            acting(() => ran.push(name) && undefined),
            { runtime },
          ),
        ),
      )
      for (const ref of refs) ref.send('')
      await runtime.settle()
      return ran.join('')
    }
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
    const orders = await Promise.all(seeds.map(run))
    expect(await Promise.all(seeds.map(run))).toEqual(orders)
    expect(new Set(orders).size).toBeGreaterThan(3)
  })

  test('however shuffled leaves out no process and no message', async () => {
    await shuffled(100, async (runtime) => {
      const received: unknown[][] = Array.from({ length: 10 }, () => [])
      const refs = await Promise.all(received.map((list) => start(collecting(list), { runtime })))
      for (let count = 0; count < 50; count++) for (const ref of refs) ref.send(count)
      await runtime.settle()
      for (const list of received) expect(list).toEqual(Array.from({ length: 50 }, (_, index) => index))
    })
  })

  test('that a test shuffles names the seed that failed', async () => {
    const failing = shuffled(10, async (runtime, seed) => {
      await start(idle(), { runtime })
      if (seed === 4) throw new Error('boom')
    })
    await expect(failing).rejects.toThrow('failed under the schedule of seed 4')
    await expect(failing).rejects.toMatchObject({ cause: new Error('boom') })
  })
})
