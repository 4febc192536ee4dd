import { eventCount } from '../../base/event-count.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { Process } from '../../process/process.ts'
import type { AnyStage } from '../callback/any-stage.ts'
import { applyResult } from '../callback/apply-result.ts'
import type { Callback } from '../callback/callback-table.ts'
import type { EmitRule } from '../callback/emit-rule.ts'
import { runTimed } from '../callback/run-callback.ts'
import { sendAsk } from '../protocol.ts'
import type { Subscription } from '../types/subscription.ts'
import type { DemandWindow } from './demand-window.ts'
import type { Upstream } from './upstream.ts'

/**
 * What a stage does with the events that are delivered to it: it splits each delivery into batches, passes them to
 * `handleEvents` one at a time, and asks for more after each.
 */
export class Batches {
  private readonly stage: AnyStage
  private readonly process: Process
  private readonly handleEvents: Callback
  /** What `handleEvents` may return. */
  private readonly rule: EmitRule
  /** Set when the stage is about to exit and must not ask for more. */
  isEmptying = false
  /** Events of the current delivery that are not handled yet: those of the batch being handled, and those after it. */
  handling = 0
  /** Total of events whose handling has begun. */
  handled = 0
  /** Total of batches whose handling has begun. */
  count = 0
  /** When it last began to handle a batch, by the cached clock; `NaN` if it never has. */
  lastHandled: number = Number.NaN
  /** Set while the promise of a batch is pending that was a whole delivery: its subscription. */
  private awaited: Upstream | undefined
  /** How much to ask for after that batch, and its size. */
  private awaitedAsk = 0
  private awaitedSize = 0

  constructor(stage: AnyStage, rule: EmitRule) {
    this.stage = stage
    this.process = stage.process
    this.handleEvents = stage.callbackTable.handleEvents as Callback
    this.rule = rule
  }

  /** Handles a delivery, batch by batch, and asks for more after each. */
  handle(upstream: Upstream, events: readonly unknown[]): Progress {
    const { window } = upstream
    const { length } = events
    if (window === undefined) return this.handleWithoutDemand(upstream.handle, events)
    this.handling = length
    if (!window.takeWhole(length)) return this.handleInParts(upstream, window, events)
    // The straight path: a delivery that is one batch, and a result that is no promise. It has few calls and no closures.
    const { ask } = window
    const result = this.callHandleEvents(upstream.handle, events)
    if (result === undefined || Array.isArray(result) || !isThenable(result)) {
      return this.afterSingleBatch(upstream, ask, length, result)
    }
    return this.awaitSingleBatch(upstream, ask, length, result)
  }

  private awaitSingleBatch(upstream: Upstream, ask: number, size: number, result: PromiseLike<unknown>): Progress {
    this.awaited = upstream
    this.awaitedAsk = ask
    this.awaitedSize = size
    return this.process.park(result, this.afterAwaited)
  }

  private readonly afterAwaited = (result: unknown): Progress => {
    const upstream = this.awaited as Upstream
    this.awaited = undefined
    return this.afterSingleBatch(upstream, this.awaitedAsk, this.awaitedSize, result)
  }

  private afterSingleBatch(upstream: Upstream, ask: number, size: number, result: unknown): Progress {
    const { process } = this
    this.handling -= size
    if (result !== undefined || this.rule === 'events') {
      const progress = applyResult(this.stage, 'handleEvents', result, this.rule)
      if (progress !== 'done') return this.askAfterwards(progress, upstream, ask)
    }
    if (process.isKilled) return 'stopped'
    this.ask(upstream, ask)
    process.useBudget(size)
    return 'done'
  }

  private askAfterwards(progress: Progress, upstream: Upstream, ask: number): Progress {
    return this.process.afterwards(progress, () => {
      this.ask(upstream, ask)
      return 'done'
    })
  }

  private handleInParts(upstream: Upstream, window: DemandWindow, events: readonly unknown[]): Progress {
    window.begin(events.length)
    if (window.excess > 0) this.reportExcess(upstream, window.excess)
    return this.handleBatches(upstream, window, events, 0)
  }

  /** Handles a delivery from `start` on. An array that is exactly one batch is passed on as it is. */
  private handleBatches(upstream: Upstream, window: DemandWindow, events: readonly unknown[], start: number): Progress {
    const { process } = this
    let next = start
    while (next < events.length) {
      const size = window.next()
      const { ask } = window
      const batch = size === events.length ? events : events.slice(next, next + size)
      next += size
      const progress = this.handleBatch(upstream.handle, batch)
      if (progress !== 'done') {
        return process.afterwards(progress, () => {
          this.ask(upstream, ask)
          return this.handleBatches(upstream, window, events, next)
        })
      }
      // The callback has ended its own process. The rest of the delivery stays in `handling`, where it is counted.
      if (process.isKilled) return 'stopped'
      this.ask(upstream, ask)
      if (process.useBudget(size) && next < events.length) {
        return process.yield(() => this.handleBatches(upstream, window, events, next))
      }
    }
    return 'done'
  }

  /** Handles a delivery as one batch without asking for more: in manual mode, and after its subscription has ended. */
  handleWithoutDemand(handle: Subscription, events: readonly unknown[]): Progress {
    this.handling = events.length
    return this.handleBatch(handle, events)
  }

  private handleBatch(handle: Subscription, batch: readonly unknown[]): Progress {
    const result = this.callHandleEvents(handle, batch)
    if (!isThenable(result)) return this.afterBatch(batch.length, result)
    return this.process.park(result, (value) => this.afterBatch(batch.length, value))
  }

  /** Calls user code. */
  private callHandleEvents(handle: Subscription, batch: readonly unknown[]): unknown {
    const { process } = this
    const { runtime } = process
    if (runtime.freezesBatches) Object.freeze(batch)
    process.callback = 'handleEvents'
    this.handled += batch.length
    this.count++
    this.lastHandled = runtime.scheduler.cachedNow()
    if (runtime.telemetry.hasListeners) return this.timedHandleEvents(handle, batch)
    return this.handleEvents.call(this.stage.callbacks, batch, handle)
  }

  private timedHandleEvents(handle: Subscription, batch: readonly unknown[]): unknown {
    const { process } = this
    const { callbacks } = this.stage
    const { telemetry } = process.runtime
    if (!telemetry.hasListener('batch.handled')) return this.handleEvents.call(callbacks, batch, handle)
    const { identity: consumer } = process
    return runTimed(
      process,
      () => this.handleEvents.call(callbacks, batch, handle),
      (duration, error) => {
        const metadata = { consumer, tag: handle.tag, events: batch, error }
        telemetry.execute('batch.handled', { size: batch.length, duration }, metadata)
      },
    )
  }

  private afterBatch(size: number, result: unknown): Progress {
    this.handling -= size
    return applyResult(this.stage, 'handleEvents', result, this.rule)
  }

  private ask({ producer, handle, record }: Upstream, demand: number): void {
    if (demand === 0 || this.isEmptying) return
    sendAsk(producer, handle.tag, this.process.reference, demand, record)
  }

  /** An event is handled by itself: counts it. */
  noteBegun(): void {
    this.handled++
    this.count++
    this.lastHandled = this.process.runtime.scheduler.cachedNow()
  }

  /** Notes how many of `count` events that are not handled yet were not asked for. */
  noteExcess(upstream: Upstream, count: number): void {
    if (upstream.window === undefined) return
    const excess = count - upstream.excess - upstream.window.pending
    if (excess <= 0) return
    upstream.excess += excess
    this.reportExcess(upstream, excess)
  }

  /** An event that was handled by itself is done: asks for more when few enough are outstanding. */
  release(upstream: Upstream): void {
    if (upstream.window === undefined) return
    if (upstream.excess > 0) upstream.excess--
    else this.ask(upstream, upstream.window.release())
  }

  private reportExcess(upstream: Upstream, excess: number): void {
    const { process } = this
    process.runtime.log('error', `${process.label} received ${eventCount(excess)} more than it asked for`, {
      process: process.id,
      producer: upstream.producer.id,
      excess,
    })
  }
}
