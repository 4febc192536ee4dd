import { quote } from '../../base/quote.ts'
import type { Dispatcher, Subscriber } from '../../dispatcher/dispatcher.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { ContractViolation } from './contract-violation.ts'
import { DispatcherLedger, type Member } from './dispatcher-ledger.ts'
import {
  type CompleteDemandResult,
  isCount,
  readDemandResult,
  readDispatched,
  readSubscribed,
} from './dispatcher-results.ts'
import type { ValidContract } from './valid-contract.ts'

/** The most that is emitted at a time. */
const LONGEST_BATCH = 40
/** What the producer emits beyond the demand is less than this. */
const MOST_EXCESS = 12
/** How often demand that was returned is asked again, at most. */
const MOST_ROUNDS = 80

/**
 * Calls a dispatcher as a stage would: with a buffer, and with a producer that emits what is asked for, or less, or more.
 * A {@link ContractViolation} is thrown as soon as the dispatcher breaks a rule.
 */
export class SimulatedStage {
  readonly ledger: DispatcherLedger
  /** What was called on the dispatcher, in order. */
  readonly history: string[] = []
  /** Whether the producer emits events on demand. */
  emits = true
  /** The numbers of the events in the stage's buffer. */
  buffer: number[] = []
  /** Total demand that the dispatcher has returned, to be added upstream. */
  addedUpstream = 0
  /** The infos that the dispatcher has queued, each with the numbers of the events that must come before it. */
  readonly infos: Map<unknown, readonly number[]> = new Map<unknown, readonly number[]>()
  private readonly contract: ValidContract
  private readonly random: SeededRandom
  private readonly dispatcher: Dispatcher<unknown, unknown>
  private subscriptions = 0
  private emitted = 0
  /** Total that subscribers have asked for. */
  private asked = 0
  /** Demand to be asked again, because its subscribers did not want the events that met it. */
  private returned: { readonly member: Member; readonly count: number }[] = []

  constructor(contract: ValidContract, random: SeededRandom) {
    this.contract = contract
    this.random = random
    this.ledger = new DispatcherLedger(contract)
    this.dispatcher = this.call('make', () => contract.make())
    if (contract.make() === this.dispatcher) {
      throw new ContractViolation('fresh', 'make returned the same dispatcher twice')
    }
  }

  /** Subscribes a consumer in a random free place; does nothing if no place is free. */
  subscribe(): void {
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
      this.applyDemandResult(
        this.call(`cancel(${name}, refused)`, () => this.dispatcher.cancel(subscriber)),
        'cancel',
      )
      return
    }
    this.ledger.members.set(subscriber, { subscriber, place, open: 0, last: 0, got: new Set(), due: 0 })
    this.meetDemand(demand)
  }

  ask(member: Member, demand: number): void {
    const { subscriber } = member
    member.open += demand
    this.asked += demand
    this.applyDemandResult(
      this.call(`ask(${subscriber.tag}, ${demand})`, () => this.dispatcher.ask(subscriber, demand)),
      'ask',
    )
  }

  /** Asks again for demand that was returned, which a stage does by a message to itself. */
  askReturned(): void {
    const due = this.returned
    this.returned = []
    for (const { member, count } of due) {
      if (count > 0 && this.ledger.members.has(member.subscriber)) this.ask(member, count)
    }
  }

  /** Asks again until no demand is returned, or for a limited number of rounds if that never happens. */
  settle(): void {
    for (let round = 0; round < MOST_ROUNDS && this.returned.length > 0; round++) this.askReturned()
  }

  cancel({ subscriber }: Member): void {
    this.ledger.members.delete(subscriber)
    this.applyDemandResult(
      this.call(`cancel(${subscriber.tag})`, () => this.dispatcher.cancel(subscriber)),
      'cancel',
    )
  }

  emit(count: number): void {
    const numbers = Array.from({ length: count }, () => this.emitted++)
    if (this.buffer.length === 0) this.buffer = this.dispatch(numbers)
    else {
      this.buffer.push(...numbers)
      this.dispatchBuffered()
    }
  }

  /** Sends an info, which must come after all events that the dispatcher has queued. */
  info(): void {
    const queued = this.queuedCount() ?? 0
    const message = { info: this.emitted }
    if (this.dispatcher.queueInfo === undefined) {
      if (queued > 0)
        throw new ContractViolation(
          'info',
          `it has ${queued} events queued, and no queueInfo to queue infos after them`,
        )
      return
    }
    const earlier = this.ledger.queuedNumbers()
    const isQueued: unknown = this.call('queueInfo', () => this.dispatcher.queueInfo?.(message))
    if (typeof isQueued !== 'boolean') throw new ContractViolation('form', `queueInfo returned ${quote(isQueued)}`)
    if (isQueued) this.infos.set(message, earlier)
    else if (queued > 0) throw new ContractViolation('info', `it let an info pass while it had ${queued} events queued`)
  }

  openDemand(): number | undefined {
    if (this.dispatcher.openDemand === undefined) return undefined
    const open: unknown = this.call('openDemand', () => this.dispatcher.openDemand?.())
    if (isCount(open)) return open
    throw new ContractViolation('demand', `openDemand returned ${quote(open)}`)
  }

  /** Checks that no event is lost. `isEnd`: all subscribers have asked for more than there is. */
  balance(isEnd: boolean): void {
    this.ledger.balance(this.queuedCount(), isEnd)
  }

  /** Applies what `ask` or `cancel` returned. */
  private applyDemandResult(result: unknown, from: string): void {
    const { demand, deliveries, infos, discarded }: CompleteDemandResult = readDemandResult(result, from)
    this.ledger.deliver(deliveries)
    this.ledger.dropped += discarded
    for (const info of infos) this.releaseInfo(info)
    this.meetDemand(demand)
  }

  private releaseInfo(info: unknown): void {
    const earlier = this.infos.get(info)
    if (earlier === undefined)
      throw new ContractViolation('info', `it returned ${quote(info)}, which is not an info that it has queued`)
    if (!this.ledger.haveBeenSent(earlier))
      throw new ContractViolation('info', 'it returned an info before events that were queued earlier')
    this.infos.delete(info)
  }

  /** Meets demand from the buffer, and has the producer emit events for the rest. */
  private meetDemand(demand: number): void {
    this.addedUpstream += demand
    const most = this.asked + this.ledger.dropped
    if (this.addedUpstream > most) {
      throw new ContractViolation(
        'demand',
        `it returned demand for ${this.addedUpstream} events in total, but was asked for ${most}`,
      )
    }
    const unmet = demand - this.dispatchBuffered()
    if (unmet > 0 && this.emits) this.emit(Math.min(this.emittedFor(unmet), LONGEST_BATCH))
  }

  /** Dispatches buffered events, and puts what is left over back to the front; returns how many events were taken. */
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

  /** How many events the producer emits when it is asked for `demand`. */
  private emittedFor(demand: number): number {
    const { random } = this
    return random.pick([demand, demand, demand, 0, random.below(demand), demand + random.below(MOST_EXCESS)])
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
        `it changed the batch that it was given from ${quote(copy)} to ${quote(batch)}`,
      )
    }
    const { deliveries, leftover, returnedDemand, filtered } = readDispatched(result)
    const left = this.ledger.leave(leftover, numbers)
    const kept = new Set(left)
    this.ledger.take(numbers.filter((number) => !kept.has(number)))
    this.ledger.deliver(deliveries)
    for (const [subscriber, count] of returnedDemand) {
      this.returned.push({ member: this.ledger.returnDemand(subscriber, count), count })
    }
    const wanted = numbers.length - filtered
    if (open !== undefined && wanted - left.length !== Math.min(open, wanted)) {
      const taken = `took ${wanted - left.length} of ${wanted} events`
      throw new ContractViolation('demand', `it ${taken}, after openDemand had returned ${open}`)
    }
    return left
  }

  private queuedCount(): number | undefined {
    const count: unknown = this.dispatcher.queuedCount?.()
    if (count === undefined || isCount(count)) return count
    throw new ContractViolation('form', `queuedCount returned ${quote(count)}`)
  }

  /** Calls the dispatcher, and records the call. */
  private call<Result>(name: string, run: () => Result): Result {
    this.history.push(name)
    try {
      return run()
    } catch (error) {
      throw new ContractViolation('form', `${name} threw ${quote(error)}`)
    }
  }
}
