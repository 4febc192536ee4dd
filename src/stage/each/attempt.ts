import { host } from '#host'
import { signalOf } from '../../process/abort-signal.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import type { HostAbort } from '../../process/host/host.ts'
import type { Process } from '../../process/process.ts'
import type { EachContext } from '../types/each.ts'
import type { Subscription } from '../types/subscription.ts'

/** One attempt to handle an event, as the handler sees it. Its signal is the one of the stage. */
export class Attempt implements EachContext {
  readonly attempt: number
  readonly from: Subscription
  protected readonly process: Process

  constructor(process: Process, attempt: number, from: Subscription) {
    this.process = process
    this.attempt = attempt
    this.from = from
  }

  get signal(): AbortSignalLike {
    return signalOf(this.process)
  }
}

/** An attempt with a limit of time: it has a signal of its own, created when it is first read. */
export class LimitedAttempt extends Attempt {
  private own: HostAbort | undefined
  /** Why it was aborted before its signal was read. */
  private aborted: { readonly reason: unknown } | undefined

  override get signal(): AbortSignalLike {
    if (this.own === undefined) {
      this.own = host.createAbort()
      if (this.aborted !== undefined) this.own.abort(this.aborted.reason)
    }
    return this.own.signal
  }

  /** Aborts its signal. */
  abort(reason: unknown): void {
    if (this.own === undefined) this.aborted = { reason }
    else this.own.abort(reason)
  }
}
