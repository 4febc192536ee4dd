import type { Progress } from '../../process/behaviour.ts'
import type { EachInspection } from '../../telemetry/inspection.ts'
import { applyResult } from '../callback/apply-result.ts'
import type { Callback } from '../callback/callback-table.ts'
import type { EmitRule } from '../callback/emit-rule.ts'
import type { ConsumerHalf } from '../consuming/consumer-half.ts'
import type { HandlingStage } from '../consuming/handling-stage.ts'
import type { SubscriptionEnd } from '../consuming/subscription-end.ts'
import type { Upstream } from '../consuming/upstream.ts'
import type { Attempt } from './attempt.ts'
import { EachEngine } from './each-engine.ts'
import type { EachStage } from './each-stage.ts'
import type { ValidEachOptions } from './valid-each-options.ts'

/** A stage with `handleEvent`: what the handling of its events needs of it. */
export interface EachOwner extends HandlingStage {
  /** Whether another event may begin: the consumers of a producer-consumer have demand. */
  readonly hasDemand: boolean
  /** Whether the stage exits once its events are handled: it drains, or its producers have exited. */
  readonly isEnding: boolean
  /** Emits events if that needs no turn; otherwise does nothing and returns `false`. */
  emitAtOnce(events: readonly unknown[]): boolean
  /** Stops a stage that is ending, if nothing is left to do. */
  stopIfDrained(): Progress
}

/** What a stage with `handleEvent` does with its events: connects the engine with the consumer half of the stage. */
export class EachHandling implements EachStage {
  readonly process: EachOwner['process']
  private readonly owner: EachOwner
  private readonly half: ConsumerHalf
  private readonly rule: EmitRule
  private readonly callback: Callback
  private readonly engine: EachEngine

  /** @param rule Whether `handleEvent` must, or must not, return events. */
  constructor(owner: EachOwner, half: ConsumerHalf, rule: EmitRule, options: ValidEachOptions) {
    this.process = owner.process
    this.owner = owner
    this.half = half
    this.rule = rule
    this.callback = owner.callbackTable.handleEvent as Callback
    // A consumer has no results to order.
    this.engine = new EachEngine(this, rule === 'nothing' ? { ...options, ordered: false } : options)
  }

  /** How many events the stage has received and not handled. */
  get size(): number {
    return this.engine.size
  }

  /** Whether its events wait for nothing but demand. */
  get isBlocked(): boolean {
    return this.engine.isBlocked
  }

  inspect(): EachInspection {
    return this.engine.inspect()
  }

  /** A delivery has arrived. */
  deliver(upstream: Upstream, events: readonly unknown[]): Progress {
    this.half.batches.noteExcess(upstream, upstream.inEngine + events.length)
    return this.engine.add(upstream, events)
  }

  /** There is new demand. */
  onDemand(): Progress {
    return this.engine.fill()
  }

  /** The process has its turn that the engine requested. */
  onTurn(): Progress {
    return this.process.afterwards(this.engine.onTurn(), () =>
      this.owner.isEnding && this.size === 0 ? this.owner.stopIfDrained() : 'done',
    )
  }

  /** Runs an action after the events that arrived before the end of a subscription: of all of them, for the last one. */
  afterEventsOf({ upstream, isLast }: SubscriptionEnd, action: () => Progress): Progress {
    return this.engine.afterEvents(isLast ? undefined : upstream, action)
  }

  /** Runs an action after all events that have arrived. */
  afterAllEvents(action: () => Progress): Progress {
    return this.engine.afterEvents(undefined, action)
  }

  // ── What the engine calls ─────────────────────────────────────────────────────────────────────────────────────

  get hasDemand(): boolean {
    return this.owner.hasDemand
  }

  handleEvent(event: unknown, context: Attempt): unknown {
    return this.callback.call(this.owner.callbacks, event, context)
  }

  acceptResult(result: unknown): boolean {
    if (result === undefined) return this.rule === 'nothing'
    if (!Array.isArray(result)) return false
    return result.length === 0 || (this.rule !== 'nothing' && this.owner.emitAtOnce(result))
  }

  applyResult(result: unknown): Progress {
    return applyResult(this.owner, 'handleEvent', result, this.rule)
  }

  eventBegun(): void {
    this.half.batches.noteBegun()
  }

  /** Returns whether the engine needs a turn, because the stage may be done. */
  eventDone(upstream: Upstream): boolean {
    if (!upstream.hasEnded) this.half.batches.release(upstream)
    return this.engine.size === 0 && this.owner.isEnding
  }
}
