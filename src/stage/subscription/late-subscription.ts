import { describeReason, StageFailure } from '../../base/errors.ts'
import { ExitCause } from '../../process/exit/exit-cause.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'

/**
 * Why a subscription ended whose producer did not exist: it had failed before, or no process has its name.
 *
 * The reason is `'noproc'`, as in GenStage. The failure begins at the consumer, and the message states its cause.
 */
export class LateSubscription extends ExitCause {
  private readonly message: string
  private readonly cause: unknown

  /** @param cause The exit reason of the producer; undefined if there was no producer. */
  constructor(consumer: string, message: string, cause: unknown) {
    super('noproc', consumer)
    this.message = message
    this.cause = cause
  }

  override describe(): string {
    return `${this.origin} failed: ${this.message}`
  }

  override toFailure(): StageFailure {
    return new StageFailure(this.origin, undefined, this.reason, { message: this.describe(), cause: this.cause })
  }

  /** What happened, in words, and the exit reason of the producer; undefined for another cause. */
  static detailsOf(cause: ExitCause | undefined): { readonly message: string; readonly cause: unknown } | undefined {
    return cause instanceof LateSubscription ? { message: cause.message, cause: cause.cause } : undefined
  }
}

/**
 * Returns why a subscription ends whose producer has already exited.
 *
 * If the producer exited cleanly, its own cause is returned: a finite source may be done before its last consumer
 * subscribes. If it failed, the reason is `'noproc'`, as in GenStage.
 */
export function causeForLateSubscriber(consumer: Process, producer: ProcessReference): ExitCause | undefined {
  const { cause, label } = producer
  if (cause === undefined || cause.isClean) return cause
  const { root } = cause
  const because = root.origin === label ? '' : `, because ${root.origin} failed`
  const message = `it subscribed to ${label}, which had already exited with ${describeReason(root.reason)}${because}`
  return new LateSubscription(consumer.label, message, root.reason)
}
