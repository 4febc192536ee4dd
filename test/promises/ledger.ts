import type { Logger } from 'genstage'
import { InjectedCrash, type TestRuntime } from 'genstage/testing'
import type { ProcessRuntime } from '../../src/process/runtime.ts'
import type { EmittingPlan } from './plan.ts'

/** An event of a test pipeline. Compared by identity. */
export interface Item {
  /** The id of the process that emitted it. */
  readonly emitter: string
  /** Its number among those that this process made, from 0 on. */
  readonly serial: number
  /** What partitions and the order per key go by; handed down from event to event. */
  readonly key: number
  /** Its place in the order of the source it descends from; handed down too. */
  readonly rank: number
}

/** Thrown by callbacks that are to fail; anything else that a stage dies of is a mistake of the library. */
export class PlannedCrash extends Error {
  override readonly name = 'PlannedCrash'
}

/** What is wrong, and which promise it breaks; `'library'` where the library has failed of itself. */
export interface Problem {
  readonly breaks: 'demand' | 'conservation' | 'order' | 'bounds' | 'library'
  readonly text: string
}

/** What an emitting process did with its events. */
export class Emitter {
  readonly id: string
  readonly label: string
  readonly dispatcher: EmittingPlan['dispatcher']
  /** Whether its dispatcher does not state its demand. */
  readonly isCustom: boolean
  /** Whether each event goes to one subscriber only. */
  readonly isExclusive: boolean
  /**
   * What receives its events in order, if a consumer subscribes twice: the consumer, each subscription, or each key.
   */
  readonly inOrderFor: 'consumer' | 'subscription' | 'key'
  /** What the library has taken: returned by a callback while the stage was alive. */
  readonly emitted = new Set<Item>()
  /** What a dispatcher has sent to a subscriber. */
  readonly handed = new Set<Item>()
  /** What a broadcast has discarded because no selector accepted it. */
  unwanted = 0
  /** What the hash of a partition dispatcher has discarded. */
  readonly hashedAway = new Set<Item>()
  /** Whether it accumulates. Events for new demand may then come between those that were held back. */
  accumulates: boolean
  /** What it has emitted on request. */
  readonly bursts = new Set<Item>()
  /** Demand that a producer has not met yet; 0 if that is unknown. */
  left = 0
  /** The result of a promise that has settled; whether the library has taken it is known only later. */
  private returned: readonly Item[] = []
  /** What the dispatcher has been given. */
  private readonly dispatched = new Set<Item>()
  /** What the hash has thrown away in a dispatch that is not over. */
  private hashingAway: Item[] = []
  /** What was reported to `formatDiscarded`; undefined if the stage has none. */
  reportedDiscarded: number | undefined
  /** Of that, what it let the library log. */
  allowedDiscarded = 0
  /** What was logged as discarded from the buffer. */
  loggedDiscarded = 0
  /** What was logged as dropped with the subscriber of a partition. */
  droppedWithSubscriber = 0
  /** What `handleDemand` was asked for. */
  demanded = 0
  /** The demand of all its subscribers, and what their dispatcher has asked for again on their behalf. */
  asked = 0
  /** The last event before an info that was handled: this event and all earlier ones have been emitted. */
  private settledUpTo = -1
  private serials = 0

  constructor(id: string, label: string, { dispatcher, isCustom }: EmittingPlan, accumulates: boolean) {
    this.id = id
    this.label = label
    this.dispatcher = dispatcher
    this.isCustom = isCustom
    this.accumulates = accumulates
    this.isExclusive = dispatcher !== 'broadcast'
    this.inOrderFor = ({ demand: 'consumer', broadcast: 'subscription', partition: 'key' } as const)[dispatcher]
  }

  make(key: number, rank?: number): Item {
    const serial = this.serials++
    return Object.freeze({ emitter: this.id, serial, key, rank: rank ?? serial })
  }

  emit(items: readonly Item[]): void {
    for (const item of items) this.emitted.add(item)
  }

  /** A callback has returned events; `isKnown` if it returned no promise, so that they are taken. */
  result(items: readonly Item[], isKnown: boolean): void {
    this.settle()
    if (isKnown) this.emit(items)
    else this.returned = items
  }

  /** The stage continues: what was returned before has been taken. */
  settle(): void {
    this.emit(this.returned)
    this.returned = []
  }

  /** How many events it is not known of whether they were taken, as the stage has ended since. */
  get unsettled(): number {
    return this.returned.length
  }

  /** A dispatcher is given these events. Returns whether some come from the buffer, as it has seen them before. */
  beginDispatch(items: readonly Item[]): boolean {
    this.settle()
    this.emit(items)
    const before = this.dispatched.size
    for (const item of items) this.dispatched.add(item)
    return this.dispatched.size - before < items.length
  }

  /** A hash discards an event; that counts when the dispatch is over. */
  hashAway(item: Item): void {
    this.hashingAway.push(item)
  }

  endDispatch(): void {
    for (const item of this.hashingAway) this.hashedAway.add(item)
    this.hashingAway = []
  }

  /** Which events an info that is queued now has to wait for. */
  get placeOfInfo(): number {
    return this.serials - 1
  }

  /** An info that was queued at `place` is handled: all events before it must have been emitted. */
  reachInfo(place: number): void {
    this.settledUpTo = Math.max(this.settledUpTo, place)
  }

  /** Whether an event should have been emitted before an info that was handled. Accumulated events block no info. */
  isOverdue(item: Item): boolean {
    return !this.accumulates && item.serial <= this.settledUpTo
  }

  get discarded(): number {
    return this.reportedDiscarded ?? this.loggedDiscarded
  }
}

/** A subscription, as its producer's dispatcher and its consumer's callbacks see it. */
export class Account {
  readonly tag: string
  readonly emitter: Emitter
  readonly consumer: string
  readonly max: number
  readonly min: number
  readonly isManual: boolean
  /** What the dispatcher was asked for. */
  asked = 0
  /** Of that, what a test asked for although the stage asks by itself. */
  extra = 0
  /** What the dispatcher handed out, in order, while the consumer lived. */
  readonly delivered: Item[] = []
  /** How many of `delivered` the consumer's `handleEvents` was given. */
  seen = 0
  /** How many of those it is known to have handled. */
  handled = 0
  /** Whether the producer's side has ended it. */
  isOver = false

  constructor(tag: string, emitter: Emitter, consumer: string, options: SubscriptionFacts) {
    this.tag = tag
    this.emitter = emitter
    this.consumer = consumer
    this.max = options.maxDemand
    this.min = options.minDemand
    this.isManual = options.metadata.isManual
  }
}

/** What is known of a subscription from its options; test pipelines give all of them. */
export interface SubscriptionFacts {
  readonly maxDemand: number
  readonly minDemand: number
  readonly metadata: { readonly isManual: boolean }
}

/**
 * A batch that is being handled: `begun` until the callback has returned, `returned` from when its promise has settled
 * until the library is known to have seen that.
 */
interface Batch {
  readonly account: Account
  readonly size: number
  state: 'begun' | 'returned' | 'failed'
}

/** A process that handles events. */
export class Handler {
  readonly id: string
  readonly label: string
  /** Events that were put into its mailbox. */
  received = 0
  /** Events that its `handleEvents` was given. */
  seen = 0
  /** The last batch, unless it is known to be done with. */
  batch: Batch | undefined
  /** The last event it was given in each line of events that is to be in order. */
  private readonly last = new Map<string, number>()

  constructor(id: string, label: string) {
    this.id = id
    this.label = label
  }

  /** Whether it is given an event of `emitter` after one that was emitted later. */
  isOutOfOrder({ tag, emitter }: Account, item: Item): boolean {
    const { id, inOrderFor, accumulates, bursts } = emitter
    const receiver = { consumer: id, subscription: tag, key: `${id} ${item.key}` }[inOrderFor]
    const line = accumulates && bursts.has(item) ? `bursts of ${receiver}` : receiver
    const last = this.last.get(line) ?? -1
    this.last.set(line, Math.max(last, item.serial))
    return item.serial <= last
  }

  /** A callback runs: what was returned before has been taken. */
  settle(): void {
    const { batch } = this
    if (batch?.state !== 'returned') return
    batch.account.handled += batch.size
    this.batch = undefined
  }
}

/** What is logged without a request of the test. */
interface LogFacts {
  readonly process?: string
  readonly discarded?: number
  readonly excess?: number
  readonly remaining?: Readonly<Record<string, number>>
  readonly reason?: unknown
}

/**
 * Records what crosses the boundary of each stage of a pipeline: events that callbacks return, that a dispatcher
 * sends, that callbacks receive, and what is logged as dropped, or as held at an exit.
 *
 * `problems` grows as soon as something is wrong; `audit` adds up.
 */
export class Ledger {
  readonly emitters = new Map<string, Emitter>()
  readonly handlers = new Map<string, Handler>()
  readonly accounts = new Map<string, Account>()
  readonly problems: Problem[] = []
  /** By process: what it held when it ended, as it was logged. */
  readonly held = new Map<string, Readonly<Record<string, number>>>()
  /** Events that consumers reported to be in excess of what they asked for. */
  excess = 0
  /** How many callbacks have been called. */
  ticks = 0
  /** Processes whose next callback is to throw. */
  readonly failing = new Set<string>()
  /** Has its way whenever a callback is called. */
  onTick: (() => void) | undefined
  runtime: TestRuntime | undefined

  report(breaks: Problem['breaks'], text: string): void {
    this.problems.push({ breaks, text })
  }

  /** Call it in each callback: time, for a test pipeline, is counted in them. */
  tick(process: string): void {
    this.ticks++
    this.handlers.get(process)?.settle()
    this.emitters.get(process)?.settle()
    this.onTick?.()
  }

  /** Throws if the process was requested to fail. */
  failIfRequested(process: string): void {
    if (this.failing.delete(process)) throw new PlannedCrash(`planned crash of ${process}`)
  }

  isAlive(process: string): boolean {
    return booksOf(this.runtime as TestRuntime).processes.has(process)
  }

  /** A batch is handed to `handleEvents`. */
  begin(handler: Handler, tag: string, items: readonly Item[]): Batch {
    const account = this.accounts.get(tag)
    if (account === undefined) throw new Error(`${handler.label} was handed events under the unknown tag ${tag}`)
    const batch: Batch = { account, size: items.length, state: 'begun' }
    if (handler.batch !== undefined) this.report('library', `${handler.label} handles two batches at once`)
    handler.batch = batch
    if (items.length === 0) this.report('library', `${handler.label} was handed an empty batch`)
    const limit = account.max - account.min
    // A delivery of a subscription that has ended since is not split.
    const isOver = account.isOver || !this.isAlive(account.emitter.id)
    if (!account.isManual && items.length > limit && !isOver) {
      this.report('demand', `${handler.label} was handed ${items.length} events at once, and not ${limit} at most`)
    }
    for (const item of items) {
      if (handler.isOutOfOrder(account, item)) {
        this.report(
          'order',
          `${handler.label} was handed event ${item.serial} of ${account.emitter.label} out of order`,
        )
      }
      const expected = account.delivered[account.seen++]
      if (item !== expected) {
        const [got, due] = [item, expected].map((each) => (each === undefined ? 'nothing' : JSON.stringify(each)))
        this.report('conservation', `${handler.label} was handed ${got} under ${tag}, where ${due} was sent`)
        break
      }
    }
    handler.seen += items.length
    return batch
  }

  /** The callback has handled its batch; `isKnown` if it returned no promise, so that the library knows immediately. */
  finish(handler: Handler, batch: Batch, isKnown: boolean): void {
    if (handler.batch !== batch) return
    batch.state = 'returned'
    if (isKnown) handler.settle()
  }

  readonly logger: Logger = {
    debug: (message, facts) => this.read('debug', message, facts),
    info: (message, facts) => this.read('info', message, facts),
    warn: (message, facts) => this.read('warn', message, facts),
    error: (message, facts) => this.read('error', message, facts),
  }

  private read(level: string, message: string, facts: LogFacts): void {
    const emitter = this.emitters.get(facts.process ?? '')
    if (facts.discarded !== undefined && emitter !== undefined) {
      if (message.endsWith('buffer full')) emitter.loggedDiscarded += facts.discarded
      else emitter.droppedWithSubscriber += facts.discarded
    }
    if (facts.excess !== undefined) this.excess += facts.excess
    if (facts.remaining !== undefined) this.held.set(facts.process ?? '', facts.remaining)
    const { reason } = facts
    const isPlanned = reason instanceof PlannedCrash || reason instanceof InjectedCrash
    if (reason instanceof Error && !isPlanned && level !== 'info') {
      this.report('library', `${message}: ${reason.stack}`)
    }
  }
}

/** What a runtime keeps of its processes; users see it as leaks, or as nothing. */
export type Books = Pick<ProcessRuntime, 'processes' | 'names' | 'timers' | 'scheduler' | 'telemetry' | 'scope'>

export function booksOf(runtime: TestRuntime): Books {
  // The public type of a runtime has only its id, so its internals need a cast.
  return runtime as unknown as ProcessRuntime
}
