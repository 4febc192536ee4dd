import {
  type Castable,
  type ConsumerRef,
  type DemandMode,
  type ProcessRef,
  type ProducerRef,
  type Stage,
  type Subscription,
  start,
} from 'genstage'
import { inject, type TestRuntime, testRuntime } from 'genstage/testing'
import { type Item, Ledger, PlannedCrash } from './ledger.ts'
import type { Incident, PipelinePlan, RelayPlan, SourcePlan, StagePlan, SubscriptionPlan } from './plan.ts'
import { type Bursts, relayStage, sinkStage, sourceStage } from './stages.ts'

type EmittingRef = ProducerRef<Item> & Castable<Bursts>
type HandlingRef = ConsumerRef<Item>

/** One stage of a running pipeline. */
interface Member {
  readonly label: string
  readonly plan: StagePlan
  readonly ref: ProcessRef
}

/** A subscription that is to be made, and was, perhaps several times. */
interface Bond {
  readonly plan: SubscriptionPlan
  readonly consumer: Member
  readonly producer: Member
  readonly partition: number
  handle: Subscription | undefined
}

/** How many callbacks a pipeline may run before it counts as running forever. */
const MOST_TICKS = 200_000

/** A pipeline of a plan, in its own runtime, with a ledger. */
export class Pipeline {
  readonly ledger: Ledger = new Ledger()
  readonly runtime: TestRuntime
  readonly members: Member[] = []
  /** The tags of subscriptions that others were put in the place of. */
  readonly replaced: Set<string> = new Set()
  private readonly plan: PipelinePlan
  private readonly bonds: Bond[] = []
  /** What is still to happen, the next one last. */
  private readonly incidents: Incident[]

  constructor(plan: PipelinePlan) {
    this.plan = plan
    this.runtime = testRuntime({ seed: plan.schedule, logger: this.ledger.logger })
    this.ledger.runtime = this.runtime
    this.incidents = plan.incidents.toSorted((one, other) => other.at - one.at)
    this.ledger.onTick = () => this.onTick()
  }

  /** Starts it, and has everything happen that is to happen; it comes to rest after each of the last incidents. */
  async run(): Promise<void> {
    await this.startAll()
    for (const bond of this.bonds) this.subscribe(bond)
    await this.runtime.settle()
    for (let next = this.incidents.pop(); next !== undefined; next = this.incidents.pop()) {
      this.happen(next)
      await this.runtime.settle()
    }
  }

  /** Ends whatever is left, at once, so that all that is held is counted. */
  async killAll(): Promise<void> {
    for (const { ref } of this.members) ref.exit('kill')
    await this.runtime.settle()
  }

  isAlive(member: Member): boolean {
    return this.ledger.isAlive(member.ref.id)
  }

  private async startAll(): Promise<void> {
    const { ledger, runtime } = this
    const isSubscribedTo = partitionsWanted(this.plan)
    for (const [depth, layer] of this.plan.layers.entries()) {
      for (const [place, plan] of layer.entries()) {
        const label = `${plan.kind} ${depth}.${place}`
        const partitions = isSubscribedTo(depth, place)
        const stage: Stage<ProcessRef> =
          plan.kind === 'producer'
            ? sourceStage(plan, label, partitions, ledger)
            : plan.kind === 'consumer'
              ? sinkStage(plan, label, ledger)
              : relayStage(plan, label, partitions, ledger)
        const ref: ProcessRef = await start(stage, { runtime })
        this.members.push({ label, plan, ref })
      }
    }
    this.makeBonds()
  }

  private makeBonds(): void {
    const taken = new Map<Member, number>()
    let first = 0
    for (const [depth, layer] of this.plan.layers.entries()) {
      const above = depth === 0 ? [] : this.members.slice(first - (this.plan.layers[depth - 1]?.length ?? 0), first)
      for (const place of layer.keys()) {
        const consumer = this.members[first + place] as Member
        for (const plan of sourcesOf(consumer.plan)) {
          const producer = above[plan.to % above.length] as Member
          const partition = taken.get(producer) ?? 0
          taken.set(producer, partition + 1)
          this.bonds.push({ plan, consumer, producer, partition, handle: undefined })
        }
      }
      first += layer.length
    }
  }

  // ── Incidents ─────────────────────────────────────────────────────────────────────────────────────────────────

  private onTick(): void {
    if (this.ledger.ticks > MOST_TICKS) throw new Error('the pipeline runs forever')
    for (let next = this.incidents.at(-1); next !== undefined && next.at <= this.ledger.ticks; ) {
      this.incidents.pop()
      this.happen(next)
      next = this.incidents.at(-1)
    }
  }

  private happen({ what, on, amount }: Incident): void {
    const { ledger, members } = this
    const member = pick(members, on)
    const bond = pick(this.bonds, on)
    const emitting = pick(
      members.filter(({ plan }) => plan.kind !== 'consumer'),
      on,
    )
    const emittingRef = emitting.ref as EmittingRef
    switch (what) {
      case 'kill':
        member.ref.exit('kill')
        return
      case 'exit':
        member.ref.exit(amount % 2 === 0 ? 'shutdown' : new PlannedCrash('an exit signal'))
        return
      case 'strike':
      case 'topple':
      case 'delay': {
        const fault = what === 'strike' ? 'kill' : what === 'topple' ? 'crash' : { delay: 3 * amount + 1 }
        inject(this.runtime, { fault, stage: member.ref, at: amount + 1 })
        return
      }
      case 'crash':
        ledger.failing.add(member.ref.id)
        return
      case 'stop':
        member.ref.stop(amount % 2 === 0 ? 'normal' : 'shutdown').catch(() => {})
        return
      case 'cancel':
        bond.handle?.cancel(amount % 2 === 0 ? 'normal' : new PlannedCrash('a cancellation'))
        return
      case 'resubscribe':
      case 'subscribe':
        this.subscribe(bond, what === 'resubscribe')
        return
      case 'burst':
        emittingRef.cast('burst', amount)
        return
      case 'ask':
        this.askMore(bond, amount)
        return
      case 'accumulate':
      case 'forward':
        if (emitting.plan.kind === 'producer') this.setDemand(emitting, what)
        return
      case 'count':
        this.count(emitting)
        return
      case 'info': {
        const place = ledger.emitters.get(emitting.ref.id)?.placeOfInfo ?? -1
        emittingRef.info({ place }).catch(() => {})
        return
      }
    }
  }

  /** Asks a stage how much it has in its buffer, which is bounded at any time. */
  private count({ label, plan, ref }: Member): void {
    const { bufferSize } = plan as SourcePlan | RelayPlan
    const counting = (ref as EmittingRef).estimateBufferedCount()
    counting.then(
      (count) => {
        if (count > bufferSize) this.ledger.report('bounds', `${label} buffers ${count} events, and not ${bufferSize}`)
      },
      () => {},
    )
  }

  private setDemand({ ref }: Member, mode: DemandMode): void {
    const emitter = this.ledger.emitters.get(ref.id)
    if (mode === 'accumulate' && emitter !== undefined) emitter.accumulates = true
    ;(ref as EmittingRef).demand(mode)
  }

  private askMore(bond: Bond, demand: number): void {
    const account = this.ledger.accounts.get(bond.handle?.tag ?? '')
    // Before the producer has seen the subscription an ask would be the end of it.
    if (account === undefined) return
    if (!account.isManual) account.extra += demand
    bond.handle?.ask(demand)
  }

  private subscribe(bond: Bond, isAgain = false): void {
    const { plan, partition, producer, handle } = bond
    const consumer = bond.consumer.ref as HandlingRef
    const options = {
      maxDemand: plan.maxDemand,
      minDemand: Math.min(plan.minDemand, plan.maxDemand - 1),
      cancel: plan.cancel,
      metadata: { isManual: plan.isManual },
      ...dispatcherOptions(producer.plan, partition, plan.isPicky),
    }
    const ref = producer.ref as EmittingRef
    const subscribed =
      isAgain && handle !== undefined
        ? consumer.resubscribe(handle, 'normal', ref, options)
        : consumer.subscribe(ref, options)
    subscribed.then(
      (made) => {
        if (isAgain && handle !== undefined) this.replaced.add(handle.tag)
        bond.handle = made
      },
      () => {},
    )
  }
}

function pick<Each>(among: readonly Each[], place: number): Each {
  return among[place % among.length] as Each
}

function sourcesOf(plan: StagePlan): readonly SubscriptionPlan[] {
  return plan.kind === 'producer' ? [] : plan.sources
}

function dispatcherOptions(plan: StagePlan, partition: number, isPicky: boolean): object {
  const { dispatcher } = plan as SourcePlan | RelayPlan
  if (dispatcher === 'partition') return { partition }
  if (dispatcher === 'broadcast' && isPicky) return { selector: (item: Item) => item.key % 2 === 0 }
  return {}
}

/** How many partitions the stage at a place needs: one for each of its subscribers, and at least one. */
function partitionsWanted({ layers }: PipelinePlan): (depth: number, place: number) => number {
  return (depth, place) => {
    const width = layers[depth]?.length ?? 1
    const below = layers[depth + 1] ?? []
    const wanted = below.flatMap(sourcesOf).filter(({ to }) => to % width === place)
    return Math.max(1, wanted.length)
  }
}
