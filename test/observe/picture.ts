import type { Finding } from '../../src/observe/doctor/finding.ts'
import type { Snapshot, StageSnapshot, SubscriptionSnapshot } from '../../src/observe/snapshot/snapshot-types.ts'

// Snapshots as they could have been taken, for what only reads them.

/** What of a stage matters to a test. */
export interface StageFigures {
  readonly kind?: 'producer' | 'producer-consumer' | 'consumer' | 'supervisor' | 'task'
  readonly name?: string | null
  readonly state?: StageSnapshot['state']
  readonly handled?: number
  readonly emitted?: number
  /** Microseconds. */
  readonly busy?: number
  readonly buffered?: number
  readonly bufferSize?: number | null
  /** The id of the unit that it is a part of, and what it is there. */
  readonly unit?: string
  readonly role?: string
}

/** A stage; its id is its name, unless that is `null`. */
export function stage(id: string, figures: StageFigures = {}): StageSnapshot {
  const { kind = 'consumer', name = id, state = 'idle', handled = 0, emitted = 0, busy = 0 } = figures
  const { buffered = 0, bufferSize = 10_000 } = figures
  const inspection = { isBlocked: false }
  const isConsuming = kind === 'consumer' || kind === 'producer-consumer'
  const isProducing = kind === 'producer' || kind === 'producer-consumer'
  const consuming = {
    handled,
    batches: handled,
    handling: 0,
    mailbox: 0,
    inbound: 0,
    lastHandled: null,
    subscriptions: [],
  }
  const producing = {
    dispatcher: { kind: 'demand', queued: 0 },
    demandMode: 'forward',
    pending: 0,
    buffer: { events: buffered, size: bufferSize, keep: 'last' },
    accumulated: 0,
    emitted,
    sent: emitted,
    discarded: 0,
    lastEmitted: null,
    demandSince: null,
    demandTime: 0,
    subscribers: [],
  } as const
  return {
    id,
    kind,
    name,
    label: `${kind} ${name ?? id}`,
    parent: null,
    state,
    callback: null,
    since: null,
    mailbox: 0,
    busy,
    ...inspection,
    ...(figures.unit !== undefined && { unit: figures.unit }),
    ...(figures.role !== undefined && { role: figures.role }),
    ...(isConsuming && { consuming }),
    ...(isProducing && { producing }),
  }
}

/** A subscription `a → b`, of the ids of two stages. */
export function subscription(
  way: `${string} → ${string}`,
  figures: Partial<SubscriptionSnapshot> = {},
): SubscriptionSnapshot {
  const [producer = '', consumer = ''] = way.split(' → ')
  return { tag: way, producer, consumer, pending: 0, sent: 0, since: 0, maxDemand: 1_000, ...figures }
}

/** All of it at a time in milliseconds. */
export function picture(
  stages: readonly StageSnapshot[],
  subscriptions: readonly SubscriptionSnapshot[] = [],
  { time = 0, runtime = 'g1' }: { readonly time?: number; readonly runtime?: string } = {},
): Snapshot {
  const tree = stages.map(({ id }) => ({ id, child: null, children: [] }))
  return { version: 1, runtime, time, isObserved: true, stages, subscriptions, tree }
}

/** That a stage is slow. */
export function finding(of: string, figures: Partial<Finding> = {}): Finding {
  return {
    kind: 'bottleneck',
    severity: 'warning',
    stage: of,
    label: `consumer ${of}`,
    text: `consumer ${of} sets the pace.`,
    evidence: {},
    ...figures,
  }
}

/** One producer, so many workers, and one consumer of each worker's. */
export function star(workers: number): { stages: StageSnapshot[]; subscriptions: SubscriptionSnapshot[] } {
  const ids = Array.from({ length: workers }, (_, index) => `worker ${index}`)
  return {
    stages: [
      stage('source', { kind: 'producer' }),
      ...ids.map((id) => stage(id, { kind: 'producer-consumer' })),
      stage('sink'),
    ],
    subscriptions: ids.flatMap((id) => [subscription(`source → ${id}`), subscription(`${id} → sink`)]),
  }
}
