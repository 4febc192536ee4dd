import { describeReason } from '../base/errors.ts'
import { isThenable } from '../base/is-thenable.ts'
import type { Measurements, Metadata, TelemetryName } from './telemetry-events.ts'

/** Hears of one kind of event. */
export type TelemetryListener<Name extends TelemetryName> = (
  measurements: Measurements<Name>,
  metadata: Metadata<Name>,
) => void

/** Listeners by the name of the event. */
export type TelemetryListeners = { readonly [Name in TelemetryName]?: TelemetryListener<Name> }

/** Tells of a listener that has thrown. */
type ReportListener = (message: string, facts: Readonly<Record<string, unknown>>) => void

/** Listeners that were attached, and are detached, together. */
interface Attachment {
  readonly listeners: TelemetryListeners
  /** Cleared when it is detached, which may be in the middle of an event: from then on none of them is called. */
  isAttached: boolean
}

/**
 * The listeners of a runtime.
 *
 * Whoever has something to tell asks first, by `isHeard` or `hears`, whether anyone listens: nothing is made for nobody.
 */
export class Telemetry {
  /** Whether anyone listens to anything. */
  hasListeners = false
  /** Whether the time that processes spend is to be measured. */
  isTimed = false
  /** Since when it has been, in milliseconds on the runtime's clock. */
  timedSince = 0
  private readonly report: ReportListener
  /** Replaced when it changes, so that who listens may attach and detach while being told. */
  private attachments: readonly Attachment[] = []
  private readonly names = new Set<TelemetryName>()
  private observers = 0

  constructor(report: ReportListener) {
    this.report = report
  }

  /** Whether anyone listens to this event. */
  hasListener(name: TelemetryName): boolean {
    return this.names.has(name)
  }

  /** Adds listeners; answers how to take them away again. They run in the order in which they were attached. */
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

  /** Tells of an event. Runs the listeners; one that throws is detached, with those it was attached with, and reported. */
  execute<Name extends TelemetryName>(name: Name, measurements: Measurements<Name>, metadata: Metadata<Name>): void {
    for (const attachment of this.attachments) {
      const listener: TelemetryListener<Name> | undefined = attachment.listeners[name]
      if (listener === undefined || !attachment.isAttached) continue
      try {
        const result: unknown = listener(measurements, metadata)
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.giveUp(attachment, name, error))
      } catch (error) {
        this.giveUp(attachment, name, error)
      }
    }
  }

  private giveUp(attachment: Attachment, name: TelemetryName, error: unknown): void {
    // Of one that answers promises several may be pending when the first of them rejects: it is reported once.
    if (!attachment.isAttached) return
    this.detach(attachment)
    this.report(`a telemetry listener of '${name}' failed and was detached: ${describeReason(error)}`, {
      event: name,
      error,
    })
  }

  /**
   * Has the time measured that processes spend, until what it answers is called; any number may ask for it.
   *
   * @param whenOver Runs when the last of them has enough, while the time still counts.
   */
  time(now: number, whenOver: () => void): () => void {
    if (!this.isTimed) this.timedSince = now
    this.observers++
    this.isTimed = true
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      this.observers--
      if (this.observers > 0) return
      whenOver()
      this.isTimed = false
    }
  }
}
