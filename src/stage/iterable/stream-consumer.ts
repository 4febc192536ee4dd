import type { ErrorDetails } from '../../base/errors.ts'
import { quote } from '../../base/quote.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { Message } from '../../process/message.ts'
import { Message as ProcessMessage } from '../../process/message.ts'
import { monitor, type ProcessMonitor } from '../../process/monitor.ts'
import type { Behaviour, Process, Progress } from '../../process/process.ts'
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

/** A batch that the stream has not taken yet, and what to ask for once it has. */
export interface StreamBatch {
  readonly upstream: StreamUpstream
  readonly events: readonly unknown[]
  readonly ask: number
}

/** How a producer failed, for the error that a stream rejects with. */
export interface StreamFailure {
  /** Where it failed. */
  readonly label: string
  readonly reason: ExitReason
  readonly details?: ErrorDetails | undefined
}

/** What the consumer tells its stream, in the order in which it happened. */
export interface StreamListener {
  /** A batch has come; answers whether anybody will take it. */
  accept(batch: StreamBatch): boolean
  /** No more will come: all producers have ended cleanly, or one has failed. */
  finish(failure: StreamFailure | undefined): void
  /** Whether the stream takes nothing any more. */
  readonly isLeft: boolean
  /** How many events lie in the stream, not taken yet. */
  count(): number
}

/** What is told to producers once all are subscribed to. */
export interface StreamDemand {
  readonly mode: DemandMode
  readonly producers: readonly unknown[]
}

/**
 * The process behind a stream: it speaks the consumer's part of the protocol, and hands on what comes.
 *
 * It asks once for `maxDemand`; after that the stream asks, batch by batch, as events are taken from it.
 */
export class StreamConsumer implements Behaviour {
  private readonly process: Process
  private readonly requests: readonly SubscribeRequest[]
  private readonly demand: StreamDemand
  private readonly listener: StreamListener
  private readonly upstreams = new Map<string, StreamUpstream>()
  /** All producers that it has subscribed to, also those that have ended. */
  private readonly sources = new Set<ProcessReference>()
  /** Set when the stream was left: what comes now is of no interest, and the last confirmation ends the process. */
  private isLeaving = false
  /** How many events have come, or lay in the stream when it was left, that nobody will take. */
  private untaken = 0
  /** Events and batches that have come since the start. */
  private handled = 0
  private batches = 0
  /** When a batch last came, by the rough clock; not a number if none ever has. */
  private lastHandled = Number.NaN

  constructor(process: Process, requests: readonly SubscribeRequest[], demand: StreamDemand, face: StreamListener) {
    this.process = process
    this.requests = requests
    this.demand = demand
    this.listener = face
  }

  init(): Progress {
    for (const request of this.requests) if (!this.subscribe(request)) return this.process.stop('noproc')
    for (const target of this.listener.isLeft ? [] : this.demand.producers) {
      const producer = resolveReference(target, this.process.runtime, 'a producer')
      producer?.deliver(new ProcessMessage('set-demand-mode', '', undefined, this.demand.mode))
    }
    return this.endIfAlone()
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
    // It was left before it was read: the subscription is there to be cancelled.
    if (this.listener.isLeft) return true
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
      case 'leave':
        return this.leave(message.body as number)
      default:
        return this.process.receiveSystem(message)
    }
  }

  private onEvents(message: EventsMessage): Progress {
    const { body: events } = message
    const upstream = this.upstreams.get(message.tag)
    if (upstream === undefined) {
      cancelUnknownSubscription(this.process, message)
      return 'done'
    }
    if (this.isLeaving) {
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
    if (!this.isLeaving && endsStream) {
      // The others are cancelled once the stream has come to this point: what it takes before, it still asks for.
      this.listener.finish(isClean ? undefined : failureOf(upstream, reason, cause))
    }
    return this.endIfAlone()
  }

  /** Cancels what is left; the process ends when all of it is confirmed. The stream held `untaken` events. */
  private leave(untaken: number): Progress {
    this.isLeaving = true
    this.untaken += untaken
    for (const { producer, tag } of this.upstreams.values()) sendCancel(producer, tag, this.process.reference, 'normal')
    return this.endIfAlone()
  }

  private endIfAlone(): Progress {
    if (this.upstreams.size > 0) return 'done'
    if (!this.isLeaving) this.listener.finish(undefined)
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

/** What the end of a producer means for the stream; where nothing is said, a clean end does not end it. */
function cancelOf(options: Readonly<Record<string, unknown>>): CancelMode {
  return (options.cancel as CancelMode | undefined) ?? 'with-last'
}

/** The failure that a stream rejects with: the one behind it, where the producer was shut down because of another. */
function failureOf({ producer }: StreamUpstream, reason: ExitReason, cause: ExitCause | undefined): StreamFailure {
  const details = LateSubscription.detailsOf(cause)
  if (cause === undefined || details !== undefined) return { label: producer.label, reason, details }
  return { label: cause.root.origin, reason: cause.root.reason }
}
