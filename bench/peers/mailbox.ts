import { double, OrderedTally, type Outcome, total } from '../work.ts'

const CAPACITY = 64
const MASK = CAPACITY - 1
const ASK = 1
const EVENT = 2
const SOURCE = 0
const MIDDLE = 1

/** A ring of messages, each a kind and a number: what a message costs at least. */
interface Mailbox {
  readonly owner: number
  readonly kinds: number[]
  readonly values: number[]
  head: number
  tail: number
  isQueued: boolean
}

function mailbox(owner: number): Mailbox {
  return {
    owner,
    kinds: new Array<number>(CAPACITY).fill(0),
    values: new Array<number>(CAPACITY).fill(0),
    head: 0,
    tail: 0,
    isQueued: false,
  }
}

/** Those who have a message. */
class RunQueue {
  private readonly ring: Mailbox[]
  private head = 0
  private tail = 0

  constructor(filler: Mailbox) {
    this.ring = new Array<Mailbox>(CAPACITY).fill(filler)
  }

  send(to: Mailbox, kind: number, value: number): void {
    to.kinds[to.tail] = kind
    to.values[to.tail] = value
    to.tail = (to.tail + 1) & MASK
    if (to.isQueued) return
    to.isQueued = true
    this.ring[this.tail] = to
    this.tail = (this.tail + 1) & MASK
  }

  next(): Mailbox | undefined {
    if (this.head === this.tail) return undefined
    const next = this.ring[this.head] as Mailbox
    this.head = (this.head + 1) & MASK
    next.isQueued = false
    return next
  }
}

/**
 * The limit of W2: three stages that are one `switch`, a mailbox each and a queue of those who have a message.
 *
 * Kinds of message, destinations and what is done with an event are known when it is compiled.
 */
export function sendOneByOne(count: number): Outcome {
  const tally = new OrderedTally()
  const [source, middle, sink] = [mailbox(SOURCE), mailbox(MIDDLE), mailbox(2)]
  const queue = new RunQueue(source)
  let next = 0
  queue.send(middle, ASK, 1)
  for (let turn = queue.next(); turn !== undefined; turn = queue.next()) {
    while (turn.head !== turn.tail) {
      const kind = turn.kinds[turn.head]
      const value = turn.values[turn.head] as number
      turn.head = (turn.head + 1) & MASK
      switch (turn.owner) {
        case SOURCE:
          if (next < count) queue.send(middle, EVENT, next++)
          break
        case MIDDLE:
          if (kind === ASK) queue.send(source, ASK, 1)
          else queue.send(sink, EVENT, double(value))
          break
        default:
          tally.add(value)
          queue.send(middle, ASK, 1)
      }
    }
  }
  return total(tally)
}
