import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { Source } from '../../stage/types/source.ts'
import type { Subscription } from '../../stage/types/subscription.ts'
import { releaseSource } from './outlet.ts'

/**
 * The sources of a stage that subscribes to them only once its own first consumer has subscribed.
 *
 * A stage that exits before must release them. Otherwise they would wait for a subscriber forever, and keep files or
 * connections open.
 */
export class DeferredSources {
  private readonly operation: string
  /** Not subscribed to yet. */
  private waiting: readonly Source<unknown>[]
  /**
   * Sources that were subscribed to and have not reacted so far, by tag. They may not have handled the request yet, and a
   * producer ignores the request of a consumer that has exited.
   */
  private readonly unconfirmed = new Map<string, Source<unknown>>()

  /** @param operation The name of the stage in messages. */
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

  /** The source of this subscription has sent events, or has cancelled it. */
  confirm({ tag }: Subscription): void {
    this.unconfirmed.delete(tag)
  }

  /** The stage has exited for this reason: releases the sources that have not been notified of it. */
  release(reason: ExitReason): void {
    for (const source of [...this.waiting, ...this.unconfirmed.values()]) releaseSource(this.operation, source, reason)
    this.waiting = []
    this.unconfirmed.clear()
  }
}
