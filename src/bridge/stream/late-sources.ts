import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { Source } from '../../stage/types/source.ts'
import type { Subscription } from '../../stage/types/subscription.ts'
import { giveUp } from './outlet.ts'

/**
 * The sources of a stage that subscribes to them only once its own first consumer has subscribed.
 *
 * A stage that ends before has to give them up, or they wait for a subscriber forever, with what they hold open.
 */
export class LateSources {
  private readonly operation: string
  /** Not subscribed to yet. */
  private waiting: readonly Source<unknown>[]
  /**
   * Subscribed to, by tag, and without any reaction so far. They may not have handled the request yet, and a producer
   * ignores the request of a consumer that has ended.
   */
  private readonly unconfirmed = new Map<string, Source<unknown>>()

  /** @param operation What to call the stage in a message. */
  constructor(operation: string, sources: readonly Source<unknown>[]) {
    this.operation = operation
    this.waiting = sources
  }

  get areWaiting(): boolean {
    return this.waiting.length > 0
  }

  /** Subscribes to all of them. */
  subscribe(stage: ConsumerContext): void {
    const sources = this.waiting
    this.waiting = []
    for (const source of sources) this.unconfirmed.set(stage.subscribe(source).tag, source)
  }

  /** The source of this subscription has sent events, or has ended it. */
  confirm({ tag }: Subscription): void {
    this.unconfirmed.delete(tag)
  }

  /** The stage has ended for this reason: gives up those that do not know of it. */
  giveUp(reason: ExitReason): void {
    for (const source of [...this.waiting, ...this.unconfirmed.values()]) giveUp(this.operation, source, reason)
    this.waiting = []
    this.unconfirmed.clear()
  }
}
