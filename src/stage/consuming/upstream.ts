import type { PendingCall } from '../../process/call.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import { ProcessMonitor, watch } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { UpstreamInspection } from '../../telemetry/inspection.ts'
import type { SubscriptionRecord } from '../protocol.ts'
import type { ValidSubscribeOptions } from '../subscription/subscribe-options.ts'
import type { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import type { DemandWindow } from './demand-window.ts'

/** A subscription as its consumer keeps it. */
export class Upstream implements SubscriptionRecord {
  readonly handle: SubscriptionHandle
  readonly producer: ProcessReference
  readonly options: ValidSubscribeOptions
  readonly monitor: ProcessMonitor
  /** Demand and batch sizes; undefined in manual mode, where user code asks. */
  window: DemandWindow | undefined = undefined
  /** How many of its events are in the engine of a stage with `handleEvent`. */
  inEngine = 0
  /** How many of those were not asked for: they earn no new demand. */
  excess = 0
  /** The call of `subscribe`, while it waits for its reply; undefined afterwards, and where there is none. */
  call: PendingCall | undefined
  /**
   * The producer's own record of the subscription, to which asks are sent. Set when the producer accepts the subscription,
   * and cleared when the subscription or the producer ends; stays undefined for a producer that speaks in messages.
   */
  record: object | undefined = undefined
  /** Whether the subscription has ended; events that arrive afterwards are those of an unknown subscription. */
  hasEnded = false

  /** @param endedAs The cause to report if the producer has exited already, in place of `'noproc'`. */
  constructor(
    process: Process,
    handle: SubscriptionHandle,
    producer: ProcessReference,
    options: ValidSubscribeOptions,
    call: PendingCall | undefined,
    endedAs: ExitCause | undefined,
  ) {
    this.handle = handle
    this.producer = producer
    this.options = options
    this.call = call
    const exited = (): void => {
      this.record = undefined
    }
    this.monitor = watch(new ProcessMonitor('producer-down', handle.tag, process, producer, exited), endedAs)
  }

  connect(record: object): void {
    if (!this.hasEnded) this.record = record
  }

  /** The subscription has ended: drops the producer's record. */
  end(): void {
    this.hasEnded = true
    this.record = undefined
    this.monitor.cancel()
  }
}

/** What a snapshot shows of a subscription. */
export function inspectUpstream({ handle, producer, options, window }: Upstream): UpstreamInspection {
  const { maxDemand, minDemand, cancel } = options
  const mode = window === undefined ? 'manual' : 'automatic'
  return { tag: handle.tag, producer: producer.id, mode, maxDemand, minDemand, cancel }
}
