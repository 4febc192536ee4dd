import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Buffer, type BufferKeep } from '../../src/stage/producing/buffer.ts'

type Entry = { readonly event: number } | { readonly info: unknown }

/** GenStage's buffer without a limit: one list of events and infos. */
class NaiveUnboundedBuffer {
  private entries: Entry[] = []

  get estimatedCount(): number {
    return this.entries.length
  }

  get eventCount(): number {
    return this.entries.filter((entry) => 'event' in entry).length
  }

  store(events: readonly number[]) {
    this.entries.push(...events.map((event) => ({ event })))
    return { discarded: 0, infos: [] }
  }

  queueInfo(info: unknown): boolean {
    if (this.entries.length === 0) return false
    this.entries.push({ info })
    return true
  }

  take(count: number) {
    if (this.entries.length === 0 || count === 0) return undefined
    const events: number[] = []
    while (events.length < count) {
      const entry = this.entries.shift()
      if (entry === undefined) break
      if ('info' in entry) return { events, infos: [entry.info] }
      events.push(entry.event)
    }
    return { events, infos: [] }
  }
}

/** GenStage's buffer with a limit: events, each with the infos that are due after it. */
class NaiveBoundedBuffer {
  private entries: { readonly event: number; readonly infos: unknown[] }[] = []
  private readonly size: number
  private readonly keep: BufferKeep

  constructor(size: number, keep: BufferKeep) {
    this.size = size
    this.keep = keep
  }

  get estimatedCount(): number {
    return this.entries.length
  }

  get eventCount(): number {
    return this.entries.length
  }

  store(events: readonly number[]) {
    let discarded = 0
    const infos: unknown[] = []
    for (const event of events) {
      const isFull = this.entries.length === this.size
      if (isFull) discarded++
      if (isFull && (this.keep === 'first' || this.size === 0)) continue
      if (isFull) infos.push(...(this.entries.shift()?.infos ?? []))
      this.entries.push({ event, infos: [] })
    }
    return { discarded, infos }
  }

  queueInfo(info: unknown): boolean {
    this.entries.at(-1)?.infos.push(info)
    return this.entries.length > 0
  }

  take(count: number) {
    if (this.entries.length === 0 || count === 0) return undefined
    const events: number[] = []
    while (events.length < count) {
      const entry = this.entries.shift()
      if (entry === undefined) break
      events.push(entry.event)
      if (entry.infos.length > 0) return { events, infos: entry.infos }
    }
    return { events, infos: [] }
  }
}

const happenings = fc.array(
  fc.oneof(
    fc.record({ happens: fc.constant('store' as const), count: fc.integer({ min: 1, max: 9 }), from: fc.nat(3) }),
    fc.record({ happens: fc.constant('queueInfo' as const) }),
    fc.record({ happens: fc.constant('take' as const), count: fc.nat(9) }),
    fc.record({ happens: fc.constant('takeSome' as const), count: fc.nat(9), back: fc.integer({ min: 1, max: 9 }) }),
  ),
  { maxLength: 60, size: 'max' },
)

function expectSame(
  real: Buffer<number>,
  naive: NaiveUnboundedBuffer | NaiveBoundedBuffer,
  sequence: typeof happenings extends fc.Arbitrary<infer Sequence> ? Sequence : never,
): void {
  let next = 0
  for (const happening of sequence) {
    switch (happening.happens) {
      case 'store': {
        const events = Array.from({ length: happening.count }, () => next++)
        const from = Math.min(happening.from, events.length)
        expect(real.store(events, from)).toEqual(naive.store(events.slice(from)))
        break
      }
      case 'queueInfo': {
        const info = `info ${next++}`
        expect(real.queueInfo(info)).toBe(naive.queueInfo(info))
        break
      }
      case 'take':
        expect(real.take(happening.count)).toEqual(naive.take(happening.count))
        break
      case 'takeSome': {
        // What is put back comes out first again, and the infos between stay where they are.
        const events = real.takeEvents(happening.count)
        const kept = Math.max(0, events.length - happening.back)
        if (events.length > 0) real.putBack(events.slice(kept))
        const infos = events.length > 0 ? real.takeInfos(true) : []
        expect({ events: events.slice(0, kept), infos }).toEqual(naive.take(kept) ?? { events: [], infos: [] })
        break
      }
    }
    expect(real.estimatedCount).toBe(naive.estimatedCount)
    expect(real.eventCount).toBe(naive.eventCount)
  }
}

describe('a buffer with a limit', () => {
  test('behaves as the buffer of GenStage does', () => {
    fc.assert(
      fc.property(happenings, fc.nat(12), fc.constantFrom<BufferKeep>('first', 'last'), (sequence, size, keep) => {
        expectSame(new Buffer(size, keep), new NaiveBoundedBuffer(size, keep), sequence)
      }),
      { numRuns: 1_000 },
    )
  })

  test('discards the oldest events when it keeps the last', () => {
    const buffer = new Buffer<string>(3, 'last')
    expect(buffer.store(['a', 'b'])).toEqual({ discarded: 0, infos: [] })
    expect(buffer.store(['c', 'd', 'e'])).toEqual({ discarded: 2, infos: [] })
    expect(buffer.take(9)).toEqual({ events: ['c', 'd', 'e'], infos: [] })
  })

  test('discards the newest events when it keeps the first', () => {
    const buffer = new Buffer<string>(3, 'first')
    buffer.store(['a', 'b'])
    expect(buffer.store(['c', 'd', 'e'])).toEqual({ discarded: 2, infos: [] })
    expect(buffer.take(9)).toEqual({ events: ['a', 'b', 'c'], infos: [] })
  })

  test('releases the infos of the events that it discards', () => {
    const buffer = new Buffer<string>(2, 'last')
    buffer.store(['a', 'b'])
    buffer.queueInfo('first')
    buffer.queueInfo('second')
    expect(buffer.store(['c'])).toEqual({ discarded: 1, infos: [] })
    expect(buffer.store(['d', 'e', 'f'])).toEqual({ discarded: 3, infos: ['first', 'second'] })
  })

  test('stops at an info, which is due after the event before it', () => {
    const buffer = new Buffer<string>(10, 'last')
    buffer.store(['a', 'b'])
    buffer.queueInfo('info')
    buffer.store(['c'])
    expect(buffer.estimatedCount).toBe(3)
    expect(buffer.take(2)).toEqual({ events: ['a', 'b'], infos: ['info'] })
    expect(buffer.take(2)).toEqual({ events: ['c'], infos: [] })
    expect(buffer.take(2)).toBeUndefined()
  })

  test.each(['first', 'last'] as const)('of size 0 keeps nothing (%s)', (keep) => {
    const buffer = new Buffer<string>(0, keep)
    expect(buffer.store(['a', 'b'])).toEqual({ discarded: 2, infos: [] })
    expect(buffer.queueInfo('info')).toBe(false)
    expect(buffer.take(1)).toBeUndefined()
  })

  test('keeps the last of two million events that arrive at once', () => {
    const buffer = new Buffer<number>(10_000, 'last')
    const many = Array.from({ length: 2_000_000 }, (_, index) => index)
    expect(buffer.store(many).discarded).toBe(1_990_000)
    expect(buffer.take(1)?.events).toEqual([1_990_000])
  })
})

describe('a buffer without a limit', () => {
  test('behaves as the buffer of GenStage does', () => {
    fc.assert(
      fc.property(happenings, fc.constantFrom<BufferKeep>('first', 'last'), (sequence, keep) => {
        expectSame(new Buffer(Number.POSITIVE_INFINITY, keep), new NaiveUnboundedBuffer(), sequence)
      }),
      { numRuns: 1_000 },
    )
  })

  test('counts infos, and takes one only when demand exceeds the events before it', () => {
    const buffer = new Buffer<string>(Number.POSITIVE_INFINITY, 'last')
    expect(buffer.queueInfo('at once')).toBe(false)
    buffer.store(['a', 'b'])
    buffer.queueInfo('first')
    buffer.queueInfo('second')
    buffer.store(['c'])
    expect([buffer.estimatedCount, buffer.eventCount]).toEqual([5, 3])
    expect(buffer.take(2)).toEqual({ events: ['a', 'b'], infos: [] })
    expect(buffer.take(2)).toEqual({ events: [], infos: ['first'] })
    expect(buffer.take(2)).toEqual({ events: [], infos: ['second'] })
    expect(buffer.take(2)).toEqual({ events: ['c'], infos: [] })
  })

  test('waits at an info when it holds no events', () => {
    const buffer = new Buffer<string>(Number.POSITIVE_INFINITY, 'last')
    buffer.store(['a'])
    buffer.queueInfo('first')
    buffer.take(1)
    expect(buffer.queueInfo('second')).toBe(true)
    expect(buffer.estimatedCount).toBe(2)
  })

  test('stores two million events at once, and returns them at once', () => {
    const buffer = new Buffer<number>(Number.POSITIVE_INFINITY, 'last')
    const many = Array.from({ length: 2_000_000 }, (_, index) => index)
    buffer.store(many)
    expect(buffer.take(Number.POSITIVE_INFINITY)?.events).toEqual(many)
  })
})

test('storing creates no object when nothing is discarded', () => {
  const buffer = new Buffer<number>(10, 'last')
  expect(buffer.store([1])).toBe(buffer.store([2]))
  expect(Object.isFrozen(buffer.store([3]))).toBe(true)
})
