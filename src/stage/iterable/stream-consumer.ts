import type { ErrorDetails } from '../../base/errors.ts'
import { quote } from '../../base/quote.ts'
import type { Behaviour, Progress } from '../../process/behaviour.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { Message } from '../../process/message.ts'
import { Message as ProcessMessage } from '../../process/message.ts'
import { monitor, type ProcessMonitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import { type ProcessReference, resolveReference } from '../../process/reference.ts'
import { nameOf } from '../../process/start/name-of.ts'
import {
  type ConsumingInspection,
  type Inspection,
  timeOrNull,
  type UpstreamInspection,
} from '../../telemetry/inspection.ts'
import { cancelUnknownSubscription } from '../consuming/cancel-unknown-subscription.ts'
import { DemandWindow } from '../consuming/demand-window.ts'
import { countEvents, originsOf } from '../consuming/mailbox-events.ts'
import { type EventsMessage, PROTOCOL_VERSION, sendAsk, sendCancel, sendSubscribe } from '../protocol.ts'
import { causeForLateSubscriber, LateSubscription } from '../subscription/late-subscription.ts'
import type { SubscribeRequest } from '../subscription/subscribe-request.ts'
import type { DemandMode } from '../types/references.ts'
import type { CancelMode } from '../types/subscription.ts'

/** One producer of a stream. */
interface StreamUpstream {
  readonly tag: string
  readonly producer: ProcessReference
  readonly cancel: CancelMode
  readonly window: DemandWindow
  readonly monitor: ProcessMonitor
}

/** A batch that the stream has not taken yet, and the demand to send when it has. */
export interface StreamBatch {
  readonly upstream: StreamUpstream
  readonly events: readonly unknown[]
  readonly ask: number
}

/** The failure of a producer, for the error that a stream rejects with. */
export interface StreamFailure {
  /** The process that failed. */
  readonly label: string
  readonly reason: ExitReason
  readonly details?: ErrorDetails | undefined
}

/** What the consumer reports to its stream, in the order in which it happened. */
export interface StreamListener {
  /** A batch has arrived. Returns whether the stream will take it. */
  accept(batch: StreamBatch): boolean
  /** No more events will arrive: all producers have ended cleanly, or one has failed. */
  finish(failure: StreamFailure | undefined): void
  /** Whether the stream takes no more events. */
  readonly isClosed: boolean
  /** How many events the stream holds that have not been taken yet. */
  count(): number
}

/** The demand mode that producers are set to when the stream has subscribed to all of them. */
export interface StreamDemand {
  readonly mode: DemandMode
  readonly producers: readonly unknown[]
}

/**
 * The process of a stream: it subscribes as a consumer does, and passes batches to the stream.
 *
 * It asks each producer once for `maxDemand`. After that the stream asks, batch by batch, as events are taken from it.
 */
export class StreamConsumer implements Behaviour {
  private readonly process: Process
  private readonly requests: readonly SubscribeRequest[]
  private readonly demand: StreamDemand
  private readonly listener: StreamListener
  private readonly upstreams = new Map<string, StreamUpstream>()
  /** All producers that it has subscribed to, including those that have exited. */
  private readonly sources = new Set<ProcessReference>()
  /** Set when the stream is closed: later events are not taken, and the last confirmation ends the process. */
  private isClosing = false
  /** Events that will not be taken: those that the stream held when it was closed, and those that arrived later. */
  private untaken = 0
  /** Events and batches that have arrived since the start. */
  private handled = 0
  private batches = 0
  /** When the last batch arrived, by the cached clock; `NaN` before the first. */
  private lastHandled = Number.NaN

  constructor(process: Process, requests: readonly SubscribeRequest[], demand: StreamDemand, listener: StreamListener) {
    this.process = process
    this.requests = requests
    this.demand = demand
    this.listener = listener
  }

  init(): Progress {
    for (const request of this.requests) if (!this.subscribe(request)) return this.process.stop('noproc')
    for (const target of this.listener.isClosed ? [] : this.demand.producers) {
      const producer = resolveReference(target, this.process.runtime, 'a producer')
      producer?.deliver(new ProcessMessage('set-demand-mode', '', undefined, this.demand.mode))
    }
    return this.endIfUnsubscribed()
  }

  private subscribe({ tag, producer: target, valid, options }: SubscribeRequest): boolean {
    const { process } = this
    const producer = resolveReference(target, process.runtime, 'a producer')
    if (producer === undefined) {
      if (cancelOf(options) === 'temporary') return true
      const name = quote(nameOf(target))
      const details = { message: `no process has the name ${name}`, cause: 'noproc' }
      this.listener.finish({ label: name, reason: 'noproc', details })
      return false
    }
    const watch = monitor(process, producer, 'producer-down', tag, causeForLateSubscriber(process, producer))
    const window = new DemandWindow(valid.maxDemand, valid.minDemand)
    this.sources.add(producer)
    this.upstreams.set(tag, { tag, producer, cancel: cancelOf(options), window, monitor: watch })
    const body = { version: PROTOCOL_VERSION, cancelFirst: undefined, options, confirm: false }
    sendSubscribe(producer, tag, process.reference, body)
    // The stream was closed before it was read: this subscription exists only to be cancelled.
    if (this.listener.isClosed) return true
    sendAsk(producer, tag, process.reference, valid.maxDemand)
    return true
  }

  receive(message: Message): Progress {
    switch (message.kind) {
      case 'events':
        return this.onEvents(message as EventsMessage)
      case 'cancelled':
        return this.onEnd(message.tag, (message.body as { readonly reason: ExitReason }).reason, undefined)
      case 'producer-down': {
        const watch = message.body as ProcessMonitor
        return watch.isActive ? this.onEnd(watch.tag, watch.cause?.reason, watch.cause) : 'done'
      }
      case 'close':
        return this.close(message.body as number)
      default:
        return this.process.receiveSystem(message)
    }
  }

  private onEvents(message: EventsMessage): Progress {
    const { body: events } = message
    const upstream = this.upstreams.get(message.tag)
    if (upstream === undefined) {
      cancelUnknownSubscription(this.process, message.from as ProcessReference, message.tag, events.length)
      return 'done'
    }
    if (this.isClosing) {
      this.untaken += events.length
      return 'done'
    }
    if (this.process.runtime.freezesBatches) Object.freeze(events)
    const { window } = upstream
    this.lastHandled = this.process.runtime.scheduler.cachedNow()
    window.begin(events.length)
    let start = 0
    for (let size = window.next(); size > 0; size = window.next()) {
      const batch = size === events.length ? events : events.slice(start, start + size)
      start += size
      this.handled += size
      this.batches++
      if (!this.listener.accept({ upstream, events: batch, ask: window.ask })) this.untaken += size
    }
    return 'done'
  }

  private onEnd(tag: string, reason: ExitReason, cause: ExitCause | undefined): Progress {
    const upstream = this.upstreams.get(tag)
    if (upstream === undefined) return 'done'
    this.upstreams.delete(tag)
    upstream.monitor.cancel()
    const isClean = isCleanExit(reason) && (cause === undefined || cause.isClean)
    const endsStream = upstream.cancel === 'permanent' || (upstream.cancel !== 'temporary' && !isClean)
    if (!this.isClosing && endsStream) {
      // The others are cancelled when the stream reaches this point: until then it still asks for more events.
      this.listener.finish(isClean ? undefined : failureOf(upstream, reason, cause))
    }
    return this.endIfUnsubscribed()
  }

  /** Cancels all subscriptions; the process ends when the last is confirmed. The stream held `untaken` events. */
  private close(untaken: number): Progress {
    this.isClosing = true
    this.untaken += untaken
    for (const { producer, tag } of this.upstreams.values()) sendCancel(producer, tag, this.process.reference, 'normal')
    return this.endIfUnsubscribed()
  }

  private endIfUnsubscribed(): Progress {
    if (this.upstreams.size > 0) return 'done'
    if (!this.isClosing) this.listener.finish(undefined)
    return this.process.stop('normal')
  }

  terminate(): Progress {
    return 'done'
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return { untaken: this.untaken, mailbox: countEvents(this.process.mailbox) }
  }

  origins(): string[] {
    return originsOf(this.process.mailbox, this.sources)
  }

  inspect(): Inspection {
    const { handled, batches, lastHandled, upstreams, process } = this
    const consuming: ConsumingInspection = {
      handled,
      batches,
      handling: this.listener.count(),
      mailbox: countEvents(process.mailbox),
      inbound: 0,
      lastHandled: timeOrNull(lastHandled),
      subscriptions: Array.from(upstreams.values(), inspectUpstream),
    }
    return { isBlocked: false, consuming }
  }
}

function inspectUpstream({ tag, producer, window, cancel }: StreamUpstream): UpstreamInspection {
  return { tag, producer: producer.id, mode: 'automatic', maxDemand: window.max, minDemand: window.min, cancel }
}

/** The `cancel` option of a subscription; by default a clean end of the producer does not end the stream. */
function cancelOf(options: Readonly<Record<string, unknown>>): CancelMode {
  return (options.cancel as CancelMode | undefined) ?? 'with-last'
}

/**
 * The failure that a stream rejects with: the original one, if the producer was shut down because of another process.
 */
function failureOf({ producer }: StreamUpstream, reason: ExitReason, cause: ExitCause | undefined): StreamFailure {
  const details = LateSubscription.detailsOf(cause)
  if (cause === undefined || details !== undefined) return { label: producer.label, reason, details }
  return { label: cause.root.origin, reason: cause.root.reason }
}
