import { describeReason } from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
import type { Measurements, Metadata, TelemetryName } from './telemetry-events.ts'

/** A listener of one telemetry event. It is called synchronously and must not change its arguments. */
export type TelemetryListener<Name extends TelemetryName> = (
  measurements: Measurements<Name>,
  metadata: Metadata<Name>,
) => void

/** Telemetry listeners, by the names of their events. */
export type TelemetryListeners = { readonly [Name in TelemetryName]?: TelemetryListener<Name> }

/** Reports that a listener has thrown. */
type ReportListener = (message: string, facts: Readonly<Record<string, unknown>>) => void

/** Listeners that were attached together and are detached together. */
interface Attachment {
  readonly listeners: TelemetryListeners
  /** Cleared when it is detached, even in the middle of an event: from then on none of its listeners is called. */
  isAttached: boolean
}

/**
 * The telemetry listeners of a runtime.
 *
 * The code that emits an event checks `hasListeners` or `hasListener` first, so that an event without listeners costs
 * no allocation.
 */
export class Telemetry {
  /** Whether any event has a listener. */
  hasListeners = false
  /** Whether the busy time of processes is measured. */
  isTimed = false
  /** Since when it is measured, in milliseconds on the runtime's clock. Set when the measuring starts. */
  timedSince = 0
  private readonly report: ReportListener
  /** Replaced when it changes, so that listeners may attach and detach others while they are called. */
  private attachments: readonly Attachment[] = []
  private readonly names = new Set<TelemetryName>()
  /** How many callers of `time` have not stopped. */
  private timers = 0

  constructor(report: ReportListener) {
    this.report = report
  }

  /** Whether this event has a listener. */
  hasListener(name: TelemetryName): boolean {
    return this.names.has(name)
  }

  /**
   * Adds listeners. They run in the order in which they were attached.
   *
   * @returns Removes them.
   */
  attach(listeners: TelemetryListeners): () => void {
    const attachment: Attachment = { listeners, isAttached: true }
    this.replace([...this.attachments, attachment])
    return () => this.detach(attachment)
  }

  private detach(attachment: Attachment): void {
    if (!attachment.isAttached) return
    attachment.isAttached = false
    this.replace(this.attachments.filter((each) => each !== attachment))
  }

  private replace(attachments: readonly Attachment[]): void {
    this.attachments = attachments
    this.names.clear()
    for (const { listeners } of attachments) {
      for (const [name, listener] of Object.entries(listeners)) {
        if (listener !== undefined) this.names.add(name as TelemetryName)
      }
    }
    this.hasListeners = this.names.size > 0
  }

  /** Emits an event: runs its listeners. One that throws is reported and detached, with those it was attached with. */
  execute<Name extends TelemetryName>(name: Name, measurements: Measurements<Name>, metadata: Metadata<Name>): void {
    for (const attachment of this.attachments) {
      const listener: TelemetryListener<Name> | undefined = attachment.listeners[name]
      if (listener === undefined || !attachment.isAttached) continue
      try {
        const result: unknown = listener(measurements, metadata)
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.detachFailed(attachment, name, error))
      } catch (error) {
        this.detachFailed(attachment, name, error)
      }
    }
  }

  private detachFailed(attachment: Attachment, name: TelemetryName, error: unknown): void {
    // Several promises of a listener may be pending when the first of them rejects: the listener is reported once.
    if (!attachment.isAttached) return
    this.detach(attachment)
    this.report(`detached a telemetry listener of '${name}' that failed: ${describeReason(error)}`, {
      event: name,
      error,
    })
  }

  /**
   * Measures the busy time of processes until the returned function is called. Several callers may measure at a time.
   *
   * @param now The time on the runtime's clock.
   * @param beforeStop Runs when the last caller stops, before the measuring ends.
   * @returns Stops measuring for this caller.
   */
  time(now: number, beforeStop: () => void): () => void {
    if (!this.isTimed) this.timedSince = now
    this.timers++
    this.isTimed = true
    let isStopped = false
    return () => {
      if (isStopped) return
      isStopped = true
      this.timers--
      if (this.timers > 0) return
      beforeStop()
      this.isTimed = false
    }
  }
}
