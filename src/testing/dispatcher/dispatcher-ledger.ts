import { quote } from '../../base/quote.ts'
import type { Delivery, Subscriber } from '../../dispatcher/dispatcher.ts'
import { ContractViolation } from './contract-violation.ts'

/** A subscriber as the ledger knows it. */
export interface Member {
  readonly subscriber: Subscriber
  /** Its place, counted from 0. */
  readonly place: number
  /** What it has asked for and not received. */
  open: number
  /** The rank of the last event that it received; 0 before the first. */
  last: number
  /** In a broadcast: the numbers of the events that it received. */
  readonly got: Set<number>
  /** In a broadcast: how many events the dispatcher took since it subscribed that it neither received nor rejected. */
  due: number
}

/** What the ledger needs from the contract. */
interface LedgerTerms {
  readonly events: (number: number) => unknown
  readonly broadcast: boolean
  readonly discards: (event: unknown) => boolean
}

/**
 * Records what happens to each event that a dispatcher is given: sent, left over, queued, dropped. If the numbers do not
 * add up, that is a {@link ContractViolation}.
 */
export class DispatcherLedger {
  readonly members: Map<Subscriber, Member> = new Map<Subscriber, Member>()
  private readonly terms: LedgerTerms
  /** All events so far, by their numbers, and the other way round. */
  private readonly events = new Map<number, unknown>()
  private readonly numbers = new Map<unknown, number>()
  /** By the number of an event, its rank in the order in which the dispatcher was given events, most recently. */
  private readonly ranks = new Map<number, number>()
  private lastRank = 0
  /** The numbers of the events that the dispatcher has been given and has not left over. */
  private readonly taken = new Set<number>()
  /** Of those, the ones that were sent to a subscriber. */
  private readonly sent = new Set<number>()
  /** How many it has reported as dropped. */
  dropped = 0
  /** All batches that were sent, and what was in them at that time. */
  private readonly batches: { readonly batch: readonly unknown[]; readonly copy: readonly unknown[] }[] = []

  constructor(terms: LedgerTerms) {
    this.terms = terms
  }

  /** How many events the dispatcher must have queued, unless it is a broadcast, which counts differently. */
  get queued(): number {
    return this.taken.size - this.sent.size - this.dropped
  }

  /** All that subscribers have asked for and not received. */
  get open(): number {
    return [...this.members.values()].reduce((sum, { open }) => sum + open, 0)
  }

  /** The numbers of the events that it must have queued; none once it has dropped any, as they are unknown then. */
  queuedNumbers(): number[] {
    return this.dropped > 0 ? [] : [...this.taken].filter((number) => !this.sent.has(number))
  }

  /** Whether these events have been sent, or may have been dropped. */
  haveBeenSent(numbers: readonly number[]): boolean {
    return this.dropped > 0 || numbers.every((number) => this.sent.has(number))
  }

  /** The numbers of events that were left over, out of the batch with these numbers. */
  leave(leftover: readonly unknown[], batch: readonly number[]): number[] {
    const left = leftover.map((event) => this.numberOf(event))
    let place = -1
    for (const number of left) {
      const next = batch.indexOf(number)
      if (next < 0) throw new ContractViolation('once', `it left over event ${number}, which was not in the batch`)
      if (next <= place) throw new ContractViolation('order', `it left over event ${number} after a later one`)
      place = next
    }
    return left
  }

  /** The dispatcher is given events, perhaps not for the first time: returns the events of these numbers. */
  give(numbers: readonly number[]): unknown[] {
    for (const number of numbers) this.ranks.set(number, ++this.lastRank)
    return numbers.map((number) => this.event(number))
  }

  /** The dispatcher took these events: it sends them, or queues them. */
  take(numbers: readonly number[]): void {
    let count = 0
    for (const number of numbers) {
      // An event that it is meant to drop is not lost.
      if (this.terms.discards(this.event(number))) continue
      this.taken.add(number)
      count++
    }
    for (const member of this.members.values()) member.due += count
  }

  /** The dispatcher sends events. */
  deliver(deliveries: readonly Delivery[]): void {
    for (const [subscriber, events] of deliveries) {
      const member = this.memberOf(subscriber)
      this.useDemand(member, events.length, `it sent ${subscriber.tag} ${events.length} events`)
      for (const event of events) this.send(this.numberOf(event), member)
      this.batches.push({ batch: events, copy: [...events] })
    }
  }

  /** A subscriber did not want some events, and will ask again for as many. */
  returnDemand(subscriber: Subscriber, count: number): Member {
    const member = this.memberOf(subscriber)
    this.useDemand(member, count, `it returned demand of ${subscriber.tag} for ${count} events`)
    member.due -= count
    return member
  }

  /** Checks that no event is lost. `isEnd`: all subscribers have asked for more than there is. */
  balance(queuedCount: number | undefined, isEnd: boolean): void {
    if (this.terms.broadcast) {
      if (queuedCount === undefined || isEnd) this.balanceMembers()
      return
    }
    const counted = queuedCount ?? 0
    if (counted === this.queued) return
    const where = queuedCount === undefined ? 'it has no queuedCount' : `queuedCount returns ${queuedCount}`
    throw new ContractViolation(
      'loss',
      `${this.queued} of the events that it took were neither sent nor dropped, and ${where}`,
    )
  }

  /** Checks that no batch was changed after it was sent. */
  checkBatches(): void {
    for (const { batch, copy } of this.batches) {
      const isSame = batch.length === copy.length && batch.every((event, index) => Object.is(event, copy[index]))
      if (!isSame)
        throw new ContractViolation(
          'batch',
          `it changed a batch that it had sent from ${quote(copy)} to ${quote(batch)}`,
        )
    }
  }

  /** The event of a number; it is made once. */
  private event(number: number): unknown {
    if (this.events.has(number)) return this.events.get(number)
    const event = this.terms.events(number)
    if (this.numbers.has(event)) {
      throw new TypeError(`expected events to return a different event for each number, got ${quote(event)} again`)
    }
    this.events.set(number, event)
    this.numbers.set(event, number)
    return event
  }

  private balanceMembers(): void {
    for (const { subscriber, due } of this.members.values()) {
      if (due > 0)
        throw new ContractViolation('loss', `${subscriber.tag} was not sent ${due} of the events that were dispatched`)
    }
  }

  private memberOf(subscriber: Subscriber): Member {
    const member = this.members.get(subscriber)
    if (member !== undefined) return member
    throw new ContractViolation('cancelled', `it returned ${quote(subscriber?.tag)}, which is not subscribed now`)
  }

  /** @param action What the dispatcher did, for a message. */
  private useDemand(member: Member, count: number, action: string): void {
    const { open } = member
    if (count > open) throw new ContractViolation('excess', `${action} with an open demand of ${open}`)
    member.open -= count
  }

  private send(number: number, member: Member): void {
    const { tag } = member.subscriber
    const isMeantToBeDropped = this.terms.discards(this.event(number))
    if (!isMeantToBeDropped && !this.taken.has(number)) {
      throw new ContractViolation('once', `it sent event ${number}, which it had left over`)
    }
    const earlier = this.terms.broadcast ? member.got : this.sent
    if (earlier.has(number)) throw new ContractViolation('once', `it sent event ${number} again, to ${tag}`)
    const rank = this.ranks.get(number) ?? 0
    if (rank < member.last)
      throw new ContractViolation('order', `it sent ${tag} event ${number} after one that it was given later`)
    member.last = rank
    earlier.add(number)
    if (!isMeantToBeDropped) member.due--
  }

  private numberOf(event: unknown): number {
    const number = this.numbers.get(event)
    if (number !== undefined) return number
    throw new ContractViolation('loss', `it returned ${quote(event)}, which is not an event that it was given`)
  }
}
