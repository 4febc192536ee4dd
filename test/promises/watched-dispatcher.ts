import type { Delivery, DemandResult, Dispatcher, DispatchResult, Subscriber } from 'genstage'
import { Account, type Emitter, type Item, type Ledger, type SubscriptionFacts } from './ledger.ts'

/** Records in the ledger what a dispatcher receives and returns, and changes nothing. */
export class WatchedDispatcher implements Dispatcher<Item, never> {
  private readonly inner: Dispatcher<Item, unknown>
  private readonly emitter: Emitter
  private readonly ledger: Ledger
  /** Absent if the dispatcher of the emitter does not state its demand. */
  readonly openDemand?: () => number

  constructor(inner: Dispatcher<Item, never>, emitter: Emitter, ledger: Ledger) {
    this.inner = inner as Dispatcher<Item, unknown>
    this.emitter = emitter
    this.ledger = ledger
    if (!emitter.isCustom) this.openDemand = () => this.inner.openDemand?.() ?? 0
  }

  subscribe(subscriber: Subscriber, options: unknown): number | { readonly refuse: string } {
    const { ledger, emitter } = this
    ledger.tick(emitter.id)
    const { tag, consumer } = subscriber
    ledger.accounts.set(tag, new Account(tag, emitter, consumer, options as SubscriptionFacts))
    return this.inner.subscribe(subscriber, options)
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    const { ledger, emitter } = this
    ledger.tick(emitter.id)
    const account = this.accountOf(subscriber)
    account.asked += demand
    emitter.asked += demand
    this.checkWindow(account)
    return this.look(this.inner.ask(subscriber, demand))
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    this.ledger.tick(this.emitter.id)
    this.accountOf(subscriber).isOver = true
    return this.look(this.inner.cancel(subscriber))
  }

  dispatch(events: readonly Item[]): DispatchResult {
    const { emitter, ledger } = this
    ledger.tick(emitter.id)
    const areFromBuffer = emitter.beginDispatch(events)
    const result = this.inner.dispatch(events)
    emitter.endDispatch()
    const { deliveries, leftover, returnedDemand } = result
    const consumed = events.length - leftover.length
    if (leftover.some((item, index) => item !== events[consumed + index])) {
      ledger.report('order', `${emitter.label} leaves over what is not the end of what it was given`)
    }
    if (areFromBuffer && leftover.length > 0 && !emitter.isCustom) {
      ledger.report('order', `${emitter.label} takes more out of its buffer than can be handed out`)
    }
    this.hand(deliveries as readonly Delivery<Item>[])
    for (const [subscriber, count] of returnedDemand ?? []) {
      // What it did not accept counts as sent: it is asked for again.
      this.accountOf(subscriber).asked -= count
    }
    this.checkHeld()
    if (!emitter.isExclusive) {
      for (const item of events.slice(0, consumed)) {
        if (emitter.handed.has(item)) continue
        emitter.handed.add(item)
        emitter.unwanted++
      }
    }
    return result
  }

  queueInfo(message: unknown): boolean {
    return this.inner.queueInfo?.(message) ?? false
  }

  queuedCount(): number {
    return this.inner.queuedCount?.() ?? 0
  }

  private accountOf(subscriber: Subscriber): Account {
    return this.ledger.accounts.get(subscriber.tag) as Account
  }

  /** A stage that asks by itself never has more than `maxDemand` outstanding. */
  private checkWindow(account: Account): void {
    const { asked, handled, max, extra, isManual } = account
    const handler = this.ledger.handlers.get(account.consumer)
    const batch = handler?.batch
    const returned = batch?.account === account && batch.state === 'returned' ? batch.size : 0
    const outstanding = asked - handled - returned
    if (isManual || outstanding <= max + extra) return
    this.ledger.report(
      'demand',
      `${handler?.label} has asked for ${outstanding} under ${account.tag}, its limit is ${max}`,
    )
  }

  private look(result: number | DemandResult): number | DemandResult {
    if (typeof result !== 'number' && result.deliveries !== undefined) {
      this.hand(result.deliveries as readonly Delivery<Item>[])
    }
    this.checkHeld()
    return result
  }

  /** What a dispatcher holds is bounded by demand: it takes in no more than all its subscribers have asked for. */
  private checkHeld(): void {
    const { emitter, ledger } = this
    const open = emitter.asked - emitter.handed.size
    const held = this.queuedCount()
    if (held > open) ledger.report('bounds', `${emitter.label} holds ${held} events, and ${open} are asked for`)
  }

  private hand(deliveries: readonly Delivery<Item>[]): void {
    for (const [subscriber, items] of deliveries) this.handTo(this.accountOf(subscriber), items)
  }

  private handTo(account: Account, items: readonly Item[]): void {
    const { emitter, ledger } = this
    const isAlive = ledger.isAlive(account.consumer)
    const handler = ledger.handlers.get(account.consumer)
    for (const item of items) {
      if (emitter.isExclusive && emitter.handed.has(item)) {
        ledger.report('conservation', `${emitter.label} hands out ${JSON.stringify(item)} twice`)
      }
      if (!emitter.emitted.has(item)) ledger.report('conservation', `${emitter.label} hands out what it never emitted`)
      if (emitter.isOverdue(item))
        ledger.report('order', `${emitter.label} hands out ${item.serial} after an info that follows it`)
      emitter.handed.add(item)
    }
    if (isAlive) {
      account.delivered.push(...items)
      if (handler !== undefined) handler.received += items.length
    } else ledger.report('conservation', `${emitter.label} hands ${items.length} events to one that has exited`)
    const sent = account.delivered.length
    if (sent > account.asked) {
      ledger.report(
        'demand',
        `${emitter.label} sends ${sent} events under ${account.tag}, and was asked for ${account.asked}`,
      )
    }
  }
}
