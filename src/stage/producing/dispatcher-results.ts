import { BadReturnError } from '../../base/errors.ts'
import type { Dispatcher, DispatcherInfo, DispatchResult, PartitionInfo } from '../../dispatcher/dispatcher.ts'
import type { DispatcherInspection } from '../../telemetry/inspection.ts'

// Dispatchers are users' code, too: what they answer is checked where it enters, or the mistake shows far from there.

/** Checks the demand that a dispatcher's `subscribe`, `ask` or `cancel` answered. */
export function expectAddedDemand(method: string, demand: unknown): number {
  if (Number.isSafeInteger(demand) && (demand as number) >= 0) return demand as number
  throw new BadReturnError(method, 'the demand that it adds, an integer of at least 0', demand)
}

/** Checks that what a dispatcher's `subscribe`, `ask` or `cancel` answered beside a number is a record. */
export function expectRecord<Answer extends object>(method: string, expected: string, result: Answer): Answer {
  if (typeof result === 'object' && (result as unknown) !== null) return result
  throw new BadReturnError(method, expected, result)
}

/** Checks what a dispatcher's `dispatch` answered, but for the deliveries one by one. */
export function expectDispatched(result: DispatchResult): DispatchResult {
  const { deliveries, leftover } = expectRecord('dispatch', EXPECTED, result)
  if (Array.isArray(deliveries) && Array.isArray(leftover)) return result
  throw new BadReturnError('dispatch', EXPECTED, result)
}

const EXPECTED = '{ deliveries, leftover }, which are arrays'

const KINDS: readonly unknown[] = ['demand', 'broadcast', 'partition'] satisfies DispatcherInfo['kind'][]

/** What a dispatcher tells of itself, as far as it is what it should be: a snapshot must be JSON whatever it answers. */
export function inspectDispatcher(dispatcher: Dispatcher<never, never>): DispatcherInspection {
  const shape: Partial<DispatcherInfo> | undefined = dispatcher.inspect?.()
  const kind = KINDS.includes(shape?.kind) ? (shape?.kind as DispatcherInfo['kind']) : 'custom'
  const held = countOf(dispatcher.queuedCount?.())
  const partitions: unknown = shape?.partitions
  return Array.isArray(partitions)
    ? { kind, queued: held, partitions: partitions.map(inspectPartition) }
    : { kind, queued: held }
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
