import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import {
  type Callable,
  type ConsumerContext,
  type ConsumerRef,
  consumer,
  type Down,
  type From,
  type Monitor,
  type ProcessRef,
  type ProducerRef,
  producer,
  type Stage,
  start,
} from 'genstage'
import type { TestRuntime } from 'genstage/testing'

/** What a stage takes hold of while it lives: of the runtime's means, or of another stage. */
type Hold = 'timer' | 'monitor' | 'unmonitor' | 'link' | 'call' | 'late-reply' | 'subscribe' | 'start' | 'wait'

/** How a stage is ended. */
export type Ending = 'stop' | 'kill' | 'exit' | 'crash'

const holds = fc.constantFrom<Hold[]>(
  'timer',
  'monitor',
  'unmonitor',
  'link',
  'call',
  'late-reply',
  'subscribe',
  'start',
  'wait',
)

/** An order to a stage to take hold of another; both are numbers, modulo the size of the population. */
export interface Order {
  readonly by: number
  readonly what: Hold
  readonly on: number
}

/** Makes up what the members of a population take hold of. */
export const orders: fc.Arbitrary<readonly Order[]> = fc.array(
  fc.record({ by: fc.nat(7), what: holds, on: fc.nat(7) }),
  { maxLength: 30 },
)

export const endings: fc.Arbitrary<Ending> = fc.constantFrom('stop', 'kill', 'exit', 'crash')

/** A stage of a population, which carries out orders. */
type MemberRef = ConsumerRef<number> & Callable<{ ask(): string }>

/** The instance of a stage, which must be collectable after the stage has exited. */
class Instance {
  private readonly stage: ConsumerContext
  private readonly population: Population
  private readonly monitors: Monitor[] = []
  private readonly owed: From<string>[] = []
  /** Something of a size that would be missed. */
  readonly luggage = Array.from({ length: 1_000 }, () => 0)

  constructor(stage: ConsumerContext, population: Population) {
    this.stage = stage
    this.population = population
  }

  handleEvents(_events: readonly number[]): void {}

  readonly handleCall = {
    ask: (_nothing: void, from: From<string>): void => {
      this.owed.push(from)
    },
  }

  handleInfo(message: Order | Down | 'crash' | 'tick'): Promise<void> | undefined {
    if (message === 'crash') throw new Error('a planned failure')
    if (message === 'tick') return undefined
    if ('down' in message) {
      this.population.downs++
      return undefined
    }
    return this.obey(message)
  }

  private obey({ what, on }: Order): Promise<void> | undefined {
    const { stage, population } = this
    const other = population.member(on)
    switch (what) {
      case 'timer':
        stage.sendAfter('tick', 60_000 + on)
        return undefined
      case 'monitor':
        this.monitors.push(stage.monitor(other))
        return undefined
      case 'unmonitor':
        this.monitors.pop()?.cancel()
        return undefined
      case 'link':
        stage.link(other)
        return undefined
      case 'call':
        if (other.id !== stage.self.id) stage.call(other, 'ask', { timeout: 90_000 }).catch(() => {})
        return undefined
      case 'late-reply':
        this.owed.shift()?.reply('finally')
        return undefined
      case 'subscribe':
        stage.subscribe(population.source)
        return undefined
      case 'start':
        return stage.startLink(population.make()).then(
          () => undefined,
          () => undefined,
        )
      case 'wait':
        // Parked until the end, with something on its signal.
        return new Promise((_resolve, reject) =>
          stage.signal.addEventListener('abort', () => reject(new Error('late'))),
        )
    }
  }
}

/** Some stages that take hold of each other, in all the ways there are, and a producer that all may subscribe to. */
export class Population {
  readonly instances: WeakRef<object>[] = []
  /** The messages about exits of others that were received. */
  downs = 0
  private shared: ProducerRef<number> | undefined
  private readonly members: MemberRef[] = []
  private readonly runtime: TestRuntime
  private readonly caller = new AbortController()

  constructor(runtime: TestRuntime) {
    this.runtime = runtime
  }

  async begin(size: number): Promise<void> {
    this.shared = await start(producer({ handleDemand: () => [] }), { runtime: this.runtime })
    for (let count = 0; count < size; count++) {
      const name = `member ${count}`
      this.members.push(await start(this.make(), { runtime: this.runtime, name }))
    }
  }

  get size(): number {
    return this.members.length
  }

  /** The producer that all may subscribe to; there once the population has begun. */
  get source(): ProducerRef<number> {
    if (this.shared === undefined) throw new Error('the population has not begun')
    return this.shared
  }

  member(place: number): MemberRef {
    return this.members[place % this.members.length] as MemberRef
  }

  /** A new stage of this kind. */
  make(): Stage<MemberRef> {
    return consumer((stage) => {
      const instance = new Instance(stage, this)
      this.instances.push(new WeakRef(instance))
      return instance
    })
  }

  give(order: Order): void {
    this.member(order.by).send(order)
  }

  /** Calls a member from outside, with a signal, and does not wait for the reply. */
  callFromOutside(place: number): void {
    this.member(place)
      .call('ask', { timeout: 70_000, signal: this.caller.signal })
      .catch(() => {})
  }

  /** How many listeners calls from outside have left on the caller's signal. */
  get listeners(): number {
    return getEventListeners(this.caller.signal, 'abort').length
  }

  end(place: number, how: Ending): void {
    endBy(this.member(place), how)
  }
}

export function endBy(ref: ProcessRef, how: Ending): void {
  if (how === 'stop') ref.stop().catch(() => {})
  else if (how === 'kill') ref.exit('kill')
  else if (how === 'exit') ref.exit(new Error('a planned signal'))
  else ref.send('crash')
}
