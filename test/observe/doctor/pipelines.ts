import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type Stage,
  start,
} from '../../../src/index.ts'
import { type Finding, type ObserverOptions, observer } from '../../../src/observe/snapshot/index.ts'
import type { TestRuntime } from '../../../src/testing/index.ts'

/** Starts stages under their names, in one runtime. */
export function starterIn(runtime: TestRuntime) {
  return <Ref extends ProducerRef<number> | ConsumerRef<number>>(name: string, stage: Stage<Ref>): Promise<Ref> =>
    start(stage, { name, runtime })
}

/** What an observer finds at the end of so many milliseconds. */
export async function findingsAfter(
  runtime: TestRuntime,
  ms: number,
  options: ObserverOptions = {},
): Promise<readonly Finding[]> {
  const watching = observer({ runtime, ...options })
  await runtime.advance(ms)
  watching.close()
  return watching.findings
}

/** A finding without its evidence: severity, kind and stage. */
export function briefly(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, kind, label }) => `${severity}: ${kind} at ${label}`)
}

/** A producer of as many numbers as are asked for, to all at once. */
export function broadcaster(): Stage<ProducerRef<number>> {
  return producer({
    dispatcher: broadcastDispatcher<number>(),
    handleDemand: (demand: number) => Array.from({ length: demand }, (_, index) => index),
  })
}

/** A producer of as many numbers as are asked for, spread over partitions by `hash`. */
export function spreader(partitions: number, hash: (event: number) => number) {
  return producer(() => {
    let next = 0
    return {
      dispatcher: partitionDispatcher<number, number>({ partitions, hash: (event) => [event, hash(event)] }),
      handleDemand: (demand: number) => Array.from({ length: demand }, () => next++),
    }
  })
}

/** A consumer that takes `ms` milliseconds of the runtime's time for each event. */
export function slow(runtime: TestRuntime, ms: number): Stage<ConsumerRef<number>> {
  return consumer({ handleEvents: (events: readonly number[]) => runtime.sleep(ms * events.length) })
}

/** A producer-consumer that takes `ms` milliseconds for each event, and hands it on. */
export function slowMapper(runtime: TestRuntime, ms: number) {
  return producerConsumer({
    async handleEvents(events: readonly number[]) {
      await runtime.sleep(ms * events.length)
      return events
    },
  })
}

/** A consumer that asks for `count` events every `ms` milliseconds, and never where that is `Infinity`. */
export function asking(count: number, ms: number): Stage<ConsumerRef<number>> {
  return consumer(({ sendAfter }) => {
    let ask = (): void => {}
    return {
      handleSubscribe(_role, _options, from) {
        ask = () => from.ask(count)
        sendAfter('ask', ms)
        return 'manual'
      },
      handleEvents: (_events: readonly number[]) => {},
      handleInfo() {
        ask()
        sendAfter('ask', ms)
      },
    }
  })
}

/** A producer that emits `count` numbers every `ms` milliseconds, asked or not; the first ones at once. */
export function ticking(count: number, ms: number, bufferSize: number = 10_000): Stage<ProducerRef<number>> {
  return producer(({ sendAfter }) => {
    sendAfter('tick', 0)
    return {
      bufferSize,
      handleDemand: () => [],
      handleInfo() {
        sendAfter('tick', ms)
        return Array.from({ length: count }, (_, index) => index)
      },
    }
  })
}
