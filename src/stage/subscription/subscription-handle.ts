import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { sendAsk, sendCancel } from '../protocol.ts'
import type { Subscription } from '../types/subscription.ts'
import { validateDemand } from './validate-demand.ts'

/** A subscription as users hold it. It sends its messages to the producer directly, whichever code uses it. */
export class SubscriptionHandle implements Subscription {
  readonly tag: string
  readonly #consumer: ProcessReference
  /** Set when the stage has subscribed; stays undefined if no process had the name to subscribe to. */
  #producer: ProcessReference | undefined
  /** What was sent before the stage has subscribed: the producer must receive it after the subscription. */
  #early: ((producer: ProcessReference) => void)[] | undefined = []
  /** Demand that is kept while `connect` holds the subscription; undefined while it does not. */
  #held: number | undefined
  #isCancelled = false

  constructor(tag: string, consumer: ProcessReference) {
    this.tag = tag
    this.#consumer = consumer
  }

  /** The stage that subscribed. */
  static consumerOf(handle: SubscriptionHandle): ProcessReference {
    return handle.#consumer
  }

  /** The producer it subscribed to; undefined until then, and if there was none. */
  static producerOf(handle: SubscriptionHandle): ProcessReference | undefined {
    return handle.#producer
  }

  /** Keeps the demand of all following calls of `ask`, until `release`. */
  static hold(handle: SubscriptionHandle): void {
    handle.#held = 0
  }

  static isHeld(handle: SubscriptionHandle): boolean {
    return handle.#held !== undefined
  }

  /** Asks for the demand that was kept, and stops keeping it. */
  static release(handle: SubscriptionHandle): void {
    const held = handle.#held ?? 0
    handle.#held = undefined
    handle.ask(held)
  }

  /** Marks it as cancelled by its own stage. */
  static markCancelled(handle: SubscriptionHandle): void {
    handle.#isCancelled = true
  }

  static isCancelled(handle: SubscriptionHandle): boolean {
    return handle.#isCancelled
  }

  /** The stage has subscribed to this producer, or there was none. Sends what was kept until now. */
  static connect(handle: SubscriptionHandle, producer: ProcessReference | undefined): void {
    const early = handle.#early ?? []
    handle.#early = undefined
    handle.#producer = producer
    for (const message of early) handle.#send(message)
  }

  ask(demand: number): void {
    validateDemand(demand)
    if (demand === 0) return
    if (this.#held !== undefined) {
      this.#held += demand
      return
    }
    this.#send((producer) => sendAsk(producer, this.tag, this.#consumer, demand))
  }

  cancel(reason: ExitReason = 'normal'): void {
    this.#isCancelled = true
    this.#send((producer) => sendCancel(producer, this.tag, this.#consumer, reason))
  }

  #send(message: (producer: ProcessReference) => void): void {
    if (this.#early !== undefined) this.#early.push(message)
    else if (this.#producer !== undefined) message(this.#producer)
  }
}
