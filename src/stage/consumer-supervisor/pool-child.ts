import type { ProcessReference } from '../../process/reference.ts'
import type { SupervisingInspection } from '../../telemetry/inspection.ts'
import type { ChildrenCount } from '../types/references.ts'
import type { Subscription } from '../types/subscription.ts'

/** What a child was started for. */
export interface PoolOrigin {
  readonly event: unknown
  /** The subscription of the event; undefined for a child of `startChild`, which occupies no place of a producer. */
  readonly from: Subscription | undefined
}

/** A child that was started. A restart replaces it with another one. */
export interface PoolChild extends PoolOrigin {
  readonly reference: ProcessReference
  readonly kind: string
  /** Whether it has exited, and a restart has failed and will be tried again. */
  isRestarting: boolean
  /** Whether the supervisor is terminating it. It is not restarted then. */
  isTerminating: boolean
}

/** Whether the work of a child is not done, and the child was not terminated by `terminateChild`. */
export function isUnfinished({ reference, isRestarting, isTerminating }: PoolChild): boolean {
  return !isTerminating && (isRestarting || !reference.hasEnded)
}

/** Counts children as `countChildren` of a consumer supervisor does. */
export function countChildren(children: readonly PoolChild[]): ChildrenCount {
  const supervisors = children.filter(({ kind }) => kind.endsWith('supervisor')).length
  const active = children.filter(({ isRestarting }) => !isRestarting).length
  return { specs: 1, active, supervisors, workers: children.length - supervisors }
}

/** Describes a child for snapshots. */
export function inspectChild(
  { reference, kind, isRestarting }: PoolChild,
  restart: 'temporary' | 'transient',
): SupervisingInspection['children'][number] {
  const process = isRestarting ? null : reference.id
  return { id: reference.id, process, kind, restart, state: isRestarting ? 'restarting' : 'running' }
}
