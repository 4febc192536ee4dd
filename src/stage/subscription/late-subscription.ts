import { describeReason, StageFailure } from '../../base/errors.ts'
import { ExitCause } from '../../process/exit/exit-cause.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'

/**
 * The end of a subscription to a producer that was not there: it had failed before, or no process has its name.
 *
 * The reason is GenStage's `'noproc'`. The consumer is where it begins, and the message says what happened.
 */
export class LateSubscription extends ExitCause {
  private readonly message: string
  private readonly cause: unknown

  /** @param cause The exit reason of the producer; undefined where there was none. */
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

  /** What happened, in words, and the exit reason of the producer. */
  static detailsOf(ending: ExitCause | undefined): { readonly message: string; readonly cause: unknown } | undefined {
    return ending instanceof LateSubscription ? { message: ending.message, cause: ending.cause } : undefined
  }
}

/**
 * How a subscription ends whose producer has ended already: as the producer did, if that was a clean end, since a finite
 * source may well be done before its last consumer comes. A failed one is `'noproc'`, as in GenStage.
 */
export function endForLateSubscriber(consumer: Process, producer: ProcessReference): ExitCause | undefined {
  const { cause, label } = producer
  if (cause === undefined || cause.isClean) return cause
  const { root } = cause
  const whose = root.origin === label ? '' : `, because ${root.origin} failed`
  const message = `it subscribed to ${label}, which had ended before with ${describeReason(root.reason)}${whose}`
  return new LateSubscription(consumer.label, message, root.reason)
}
