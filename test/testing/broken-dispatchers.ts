import type { Delivery, DemandResult, Dispatcher, DispatchResult, Subscriber } from 'genstage'

/** A dispatcher that obeys the contract and does nothing clever: first come, first served. Broken ones are made of it. */
export class PlainDispatcher implements Dispatcher<unknown> {
  readonly demands = new Map<Subscriber, number>()

  subscribe(subscriber: Subscriber): number | { readonly refuse: string } {
    this.demands.set(subscriber, 0)
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    this.demands.set(subscriber, (this.demands.get(subscriber) ?? 0) + demand)
    return demand
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    this.demands.delete(subscriber)
    return 0
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    const deliveries: Delivery[] = []
    let rest = events
    for (const [subscriber, demand] of this.demands) {
      const due = rest.slice(0, demand)
      if (due.length === 0) continue
      this.demands.set(subscriber, demand - due.length)
      deliveries.push([subscriber, due])
      rest = rest.slice(due.length)
    }
    return { deliveries, leftover: rest }
  }
}

/** Returns how much it could hand out by `openDemand`, and no demand otherwise. */
export class CountingDispatcher extends PlainDispatcher {
  override ask(subscriber: Subscriber, demand: number): number {
    super.ask(subscriber, demand)
    return 0
  }

  openDemand(): number {
    return [...this.demands.values()].reduce((sum, demand) => sum + demand, 0)
  }
}

/** Queues events, and infos after them, until the next subscriber asks, which then gets all of them. */
export class HoldingDispatcher extends PlainDispatcher {
  held: unknown[] = []
  infos: unknown[] = []

  override ask(subscriber: Subscriber, demand: number): DemandResult {
    const events = this.held.splice(0, demand)
    super.ask(subscriber, demand - events.length)
    const infos = this.held.length === 0 ? this.infos.splice(0) : []
    return { demand, deliveries: events.length === 0 ? [] : [[subscriber, events]], infos }
  }

  override dispatch(events: readonly unknown[]): DispatchResult {
    const { deliveries, leftover } = super.dispatch(events)
    this.held.push(...leftover)
    return { deliveries, leftover: [] }
  }

  queueInfo(message: unknown): boolean {
    if (this.held.length === 0) return false
    this.infos.push(message)
    return true
  }

  queuedCount(): number {
    return this.held.length
  }
}

const shared = new PlainDispatcher()

/** Dispatchers that break one rule of the contract each: what they do wrong, and the name of the rule. */
export const broken: readonly (readonly [does: string, rule: RegExp, make: () => Dispatcher<unknown>])[] = [
  [
    'throws when a refused subscriber is cancelled',
    /throws nothing/,
    () =>
      new (class extends PlainDispatcher {
        override subscribe(subscriber: Subscriber) {
          return this.demands.size === 2 ? { refuse: 'full' } : super.subscribe(subscriber)
        }
        override cancel(subscriber: Subscriber) {
          if (!this.demands.has(subscriber)) throw new Error('unknown subscriber')
          return super.cancel(subscriber)
        }
      })(),
  ],
  [
    'sends empty batches',
    /returns what a dispatcher may return/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]) {
          const { deliveries, leftover } = super.dispatch(events)
          const [first] = this.demands.keys()
          return { deliveries: first === undefined ? deliveries : [...deliveries, [first, []] as const], leftover }
        }
      })(),
  ],
  ['is one and the same for all stages', /is a new one each time/, () => shared],
  [
    'counts demand in halves',
    /integers of at least 0/,
    () =>
      new (class extends PlainDispatcher {
        override ask(subscriber: Subscriber, demand: number) {
          super.ask(subscriber, demand)
          return demand / 2
        }
      })(),
  ],
  [
    'takes demand back when a subscriber is cancelled',
    /integers of at least 0/,
    () =>
      new (class extends PlainDispatcher {
        override cancel(subscriber: Subscriber) {
          const open = this.demands.get(subscriber) ?? 0
          super.cancel(subscriber)
          return -open
        }
      })(),
  ],
  [
    'adds no demand upstream',
    /adds demand upstream/,
    () =>
      new (class extends PlainDispatcher {
        override ask(subscriber: Subscriber, demand: number) {
          super.ask(subscriber, demand)
          return 0
        }
      })(),
  ],
  [
    'adds more demand upstream than there is',
    /no more than was asked for/,
    () =>
      new (class extends PlainDispatcher {
        override ask(subscriber: Subscriber, demand: number) {
          super.ask(subscriber, demand)
          return demand + 1
        }
      })(),
  ],
  [
    'reports more open demand than it has',
    /no more than was asked for/,
    () =>
      new (class extends PlainDispatcher {
        openDemand() {
          return [...this.demands.values()].reduce((sum, demand) => sum + demand, 1)
        }
      })(),
  ],
  [
    'reports less open demand than it has',
    /no more than was asked for/,
    () =>
      new (class extends PlainDispatcher {
        openDemand() {
          return 0
        }
      })(),
  ],
  [
    'reports open demand for part of an event',
    /no more than was asked for/,
    () =>
      new (class extends PlainDispatcher {
        openDemand() {
          return 0.5
        }
      })(),
  ],
  [
    'gives everything to the first',
    /no subscriber more events than it asked for/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]): DispatchResult {
          const [first] = this.demands.keys()
          return first === undefined ? super.dispatch(events) : { deliveries: [[first, events]], leftover: [] }
        }
      })(),
  ],
  [
    'leaves over what the last one asked for',
    /sends events at once/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]) {
          const asking = [...this.demands.values()].filter((demand) => demand > 0).length
          return asking > 1 ? super.dispatch(events) : { deliveries: [], leftover: events }
        }
        override ask(subscriber: Subscriber, demand: number) {
          const last = [...this.demands.keys()].at(-1)
          return last === subscriber ? super.ask(subscriber, demand) : demand
        }
      })(),
  ],
  [
    'queues what was asked for',
    /sends events at once/,
    () =>
      new (class extends HoldingDispatcher {
        override dispatch(events: readonly unknown[]) {
          this.held.push(...events)
          return { deliveries: [], leftover: [] }
        }
      })(),
  ],
  [
    'drops what no subscriber has asked for',
    /loses no event/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]) {
          return { ...super.dispatch(events), leftover: [] }
        }
      })(),
  ],
  [
    'counts less than it has queued',
    /loses no event/,
    () =>
      new (class extends HoldingDispatcher {
        override queuedCount() {
          return Math.min(this.held.length, 3)
        }
      })(),
  ],
  [
    'makes up an event',
    /loses no event/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]) {
          return super.dispatch(events.map((event) => (event === 7 ? 'seven' : event)))
        }
      })(),
  ],
  [
    'gives some events to two',
    /each event to one subscriber/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]): DispatchResult {
          const { deliveries, leftover } = super.dispatch(events)
          const [event] = events
          const [other] = [...this.demands].find(([, demand]) => demand > 0) ?? []
          if (deliveries.length === 0 || other === undefined) return { deliveries, leftover }
          this.demands.set(other, (this.demands.get(other) ?? 0) - 1)
          return { deliveries: [...deliveries, [other, [event]]], leftover }
        }
      })(),
  ],
  [
    'leaves over an event that it sends',
    /each event to one subscriber/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]): DispatchResult {
          const { deliveries, leftover } = super.dispatch(events)
          return deliveries.length > 0 && leftover.length > 0
            ? { deliveries, leftover: [deliveries.at(-1)?.[1].at(-1), ...leftover] }
            : { deliveries, leftover }
        }
      })(),
  ],
  [
    'sends the last first',
    /in order/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]): DispatchResult {
          const { deliveries, leftover } = super.dispatch(events)
          return { deliveries: deliveries.map(([subscriber, batch]) => [subscriber, batch.toReversed()]), leftover }
        }
      })(),
  ],
  [
    'leaves over the last first',
    /in order/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: readonly unknown[]) {
          const { deliveries, leftover } = super.dispatch(events)
          return { deliveries, leftover: leftover.toReversed() }
        }
      })(),
  ],
  [
    'remembers cancelled subscribers',
    /forgets subscribers/,
    () =>
      new (class extends PlainDispatcher {
        override cancel(): number {
          return 0
        }
      })(),
  ],
  [
    'reverses the batch that it is given',
    /changes no batch/,
    () =>
      new (class extends PlainDispatcher {
        override dispatch(events: unknown[]) {
          events.reverse()
          return super.dispatch(events)
        }
      })(),
  ],
  [
    'sends one array again and again',
    /changes no batch/,
    () =>
      new (class extends PlainDispatcher {
        readonly array: unknown[] = []
        override dispatch(events: readonly unknown[]): DispatchResult {
          const { deliveries, leftover } = super.dispatch(events)
          const [only] = deliveries
          if (only === undefined || deliveries.length > 1) return { deliveries, leftover }
          this.array.splice(0, this.array.length, ...only[1])
          return { deliveries: [[only[0], this.array]], leftover }
        }
      })(),
  ],
  [
    'lets infos overtake what it has queued',
    /queues infos after/,
    () =>
      new (class extends HoldingDispatcher {
        override queueInfo() {
          return false
        }
      })(),
  ],
  [
    'returns infos too early',
    /queues infos after/,
    () =>
      new (class extends HoldingDispatcher {
        override ask(subscriber: Subscriber, demand: number) {
          return { ...super.ask(subscriber, demand), infos: this.infos.splice(0) }
        }
      })(),
  ],
  [
    'returns infos again and again',
    /queues infos after/,
    () =>
      new (class extends HoldingDispatcher {
        override ask(subscriber: Subscriber, demand: number) {
          const infos = [...this.infos]
          const result = super.ask(subscriber, demand)
          return { ...result, infos: this.held.length === 0 ? infos : [] }
        }
        override queueInfo(message: unknown) {
          this.infos = [message]
          return this.held.length > 0
        }
      })(),
  ],
  [
    'forgets infos',
    /queues infos after/,
    () =>
      new (class extends HoldingDispatcher {
        override ask(subscriber: Subscriber, demand: number) {
          return { ...super.ask(subscriber, demand), infos: [] }
        }
      })(),
  ],
]
