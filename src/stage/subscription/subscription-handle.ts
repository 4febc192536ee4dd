import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { emitDemandSent } from '../callback/timed-callback.ts'
import { sendAsk, sendCancel } from '../protocol.ts'
import type { Subscription } from '../types/subscription.ts'
import { validateDemand } from './validate-demand.ts'

/** A subscription as users hold it. It speaks to the producer directly, whoever uses it. */
export class SubscriptionHandle implements Subscription {
  readonly tag: string
  readonly #consumer: ProcessReference
  /** Undefined until the stage has subscribed, and for good where the name to subscribe to belonged to nobody. */
  #producer: ProcessReference | undefined
  /** What was said before the stage has subscribed: the producer must not hear it before it hears of that. */
  #early: ((producer: ProcessReference) => void)[] | undefined = []
  /** What it was to ask for while `connect` holds it; undefined where nothing holds it. */
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

  /** The producer it subscribed to; undefined before, and where there was none. */
  static producerOf(handle: SubscriptionHandle): ProcessReference | undefined {
    return handle.#producer
  }

  /** From now on what is asked for is kept, until `release`. */
  static hold(handle: SubscriptionHandle): void {
    handle.#held = 0
  }

  static isHeld(handle: SubscriptionHandle): boolean {
    return handle.#held !== undefined
  }

  /** Asks for what was kept, and keeps no more. */
  static release(handle: SubscriptionHandle): void {
    const held = handle.#held ?? 0
    handle.#held = undefined
    handle.ask(held)
  }

  /** Its own stage has cancelled it, or is about to. */
  static markCancelled(handle: SubscriptionHandle): void {
    handle.#isCancelled = true
  }

  static isCancelled(handle: SubscriptionHandle): boolean {
    return handle.#isCancelled
  }

  /** The stage has subscribed to this producer; or to nobody, as there was none. */
  static connect(handle: SubscriptionHandle, producer: ProcessReference | undefined): void {
    const early = handle.#early ?? []
    handle.#early = undefined
    handle.#producer = producer
    for (const message of early) handle.#say(message)
  }

  ask(demand: number): void {
    validateDemand(demand)
    if (demand === 0) return
    if (this.#held !== undefined) {
      this.#held += demand
      return
    }
    this.#say((producer) => {
      if (this.#consumer.runtime.telemetry.hasListeners) emitDemandSent(this.#consumer, producer, this.tag, demand)
      sendAsk(producer, this.tag, this.#consumer, demand)
    })
  }

  cancel(reason: ExitReason = 'normal'): void {
    this.#isCancelled = true
    this.#say((producer) => sendCancel(producer, this.tag, this.#consumer, reason))
  }

  #say(message: (producer: ProcessReference) => void): void {
    if (this.#early !== undefined) this.#early.push(message)
    else if (this.#producer !== undefined) message(this.#producer)
  }
}
