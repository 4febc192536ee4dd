import type { Subscriber } from '../dispatcher/dispatcher.ts'
import type { Ending } from '../process/ending.ts'
import { Monitor, watch } from '../process/monitor.ts'
import type { Process } from '../process/process.ts'
import type { ProcessReference } from '../process/reference.ts'
import type { SubscriberInspection } from '../telemetry/inspection.ts'

/**
 * A subscription as the producer keeps it; dispatchers and callbacks know it as a {@link Subscriber}.
 *
 * What is no business of theirs is private, and read by the static functions.
 */
export class ProducerSubscription implements Subscriber {
  readonly tag: string
  readonly consumer: string
  readonly #reference: ProcessReference
  /** Set before the dispatcher, or a callback, is told of the subscription. */
  #monitor: Monitor | undefined
  /** Demand that the subscriber has sent and that no event has met. */
  #pending = 0
  /** Total of events sent to it. */
  #sent = 0
  /** Whether the dispatcher has taken it on. */
  #isAdmitted = false
  /** Whether the dispatcher was told that it has gone. */
  #isDetached = false
  /** When it came, in milliseconds on the runtime's clock. */
  readonly #since: number

  constructor(tag: string, reference: ProcessReference, since: number) {
    this.tag = tag
    this.consumer = reference.id
    this.#reference = reference
    this.#since = since
  }

  static referenceOf(subscriber: ProducerSubscription): ProcessReference {
    return subscriber.#reference
  }

  /** Watches the consumer. Once it has exited the subscription is in `exited`, before the message of its end is read. */
  static watch(subscriber: ProducerSubscription, watcher: Process, exited: ProducerSubscription[]): void {
    subscriber.#monitor = watch(new ConsumerMonitor(watcher, subscriber, exited))
  }

  static unwatch(subscriber: ProducerSubscription): void {
    subscriber.#monitor?.cancel()
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

  /** Answers whether this is the first time. */
  static detach(subscriber: ProducerSubscription): boolean {
    const isFirst = !subscriber.#isDetached
    subscriber.#isDetached = true
    return isFirst
  }

  static addPending(subscriber: ProducerSubscription, demand: number): number {
    subscriber.#pending += demand
    return subscriber.#pending
  }

  /** Counts events that are sent to it; answers the demand that is left, below 0 where they are too many. */
  static send(subscriber: ProducerSubscription, count: number): number {
    subscriber.#sent += count
    subscriber.#pending -= count
    return subscriber.#pending
  }

  static inspect(subscriber: ProducerSubscription): SubscriberInspection {
    const { tag, consumer } = subscriber
    return { tag, consumer, pending: subscriber.#pending, sent: subscriber.#sent, since: subscriber.#since }
  }
}

/** Whether a subscriber that has left was one: a dispatcher may have refused it. */
export function wasAdmitted(subscriber: Subscriber): boolean {
  return subscriber instanceof ProducerSubscription && ProducerSubscription.isAdmitted(subscriber)
}

/** Watches the consumer of a subscription. Its end is known here at once, and by the message that comes in its turn. */
class ConsumerMonitor extends Monitor {
  private readonly subscriber: ProducerSubscription
  private readonly exited: ProducerSubscription[]

  constructor(watcher: Process, subscriber: ProducerSubscription, exited: ProducerSubscription[]) {
    super('subscriber-down', subscriber.tag, watcher, ProducerSubscription.referenceOf(subscriber))
    this.subscriber = subscriber
    this.exited = exited
  }

  override fire(ending: Ending): void {
    this.exited.push(this.subscriber)
    super.fire(ending)
  }
}
