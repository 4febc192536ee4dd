import { BadReturnError } from '../../base/errors.ts'
import type { Dispatcher, DispatcherInfo, DispatchResult, PartitionInfo } from '../../dispatcher/dispatcher.ts'
import type { DispatcherInspection } from '../../telemetry/inspection.ts'

// A dispatcher may be user code: its results are checked here, or a mistake would show far away from its cause.

/** Checks the demand that `subscribe`, `ask` or `cancel` of a dispatcher returned. */
export function expectAddedDemand(method: string, demand: unknown): number {
  if (Number.isSafeInteger(demand) && (demand as number) >= 0) return demand as number
  throw new BadReturnError(method, 'the demand that it adds, an integer of at least 0', demand)
}

/** Checks that a result of `subscribe`, `ask` or `cancel` of a dispatcher that is not a number is an object. */
export function expectRecord<Result extends object>(method: string, expected: string, result: Result): Result {
  if (typeof result === 'object' && (result as unknown) !== null) return result
  throw new BadReturnError(method, expected, result)
}

/** Checks the result of `dispatch` of a dispatcher, except for each single delivery. */
export function expectDispatched(result: DispatchResult): DispatchResult {
  const { deliveries, leftover } = expectRecord('dispatch', EXPECTED, result)
  if (Array.isArray(deliveries) && Array.isArray(leftover)) return result
  throw new BadReturnError('dispatch', EXPECTED, result)
}

const EXPECTED = '{ deliveries, leftover }, which are arrays'

const KINDS: readonly unknown[] = ['demand', 'broadcast', 'partition'] satisfies DispatcherInfo['kind'][]

/** Returns what a snapshot shows of a dispatcher. The snapshot is valid JSON whatever `inspect` of the dispatcher returns. */
export function inspectDispatcher(dispatcher: Dispatcher<never, never>): DispatcherInspection {
  const info: Partial<DispatcherInfo> | undefined = dispatcher.inspect?.()
  const kind = KINDS.includes(info?.kind) ? (info?.kind as DispatcherInfo['kind']) : 'custom'
  const queued = countOf(dispatcher.queuedCount?.())
  const partitions: unknown = info?.partitions
  return Array.isArray(partitions) ? { kind, queued, partitions: partitions.map(inspectPartition) } : { kind, queued }
}

function inspectPartition(given: Partial<PartitionInfo> | null | undefined): PartitionInfo {
  const { partition, subscriber, queued } = given ?? {}
  return {
    partition: Number.isFinite(partition) ? (partition as number) + 0 : String(partition),
    subscriber: typeof subscriber === 'string' ? subscriber : null,
    queued: countOf(queued),
  }
}

function countOf(count: unknown): number {
  return Number.isSafeInteger(count) ? (count as number) : 0
}
