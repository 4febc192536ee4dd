import type { PartitionInfo } from '../../../dispatcher/dispatcher.ts'
import { count, duration, figure } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { Idleness } from '../measures/idleness.ts'
import { type Indexed, isRising, labelOf, seriesOf, type View } from '../view.ts'

/** Partitions whose queue grows, or is so long that the other partitions receive no events. */
export const partitionBacklogs: DiagnosisRule = (view) =>
  view.newest.snapshot.stages.flatMap((stage) => {
    const partitions = stage.producing?.dispatcher.partitions ?? []
    const slowest = partitions.reduce<PartitionInfo | undefined>(
      (most, each) => (each.queued > (most?.queued ?? 0) ? each : most),
      undefined,
    )
    // If all queues are long, the cause is not the partition.
    if (slowest === undefined || slowest.queued < 2 * medianOf(partitions, slowest)) return []
    const queue = seriesOf(view, (index) => partitionIn(index, stage, slowest)?.queued)
    const grown = isRising(queue, view.thresholds.queueGrowth)
    const blockingMs = blockingTime(view, stage, slowest)
    if (!grown && blockingMs < view.thresholds.heldBackAfter) return []
    return [partitionBacklog(view, stage, slowest, queue)]
  })

function partitionBacklog(
  { newest, elapsed }: View,
  { id, label }: StageSnapshot,
  { partition, subscriber, queued }: PartitionInfo,
  queue: readonly number[],
): Diagnosis {
  const consumer = subscriber === null ? undefined : newest.subscriptions.get(subscriber)?.consumer
  const growth = queued - (queue[0] ?? 0)
  const more = growth > 0 ? `, ${figure(growth)} more than ${duration(elapsed)} ago` : ''
  const why =
    consumer === undefined
      ? 'The partition has no subscriber: its queue grows until the other partitions receive no events.'
      : `${labelOf(newest, consumer)} handles them more slowly than they arrive: it is slow, or receives more than its share.`
  return {
    kind: 'partition-backlog',
    severity: consumer === undefined ? 'problem' : 'warning',
    stage: id,
    label,
    ...(subscriber !== null && { subscription: subscriber }),
    text: `${count(queued, 'event')} wait for partition ${partition} of ${label}${more}. ${why}`,
    evidence: {
      partition,
      queued,
      growth,
      consumer: consumer === undefined ? 'none' : labelOf(newest, consumer),
    },
    ...(consumer !== undefined && { anchor: consumer }),
    asConsequence: {
      text: `${count(queued, 'event')} wait for partition ${partition} of ${label}${more}.`,
      evidence: { partition, queued, growth },
      severity: 'warning',
    },
  }
}

/** How long, up to now, a long queue has held back the other partitions, whose subscribers are idle, in milliseconds. */
function blockingTime({ backwards, newest, thresholds }: View, stage: StageSnapshot, slowest: PartitionInfo): number {
  const idleness = new Idleness()
  let since = newest.snapshot.time
  for (const index of backwards) {
    const queued = partitionIn(index, stage, slowest)?.queued ?? 0
    const others = (index.downstream.get(stage.id) ?? []).filter(({ tag }) => tag !== slowest.subscriber)
    if (queued < thresholds.queueGrowth || others.length === 0 || others.some(({ pending }) => pending === 0)) break
    idleness.look(index, others)
    since = index.snapshot.time
  }
  return idleness.isCertain ? newest.snapshot.time - since : 0
}

function partitionIn(
  { stages }: Indexed,
  { id }: StageSnapshot,
  { partition }: PartitionInfo,
): PartitionInfo | undefined {
  return stages.get(id)?.producing?.dispatcher.partitions?.find((each) => each.partition === partition)
}

function medianOf(partitions: readonly PartitionInfo[], but: PartitionInfo): number {
  const queues = partitions.filter((each) => each !== but).map(({ queued }) => queued)
  return queues.sort((one, other) => one - other)[queues.length >> 1] ?? 0
}
