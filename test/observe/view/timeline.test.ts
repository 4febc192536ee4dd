import { describe, expect, test } from 'vitest'
import { ENDED_SHOWN, Timeline } from '../../../src/observe/view/timeline.ts'
import { picture, stage, subscription } from '../picture.ts'

/** A consumer with so many events handled at a time. */
const at = (time: number, handled: number, busy = 0) =>
  picture([stage('a', { handled, busy })], [subscription('b → a', { sent: handled })], { time })

describe('rates', () => {
  test('are unknown before there are two snapshots', () => {
    const timeline = new Timeline()
    timeline.add(at(0, 10))
    expect(timeline.ratesOf('a')).toEqual({ handled: null, emitted: null, busy: null })
    expect(timeline.flowOf('b → a')).toBe(null)
  })

  test('are events per second over the last five seconds, whatever the interval', () => {
    const timeline = new Timeline()
    for (let time = 0; time <= 20_000; time += 500) timeline.add(at(time, time < 10_000 ? 0 : (time - 10_000) / 10))
    expect(timeline.ratesOf('a').handled).toBe(100)
    expect(timeline.flowOf('b → a')).toBe(100)
  })

  test('come from the last two snapshots where these are further apart', () => {
    const timeline = new Timeline()
    timeline.add(at(0, 0))
    timeline.add(at(10_000, 50))
    expect(timeline.ratesOf('a').handled).toBe(5)
  })

  test('of a batch a second are steady', () => {
    const timeline = new Timeline()
    const rates: (number | null)[] = []
    for (let time = 0; time <= 20_000; time += 500) {
      timeline.add(at(time, Math.floor(time / 1_000) * 500))
      if (time > 10_000) rates.push(timeline.ratesOf('a').handled)
    }
    for (const rate of rates) expect(Math.abs((rate ?? 0) - 500)).toBeLessThanOrEqual(100)
  })

  test('of a stage that came later are those since', () => {
    const timeline = new Timeline()
    timeline.add(picture([], [], { time: 0 }))
    timeline.add(at(1_000, 100))
    timeline.add(at(2_000, 400))
    expect(timeline.ratesOf('a').handled).toBe(300)
  })

  test('of what a stage does not do are unknown', () => {
    const timeline = new Timeline()
    for (const time of [0, 1_000])
      timeline.add(picture([stage('p', { kind: 'producer', emitted: time })], [], { time }))
    expect(timeline.ratesOf('p')).toMatchObject({ handled: null, emitted: 1_000 })
  })

  test('busy is a share of the time, and unknown where it was not measured', () => {
    const timeline = new Timeline()
    timeline.add(at(0, 0, 0))
    timeline.add(at(1_000, 0, 250_000))
    expect(timeline.ratesOf('a').busy).toBe(0.25)
    timeline.clear()
    timeline.add({ ...at(0, 0, 0), isObserved: false })
    timeline.add(at(1_000, 0, 250_000))
    expect(timeline.ratesOf('a').busy).toBe(null)
  })
})

describe('a sparkline', () => {
  test('has what went through from one snapshot to the next, of several stages added up', () => {
    const timeline = new Timeline()
    const both = (time: number, handled: number) =>
      picture([stage('a', { handled }), stage('b', { handled: 2 * handled })], [], { time })
    for (const [time, handled] of [
      [0, 0],
      [1_000, 10],
      [2_000, 10],
    ] as const)
      timeline.add(both(time, handled))
    expect(timeline.seriesOf(['a', 'b'])).toEqual([
      { age: 1_000, value: 30 },
      { age: 0, value: 0 },
    ])
  })

  test('goes back a minute', () => {
    const timeline = new Timeline()
    for (let time = 0; time <= 120_000; time += 1_000) timeline.add(at(time, time))
    const ages = timeline.seriesOf(['a']).map(({ age }) => age)
    expect(Math.max(...ages)).toBe(59_000)
    expect(ages.at(-1)).toBe(0)
  })
})

describe('a stage that has ended', () => {
  test('is known for a while, with its subscriptions', () => {
    const timeline = new Timeline()
    timeline.add(picture([stage('a'), stage('b')], [subscription('b → a')], { time: 0 }))
    timeline.add(picture([stage('b')], [], { time: 1_000 }))
    expect(timeline.ended).toMatchObject([{ stage: { id: 'a' }, subscriptions: [{ tag: 'b → a' }], endedAt: 1_000 }])
    timeline.add(picture([stage('b')], [], { time: 999 + ENDED_SHOWN }))
    expect(timeline.ended).toHaveLength(1)
    timeline.add(picture([stage('b')], [], { time: 1_000 + ENDED_SHOWN }))
    expect(timeline.ended).toEqual([])
  })
})

describe('a restart of the program', () => {
  test.each([
    ['is seen by another runtime', { time: 5_000, runtime: 'g2' }],
    ['is seen by an earlier time', { time: 10, runtime: 'g1' }],
  ])('%s, and nothing from before holds', (_how, now) => {
    const timeline = new Timeline()
    expect(timeline.add(picture([stage('a'), stage('b')], [], { time: 4_000 }))).toBe(false)
    expect(timeline.add(picture([stage('a', { handled: 7 })], [], now))).toBe(true)
    expect(timeline.ended).toEqual([])
    expect(timeline.ratesOf('a').handled).toBe(null)
  })
})
