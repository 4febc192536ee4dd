import {
  batches,
  CONCURRENCY,
  CONSUMERS,
  double,
  doubleAll,
  handleLater,
  keyedTallies,
  OrderedTally,
  partitionOf,
  singles,
  split,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Run, Runs } from '../workloads.ts'

async function* each<Value>(values: Iterable<Value>): AsyncGenerator<Value> {
  for (const value of values) yield value
}

async function* map<In, Out>(values: AsyncIterable<In>, transform: (value: In) => Out): AsyncGenerator<Out> {
  for await (const value of values) yield transform(value)
}

/** Everyone gets every value; the next is asked for once all have asked. */
function broadcast<Value>(values: AsyncIterator<Value>, count: number): AsyncIterableIterator<Value>[] {
  let waiting: ((result: IteratorResult<Value>) => void)[] = []
  const pull = async (): Promise<void> => {
    const result = await values.next()
    const due = waiting
    waiting = []
    for (const resolve of due) resolve(result)
  }
  return Array.from({ length: count }, () => ({
    next: () =>
      new Promise<IteratorResult<Value>>((resolve) => {
        waiting.push(resolve)
        if (waiting.length === count) void pull()
      }),
    [Symbol.asyncIterator]() {
      return this
    },
  }))
}

const END = Symbol('end')

/** A queue with a bound, as one writes it for oneself: a promise only where somebody must wait. */
class Channel<Value> {
  private queue: Value[] = []
  private first = 0
  private isEnded = false
  private giver: (() => void) | undefined
  private taker: ((value: Value | typeof END) => void) | undefined
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  put(value: Value): Promise<void> | undefined {
    if (this.taker !== undefined) {
      const take = this.taker
      this.taker = undefined
      take(value)
      return undefined
    }
    this.queue.push(value)
    if (this.queue.length - this.first <= this.capacity) return undefined
    return new Promise((resolve) => {
      this.giver = resolve
    })
  }

  take(): Value | typeof END | Promise<Value | typeof END> {
    if (this.first < this.queue.length) {
      const value = this.queue[this.first++] as Value
      if (this.first > 1_024 && this.first * 2 > this.queue.length) {
        this.queue = this.queue.slice(this.first)
        this.first = 0
      }
      this.giver?.()
      this.giver = undefined
      return value
    }
    if (this.isEnded) return END
    return new Promise((resolve) => {
      this.taker = resolve
    })
  }

  end(): void {
    this.isEnded = true
    this.taker?.(END)
  }
}

async function drain<Value>(channel: Channel<Value>, add: (value: Value) => void): Promise<void> {
  for (;;) {
    const taken = channel.take()
    const value = taken instanceof Promise ? await taken : taken
    if (value === END) return
    add(value)
  }
}

const linear: Run = async (count) => {
  const tally = new OrderedTally()
  for await (const event of map(each(singles(count)), double)) tally.add(event)
  return total(tally)
}

/** Async generators, an event at a time; what they have no way to dispatch is dispatched by hand. */
export const runs: Runs = {
  W1: linear,
  W2: linear,

  async W3(count) {
    const all = tallies()
    const source = each(singles(count))
    const take = async (tally: Tally): Promise<void> => {
      for await (const event of source) tally.add(event)
    }
    await Promise.all(all.map(take))
    return total(...all)
  },

  async W4(count) {
    const all = tallies()
    const branches = broadcast(each(singles(count)), CONSUMERS)
    const take = async (tally: Tally, index: number): Promise<void> => {
      for await (const event of branches[index] ?? []) tally.add(event)
    }
    await Promise.all(all.map(take))
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    const channels = all.map(() => new Channel<number>(1_000))
    const give = async (): Promise<void> => {
      for await (const event of each(singles(count))) {
        const waits = channels[partitionOf(event)]?.put(event)
        if (waits !== undefined) await waits
      }
      for (const channel of channels) channel.end()
    }
    await Promise.all([give(), ...channels.map((channel, index) => drain(channel, (event) => all[index]?.add(event)))])
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const source = each(singles(count))
    const take = async (): Promise<void> => {
      for await (const event of source) tally.add(await handle(event))
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, take))
    return total(tally)
  },
}

/** Async generators over arrays of 500. */
export const batched: Runs = {
  async W1(count) {
    const tally = new OrderedTally()
    for await (const events of map(each(batches(count)), doubleAll)) tally.addAll(events)
    return total(tally)
  },

  async W3(count) {
    const all = tallies()
    const source = each(batches(count))
    const take = async (tally: Tally): Promise<void> => {
      for await (const events of source) tally.addAll(events)
    }
    await Promise.all(all.map(take))
    return total(...all)
  },

  async W4(count) {
    const all = tallies()
    const branches = broadcast(each(batches(count)), CONSUMERS)
    const take = async (tally: Tally, index: number): Promise<void> => {
      for await (const events of branches[index] ?? []) tally.addAll(events)
    }
    await Promise.all(all.map(take))
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    const channels = all.map(() => new Channel<number[]>(2))
    const give = async (): Promise<void> => {
      for await (const events of each(batches(count))) {
        for (const [partition, part] of split(events).entries()) {
          const waits = part.length === 0 ? undefined : channels[partition]?.put(part)
          if (waits !== undefined) await waits
        }
      }
      for (const channel of channels) channel.end()
    }
    const takes = channels.map((channel, index) => drain(channel, (events) => all[index]?.addAll(events)))
    await Promise.all([give(), ...takes])
    return total(...all)
  },
}
