import { describe, expect, test } from 'vitest'
import { manualClock } from '../../src/testing/manual-clock.ts'

describe('a clock that is moved by hand', () => {
  test('never goes back: not for a timer that is overdue, nor when it is moved to a time that is past', () => {
    const clock = manualClock()
    const ran: number[] = []
    clock.setTimer(() => ran.push(clock.now()), 10)
    clock.moveTo(50)
    expect(clock.now()).toBe(50)
    expect(clock.runNext(50)).toBe(true)
    expect([clock.now(), ran]).toEqual([50, [50]])
    clock.moveTo(20)
    expect(clock.now()).toBe(50)
  })

  test('runs what is due, the earliest first, and what is due at the same time in the order in which it was set', () => {
    const clock = manualClock()
    const ran: string[] = []
    for (const [name, ms] of [
      ['d', 30],
      ['a', 10],
      ['b', 20],
      ['c', 20],
    ] as const) {
      clock.setTimer(() => ran.push(`${name} at ${clock.now()}`), ms)
    }
    while (clock.runNext(20));
    expect(ran).toEqual(['a at 10', 'b at 20', 'c at 20'])
    expect(clock.runNext(29)).toBe(false)
    expect([clock.runNext(30), ran.at(-1)]).toEqual([true, 'd at 30'])
    expect(clock.runNext(1_000)).toBe(false)
  })

  test('does not run what was taken back', () => {
    const clock = manualClock()
    const timer = clock.setTimer(() => expect.unreachable(), 10)
    timer.clear()
    timer.clear()
    expect(clock.runNext(10)).toBe(false)
  })
})
