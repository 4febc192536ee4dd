import { consumer, start, type Timer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import { type Clock, Timers } from '../../src/process/schedule/timers.ts'

interface WrittenClock extends Clock {
  time: number
  /** How long each timer was set for, in the order in which they were set. */
  readonly set: number[]
  /** The timer that is set; there must never be two. */
  readonly waiting: Set<() => void>
  /** Moves on to the time for which the timer was set, and fires it. */
  fire(): void
}

/** A clock that writes down what is asked of it. */
function writtenClock(): WrittenClock {
  const timers = new Map<() => void, number>()
  return {
    time: 0,
    set: [],
    get waiting() {
      return new Set(timers.keys())
    },
    now() {
      return this.time
    },
    setTimer(run, ms) {
      this.set.push(ms)
      timers.set(run, this.time + ms)
      return { clear: () => timers.delete(run) }
    },
    fire() {
      const [[run, due] = []] = timers
      if (run === undefined || due === undefined) throw new Error('no timer is set')
      timers.delete(run)
      this.time = due
      run()
    },
  }
}

describe('deadlines', () => {
  test('run in order of their times, and those of one time in the order in which they were set', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    const ran: string[] = []
    for (const [name, ms] of Object.entries({ c: 30, a: 10, b: 20, d: 30, aa: 10 }))
      timers.add(ms, () => ran.push(name))
    expect(clock.waiting.size).toBe(1)
    while (timers.size > 0) clock.fire()
    expect(ran).toEqual(['a', 'aa', 'b', 'c', 'd'])
    expect(clock.time).toBe(30)
    expect(clock.waiting.size).toBe(0)
  })

  test('of any number need one timer of the clock', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    const ran: number[] = []
    const deadlines = Array.from({ length: 1_000 }, (_, index) =>
      timers.add((index * 7_919) % 1_000, () => ran.push(index)),
    )
    for (const [index, deadline] of deadlines.entries()) if (index % 3 === 0) deadline.cancel()
    expect(timers.size).toBe(666)
    expect(clock.waiting.size).toBe(1)
    while (timers.size > 0) clock.fire()
    const expected = [...deadlines.keys()].filter((index) => index % 3 !== 0)
    expect(ran).toEqual(expected.sort((one, other) => ((one * 7_919) % 1_000) - ((other * 7_919) % 1_000)))
    expect(clock.waiting.size).toBe(0)
  })

  test('that are called off leave nothing behind', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    const ran: string[] = []
    const one = timers.add(10, () => ran.push('one'))
    const other = timers.add(20, () => ran.push('other'))
    one.cancel()
    one.cancel()
    expect(timers.size).toBe(1)
    other.cancel()
    expect(timers.size).toBe(0)
    expect(clock.waiting.size).toBe(0)
    expect(ran).toEqual([])
  })

  test('may set and call off others while they run', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    const ran: string[] = []
    timers.add(10, () => {
      ran.push('first')
      called.cancel()
      timers.add(0, () => ran.push('at once'))
      timers.add(5, () => ran.push('later'))
    })
    const called = timers.add(10, () => ran.push('never'))
    while (timers.size > 0) clock.fire()
    expect(ran).toEqual(['first', 'at once', 'later'])
    expect(clock.time).toBe(15)
  })

  test('that come before all others bring the timer forward', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    timers.add(1_000, () => {})
    timers.add(10, () => {})
    timers.add(500, () => {})
    expect(clock.set).toEqual([1_000, 10])
    expect(clock.waiting.size).toBe(1)
  })

  test('beyond what a platform can wait for are reached in several steps', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    let ran = 0
    const longest = 2 ** 31 - 1
    timers.add(2.5 * longest, () => ran++)
    clock.fire()
    clock.fire()
    expect(ran).toBe(0)
    clock.fire()
    expect(ran).toBe(1)
    expect(clock.set.slice(0, 2)).toEqual([longest, longest])
    expect(Math.max(...clock.set)).toBe(longest)
    expect(clock.time).toBe(2.5 * longest)
  })

  test('that are never due set no timer', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    const never = timers.add(Number.POSITIVE_INFINITY, () => {})
    expect(timers.size).toBe(0)
    expect(clock.set).toEqual([])
    never.cancel()
  })

  test('that fire a little early run all the same, for platforms round', () => {
    const clock = writtenClock()
    const timers = new Timers(clock)
    let ran = 0
    timers.add(10, () => ran++)
    const [fire] = clock.waiting
    clock.time = 9.6
    fire?.()
    expect(ran).toBe(1)
  })
})

describe('sendAfter', () => {
  const Clockwork = (received: unknown[], timers: Timer[] = []) =>
    consumer((stage) => ({
      handleEvents() {},
      handleInfo(message: unknown) {
        if (!Array.isArray(message)) received.push(message)
        else for (const [what, ms] of message as [unknown, number][]) timers.push(stage.sendAfter(what, ms))
      },
    }))

  test('sends a message when the time has come', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const ref = await start(Clockwork(received), { runtime })
    ref.send([
      ['late', 100],
      ['early', 50],
      ['at once', 0],
      ['never', Number.POSITIVE_INFINITY],
    ])
    await runtime.settle()
    expect(received).toEqual([])
    await runtime.advance(0)
    expect(received).toEqual(['at once'])
    await runtime.advance(99)
    expect(received).toEqual(['at once', 'early'])
    await runtime.advance(1)
    expect(received).toEqual(['at once', 'early', 'late'])
    await runtime.advance(2 ** 50)
    expect(received).toHaveLength(3)
  })

  test('waits for longer than a platform can', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const ref = await start(Clockwork(received), { runtime })
    const year = 365 * 24 * 60 * 60 * 1_000
    ref.send([['a year later', year]])
    await runtime.advance(year - 1)
    expect(received).toEqual([])
    await runtime.advance(1)
    expect(received).toEqual(['a year later'])
  })

  test('can be taken back, once or often, also after it was sent', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const timers: Timer[] = []
    const ref = await start(Clockwork(received, timers), { runtime })
    ref.send([
      ['one', 10],
      ['other', 20],
    ])
    await runtime.settle()
    timers[0]?.cancel()
    timers[0]?.cancel()
    await runtime.advance(20)
    timers[1]?.cancel()
    expect(received).toEqual(['other'])
  })

  test('ends with the stage', async () => {
    const runtime = testRuntime()
    const ref = await start(Clockwork([]), { runtime })
    ref.send([
      ['one', 10],
      ['other', 20],
    ])
    await runtime.settle()
    const { timers } = runtime as unknown as ProcessRuntime
    expect(timers.size).toBe(2)
    await ref.stop()
    expect(timers.size).toBe(0)
  })
})
