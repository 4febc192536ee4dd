import { Ring } from '../../base/collections/ring.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { Process } from '../../process/process.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import { applyResult } from '../callback/apply-result.ts'
import type { Callback, CallbackTable } from '../callback/callback-table.ts'
import { runTimed } from '../callback/run-callback.ts'
import type { EmittingStage } from '../producing/emitting-stage.ts'
import { type EmittingOptions, ProducerHalf } from '../producing/producer-half.ts'
import type { ProducerSubscription } from '../producing/producer-subscription.ts'
import type { SubscribeRequest } from '../subscription/subscribe-request.ts'
import type { DemandMode } from '../types/references.ts'
import { replyToRead } from './reply-to-read.ts'
import { StageBehaviour } from './stage-behaviour.ts'
import type { StageMessage } from './stage-message.ts'

/** What a producer holds back while it accumulates: demand, or events. */
type HeldBack = { readonly demand: number } | { readonly events: readonly unknown[] }

/** What decides how a producer emits. */
interface ProducerOptions extends EmittingOptions {
  readonly demand: DemandMode
}

/** A stage that emits events when there is demand. */
export class ProducerStage extends StageBehaviour implements EmittingStage {
  readonly defaultRule = 'events or nothing'
  private readonly half: ProducerHalf
  private readonly handleDemand: Callback
  /** Demand in `accumulated` and `replaying`. */
  private heldDemand = 0
  /** Demand and events in the order in which they arrived; undefined in mode `'forward'`. */
  private accumulated: HeldBack[] | undefined
  /** What is being replayed, the next entry first. Empty except during a replay. */
  private readonly replaying = new Ring<HeldBack>()

  constructor(process: Process, callbacks: object, callbackTable: CallbackTable, options: ProducerOptions) {
    super(process, callbacks, callbackTable)
    this.half = new ProducerHalf(this, options)
    this.handleDemand = callbackTable.handleDemand as Callback
    this.accumulated = options.demand === 'accumulate' ? [] : undefined
  }

  init(): Progress {
    return 'done'
  }

  /** Receives asks; its records are its subscribers. */
  receiveDirect(target: object, body: unknown): Progress {
    return this.half.onDirectAsk(target as ProducerSubscription, body as number)
  }

  override receive(message: StageMessage): Progress {
    switch (message.kind) {
      case 'ask':
      case 'ask-again':
        return this.half.onAsk(message)
      default:
        return this.receiveControl(message)
    }
  }

  /** Receives what is rare: `receive` stays small enough to be inlined. */
  private receiveControl(message: StageMessage): Progress {
    switch (message.kind) {
      case 'subscribe':
        return this.half.subscribers.onSubscribe(message)
      case 'cancel':
        return this.half.subscribers.onCancel(message)
      case 'subscriber-down':
        return this.half.subscribers.onDown(message.body)
      case 'subscribe-call':
        return this.failSubscribe(message.body.argument, message.body.call)
      case 'subscribe-self':
        return this.failSubscribe(message.body, undefined)
      case 'set-demand-mode':
        return this.setDemandMode(message.body)
      default:
        return replyToRead(this.half, this.demandMode, message) ? 'done' : super.receive(message)
    }
  }

  /** Meets demand from the buffer first, and calls `handleDemand` for the rest. */
  onDemand(): Progress {
    const { half } = this
    if (this.accumulated !== undefined) {
      const demand = half.unaskedDemand - this.heldDemand
      if (demand > 0) {
        this.heldDemand += demand
        this.accumulated.push({ demand })
      }
      return 'done'
    }
    this.dispatchBuffered()
    if (this.isDraining) return this.stopIfDone()
    const demand = half.unaskedDemand - this.heldDemand
    return demand > 0 ? this.callHandleDemand(demand) : 'done'
  }

  private dispatchBuffered(): void {
    const count = this.half.dispatchBuffered()
    if (count > 0) this.process.useBudget(count)
  }

  /** Asks user code for events. */
  private callHandleDemand(demand: number): Progress {
    this.half.outstanding.add(demand)
    const { process } = this
    process.callback = 'handleDemand'
    const { hasListeners } = process.runtime.telemetry
    const result = hasListeners ? this.timedHandleDemand(demand) : this.handleDemand.call(this.callbacks, demand)
    if (Array.isArray(result) && result.length > 0) return this.emitAll(result)
    return applyResult(this, 'handleDemand', result, 'events')
  }

  private timedHandleDemand(demand: number): unknown {
    const { process, callbacks } = this
    const { telemetry } = process.runtime
    if (!telemetry.hasListener('demand.handled')) return this.handleDemand.call(callbacks, demand)
    const { identity: stage } = process
    return runTimed(
      process,
      () => this.handleDemand.call(callbacks, demand),
      (duration, error) => telemetry.execute('demand.handled', { demand, duration }, { producer: stage, error }),
    )
  }

  protected emit(events: readonly unknown[]): void {
    if (this.accumulated !== undefined) this.accumulated.push({ events })
    else this.half.dispatch(events)
    this.process.useBudget(events.length)
  }

  protected emitsInPieces(count: number): boolean {
    return this.accumulated === undefined && this.half.dispatchesInPieces(count)
  }

  get demandMode(): DemandMode {
    return this.accumulated === undefined ? 'forward' : 'accumulate'
  }

  private setDemandMode(mode: DemandMode): Progress {
    if (mode === 'accumulate') {
      this.accumulated ??= []
      return 'done'
    }
    this.replaying.pushAll(this.accumulated ?? [])
    // Before the replay: what the replay itself emits and asks for must not be held back again.
    this.accumulated = undefined
    this.dispatchBuffered()
    return this.replay()
  }

  private replay(): Progress {
    for (let entry = this.replaying.shift(); entry !== undefined; entry = this.replaying.shift()) {
      const progress = 'events' in entry ? this.emitAll(entry.events) : this.askHeld(entry.demand)
      if (progress !== 'done') return this.process.afterwards(progress, () => this.replay())
      if (this.process.useBudget(0)) return this.process.yield(() => this.replay())
    }
    return this.onDemand()
  }

  /** Asks for demand that was held back. */
  private askHeld(demand: number): Progress {
    this.heldDemand -= demand
    // If events are left in the buffer, more were emitted than was asked for: they have met this demand.
    return this.half.bufferedCount > 0 || this.isDraining ? 'done' : this.callHandleDemand(demand)
  }

  protected override startDraining(): Progress {
    // Events that were held back are emitted first; demand that was held back asks for nothing new.
    this.isDraining = true
    return this.process.afterwards(this.setDemandMode('forward'), () => this.stopIfDone())
  }

  protected isDone(): boolean {
    return this.half.queuedCount === 0 && this.replaying.length === 0
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return { ...this.half.remainingEvents(), accumulated: this.countAccumulated(), unemitted: this.unemitted }
  }

  private countAccumulated(): number {
    const { accumulated = [], replaying } = this
    let count = 0
    for (const entry of accumulated) count += eventsIn(entry)
    for (let index = 0; index < replaying.length; index++) count += eventsIn(replaying.at(index) as HeldBack)
    return count
  }

  keepDemandTime(now: number): void {
    this.half.outstanding.keepTime(now)
  }

  inspect(): Inspection {
    return { isBlocked: false, producing: this.half.inspect(this.demandMode, this.countAccumulated()) }
  }

  protected queueInfo(message: unknown): void {
    this.half.queueInfo(message)
  }

  /** Reached by the context of a stage only, where types are ignored: a reference to a producer has no `subscribe`. */
  private failSubscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress {
    const { process } = this
    const error = new TypeError(`expected a stage that handles events to subscribe, got ${process.label}`)
    if (call !== undefined) call.fail(error)
    else process.runtime.log('error', error.message, { process: process.id, tag: request.tag })
    return 'done'
  }
}

function eventsIn(entry: HeldBack): number {
  return 'events' in entry ? entry.events.length : 0
}
