import { describe, expect, test } from 'vitest'
import { diagnose, type Snapshot } from '../../../src/observe/snapshot/index.ts'
import { untyped } from '../../untyped.ts'
import { consumerShown, producerShown, snapshotAt, subscriptionShown } from './fixtures.ts'
import { briefly } from './pipelines.ts'

/** Snapshots half a second apart. */
function halfSeconds(count: number, show: (time: number, index: number) => Snapshot): Snapshot[] {
  return Array.from({ length: count }, (_, index) => show(index * 500, index))
}

/** Two partitions of one producer, with what waits for each; consumer 1 has nothing to do. */
function partitioned(time: number, queues: readonly [number, number], handling: number = 0): Snapshot {
  const partitions = queues.map((queued, partition) => ({ partition, subscriber: `p-${partition}`, queued }))
  const dispatcher = { kind: 'partition', queued: queues[0] + queues[1], partitions } as const
  const stages = [
    producerShown('p', { producing: { dispatcher } }),
    consumerShown('0', { consuming: { handling: 5 } }),
    consumerShown('1', { consuming: { handling } }),
  ]
  const subscriptions = [
    subscriptionShown('p', '0', { partition: 0, queued: queues[0] }),
    subscriptionShown('p', '1', { partition: 1, queued: queues[1], pending: 10 }),
  ]
  return snapshotAt(time, stages, subscriptions)
}

describe('nothing is found', () => {
  test('of no snapshot', () => {
    expect(diagnose([])).toEqual([])
  })

  test('of what was before the program was started again', () => {
    const show = (discarded: number) => [producerShown('p', { producing: { discarded } })]
    const before = snapshotAt(0, show(0), [], 'r0')
    const after = snapshotAt(500, show(5))
    expect(briefly(diagnose([before, after]))).toEqual(['note: discards at producer p'])
    expect(briefly(diagnose([snapshotAt(0, show(0)), after]))).toEqual(['warning: discards at producer p'])
  })

  test('of a queue that has jumped once', () => {
    const queues = halfSeconds(4, (time, index) => partitioned(time, [index < 3 ? 0 : 150, 0]))
    expect(diagnose(queues)).toEqual([])
  })

  test('of a long mailbox that gets shorter', () => {
    const shorter = halfSeconds(4, (time, index) => snapshotAt(time, [consumerShown('c', { mailbox: 2_000 - index })]))
    expect(diagnose(shorter)).toEqual([])
    expect(briefly(diagnose(shorter.reverse().map((each, index) => ({ ...each, time: index * 500 }))))).toEqual([
      'warning: mailbox-grows at consumer c',
    ])
  })

  test('of partitions whose queues are equally long', () => {
    const growing = halfSeconds(12, (time, index) => partitioned(time, [100 + 30 * index, 90 + 30 * index]))
    expect(diagnose(growing)).toEqual([])
  })

  test('of a long queue while the other consumers work', () => {
    expect(diagnose(halfSeconds(12, (time) => partitioned(time, [500, 0], 5)))).toEqual([])
    expect(briefly(diagnose(halfSeconds(12, (time) => partitioned(time, [500, 0]))))).toEqual([
      'warning: partition-backlog at producer p',
    ])
  })

  test('of a short queue, however long it stays', () => {
    expect(diagnose(halfSeconds(12, (time) => partitioned(time, [50, 0])))).toEqual([])
  })

  test('of a broadcast in which most are late', () => {
    const late = (count: number) => (time: number) => {
      const names = ['a', 'b', 'c', 'd']
      const stages = [
        producerShown('p', { producing: { dispatcher: { kind: 'broadcast', queued: 0 } } }),
        ...names.map((name, index) => consumerShown(name, { consuming: { handling: index < count ? 5 : 0 } })),
      ]
      const pending = (index: number) => ({ pending: index < count ? 0 : 10 })
      return snapshotAt(
        time,
        stages,
        names.map((name, index) => subscriptionShown('p', name, pending(index))),
      )
    }
    expect(diagnose(halfSeconds(12, late(3)))).toEqual([])
    const [finding] = diagnose(halfSeconds(12, late(2)))
    expect(finding?.text).toMatch(/^consumer a \(and 1 more like it\) has held back 2 other subscribers of producer p/)
  })
})

test('of a stage that was started within the window all counts', () => {
  const young = producerShown('p', { producing: { discarded: 7 } })
  const [finding] = diagnose([snapshotAt(0, []), snapshotAt(500, [young]), snapshotAt(1_000, [young])])
  expect(finding?.text).toContain('has dropped 7 events within 1 s')
})

describe('where stages share one thread', () => {
  const sharing = (first: number, second: number) => (time: number) => {
    const busy = (share: number) => ({ busy: share * time * 1_000, consuming: { mailbox: 5 } })
    const stages = [producerShown('p'), consumerShown('a', busy(first)), consumerShown('b', busy(second))]
    return snapshotAt(time, stages, [subscriptionShown('p', 'a'), subscriptionShown('p', 'b')])
  }

  test('and fill its time, the one with most of it is the bottleneck', () => {
    expect(briefly(diagnose(halfSeconds(12, sharing(0.6, 0.35))))).toEqual(['note: bottleneck at consumer a'])
  })

  test('and leave some of its time, none is', () => {
    expect(diagnose(halfSeconds(12, sharing(0.6, 0.2)))).toEqual([])
  })
})

test('the worst comes first', () => {
  const stages = [
    producerShown('p', { producing: { discarded: 5 } }),
    consumerShown('c', { state: 'waiting', callback: 'handleEvents', since: 0 }),
  ]
  expect(briefly(diagnose([snapshotAt(20_000, stages)]))).toEqual([
    'problem: stuck-callback at consumer c',
    'note: discards at producer p',
  ])
})

test('one stage may have two illnesses', () => {
  const waiting = { state: 'waiting', callback: 'handleDemand', since: 0 } as const
  const look = (time: number) => snapshotAt(time, [producerShown('p', { ...waiting, producing: { discarded: time } })])
  expect(briefly(diagnose([look(40_000), look(40_500)]))).toEqual([
    'warning: unmet-demand at producer p',
    'warning: discards at producer p',
  ])
})

test('snapshots may have travelled as JSON, and are left as they are', () => {
  const snapshots = halfSeconds(12, (time) => partitioned(time, [500, 0]))
  const text = JSON.stringify(snapshots)
  const travelled = JSON.parse(text) as Snapshot[]
  expect(diagnose(travelled)).toEqual(diagnose(snapshots))
  expect(JSON.stringify(snapshots)).toBe(text)
})

test('stages that send to each other in a circle are no trouble', () => {
  const through = (id: string) => ({
    ...producerShown(id, { producing: { discarded: 3 } }),
    ...consumerShown(id, { state: 'waiting', callback: 'handleEvents', since: 0 }),
  })
  const stages = [through('a'), through('b')]
  const circle = [subscriptionShown('a', 'b'), subscriptionShown('b', 'a')]
  expect(diagnose([snapshotAt(20_000, stages, circle)]).map(({ kind }) => kind)).toEqual([
    'stuck-callback',
    'stuck-callback',
  ])
})

test('thresholds are checked by name and value', () => {
  expect(() => diagnose([], untyped({ stuckafter: 1 }))).toThrow('did you mean stuckAfter?')
  expect(() => diagnose([], { stuckAfter: 0 })).toThrow(RangeError)
})
