import { host } from '#host'
import { signalOf } from '../../process/abort-signal.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { HostAbort } from '../../process/host/host.ts'
import type { Process } from '../../process/process.ts'
import type { EachContext } from '../types/each.ts'
import type { Subscription } from '../types/subscription.ts'

/**
 * One attempt to handle an event, as the handler sees it.
 *
 * Its signal is the one of the stage, unless attempts have a limit of time: then each has its own, made when it is first
 * read.
 */
export class Attempt implements EachContext {
  readonly attempt: number
  readonly from: Subscription
  private readonly process: Process
  private readonly isLimited: boolean
  private own: HostAbort | undefined
  /** Why it was aborted before its signal was read. */
  private aborted: { readonly reason: unknown } | undefined

  constructor(process: Process, isLimited: boolean, attempt: number, from: Subscription) {
    this.process = process
    this.isLimited = isLimited
    this.attempt = attempt
    this.from = from
  }

  get signal(): AbortSignalLike {
    if (!this.isLimited) return signalOf(this.process)
    if (this.own === undefined) {
      this.own = host.createAbort()
      if (this.aborted !== undefined) this.own.abort(this.aborted.reason)
    }
    return this.own.signal
  }

  /** Aborts its own signal. */
  abort(reason: unknown): void {
    if (this.own === undefined) this.aborted = { reason }
    else this.own.abort(reason)
  }
}
