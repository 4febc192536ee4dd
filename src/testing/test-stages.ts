import { quote } from '../base/quote.ts'
import type { Stage } from '../process/start/start-types.ts'
import { consumer, producer, producerConsumer } from '../stage/definition/factories.ts'
import type { ConsumerRef, ProducerConsumerRef, ProducerRef } from '../stage/types/references.ts'
import type { TestRuntime } from './test-runtime.ts'

// Stages for tests of pipelines. Each function makes a stage, to be started once.

/** A counter sends this to itself when it has emitted its last number. */
const FINISHED = Symbol('finished')

/**
 * A producer of `from`, `from + 1`, `from + 2` and so on: as many as are asked for.
 *
 * @param count How many numbers there are. The stage ends normally when the last one was sent. Default: `Infinity`.
 */
export function counter(from: number = 0, count: number = Number.POSITIVE_INFINITY): Stage<ProducerRef<number>> {
  return producer(({ info }) => {
    const end = from + count
    let next = from
    return {
      handleDemand(demand) {
        const first = next
        next = Math.min(first + demand, end)
        if (next === end) info(FINISHED)
        return Array.from({ length: next - first }, (_, index) => first + index)
      },
      handleInfo: (message: unknown) => (message === FINISHED ? { stop: 'normal' } : undefined),
    }
  })
}

/** A producer-consumer that emits the result of `transform` for each event. */
export function mapper<In, Out>(transform: (event: In) => Out): Stage<ProducerConsumerRef<In, Out>> {
  return producerConsumer({ handleEvents: (events: readonly In[]) => events.map((event) => transform(event)) })
}

/** A consumer that adds all events to an array. */
export function collector<Event>(into: Event[]): Stage<ConsumerRef<Event>> {
  return consumer({
    handleEvents(events: readonly Event[]) {
      for (const event of events) into.push(event)
    },
  })
}

/** A consumer that takes `ms` milliseconds of the runtime's time for each batch, and then adds it to an array. */
export function slowCollector<Event>(runtime: TestRuntime, ms: number, into: Event[]): Stage<ConsumerRef<Event>> {
  return consumer({
    async handleEvents(events: readonly Event[]) {
      await runtime.sleep(ms)
      for (const event of events) into.push(event)
    },
  })
}

/** A collector that throws at an event for which `isFatal` returns true; it does not collect that one. */
export function crashingCollector<Event>(isFatal: (event: Event) => boolean, into: Event[]): Stage<ConsumerRef<Event>> {
  return consumer({
    handleEvents(events: readonly Event[]) {
      for (const event of events) {
        if (isFatal(event)) throw new Error(`crashed at ${quote(event)}, as intended`)
        into.push(event)
      }
    },
  })
}

/** A consumer that takes one batch and never finishes it. */
export function hangingConsumer<Event>(): Stage<ConsumerRef<Event>> {
  return consumer({ handleEvents: (_events: readonly Event[]) => new Promise<void>(() => {}) })
}

/** A producer whose `handleDemand` never settles. */
export function hangingProducer<Event>(): Stage<ProducerRef<Event>> {
  return producer({ handleDemand: (_demand: number) => new Promise<Event[]>(() => {}) })
}
