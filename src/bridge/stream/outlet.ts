import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { isReference, type ProcessReference } from '../../process/reference.ts'
import type { ProcessRuntime } from '../../process/runtime.ts'
import { expectDefinition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import { consumerKind, defineStage } from '../../stage/definition/define-stage.ts'
import { requestFromSource } from '../../stage/subscription/subscribe-options.ts'
import { SubscriptionHandle } from '../../stage/subscription/subscription-handle.ts'
import type { ConsumerCallbacks } from '../../stage/types/callbacks.ts'
import type { CancelReason } from '../../stage/types/results.ts'
import type { Source, Subscription } from '../../stage/types/subscription.ts'
import { errorOf } from '../errors.ts'
import { makeDefer } from '../make-defer.ts'
import { producerOf, runtimeOf } from '../producer-of.ts'

/**
 * Who gets the events that an outlet takes out of a stage.
 *
 * Called in microtasks, never in a stage's turn: what users do in there, and what they throw, is theirs.
 */
export interface OutletListener {
  accept(event: unknown): void
  /** No more will come, as the producer has ended cleanly. */
  end(): void
  /** No more will come, as the producer has failed. */
  fail(error: Error): void
}

/**
 * Takes events out of a stage as they are wanted: the process behind a stream that is read.
 *
 * It subscribes when something is first wanted, in manual mode, and asks for exactly what is. Nobody is linked to it; how
 * the producer ends is told to the face.
 */
export class Outlet {
  private readonly operation: string
  private readonly source: unknown
  private readonly producer: unknown
  private readonly bearsFailures: boolean
  private readonly runtime: ProcessRuntime
  private readonly face: OutletListener
  private readonly defer: (run: () => void) => void = makeDefer()
  /** Undefined until something is wanted. */
  private consumer: ProcessReference | undefined
  private subscription: Subscription | undefined
  /** Wanted, and not accepted by the face yet. */
  private pending = 0
  /** Of it, what waits for the subscription to be asked. */
  private unasked = 0
  private isOver = false
  /** Events that came when nothing was taken any more. */
  private dropped = 0
  /** Why it was left; undefined unless it was. */
  private leaving: { readonly reason: ExitReason } | undefined

  /**
   * @param operation What to call it in a message.
   * @throws {TypeError | RangeError} If `source` is no producer, or was given with wrong options.
   */
  constructor(operation: string, source: Source<unknown>, face: OutletListener) {
    const producer = producerOf(source)
    this.operation = operation
    this.source = source
    this.producer = producer
    this.runtime = runtimeOf(producer)
    this.bearsFailures = requestFromSource(this.runtime, source).options.cancel === 'temporary'
    this.face = face
  }

  /** Whether it has subscribed, or is about to; then it hears how the producer ends. */
  get hasBegun(): boolean {
    return this.consumer !== undefined
  }

  /** Sees to it that so many events are on their way. */
  want(count: number): void {
    const missing = count - this.pending
    if (this.isOver || missing <= 0) return
    this.pending += missing
    if (this.subscription !== undefined) {
      this.subscription.ask(missing)
      return
    }
    this.unasked += missing
    if (this.consumer === undefined) this.begin()
  }

  /**
   * Nothing more is taken: cancels the subscription with this reason.
   *
   * Where there is none yet it subscribes for that: a producer whose last subscriber leaves may have a file to close, and
   * only the end of a subscription notifies it.
   */
  leave(reason: ExitReason): void {
    if (this.isOver) return
    this.isOver = true
    this.leaving = { reason }
    if (this.subscription !== undefined) this.subscription.cancel(reason)
    else if (this.consumer === undefined) this.begin()
  }

  /** Nothing more is taken, and the producer need not be notified: it is about to end. */
  close(): void {
    this.isOver = true
  }

  private begin(): void {
    const { producer } = this
    // What has ended already is not there to be monitored, but remembers why it ended.
    if (isReference(producer) && producer.process === undefined) {
      this.defer(() => this.finish(producer.cause?.root.reason))
      return
    }
    const definition = expectDefinition(defineStage(consumerKind, this.callbacks()))
    const { reference, started } = launchProcess(definition, this.runtime)
    this.consumer = reference
    started.catch((error: unknown) => this.finish(error))
  }

  private callbacks(): ConsumerCallbacks<unknown> {
    return {
      subscribeTo: [this.source as Source<unknown>],
      handleSubscribe: (_role, _options, from) => {
        this.subscription = from
        // Not by ending: a producer ignores the request of a consumer that has ended before it is handled.
        if (this.leaving !== undefined) from.cancel(this.leaving.reason)
        else from.ask(this.unasked)
        return 'manual'
      },
      handleEvents: (events) => this.defer(() => this.accept(events)),
      handleCancel: (reason: CancelReason, from) => {
        const cause = SubscriptionHandle.producerOf(from as SubscriptionHandle)?.cause
        // Of a producer that was shut down for another one's failure, that failure counts.
        const why = 'down' in reason ? (cause?.root.reason ?? reason.down) : reason.cancel
        this.defer(() => this.finish(why))
        return { stop: 'normal' }
      },
    }
  }

  private accept(events: readonly unknown[]): void {
    for (const [index, event] of events.entries()) {
      // The face may want more in the middle of it, or leave.
      if (this.isOver) {
        this.dropped += events.length - index
        return
      }
      this.pending--
      this.face.accept(event)
    }
  }

  private reportDropped(): void {
    const { dropped, operation, consumer, runtime } = this
    if (dropped === 0) return
    runtime.log('warn', `${operation} dropped ${dropped} events that came after the stream had been left`, {
      process: consumer?.id,
      dropped,
    })
  }

  private finish(reason: ExitReason): void {
    this.reportDropped()
    if (this.isOver) return
    this.isOver = true
    const { producer } = this
    const target = isReference(producer) ? producer : undefined
    const error = errorOf(reason, this.operation, target?.label ?? 'its producer')
    if (error === undefined || this.bearsFailures) this.face.end()
    else this.face.fail(error)
  }
}

/**
 * Gives up a producer that was to be subscribed to later, as if its subscriber had left.
 *
 * @param operation What to call it in a message.
 */
export function giveUp(operation: string, source: Source<unknown>, reason: ExitReason): void {
  new Outlet(operation, source, { accept() {}, end() {}, fail() {} }).leave(reason)
}
