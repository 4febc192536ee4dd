import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  type Dispatcher,
  demandDispatcher,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Stage,
  type StageContext,
  type Subscription,
} from 'genstage'
import { type Emitter, Emitter as EmitterRecord, Handler, type Item, type Ledger } from './ledger.ts'
import type { EmittingPlan, RelayPlan, SinkPlan, SourcePlan } from './plan.ts'
import { type TimedReturn, timedReturn } from './timed-return.ts'
import { WatchedDispatcher } from './watched-dispatcher.ts'

/** How many keys there are. */
export const KEYS = 6
/** Events of this key are thrown away by the hash of a partition dispatcher that has more than one partition. */
const HASHED_AWAY = KEYS - 1

/** A cast that every emitting test stage takes. */
export interface Bursts {
  burst(count: number): void
}

/** The content of a message to a test stage. */
interface InfoMark {
  readonly place: number
}

function dispatcherOf(
  plan: EmittingPlan,
  partitions: number,
  emitter: Emitter,
  ledger: Ledger,
): Dispatcher<Item, never> {
  if (plan.dispatcher === 'broadcast') return broadcastDispatcher<Item>()
  if (plan.dispatcher === 'demand') return demandDispatcher()
  const hash = (item: Item): readonly [Item, number] | 'none' => {
    ledger.failIfRequested(emitter.id)
    if (item.key !== HASHED_AWAY || partitions === 1) return [item, item.key % partitions]
    emitter.hashAway(item)
    return 'none'
  }
  return partitionDispatcher({ partitions, hash })
}

/** The part of a stage's callbacks that is about emitting. */
function emittingPart(plan: EmittingPlan, partitions: number, emitter: Emitter, ledger: Ledger) {
  const formatDiscarded = (count: number): boolean => {
    ledger.tick(emitter.id)
    emitter.reportedDiscarded = (emitter.reportedDiscarded ?? 0) + count
    const logs = plan.reportsDiscarded === 'and-logs'
    if (logs) emitter.allowedDiscarded += count
    return logs
  }
  if (plan.reportsDiscarded !== 'no') emitter.reportedDiscarded = 0
  return {
    dispatcher: new WatchedDispatcher(dispatcherOf(plan, partitions, emitter, ledger), emitter, ledger),
    bufferSize: plan.bufferSize,
    bufferKeep: plan.bufferKeep,
    ...(plan.reportsDiscarded === 'no' ? {} : { formatDiscarded }),
  }
}

function newEmitter(stage: StageContext, label: string, plan: SourcePlan | RelayPlan, ledger: Ledger): Emitter {
  const accumulates = plan.kind === 'producer' && plan.mode === 'accumulate'
  const emitter = new EmitterRecord(stage.self.id, label, plan, accumulates)
  ledger.emitters.set(emitter.id, emitter)
  return emitter
}

/** A cast that emits without demand; it returns immediately, so that its events are always taken. */
const bursting = (emitter: Emitter, ledger: Ledger) => ({
  burst(count: number): Item[] {
    ledger.tick(emitter.id)
    ledger.failIfRequested(emitter.id)
    const items = Array.from({ length: count }, (_, index) => emitter.make((count + index) % KEYS))
    emitter.emit(items)
    for (const item of items) emitter.bursts.add(item)
    return items
  },
})

/** What a producer of so many events returns for some demand. */
function portion(plan: SourcePlan, demand: number, left: number): number {
  const wanted = { exact: demand, less: Math.ceil(demand / 2), more: demand + 3 }[plan.generosity]
  return Math.min(wanted, left)
}

/** A producer is asked for what its consumers want, and once more for what was dropped and had been asked for. */
function noteDemand(emitter: Emitter, demand: number, ledger: Ledger): void {
  emitter.demanded += demand
  const { label, demanded, asked, droppedWithSubscriber, hashedAway, discarded } = emitter
  if (demanded <= asked + droppedWithSubscriber + hashedAway.size + discarded) return
  ledger.report(
    'demand',
    `${label} is asked for ${demanded} events in all, and was asked by its consumers for ${asked}`,
  )
}

const FINISHED = 'finished'

/** A producer of a plan. */
export function sourceStage(
  plan: SourcePlan,
  label: string,
  partitions: number,
  ledger: Ledger,
): Stage<ProducerRef<Item>> {
  return producer((stage) => {
    const emitter = newEmitter(stage, label, plan, ledger)
    const inTime = timedReturn(plan.timing)
    let left = plan.supply
    emitter.left = plan.generosity === 'less' ? 0 : left
    let isOver = false
    const take = (demand: number): Item[] => {
      const count = portion(plan, demand, left)
      left -= count
      // Fewer events than were asked for may be returned at any time; the unmet demand is then unknown.
      emitter.left = plan.generosity === 'less' ? 0 : left
      return Array.from({ length: count }, (_, index) => emitter.make((left + index) % KEYS))
    }
    return {
      ...emittingPart(plan, partitions, emitter, ledger),
      demand: plan.mode,
      handleDemand(demand: number) {
        ledger.tick(emitter.id)
        noteDemand(emitter, demand, ledger)
        let events: Item[] = []
        return inTime(
          () => {
            ledger.failIfRequested(emitter.id)
            events = take(demand)
            if (left > 0 || isOver || plan.end === 'stay') return events
            isOver = true
            if (plan.end === 'stop') return { events, stop: 'normal' as const }
            stage.info(FINISHED)
            return events
          },
          (isSync) => emitter.result(events, isSync),
        )
      },
      handleCast: bursting(emitter, ledger),
      handleInfo(message: InfoMark | typeof FINISHED) {
        ledger.tick(emitter.id)
        if (message === FINISHED) return { stop: 'normal' as const }
        emitter.reachInfo(message.place)
        return inTime(() => [])
      },
      handleCancel() {
        ledger.tick(emitter.id)
        return inTime(() => ledger.failIfRequested(emitter.id))
      },
    }
  })
}

function newHandler(stage: StageContext, label: string, ledger: Ledger): Handler {
  const handler = new Handler(stage.self.id, label)
  ledger.handlers.set(handler.id, handler)
  return handler
}

/** The part of a stage's callbacks that is about its subscriptions. A manual one asks for as much as it was given. */
function subscribingPart(handler: Handler, ledger: Ledger, inTime: TimedReturn) {
  return {
    handleSubscribe(role: string, options: { maxDemand: number; metadata?: unknown }, from: Subscription) {
      ledger.tick(handler.id)
      const { isManual } = options.metadata as { isManual: boolean }
      return inTime(() => {
        ledger.failIfRequested(handler.id)
        if (role === 'consumer' || !isManual) return
        from.ask(options.maxDemand)
        return 'manual' as const
      })
    },
    handleCancel() {
      ledger.tick(handler.id)
      return inTime(() => ledger.failIfRequested(handler.id))
    },
  }
}

/** Handles a batch with some timing, records it, and asks for as many events again in manual mode. */
function handling(handler: Handler, ledger: Ledger, inTime: TimedReturn) {
  return <Result>(
    events: readonly Item[],
    from: Subscription,
    result: () => Result,
    whenKnown: (isSync: boolean) => void = () => {},
  ): Result => {
    ledger.tick(handler.id)
    const batch = ledger.begin(handler, from.tag, events)
    return inTime(
      () => {
        try {
          ledger.failIfRequested(handler.id)
        } catch (error) {
          batch.state = 'failed'
          throw error
        }
        if (batch.account.isManual) from.ask(events.length)
        return result()
      },
      (isSync) => {
        ledger.finish(handler, batch, isSync)
        whenKnown(isSync)
      },
    )
  }
}

/** A producer-consumer of a plan. */
export function relayStage(
  plan: RelayPlan,
  label: string,
  partitions: number,
  ledger: Ledger,
): Stage<ProducerRef<Item> & ConsumerRef<Item>> {
  return producerConsumer((stage) => {
    const emitter = newEmitter(stage, label, plan, ledger)
    const handler = newHandler(stage, label, ledger)
    const inTime = timedReturn(plan.timing)
    const handle = handling(handler, ledger, inTime)
    return {
      ...emittingPart(plan, partitions, emitter, ledger),
      ...subscribingPart(handler, ledger, inTime),
      onProducerEnd: plan.onProducerEnd,
      handleEvents(events: readonly Item[], from: Subscription) {
        let made: Item[] = []
        return handle(
          events,
          from,
          () => {
            made = events.flatMap(({ key, rank }) => Array.from({ length: plan.factor }, () => emitter.make(key, rank)))
            return made
          },
          (isSync) => emitter.result(made, isSync),
        )
      },
      handleCast: bursting(emitter, ledger),
      handleInfo(message: InfoMark) {
        ledger.tick(emitter.id)
        emitter.reachInfo(message.place)
        return inTime(() => [])
      },
    }
  })
}

/** A consumer of a plan. */
export function sinkStage(plan: SinkPlan, label: string, ledger: Ledger): Stage<ConsumerRef<Item>> {
  return consumer((stage) => {
    const handler = newHandler(stage, label, ledger)
    const inTime = timedReturn(plan.timing)
    const handle = handling(handler, ledger, inTime)
    return {
      ...subscribingPart(handler, ledger, inTime),
      handleEvents: (events: readonly Item[], from: Subscription) => handle(events, from, () => undefined),
      handleInfo() {
        ledger.tick(handler.id)
      },
    }
  })
}
