import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from '../../../src/observe/snapshot/index.ts'

type Producing = NonNullable<StageSnapshot['producing']>
type Consuming = NonNullable<StageSnapshot['consuming']>

const stage = { name: null, parent: null, state: 'idle', callback: null, since: null, mailbox: 0, busy: 0 } as const

/** A producer in a snapshot; its id is its name. */
export function producerShown(
  id: string,
  { producing, ...other }: Partial<Omit<StageSnapshot, 'producing'>> & { producing?: Partial<Producing> } = {},
): StageSnapshot {
  return {
    ...stage,
    id,
    kind: 'producer',
    label: `producer ${id}`,
    isBlocked: false,
    ...other,
    producing: {
      dispatcher: { kind: 'demand', queued: 0 },
      demandMode: 'forward',
      pending: 0,
      buffer: { events: 0, size: 10_000, keep: 'last' },
      accumulated: 0,
      emitted: 0,
      sent: 0,
      discarded: 0,
      lastEmitted: null,
      demandSince: null,
      demandTime: 0,
      subscribers: [],
      ...producing,
    },
  }
}

/** A consumer in a snapshot; its id is its name. */
export function consumerShown(
  id: string,
  { consuming, ...other }: Partial<Omit<StageSnapshot, 'consuming'>> & { consuming?: Partial<Consuming> } = {},
): StageSnapshot {
  return {
    ...stage,
    id,
    kind: 'consumer',
    label: `consumer ${id}`,
    isBlocked: false,
    ...other,
    consuming: {
      handled: 0,
      batches: 0,
      handling: 0,
      mailbox: 0,
      inbound: 0,
      lastHandled: null,
      subscriptions: [],
      ...consuming,
    },
  }
}

/** A subscription in a snapshot; its tag is its ends. */
export function subscriptionShown(
  producer: string,
  consumer: string,
  other: Partial<SubscriptionSnapshot> = {},
): SubscriptionSnapshot {
  const automatic = { mode: 'automatic', maxDemand: 10, minDemand: 5, cancel: 'permanent' } as const
  return { tag: `${producer}-${consumer}`, producer, consumer, pending: 0, sent: 0, since: 0, ...automatic, ...other }
}

/** A snapshot of these stages at this time, as though an observer was open. */
export function snapshotAt(
  time: number,
  stages: readonly StageSnapshot[],
  subscriptions: readonly SubscriptionSnapshot[] = [],
  runtime: string = 'r1',
): Snapshot {
  return { version: 1, runtime, time, isObserved: true, stages, subscriptions, tree: [] }
}
