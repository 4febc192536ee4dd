import { quote } from '../base/quote.ts'
import type { Stage } from '../process/start/start-types.ts'
import { consumer, producer, producerConsumer } from '../stage/definition/factories.ts'
import type { ConsumerRef, ProducerConsumerRef, ProducerRef } from '../stage/types/references.ts'
import type { TestRuntime } from './test-runtime.ts'

// What most tests of a pipeline are played with. Each makes a stage, to be started once.

/** What a counter tells itself when it has emitted its last number. */
const FINISHED = Symbol('finished')

/**
 * A producer of `from`, `from + 1`, `from + 2` and so on: as many as are asked for.
 *
 * @param count How many numbers there are. It ends normally when the last has gone out. Default: `Infinity`.
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

/** A producer-consumer that emits what `transform` makes of each event. */
export function mapper<In, Out>(transform: (event: In) => Out): Stage<ProducerConsumerRef<In, Out>> {
  return producerConsumer({ handleEvents: (events: readonly In[]) => events.map((event) => transform(event)) })
}

/** A consumer that puts all events into an array of the test's. */
export function collector<Event>(into: Event[]): Stage<ConsumerRef<Event>> {
  return consumer({
    handleEvents(events: readonly Event[]) {
      for (const event of events) into.push(event)
    },
  })
}

/** A consumer that takes `ms` milliseconds of the runtime's time for each batch, and then puts it into an array. */
export function slowCollector<Event>(runtime: TestRuntime, ms: number, into: Event[]): Stage<ConsumerRef<Event>> {
  return consumer({
    async handleEvents(events: readonly Event[]) {
      await runtime.sleep(ms)
      for (const event of events) into.push(event)
    },
  })
}

/** A collector that crashes when it comes to an event for which `isFatal` answers true; it never collects that one. */
export function crashingCollector<Event>(isFatal: (event: Event) => boolean, into: Event[]): Stage<ConsumerRef<Event>> {
  return consumer({
    handleEvents(events: readonly Event[]) {
      for (const event of events) {
        if (isFatal(event)) throw new Error(`crashed at ${quote(event)}, as it was meant to`)
        into.push(event)
      }
    },
  })
}

/** A consumer that takes one batch and is never done with it. */
export function hangingConsumer<Event>(): Stage<ConsumerRef<Event>> {
  return consumer({ handleEvents: (_events: readonly Event[]) => new Promise<void>(() => {}) })
}

/** A producer that is asked once and never answers. */
export function hangingProducer<Event>(): Stage<ProducerRef<Event>> {
  return producer({ handleDemand: (_demand: number) => new Promise<Event[]>(() => {}) })
}
