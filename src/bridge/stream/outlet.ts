import { eventCount } from '../../base/event-count.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { isReference, type ProcessReference } from '../../process/reference.ts'
import type { ProcessRuntime } from '../../process/runtime.ts'
import { expectDefinition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import { consumerKind, defineStage } from '../../stage/definition/define-stage.ts'
import { requestFromSource } from '../../stage/subscription/subscribe-request.ts'
import { SubscriptionHandle } from '../../stage/subscription/subscription-handle.ts'
import type { ConsumerCallbacks } from '../../stage/types/callbacks.ts'
import type { CancelReason } from '../../stage/types/results.ts'
import type { Source } from '../../stage/types/source.ts'
import type { Subscription } from '../../stage/types/subscription.ts'
import { errorOf } from '../errors.ts'
import { makeDefer } from '../make-defer.ts'
import { producerOf, runtimeOf } from '../producer-of.ts'

/**
 * Receives the events that an outlet takes out of a stage.
 *
 * Called in microtasks, never in a stage's turn, because users' code may run in it and throw.
 */
export interface OutletListener {
  accept(event: unknown): void
  /** No more events will come: the producer has exited cleanly. */
  end(): void
  /** No more events will come: the producer has failed. */
  fail(error: Error): void
}

/**
 * Takes events out of a stage as they are wanted: the consumer that a readable stream gets its events from.
 *
 * It subscribes when an event is first wanted, in manual mode, and asks for exactly as many as are wanted. It has no
 * links; it notifies its listener of how the producer exits.
 */
export class Outlet {
  private readonly operation: string
  private readonly source: unknown
  private readonly producer: unknown
  private readonly ignoresFailures: boolean
  private readonly runtime: ProcessRuntime
  private readonly listener: OutletListener
  private readonly defer: (run: () => void) => void = makeDefer()
  /** Undefined until an event is wanted. */
  private consumer: ProcessReference | undefined
  private subscription: Subscription | undefined
  /** How many events are wanted that the listener has not accepted yet. */
  private pending = 0
  /** How many of them are to be asked for once it has subscribed. */
  private unasked = 0
  private isOver = false
  /** How many events came after the end. */
  private dropped = 0
  /** Why it was cancelled; undefined unless it was. */
  private cancellation: { readonly reason: ExitReason } | undefined

  /**
   * @param operation Its name in messages.
   * @throws {TypeError | RangeError} If `source` is not a producer, or was given with wrong options.
   */
  constructor(operation: string, source: Source<unknown>, listener: OutletListener) {
    const producer = producerOf(source)
    this.operation = operation
    this.source = source
    this.producer = producer
    this.runtime = runtimeOf(producer)
    this.ignoresFailures = requestFromSource(this.runtime, source).options.cancel === 'temporary'
    this.listener = listener
  }

  /** Whether it has subscribed, or is about to; then it is notified of how the producer exits. */
  get hasBegun(): boolean {
    return this.consumer !== undefined
  }

  /** Asks for more events, so that `count` are on their way. */
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
   * Accepts no more events, and cancels the subscription with this reason.
   *
   * If there is no subscription yet, it subscribes first: the producer may have a file to close when its last subscriber
   * is cancelled, and nothing else notifies it.
   */
  cancel(reason: ExitReason): void {
    if (this.isOver) return
    this.isOver = true
    this.cancellation = { reason }
    if (this.subscription !== undefined) this.subscription.cancel(reason)
    else if (this.consumer === undefined) this.begin()
  }

  /** Accepts no more events, without notifying the producer, which is about to exit. */
  close(): void {
    this.isOver = true
  }

  private begin(): void {
    const { producer } = this
    // A producer that has exited cannot be subscribed to, but its reference has the reason.
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
        // Not by an exit: a producer ignores the request of a consumer that has exited before it is handled.
        if (this.cancellation !== undefined) from.cancel(this.cancellation.reason)
        else from.ask(this.unasked)
        return 'manual'
      },
      handleEvents: (events) => this.defer(() => this.accept(events)),
      handleCancel: (reason: CancelReason, from) => {
        const cause = SubscriptionHandle.producerOf(from as SubscriptionHandle)?.cause
        // If the producer was shut down because of another failure, that failure is reported.
        const exitReason = 'down' in reason ? (cause?.root.reason ?? reason.down) : reason.cancel
        this.defer(() => this.finish(exitReason))
        return { stop: 'normal' }
      },
    }
  }

  private accept(events: readonly unknown[]): void {
    for (const [index, event] of events.entries()) {
      // The listener may want more or cancel while it accepts an event.
      if (this.isOver) {
        this.dropped += events.length - index
        return
      }
      this.pending--
      this.listener.accept(event)
    }
  }

  private reportDropped(): void {
    const { dropped, operation, consumer, runtime } = this
    if (dropped === 0) return
    runtime.log('warn', `${operation} dropped ${eventCount(dropped)}: they came after the stream had been closed`, {
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
    if (error === undefined || this.ignoresFailures) this.listener.end()
    else this.listener.fail(error)
  }
}

/**
 * Releases a producer that no stage will subscribe to, as if its last subscriber had been cancelled.
 *
 * @param operation The name of the stage in messages.
 */
export function releaseSource(operation: string, source: Source<unknown>, reason: ExitReason): void {
  new Outlet(operation, source, { accept() {}, end() {}, fail() {} }).cancel(reason)
}
