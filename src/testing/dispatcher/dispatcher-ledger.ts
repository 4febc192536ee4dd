import { quote } from '../../base/quote.ts'
import type { Delivery, Subscriber } from '../../dispatcher/dispatcher.ts'
import { ContractViolation } from './contract-violation.ts'

/** A subscriber as the ledger knows it. */
export interface Member {
  readonly subscriber: Subscriber
  /** Which of the places it has. */
  readonly place: number
  /** What it has asked for and not got. */
  open: number
  /** The rank of the last event that it got; 0 before. */
  last: number
  /** In a broadcast: the numbers of the events that it got. */
  readonly got: Set<number>
  /** In a broadcast: how many of the events that the dispatcher took since it subscribed it has neither got nor spurned. */
  due: number
}

/** What the ledger must know of the contract. */
interface LedgerTerms {
  readonly events: (number: number) => unknown
  readonly broadcast: boolean
  readonly discards: (event: unknown) => boolean
}

/**
 * Keeps account of what becomes of each event that a dispatcher is given: handed out, left over, held, dropped. Whatever
 * does not add up is a {@link ContractViolation}.
 */
export class DispatcherLedger {
  readonly members: Map<Subscriber, Member> = new Map<Subscriber, Member>()
  private readonly terms: LedgerTerms
  /** All events there have been, by their numbers, and the other way round. */
  private readonly events = new Map<number, unknown>()
  private readonly numbers = new Map<unknown, number>()
  /** By the number of an event, where it stands in the order in which the dispatcher was given them, at last. */
  private readonly ranks = new Map<number, number>()
  private lastRank = 0
  /** The numbers of the events that the dispatcher has been given and has not left over. */
  private readonly taken = new Set<number>()
  /** Of those, the ones that were handed out to somebody. */
  private readonly handedOut = new Set<number>()
  /** How many it has said to have dropped. */
  dropped = 0
  /** All batches that were handed out, and what was in them at that time. */
  private readonly batches: { readonly batch: readonly unknown[]; readonly copy: readonly unknown[] }[] = []

  constructor(terms: LedgerTerms) {
    this.terms = terms
  }

  /** How many events the dispatcher must be holding, unless it is a broadcast, which counts otherwise. */
  get held(): number {
    return this.taken.size - this.handedOut.size - this.dropped
  }

  /** All that subscribers have asked for and not got. */
  get open(): number {
    return [...this.members.values()].reduce((sum, { open }) => sum + open, 0)
  }

  /** The numbers of the events that it must be holding; as far as they are known: none once it has dropped some. */
  heldNumbers(): number[] {
    return this.dropped > 0 ? [] : [...this.taken].filter((number) => !this.handedOut.has(number))
  }

  /** Whether these events have been handed out, or may have been dropped. */
  areGone(numbers: readonly number[]): boolean {
    return this.dropped > 0 || numbers.every((number) => this.handedOut.has(number))
  }

  /** The numbers of events that were left over, out of the batch with these numbers. */
  leave(leftover: readonly unknown[], batch: readonly number[]): number[] {
    const left = leftover.map((event) => this.numberOf(event))
    let place = -1
    for (const number of left) {
      const next = batch.indexOf(number)
      if (next < 0) throw new ContractViolation('once', `it left over event ${number}, which was not in the batch`)
      if (next <= place) throw new ContractViolation('order', `it left over event ${number} behind a later one`)
      place = next
    }
    return left
  }

  /** The dispatcher is given events, perhaps not for the first time: answers them by their numbers. */
  give(numbers: readonly number[]): unknown[] {
    for (const number of numbers) this.ranks.set(number, ++this.lastRank)
    return numbers.map((number) => this.event(number))
  }

  /** The dispatcher took these events: it hands them out, or holds them. */
  take(numbers: readonly number[]): void {
    let count = 0
    for (const number of numbers) {
      // What it is meant to drop is no loss; it is not looked for.
      if (this.terms.discards(this.event(number))) continue
      this.taken.add(number)
      count++
    }
    for (const member of this.members.values()) member.due += count
  }

  /** The dispatcher hands out events. */
  deliver(deliveries: readonly Delivery[]): void {
    for (const [subscriber, events] of deliveries) {
      const member = this.memberOf(subscriber)
      this.charge(member, events.length, 'handed', 'events')
      for (const event of events) this.handOut(this.numberOf(event), member)
      this.batches.push({ batch: events, copy: [...events] })
    }
  }

  /** A subscriber did not want some events, and will ask anew for as many. */
  spurn(subscriber: Subscriber, count: number): Member {
    const member = this.memberOf(subscriber)
    this.charge(member, count, 'spared', 'unwanted events')
    member.due -= count
    return member
  }

  /** Checks that every event is somewhere. `isEnd`: when all have asked for more than there is. */
  balance(queuedCount: number | undefined, isEnd: boolean): void {
    if (this.terms.broadcast) {
      if (queuedCount === undefined || isEnd) this.balanceMembers()
      return
    }
    const counted = queuedCount ?? 0
    if (counted === this.held) return
    const where = queuedCount === undefined ? 'it has no queuedCount' : `queuedCount answers ${queuedCount}`
    throw new ContractViolation(
      'loss',
      `of the events that it took ${this.held} were neither handed out nor dropped, and ${where}`,
    )
  }

  /** Checks that nothing that was handed out has been changed since. */
  checkBatches(): void {
    for (const { batch, copy } of this.batches) {
      const isSame = batch.length === copy.length && batch.every((event, index) => Object.is(event, copy[index]))
      if (!isSame)
        throw new ContractViolation('batch', `it changed ${quote(copy)}, which it had handed out, to ${quote(batch)}`)
    }
  }

  /** The event of a number, which is made once. */
  private event(number: number): unknown {
    if (this.events.has(number)) return this.events.get(number)
    const event = this.terms.events(number)
    if (this.numbers.has(event)) {
      throw new TypeError(`expected events to answer another event for each number, got ${quote(event)} again`)
    }
    this.events.set(number, event)
    this.numbers.set(event, number)
    return event
  }

  private balanceMembers(): void {
    for (const { subscriber, due } of this.members.values()) {
      if (due > 0)
        throw new ContractViolation('loss', `${subscriber.tag} was not handed ${due} of the events that went out`)
    }
  }

  private memberOf(subscriber: Subscriber): Member {
    const member = this.members.get(subscriber)
    if (member !== undefined) return member
    throw new ContractViolation('gone', `it spoke of ${quote(subscriber?.tag)}, which is not subscribed, or no more`)
  }

  private charge(member: Member, count: number, verb: string, what: string): void {
    const { subscriber, open } = member
    if (count > open) {
      throw new ContractViolation(
        'excess',
        `it ${verb} ${subscriber.tag} ${count} ${what}, of whose demand ${open} was open`,
      )
    }
    member.open -= count
  }

  private handOut(number: number, member: Member): void {
    const { tag } = member.subscriber
    const isMeantToGo = this.terms.discards(this.event(number))
    if (!isMeantToGo && !this.taken.has(number)) {
      throw new ContractViolation('once', `it handed out event ${number}, which it had left over`)
    }
    const earlier = this.terms.broadcast ? member.got : this.handedOut
    if (earlier.has(number)) throw new ContractViolation('once', `it handed out event ${number} again, to ${tag}`)
    const rank = this.ranks.get(number) ?? 0
    if (rank < member.last)
      throw new ContractViolation('order', `it handed ${tag} event ${number} behind one given later`)
    member.last = rank
    earlier.add(number)
    if (!isMeantToGo) member.due--
  }

  private numberOf(event: unknown): number {
    const number = this.numbers.get(event)
    if (number !== undefined) return number
    throw new ContractViolation('loss', `it spoke of ${quote(event)}, which is none of the events that it was given`)
  }
}
