import type { Delivery, DemandResult, Dispatcher, DispatchResult, Subscriber } from '../../src/dispatcher/dispatcher.ts'

/*
 * GenStage's three dispatchers as their behaviour reads, step for step, on plain lists that are searched and rewritten
 * at every turn. Slow, and short enough to be checked by eye; the real ones are held against them.
 */

interface Demand {
  readonly subscriber: Subscriber
  readonly amount: number
}

/** Puts `demand` before the first that has less. */
function insert(demand: Demand, demands: readonly Demand[]): Demand[] {
  const position = demands.findIndex(({ amount }) => demand.amount > amount)
  return position === -1 ? [...demands, demand] : demands.toSpliced(position, 0, demand)
}

function amountOf(subscriber: Subscriber, demands: readonly Demand[]): number {
  return demands.find((demand) => demand.subscriber === subscriber)?.amount ?? 0
}

function without(subscriber: Subscriber, demands: readonly Demand[]): Demand[] {
  return demands.filter((demand) => demand.subscriber !== subscriber)
}

/** Gives to the first of the list, puts it back where it now belongs, and goes on until the first has no demand. */
export class NaiveDemandDispatcher implements Dispatcher<unknown> {
  private demands: Demand[] = []
  private pending = 0
  private maxDemand: number | undefined
  private shuffles: boolean
  private readonly random: () => number

  constructor(options: { maxDemand?: number; shuffles?: boolean; random?: () => number } = {}) {
    this.maxDemand = options.maxDemand
    this.shuffles = options.shuffles ?? false
    this.random = options.random ?? Math.random
  }

  subscribe(subscriber: Subscriber): number {
    this.demands = [...this.demands, { subscriber, amount: 0 }]
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    this.maxDemand ??= demand
    const amount = amountOf(subscriber, this.demands) + demand
    this.demands = insert({ subscriber, amount }, without(subscriber, this.demands))
    const alreadySent = Math.min(this.pending, demand)
    this.pending -= alreadySent
    const added = demand - alreadySent
    return demand > this.maxDemand ? { demand: added, warning: 'greedy' } : added
  }

  cancel(subscriber: Subscriber): number {
    this.pending += amountOf(subscriber, this.demands)
    this.demands = without(subscriber, this.demands)
    return 0
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    if (this.shuffles) {
      const demands = shuffled(this.demands, this.random)
      // Not as GenStage does: one that has asked for nothing must not stand before one that has.
      this.demands = [...demands.filter(({ amount }) => amount > 0), ...demands.filter(({ amount }) => amount === 0)]
    }
    this.shuffles = false
    const deliveries: Delivery[] = []
    let leftover = events
    for (;;) {
      const [first, ...others] = this.demands
      if (leftover.length === 0 || first === undefined || first.amount === 0) break
      const now = leftover.slice(0, first.amount)
      deliveries.push([first.subscriber, now])
      leftover = leftover.slice(now.length)
      this.demands = insert({ ...first, amount: first.amount - now.length }, others)
    }
    this.pending = Math.max(this.pending - leftover.length, 0)
    return { deliveries, leftover }
  }
}

function shuffled<Value>(values: readonly Value[], random: () => number): Value[] {
  const result = [...values]
  for (let last = result.length - 1; last > 0; last--) {
    const [taken] = result.splice(Math.floor(random() * (last + 1)), 1, ...result.slice(last, last + 1))
    if (taken !== undefined) result[last] = taken
  }
  return result
}

interface Listener extends Demand {
  readonly selector: ((event: unknown) => boolean) | undefined
}

/** Keeps what each subscriber has asked for beyond what all have asked for, and brings that down at every turn. */
export class NaiveBroadcastDispatcher implements Dispatcher<unknown, { selector?: (event: unknown) => boolean }> {
  private demands: Listener[] = []
  private waiting = 0
  private requested = 0
  private readonly processes = new Set<string>()

  subscribe(subscriber: Subscriber, options: { selector?: (event: unknown) => boolean }): number | { refuse: string } {
    if (this.processes.has(subscriber.consumer)) return { refuse: 'already-subscribed' }
    this.processes.add(subscriber.consumer)
    this.lower(-this.waiting)
    this.waiting = 0
    this.demands = [{ subscriber, amount: 0, selector: options.selector }, ...this.demands]
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number {
    const listener = this.demands.find((each) => each.subscriber === subscriber)
    if (listener === undefined) return 0
    const others = this.demands.filter((each) => each !== listener)
    this.demands = [{ ...listener, amount: listener.amount + demand }, ...others]
    return this.sync()
  }

  cancel(subscriber: Subscriber): number {
    this.processes.delete(subscriber.consumer)
    this.demands = this.demands.filter((each) => each.subscriber !== subscriber)
    if (this.demands.length > 0) return this.sync()
    this.waiting = 0
    return 0
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    const now = events.slice(0, this.waiting)
    const deliveries: Delivery[] = []
    const unwanted: (readonly [Subscriber, number])[] = []
    for (const { subscriber, selector } of this.demands) {
      const selected = selector === undefined ? now : now.filter(selector)
      if (selected.length < now.length) unwanted.push([subscriber, now.length - selected.length])
      if (selected.length > 0) deliveries.push([subscriber, selected])
    }
    this.waiting -= now.length
    this.requested -= now.length
    return { deliveries, leftover: events.slice(now.length), returnedDemand: unwanted }
  }

  private sync(): number {
    const least = Math.max(0, Math.min(...this.demands.map(({ amount }) => amount)))
    this.lower(least)
    this.waiting += least
    const request = Math.max(0, this.waiting - this.requested)
    this.requested += request
    return request
  }

  private lower(by: number): void {
    this.demands = this.demands.map((listener) => ({ ...listener, amount: listener.amount - by }))
  }
}

type Waiting = { readonly event: unknown } | { readonly info: object }

interface Partition {
  subscriber: Subscriber | undefined
  /** Demand, or a queue: an empty one is not the same as no demand. */
  open: number | Waiting[]
}

/** Hashes as far as there is demand from anyone, then goes through all partitions. */
export class NaivePartitionDispatcher implements Dispatcher<unknown, { partition: string | number }> {
  private readonly partitions: Map<string | number, Partition>
  private readonly hash: (event: unknown) => readonly [unknown, string | number] | 'none'
  private waiting = 0
  private pending = 0
  /** Infos that wait, and the partitions in whose queues they do. */
  private infos = new Map<object, { readonly message: unknown; readonly names: (string | number)[] }>()

  constructor(
    names: readonly (string | number)[],
    hash: (event: unknown) => readonly [unknown, string | number] | 'none',
  ) {
    this.partitions = new Map(names.map((name) => [name, { subscriber: undefined, open: 0 }]))
    this.hash = hash
  }

  subscribe(subscriber: Subscriber, options: { partition: string | number }): number | { refuse: string } {
    const partition = this.partitions.get(options.partition)
    if (partition === undefined) return { refuse: 'bad-partition' }
    if (partition.subscriber !== undefined) return { refuse: 'partition-taken' }
    partition.subscriber = subscriber
    return 0
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    const [name, partition] = this.find(subscriber)
    const alreadySent = Math.min(this.pending, demand)
    this.pending -= alreadySent
    this.waiting += demand - alreadySent
    const added = demand - alreadySent
    if (typeof partition.open === 'number') {
      partition.open += demand
      return added
    }
    const deliveries: Delivery[] = []
    const infos: unknown[] = []
    let events: unknown[] = []
    const send = () => {
      if (events.length > 0) deliveries.push([subscriber, events])
      events = []
    }
    let left = demand
    while (left > 0) {
      const first = partition.open.shift()
      if (first === undefined) {
        partition.open = left
        break
      }
      if ('info' in first) {
        send()
        infos.push(...this.leave(first.info, name))
      } else {
        events.push(first.event)
        left--
      }
    }
    send()
    return { demand: added, deliveries, infos }
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    if (![...this.partitions.values()].some((partition) => partition.subscriber === subscriber)) return 0
    const [name, partition] = this.find(subscriber)
    const { open } = partition
    partition.subscriber = undefined
    partition.open = 0
    if (typeof open === 'number') {
      this.pending += open
      return 0
    }
    const infos = open.flatMap((each) => ('info' in each ? this.leave(each.info, name) : []))
    const discarded = open.filter((each) => 'event' in each).length
    this.waiting += discarded
    return { demand: discarded, infos, discarded }
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    const buckets = new Map<string | number, unknown[]>()
    let index = 0
    for (; index < events.length && this.waiting > 0; index++) {
      const result = this.hash(events[index])
      if (result === 'none') continue
      const [event, name] = result
      buckets.set(name, [...(buckets.get(name) ?? []), event])
      this.waiting--
    }
    const deliveries: Delivery[] = []
    for (const [name, partition] of this.partitions) {
      const bucket = buckets.get(name) ?? []
      if (bucket.length === 0) continue
      const due = typeof partition.open === 'number' ? bucket.slice(0, partition.open) : []
      if (due.length > 0 && partition.subscriber !== undefined) deliveries.push([partition.subscriber, due])
      const rest = bucket.slice(due.length).map((event) => ({ event }))
      if (typeof partition.open !== 'number') partition.open.push(...rest)
      else if (partition.open > due.length) partition.open -= due.length
      else partition.open = rest
    }
    return { deliveries, leftover: events.slice(index) }
  }

  queueInfo(message: unknown): boolean {
    const info = {}
    const names: (string | number)[] = []
    for (const [name, { open }] of this.partitions) {
      if (typeof open === 'number') continue
      open.push({ info })
      names.push(name)
    }
    if (names.length > 0) this.infos.set(info, { message, names })
    return names.length > 0
  }

  queuedCount(): number {
    const queues = [...this.partitions.values()].flatMap(({ open }) => (typeof open === 'number' ? [] : open))
    return queues.filter((each) => 'event' in each).length
  }

  private find(subscriber: Subscriber): [name: string | number, partition: Partition] {
    for (const entry of this.partitions) if (entry[1].subscriber === subscriber) return entry
    throw new Error(`${subscriber.tag} has no partition`)
  }

  /** The message of an info that was in no other queue but that of `name`. */
  private leave(info: object, name: string | number): unknown[] {
    const held = this.infos.get(info)
    if (held === undefined) return []
    held.names.splice(held.names.indexOf(name), 1)
    return held.names.length === 0 ? [held.message] : []
  }
}
