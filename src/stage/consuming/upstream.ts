import type { PendingCall } from '../../process/call.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { UpstreamInspection } from '../../telemetry/inspection.ts'
import type { ValidSubscribeOptions } from '../subscription/subscribe-options.ts'
import type { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import type { DemandWindow } from './demand-window.ts'

/** A subscription as its consumer keeps it. */
export interface Upstream {
  readonly handle: SubscriptionHandle
  readonly producer: ProcessReference
  readonly options: ValidSubscribeOptions
  readonly monitor: ProcessMonitor
  /** Demand and batch sizes; undefined in manual mode, where user code asks. */
  window: DemandWindow | undefined
  /** The call of `subscribe`, while it waits for its reply; undefined afterwards, and where there is none. */
  call: PendingCall | undefined
}

/** What a snapshot shows of a subscription. */
export function inspectUpstream({ handle, producer, options, window }: Upstream): UpstreamInspection {
  const { maxDemand, minDemand, cancel } = options
  const mode = window === undefined ? 'manual' : 'automatic'
  return { tag: handle.tag, producer: producer.id, mode, maxDemand, minDemand, cancel }
}
