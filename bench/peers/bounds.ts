import {
  BATCH,
  CONCURRENCY,
  CONSUMERS,
  double,
  doubleAll,
  type Handler,
  handleLater,
  integers,
  keyedTallies,
  OrderedTally,
  type Outcome,
  split,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Runs } from '../workloads.ts'

/*
 * The limit with one thing more, that no library like this one can do without: what the distance between genstage and
 * the limit is to be held against.
 */

/**
 * A queue as small as one can be.
 *
 * What is taken out of it is what was put in, but V8 no longer knows that: what it knew of an array that it had just
 * made, it must look up again, event by event where it is an old V8.
 */
class Queue<Item> {
  private readonly slots = new Array<Item | undefined>(128).fill(undefined)
  private head = 0
  private tail = 0

  put(item: Item): void {
    this.slots[this.tail] = item
    this.tail = (this.tail + 1) & 127
  }

  take(): Item | undefined {
    const item = this.slots[this.head]
    if (item === undefined) return undefined
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & 127
    return item
  }
}

/** The limit, with each batch put down and picked up again between its steps. */
export const handedOver: Runs = {
  W1(count) {
    const tally = new OrderedTally()
    const [first, second] = [new Queue<number[]>(), new Queue<number[]>()]
    for (let from = 0; from < count; from += BATCH) {
      first.put(integers(from, Math.min(BATCH, count - from)))
      second.put(doubleAll(first.take() as number[]))
      tally.addAll(second.take() as number[])
    }
    return total(tally)
  },

  W3(count) {
    const all = tallies()
    const queue = new Queue<number[]>()
    let turn = 0
    for (let from = 0; from < count; from += BATCH) {
      queue.put(integers(from, Math.min(BATCH, count - from)))
      all[turn++ & 3]?.addAll(queue.take() as number[])
    }
    return total(...all)
  },

  W4(count) {
    const all = tallies()
    const queue = new Queue<number[]>()
    for (let from = 0; from < count; from += BATCH) {
      const events = integers(from, Math.min(BATCH, count - from))
      for (let index = 0; index < CONSUMERS; index++) queue.put(events)
      for (let index = 0; index < CONSUMERS; index++) all[index]?.addAll(queue.take() as number[])
    }
    return total(...all)
  },

  W5(count) {
    const all = keyedTallies()
    const queue = new Queue<number[]>()
    for (let from = 0; from < count; from += BATCH) {
      queue.put(integers(from, Math.min(BATCH, count - from)))
      for (const part of split(queue.take() as number[])) queue.put(part)
      for (let index = 0; index < CONSUMERS; index++) all[index]?.addAll(queue.take() as number[])
    }
    return total(...all)
  },
}

interface Message {
  readonly kind: 'ask' | 'event'
  readonly from: Actor
  readonly body: number
}

/** A mailbox, and what is done with a message. */
class Actor {
  readonly mailbox = new Queue<Message>()
  isQueued = false
  readonly receive: (message: Message) => void

  constructor(receive: (message: Message) => void) {
    this.receive = receive
  }
}

const queue = new Queue<Actor>()

function send(to: Actor, message: Message): void {
  to.mailbox.put(message)
  if (to.isQueued) return
  to.isQueued = true
  queue.put(to)
}

/** Gives everyone who has messages a turn, until nobody has any. */
function run(): void {
  for (let actor = queue.take(); actor !== undefined; actor = queue.take()) {
    actor.isQueued = false
    for (let message = actor.mailbox.take(); message !== undefined; message = actor.mailbox.take()) {
      actor.receive(message)
    }
  }
}

/** The least that processes can be: a mailbox, a message that is an object, and a turn, for each step. */
export const actors: Runs = {
  W2(count) {
    const tally = new OrderedTally()
    let next = 0
    const source: Actor = new Actor(({ from }) => {
      if (next < count) send(from, { kind: 'event', from: source, body: next++ })
    })
    const middle: Actor = new Actor(({ kind, body }) => {
      if (kind === 'ask') return
      send(sink, { kind: 'event', from: middle, body: double(body) })
      send(source, { kind: 'ask', from: middle, body: 1 })
    })
    const sink: Actor = new Actor(({ from, body }) => {
      tally.add(body)
      send(from, { kind: 'ask', from: sink, body: 1 })
    })
    send(source, { kind: 'ask', from: middle, body: 1 })
    run()
    return total(tally)
  },

  W6(count, handle: Handler = handleLater) {
    return new Promise<Outcome>((resolve) => {
      const tally = new Tally()
      let next = 0
      const source: Actor = new Actor(({ from }) => {
        if (next < count) send(from, { kind: 'event', from: source, body: next++ })
      })
      const makeWorker = (): Actor => {
        let given = 0
        const done = (event: number): void => {
          given = event
          send(worker, { kind: 'ask', from: worker, body: 1 })
          void Promise.resolve().then(run)
        }
        const worker: Actor = new Actor(({ kind, body }) => {
          if (kind === 'event') {
            void handle(body).then(done)
            return
          }
          tally.add(given)
          if (tally.count === count) resolve(total(tally))
          else send(source, { kind: 'ask', from: worker, body: 1 })
        })
        return worker
      }
      const workers = Array.from({ length: Math.min(CONCURRENCY, count) }, makeWorker)
      for (const worker of workers) send(source, { kind: 'ask', from: worker, body: 1 })
      run()
    })
  },
}
