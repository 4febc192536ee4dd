import type { PartitionInfo } from '../../../dispatcher/dispatcher.ts'
import { count, duration, figure } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { Idleness } from '../measures/idleness.ts'
import { type Indexed, isRising, labelOf, seriesOf, type View } from '../view.ts'

/** Partitions for which more and more events wait, or so many that the others get none. */
export const partitionBacklogs: DiagnosisRule = (view) =>
  view.newest.snapshot.stages.flatMap((stage) => {
    const partitions = stage.producing?.dispatcher.partitions ?? []
    const slowest = partitions.reduce<PartitionInfo | undefined>(
      (most, each) => (each.queued > (most?.queued ?? 0) ? each : most),
      undefined,
    )
    // Where all queues are long, it is not the partition that is wrong.
    if (slowest === undefined || slowest.queued < 2 * medianOf(partitions, slowest)) return []
    const queue = seriesOf(view, (index) => partitionIn(index, stage, slowest)?.queued)
    const grown = isRising(queue, view.thresholds.queueGrowth)
    const starvingMs = starvingTime(view, stage, slowest)
    if (!grown && starvingMs < view.thresholds.heldBackAfter) return []
    return [behind(view, stage, slowest, queue)]
  })

function behind(
  { newest, elapsed }: View,
  { id, label }: StageSnapshot,
  { partition, subscriber, queued }: PartitionInfo,
  queue: readonly number[],
): Diagnosis {
  const consumer = subscriber === null ? undefined : newest.subscriptions.get(subscriber)?.consumer
  const growth = queued - (queue[0] ?? 0)
  const more = growth > 0 ? `, ${figure(growth)} more than ${duration(elapsed)} ago` : ''
  const whose =
    consumer === undefined
      ? 'It has no subscriber: nobody takes them, and in the end the others get none.'
      : `${labelOf(newest, consumer)} takes them more slowly than they come: it is slow, or gets more than its share.`
  return {
    kind: 'partition-backlog',
    severity: consumer === undefined ? 'problem' : 'warning',
    stage: id,
    label,
    ...(subscriber !== null && { subscription: subscriber }),
    text: `${count(queued, 'event')} wait for partition ${partition} of ${label}${more}. ${whose}`,
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

/** How long, up to now, a long queue has kept the others waiting, who have nothing to do, in milliseconds. */
function starvingTime({ backwards, newest, thresholds }: View, stage: StageSnapshot, slowest: PartitionInfo): number {
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
