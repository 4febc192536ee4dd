import type { Subscriber } from '../../dispatcher/dispatcher.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { Message } from '../../process/message.ts'
import { ProcessMonitor, watch } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { SubscriberInspection } from '../../telemetry/inspection.ts'
import { sendEvents } from '../protocol.ts'
import type { SubscriberHandle } from '../types/subscription.ts'

type OnExit = (subscriber: ProducerSubscription) => void

/**
 * A subscription as its producer keeps it. Dispatchers and callbacks receive it as a {@link Subscriber}.
 *
 * What they must not use is private, and is read by static functions.
 */
export class ProducerSubscription implements SubscriberHandle {
  readonly tag: string
  readonly consumer: string
  readonly #reference: ProcessReference
  /** Set by `watch`, before the dispatcher and the callbacks receive the subscription. */
  #monitor: ProcessMonitor | undefined
  /** Demand that the subscriber has sent and that no event has met. */
  #pending = 0
  /** Total of events sent to it. */
  #sent = 0
  /** Whether the dispatcher has accepted it. */
  #isAdmitted = false
  /** The consumer's own record, to which events are sent; undefined once the consumer or the subscription has ended. */
  #record: object | undefined
  /** Whether the subscription has ended; an ask that arrives afterwards is that of an unknown subscription. */
  #hasEnded = false
  /** Whether the consumer has exited while it was monitored. */
  #hasExited = false
  /** Whether it was removed from the dispatcher. */
  #isDetached = false
  /** When it began, in milliseconds on the clock of the runtime. */
  readonly #since: number

  /** @param record The consumer's own record of the subscription, if it has sent one. */
  constructor(tag: string, reference: ProcessReference, since: number, record: object | undefined) {
    this.tag = tag
    this.consumer = reference.id
    this.#reference = reference
    this.#since = since
    this.#record = record
  }

  /** Sends a message to its own stage, because the stage may be running a callback. */
  cancel(reason: ExitReason = 'normal'): void {
    this.#monitor?.watcher.deliver(new Message('cancel', this.tag, this.#reference, reason))
  }

  static referenceOf(subscriber: ProducerSubscription): ProcessReference {
    return subscriber.#reference
  }

  /** Monitors the consumer. When it exits, `onExit` is called at once, before the DOWN is handled. */
  static watch(subscriber: ProducerSubscription, watcher: Process, onExit: OnExit): void {
    const exited = (): void => {
      subscriber.#hasExited = true
      subscriber.#record = undefined
      onExit(subscriber)
    }
    const { tag } = subscriber
    subscriber.#monitor = watch(new ProcessMonitor('subscriber-down', tag, watcher, subscriber.#reference, exited))
  }

  static hasExited(subscriber: ProducerSubscription): boolean {
    return subscriber.#hasExited
  }

  /** The subscription has ended: drops the consumer's record. */
  static end(subscriber: ProducerSubscription): void {
    subscriber.#hasEnded = true
    subscriber.#record = undefined
    subscriber.#monitor?.cancel()
  }

  static hasEnded(subscriber: ProducerSubscription): boolean {
    return subscriber.#hasEnded
  }

  static pendingOf(subscriber: ProducerSubscription): number {
    return subscriber.#pending
  }

  static admit(subscriber: ProducerSubscription): void {
    subscriber.#isAdmitted = true
  }

  static isAdmitted(subscriber: ProducerSubscription): boolean {
    return subscriber.#isAdmitted
  }

  /** Marks it as removed from the dispatcher; returns `false` if it was already marked. */
  static detach(subscriber: ProducerSubscription): boolean {
    const isFirst = !subscriber.#isDetached
    subscriber.#isDetached = true
    return isFirst
  }

  static addPending(subscriber: ProducerSubscription, demand: number): number {
    subscriber.#pending += demand
    return subscriber.#pending
  }

  /** Sends it events, and counts them. Returns `false`, and sends nothing, if they are more than it has asked for. */
  static send(subscriber: ProducerSubscription, events: readonly unknown[], producer: ProcessReference): boolean {
    const { length } = events
    if (length > subscriber.#pending) return false
    subscriber.#sent += length
    subscriber.#pending -= length
    sendEvents(subscriber.#reference, subscriber.tag, producer, events, subscriber.#record)
    return true
  }

  static inspect(subscriber: ProducerSubscription): SubscriberInspection {
    const { tag, consumer } = subscriber
    return { tag, consumer, pending: subscriber.#pending, sent: subscriber.#sent, since: subscriber.#since }
  }
}

/** Whether a cancelled subscriber was ever accepted: the dispatcher may have refused it. */
export function wasAdmitted(subscriber: Subscriber): boolean {
  return subscriber instanceof ProducerSubscription && ProducerSubscription.isAdmitted(subscriber)
}
