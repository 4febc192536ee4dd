import { quote } from '../../base/quote.ts'
import type { Dispatcher, Subscriber } from '../../dispatcher/dispatcher.ts'
import { type SeededRandom, seededRandom } from '../seeded-random.ts'
import { ContractViolation } from './contract-violation.ts'
import type { ValidContract } from './dispatcher-contract.ts'
import { DispatcherLedger, type Member } from './dispatcher-ledger.ts'
import { type FullServed, isCount, readDispatched, readServed, readSubscribed } from './dispatcher-results.ts'

/** How many things happen in a trial before the end, at which all ask for more than there is. */
const STEPS = 80
/** What anyone asks for, or emits, at a time is mostly no more than this. */
const FEW = 12
/** What anyone asks for now and then. */
const MANY = 1_000
/** The most that is emitted at a time. */
const LONGEST_BATCH = 40
/** More than a trial can ever come to. */
const PLENTY = 1_000_000
/** So many of the last steps a message tells. */
const TOLD = 20

/**
 * Puts a dispatcher through one random sequence of what a stage does with it. The part of the stage is played here, with
 * its buffer, and with a producer that emits what is asked for, or less, or more.
 */
export class DispatcherRun {
  private readonly contract: ValidContract
  private readonly seed: number
  private readonly random: SeededRandom
  private readonly ledger: DispatcherLedger
  private dispatcher!: Dispatcher<unknown, unknown>
  private subscriptions = 0
  private emitted = 0
  /** The numbers of the events in the stage's buffer. */
  private buffer: number[] = []
  /** All that subscribers have asked for, and all that the dispatcher has passed on of it. */
  private asked = 0
  private passedOn = 0
  /** Whether the producer answers demand. */
  private emits = true
  /** Demand that is to be asked for again, as its subscribers did not want what they would have got for it. */
  private unwanted: { readonly member: Member; readonly count: number }[] = []
  /** Infos that the dispatcher holds back; by each, the numbers of the events that it is to come behind. */
  private readonly infos = new Map<unknown, readonly number[]>()
  private readonly history: string[] = []

  constructor(contract: ValidContract, seed: number) {
    this.contract = contract
    this.seed = seed
    this.random = seededRandom(seed)
    this.ledger = new DispatcherLedger(contract)
  }

  /** Plays the sequence; answers which rule the dispatcher broke first, if any. */
  run(): ContractViolation | undefined {
    try {
      this.dispatcher = this.call('make', () => this.contract.make())
      if (this.contract.make() === this.dispatcher)
        throw new ContractViolation('fresh', 'make answered the same one twice')
      for (let step = 0; step < STEPS; step++) {
        this.askAgain()
        this.happen()
        this.balance(false)
      }
      this.finish()
      this.begin()
      return undefined
    } catch (error) {
      if (!(error instanceof ContractViolation)) throw error
      const steps = this.history.slice(-TOLD).join(', ')
      return new ContractViolation(error.rule, `${error.message} (in run ${this.seed}, at the end of: ${steps})`)
    }
  }

  /** One thing that may happen to a dispatcher. */
  private happen(): void {
    const { random } = this
    const members = [...this.ledger.members.values()]
    const lot = random.below(16)
    if (lot < 3 || members.length === 0) this.subscribeOne()
    else if (lot < 9) this.ask(random.pick(members), random.below(20) === 0 ? MANY : 1 + random.below(FEW))
    else if (lot < 14) this.emit(1 + random.below(FEW))
    else if (lot < 15) this.info()
    // What comes behind events that were dropped cannot be checked: in half of the runs nobody goes.
    else if (this.seed % 2 === 0) this.cancel(random.pick(members))
  }

  /** All ask for more than there is: then everything must go out, and nothing be left. */
  private finish(): void {
    const { ledger } = this
    this.emits = false
    for (let place = 0; place < this.contract.subscribers; place++) this.subscribeOne()
    if (ledger.members.size === 0) {
      throw new TypeError('expected options to be such that the dispatcher accepts somebody, and it has refused all')
    }
    const before = this.passedOn
    for (const member of ledger.members.values()) this.ask(member, PLENTY)
    this.settle()
    // With `openDemand` the numbers that it returns are not used.
    if (this.passedOn === before && !((this.openDemand() ?? 0) > 0)) {
      throw new ContractViolation('demand', `it passed no demand on when all had asked for ${PLENTY} more`)
    }
    this.emit(FEW)
    this.settle()
    if (this.buffer.length > 0)
      throw new ContractViolation('due', `it left over ${this.buffer.length} events that all asked for`)
    if (!this.contract.broadcast && ledger.held > 0) {
      throw new ContractViolation(
        'due',
        `it holds ${ledger.held} events that all asked for, or for some has no subscriber`,
      )
    }
    this.balance(true)
    if (this.infos.size > 0)
      throw new ContractViolation('info', `it never answered ${this.infos.size} infos that it held back`)
    ledger.checkBatches()
  }

  /** All go, and somebody new comes, to whom nothing of what was belongs. */
  private begin(): void {
    for (const member of this.ledger.members.values()) this.cancel(member)
    this.emit(FEW)
    this.subscribeOne()
    this.emit(FEW)
    this.balance(false)
  }

  // ── What a stage does ─────────────────────────────────────────────────────────────────────────────────────────

  /** Somebody subscribes, in a place that is free, if there is one. */
  private subscribeOne(): void {
    const taken = new Set([...this.ledger.members.values()].map(({ place }) => place))
    const free = Array.from({ length: this.contract.subscribers }, (_, place) => place).filter((it) => !taken.has(it))
    if (free.length === 0) return
    const place = this.random.pick(free)
    const name = ++this.subscriptions
    const subscriber: Subscriber = { tag: `subscriber ${name}`, consumer: `consumer ${name}` }
    const options = this.contract.options(place)
    const result = this.call(`subscribe(${name} in place ${place})`, () =>
      this.dispatcher.subscribe(subscriber, options),
    )
    const demand = readSubscribed(result)
    if (demand === undefined) {
      this.carryOut(
        this.call(`cancel(${name}, refused)`, () => this.dispatcher.cancel(subscriber)),
        'cancel',
      )
      return
    }
    this.ledger.members.set(subscriber, { subscriber, place, open: 0, last: 0, got: new Set(), due: 0 })
    this.serve(demand)
  }

  private ask(member: Member, demand: number): void {
    const { subscriber } = member
    member.open += demand
    this.asked += demand
    this.carryOut(
      this.call(`ask(${subscriber.tag}, ${demand})`, () => this.dispatcher.ask(subscriber, demand)),
      'ask',
    )
  }

  /** Asks anew for what was unwanted, which a stage does by a message to itself. */
  private askAgain(): void {
    const due = this.unwanted
    this.unwanted = []
    for (const { member, count } of due) {
      if (count > 0 && this.ledger.members.has(member.subscriber)) this.ask(member, count)
    }
  }

  /** Asks anew until there is nothing that was unwanted; a dispatcher that goes on for ever is left alone. */
  private settle(): void {
    for (let round = 0; round < STEPS && this.unwanted.length > 0; round++) this.askAgain()
  }

  private cancel({ subscriber }: Member): void {
    this.ledger.members.delete(subscriber)
    this.carryOut(
      this.call(`cancel(${subscriber.tag})`, () => this.dispatcher.cancel(subscriber)),
      'cancel',
    )
  }

  private emit(count: number): void {
    const numbers = Array.from({ length: count }, () => this.emitted++)
    if (this.buffer.length === 0) this.buffer = this.dispatch(numbers)
    else {
      this.buffer.push(...numbers)
      this.dispatchBuffered()
    }
  }

  private info(): void {
    const held = this.queuedCount() ?? 0
    const message = { info: this.emitted }
    if (this.dispatcher.queueInfo === undefined) {
      if (held > 0)
        throw new ContractViolation('info', `it holds ${held} events, and has no queueInfo to keep infos behind them`)
      return
    }
    const behind = this.ledger.heldNumbers()
    const isHeld: unknown = this.call('queueInfo', () => this.dispatcher.queueInfo?.(message))
    if (typeof isHeld !== 'boolean') throw new ContractViolation('form', `queueInfo answered ${quote(isHeld)}`)
    if (isHeld) this.infos.set(message, behind)
    else if (held > 0) throw new ContractViolation('info', `it let an info pass while it held ${held} events`)
  }

  /** Does what an answer to `ask` or `cancel` says. */
  private carryOut(result: unknown, from: string): void {
    const { demand, deliveries, infos, discarded }: FullServed = readServed(result, from)
    this.ledger.deliver(deliveries)
    this.ledger.dropped += discarded
    for (const info of infos) this.release(info)
    this.serve(demand)
  }

  private release(info: unknown): void {
    const behind = this.infos.get(info)
    if (behind === undefined)
      throw new ContractViolation('info', `it answered ${quote(info)}, which it did not hold, or no more`)
    if (!this.ledger.areGone(behind))
      throw new ContractViolation('info', 'it answered an info before events that it held by then')
    this.infos.delete(info)
  }

  /** Meets demand from the buffer, and lets the producer answer the rest. */
  private serve(demand: number): void {
    this.passedOn += demand
    const most = this.asked + this.ledger.dropped
    if (this.passedOn > most)
      throw new ContractViolation('demand', `it has passed on ${this.passedOn}, and was asked for ${most}`)
    const unmet = demand - this.dispatchBuffered()
    if (unmet > 0 && this.emits) this.emit(Math.min(this.appetiteFor(unmet), LONGEST_BATCH))
  }

  /** Dispatches what is buffered, and puts what is left over back to the front; returns how many events were taken. */
  private dispatchBuffered(): number {
    let count = 0
    for (;;) {
      const most = Math.min(this.openDemand() ?? this.ledger.open, LONGEST_BATCH)
      const taken = this.buffer.splice(0, most)
      if (taken.length === 0) return count
      const left = this.dispatch(taken)
      count += taken.length - left.length
      this.buffer.unshift(...left)
      if (left.length > 0) return count
    }
  }

  private openDemand(): number | undefined {
    if (this.dispatcher.openDemand === undefined) return undefined
    const open: unknown = this.call('openDemand', () => this.dispatcher.openDemand?.())
    if (isCount(open)) return open
    throw new ContractViolation('demand', `openDemand answered ${quote(open)}`)
  }

  private appetiteFor(demand: number): number {
    const { random } = this
    return random.pick([demand, demand, demand, 0, random.below(demand), demand + random.below(FEW)])
  }

  /** Dispatches events; returns the numbers of those that are left over. */
  private dispatch(numbers: readonly number[]): number[] {
    if (numbers.length === 0) return []
    const open = this.openDemand()
    const batch = this.ledger.give(numbers)
    const copy = [...batch]
    const name = `dispatch(${numbers.length} events from ${numbers[0]})`
    const result: unknown = this.call(name, () => this.dispatcher.dispatch(batch))
    if (batch.length !== copy.length || !batch.every((event, index) => Object.is(event, copy[index]))) {
      throw new ContractViolation(
        'batch',
        `it changed the batch ${quote(copy)}, which it was given, to ${quote(batch)}`,
      )
    }
    const { deliveries, leftover, returnedDemand, filtered } = readDispatched(result)
    const left = this.ledger.leave(leftover, numbers)
    const kept = new Set(left)
    this.ledger.take(numbers.filter((number) => !kept.has(number)))
    this.ledger.deliver(deliveries)
    for (const [subscriber, count] of returnedDemand) {
      this.unwanted.push({ member: this.ledger.spurn(subscriber, count), count })
    }
    const wanted = numbers.length - filtered
    if (open !== undefined && wanted - left.length !== Math.min(open, wanted)) {
      const taken = `took ${wanted - left.length} of ${wanted} events`
      throw new ContractViolation('demand', `it ${taken}, after openDemand had answered ${open}`)
    }
    return left
  }

  private balance(isEnd: boolean): void {
    this.ledger.balance(this.queuedCount(), isEnd)
  }

  private queuedCount(): number | undefined {
    const count: unknown = this.dispatcher.queuedCount?.()
    if (count === undefined || isCount(count)) return count
    throw new ContractViolation('form', `queuedCount answered ${quote(count)}`)
  }

  /** Calls the dispatcher, and notes that it did. */
  private call<Answer>(name: string, run: () => Answer): Answer {
    this.history.push(name)
    try {
      return run()
    } catch (error) {
      throw new ContractViolation('form', `${name} threw ${quote(error)}`)
    }
  }
}
