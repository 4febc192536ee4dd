import {
  type AcceptsOptions,
  broadcastDispatcher,
  type Dispatcher,
  demandDispatcher,
  type ProducerRef,
  partitionDispatcher,
  type SourceWithOptions,
  type SubscribeOptions,
  to,
} from 'genstage'
import { FormatError } from './read-scenarios.ts'
import type { DispatcherDescription, Emitting, SourceDescription, SubscriptionDescription } from './scenario.ts'

// The options of the library for the JSON of a file.

/** What a dispatcher may want of its subscribers. Which of it is there is up to the file: the library checks. */
export interface Routing {
  readonly partition: string | number
  readonly selector?: (event: number) => boolean
}

/** A producer of which only the file knows what it wants of its subscribers. */
export type Source = ProducerRef<number> & AcceptsOptions<Routing>

type PartitionDescription = Extract<DispatcherDescription, { type: 'partition' }>

/** The options that every stage with consumers is started with. */
export function emittingOptions(description: Emitting) {
  const { buffer_size, buffer_keep, dispatcher } = description
  return {
    ...(buffer_size !== undefined && { bufferSize: buffer_size === 'infinity' ? Infinity : buffer_size }),
    ...(buffer_keep !== undefined && { bufferKeep: buffer_keep }),
    ...(dispatcher !== undefined && { dispatcher: dispatcherFor(dispatcher) }),
  }
}

/** A subscription's options; the label travels as its metadata. The defaults are GenStage's. */
export function subscriptionOptions(description: SubscriptionDescription): SubscribeOptions & Routing {
  return { cancel: 'permanent', ...statedOptions(description) }
}

function statedOptions(description: SubscriptionDescription): SubscribeOptions & Routing {
  const { label, cancel, max_demand, min_demand, partition, selector } = description
  const options = {
    metadata: label,
    ...(cancel !== undefined && { cancel }),
    ...(max_demand !== undefined && { maxDemand: max_demand }),
    ...(min_demand !== undefined && { minDemand: min_demand }),
    ...(partition !== undefined && { partition }),
    ...(selector !== undefined && { selector: selectors[selector] }),
  }
  // Whether there is a partition where one is wanted only the file knows.
  return options as SubscribeOptions & Routing
}

/** A producer with the options to subscribe to it, for `subscribeTo`. */
export function sourceFor(
  [stage, options]: SourceDescription,
  find: (name: string) => Source,
): SourceWithOptions<number> {
  return to(find(stage), subscriptionOptions(options))
}

/** The same for `stream`, which has a default of its own that differs on purpose. */
export function streamSourceFor(
  [stage, options]: SourceDescription,
  find: (name: string) => Source,
): SourceWithOptions<number> {
  return to(find(stage), statedOptions(options))
}

const selectors = {
  even: (event: number) => event % 2 === 0,
  odd: (event: number) => event % 2 !== 0,
  gt10: (event: number) => event > 10,
  never: () => false,
}

function dispatcherFor(description: DispatcherDescription): Dispatcher<number, Routing> {
  switch (description.type) {
    case 'demand':
      return demandDispatcher(description.max_demand === undefined ? {} : { maxDemand: description.max_demand })
    case 'broadcast':
      return broadcastDispatcher<number>()
    case 'partition':
      return partitionDispatcher<string | number, number>({
        partitions: description.partitions,
        hash: hashFor(description),
      })
    default:
      throw new FormatError(`unknown dispatcher ${JSON.stringify(description)}`)
  }
}

function hashFor({
  hash,
  partitions,
}: PartitionDescription): (event: number) => readonly [number, string | number] | 'none' {
  const count = typeof partitions === 'number' ? partitions : partitions.length
  const modulo = (event: number) => ((event % count) + count) % count
  switch (hash) {
    case 'mod':
      return (event) => [event, modulo(event)]
    case 'mod_none':
      return (event) => (event % 5 === 0 ? 'none' : [event, modulo(event)])
    case 'first':
      return (event) => [event, 0]
    case 'parity':
      return (event) => [event, event % 2 === 0 ? 'even' : 'odd']
    case 'map':
      return (event) => [event * 100, modulo(event)]
    default:
      throw new FormatError(`unknown hash ${JSON.stringify(hash)}`)
  }
}
