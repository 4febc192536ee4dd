import { Ring } from '../../base/ring.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { Message } from '../../process/message.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import { applyResult } from '../callback/apply-result.ts'
import type { Callback, CallbackTable } from '../callback/callback-table.ts'
import { runTimed } from '../callback/timed-callback.ts'
import type { SubscribeRequest } from '../consuming/consumer-half.ts'
import { type EmittingOptions, type EmittingStage, ProducerHalf } from '../producing/producer-half.ts'
import type { AskMessage, CancelMessage, SubscribeMessage } from '../protocol.ts'
import type { DemandMode } from '../types/references.ts'
import { StageBehaviour } from './stage-behaviour.ts'

/** What a producer holds back while it accumulates: demand, or events. */
type HeldBack = { readonly demand: number } | { readonly events: readonly unknown[] }

/** What decides how a producer emits. */
interface ProducerOptions extends EmittingOptions {
  readonly demand: DemandMode
}

/** A stage that emits events when asked. */
export class ProducerStage extends StageBehaviour implements EmittingStage {
  readonly defaultRule = 'events or nothing'
  private readonly half: ProducerHalf
  private readonly demanded: Callback
  /** Demand among `accumulated` and `replaying`. */
  private heldDemand = 0
  /** Demand and events in the order in which they came; undefined in mode `forward`. */
  private accumulated: HeldBack[] | undefined
  /** What is being replayed, the next one first. Empty but while a replay is under way. */
  private readonly replaying = new Ring<HeldBack>()

  constructor(process: Process, callbacks: object, members: CallbackTable, options: ProducerOptions) {
    super(process, callbacks, members)
    this.half = new ProducerHalf(this, options)
    this.demanded = members.handleDemand as Callback
    this.accumulated = options.demand === 'accumulate' ? [] : undefined
  }

  begin(): Progress {
    return 'done'
  }

  /** Meets demand from the buffer first, and asks the user's code for the rest. */
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
    if (this.isFinishing) return this.stopIfDone()
    const demand = half.unaskedDemand - this.heldDemand
    return demand > 0 ? this.ask(demand) : 'done'
  }

  private dispatchBuffered(): void {
    const count = this.half.dispatchBuffered()
    if (count > 0) this.process.useBudget(count)
  }

  /** Asks the user's code for so many events. */
  private ask(demand: number): Progress {
    this.half.outstanding.add(demand)
    const { process } = this
    process.callback = 'handleDemand'
    const { hasListeners } = process.runtime.telemetry
    const result = hasListeners ? this.timedHandleDemand(demand) : this.demanded.call(this.callbacks, demand)
    return applyResult(this, 'handleDemand', result, 'events')
  }

  private timedHandleDemand(demand: number): unknown {
    const { process, callbacks } = this
    const { telemetry } = process.runtime
    if (!telemetry.hasListener('demand.handled')) return this.demanded.call(callbacks, demand)
    const { identity: stage } = process
    return runTimed(
      process,
      () => this.demanded.call(callbacks, demand),
      (duration, error) => telemetry.execute('demand.handled', { demand, duration }, { producer: stage, error }),
    )
  }

  emit(events: readonly unknown[]): void {
    if (this.accumulated !== undefined) this.accumulated.push({ events })
    else this.half.dispatch(events)
    this.process.useBudget(events.length)
  }

  protected emitsInPieces(count: number): boolean {
    return this.accumulated === undefined && this.half.dispatchesInPieces(count)
  }

  demandMode(): DemandMode {
    return this.accumulated === undefined ? 'forward' : 'accumulate'
  }

  protected setDemandMode(mode: DemandMode): Progress {
    if (mode === 'accumulate') {
      this.accumulated ??= []
      return 'done'
    }
    this.replaying.pushAll(this.accumulated ?? [])
    // Forward already while what was held is replayed: what the replay itself brings about is not held again.
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

  /** Asks for what was held back. */
  private askHeld(demand: number): Progress {
    this.heldDemand -= demand
    // More came than was asked for before, if events are left in the buffer: they have met this demand.
    return this.half.bufferedCount > 0 || this.isFinishing ? 'done' : this.ask(demand)
  }

  protected override finish(): Progress {
    const { process } = this
    // What was held back goes out first; demand among it asks for nothing new any more.
    this.isFinishing = true
    const progress = this.setDemandMode('forward')
    return progress === 'done' ? this.stopIfDone() : process.afterwards(progress, () => this.stopIfDone())
  }

  protected isDone(): boolean {
    return this.half.queuedCount === 0 && this.replaying.length === 0
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return { ...this.half.held(), accumulated: this.countAccumulated(), unemitted: this.unemitted }
  }

  private countAccumulated(): number {
    const { accumulated = [], replaying } = this
    let count = 0
    for (const entry of accumulated) count += eventsIn(entry)
    for (let index = 0; index < replaying.length; index++) count += eventsIn(replaying.at(index) as HeldBack)
    return count
  }

  keepDemandTime(now: number): void {
    this.half.keepDemandTime(now)
  }

  inspect(): Inspection {
    return { isBlocked: false, producing: this.half.inspect(this.demandMode(), this.countAccumulated()) }
  }

  protected estimatedCount(): number {
    return this.half.estimatedCount
  }

  protected queueInfo(message: unknown): void {
    this.half.queueInfo(message)
  }

  protected onAsk(message: AskMessage): Progress {
    return this.half.ask(message)
  }

  protected onSubscribe(message: SubscribeMessage): Progress {
    return this.half.subscribe(message)
  }

  protected onCancel(message: CancelMessage): Progress {
    return this.half.onCancel(message)
  }

  protected onSubscriberDown(watch: ProcessMonitor): Progress {
    return this.half.onDown(watch)
  }

  // A producer handles no events.

  handleEvents(): never {
    throw new Error('a producer handles no events')
  }

  /** Only a producer-consumer's or consumer's reference has `subscribe`, so nobody gets here by the public API. */
  protected subscribe(request: SubscribeRequest, call: PendingCall | undefined): Progress {
    const { process } = this
    const error = new TypeError(`expected a stage that handles events to subscribe, got ${process.label}`)
    if (call !== undefined) call.fail(error)
    else process.runtime.log('error', error.message, { process: process.id, tag: request.tag })
    return 'done'
  }

  protected onEvents(message: Message): Progress {
    return this.rejectMessage(message)
  }

  protected onCancelled(message: Message): Progress {
    return this.rejectMessage(message)
  }

  protected onProducerDown(): Progress {
    return 'done'
  }
}

function eventsIn(entry: HeldBack): number {
  return 'events' in entry ? entry.events.length : 0
}
