// Subscriptions that must compile. Compiled by `npm run types`, never run.
import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  named,
  type ProducerConsumerRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  type RefOf,
  type Source,
  type Subscription,
  startLink,
  to,
} from 'genstage'
import { exactly } from '../equal.ts'

const Numbers = () => producer({ handleDemand: (demand) => Array.from({ length: demand }, (_, index) => index) })
const Doubled = () =>
  producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })
const Shown = () => producerConsumer({ handleEvents: (events: readonly number[]) => events.map(String) })
const Sum = () => consumer({ handleEvents(_events: readonly number[]) {} })
const Either = () => consumer({ handleEvents(_events: readonly (string | number)[]) {} })
const Anything = () => consumer({ handleEvents(_events: readonly unknown[]) {} })

const numbers = await startLink(Numbers())
const doubled = await startLink(Doubled())
const shown = await startLink(Shown())
const sum = await startLink(Sum())
const either = await startLink(Either())
const anything = await startLink(Anything())

// What a reference is called in a message or on a hover: nothing is added where a stage has nothing to add.
exactly<ProducerRef<number>>()(numbers)
exactly<ProducerConsumerRef<number, number>>()(doubled)
exactly<ProducerConsumerRef<number, string>>()(shown)
exactly<ConsumerRef<number>>()(sum)
exactly<ProducerRef<number>>()({} as RefOf<typeof Numbers>)
exactly<ProducerRef<number>>()({} as RefOf<ReturnType<typeof Numbers>>)

exactly<Subscription>()(await sum.subscribe(numbers))
await sum.subscribe(doubled)
await shown.subscribe(doubled, { maxDemand: 10, minDemand: 5, cancel: 'transient', metadata: { any: 'value' } })
await sum.subscribe(numbers, { confirm: true, timeout: 100 })
exactly<Subscription>()(await sum.resubscribe(await sum.subscribe(numbers), 'normal', doubled, { maxDemand: 1 }))

// A consumer of a wider type takes a narrower one, and a producer of a narrower type serves a wider one.
await either.subscribe(numbers)
await either.subscribe(shown)
await anything.subscribe(numbers)
const narrower: ConsumerRef<number> = either
const wider: ProducerRef<number | string> = numbers
const both: ProducerConsumerRef<1 | 2, number | string> = doubled
await narrower.subscribe(numbers)
await either.subscribe(wider)
await either.subscribe(both)

// In a setup function: by reference, with options, by name, mixed.
const name = named<ProducerRef<number>>('numbers')
await startLink(Numbers(), { name })
await startLink(Numbers(), { name: 'other' })
await sum.subscribe(name)
consumer({ subscribeTo: [numbers, to(doubled, { maxDemand: 10 }), name], handleEvents(_events: readonly number[]) {} })
consumer({ subscribeTo: [numbers, shown], handleEvents(_events: readonly (number | string)[]) {} })
consumer(() => ({ subscribeTo: [numbers], handleEvents(_events: readonly number[]) {} }))
producerConsumer({
  subscribeTo: [to(name, { cancel: 'temporary' })],
  handleEvents: (events: readonly number[]) => events,
})
const sources: Source<number>[] = [numbers, to(doubled, {})]
consumer({ subscribeTo: sources, handleEvents(_events: readonly number[]) {} })

// The type of the producer may define what is consumed.
consumer({
  subscribeTo: [numbers],
  handleEvents(events) {
    exactly<readonly number[]>()(events)
  },
})

// Options of the dispatcher: demanded, or offered.
const parity = await startLink(
  producer({
    dispatcher: partitionDispatcher({
      partitions: ['odd', 'even'],
      hash: (event: number) => [event, event % 2 ? 'odd' : 'even'],
    }),
    handleDemand: (demand) => Array.from({ length: demand }, (_, index) => index),
  }),
)
const four = await startLink(
  producer({ dispatcher: partitionDispatcher({ partitions: 4 }), handleDemand: (demand) => [demand] }),
)
const broadcasting = await startLink(
  producer({ dispatcher: broadcastDispatcher<{ id: number }>(), handleDemand: (demand) => [{ id: demand }] }),
)
const takesIds = await startLink(consumer({ handleEvents(_events: readonly { id: number }[]) {} }))
await sum.subscribe(parity, { partition: 'even', maxDemand: 1 })
await sum.subscribe(four, { partition: 3 })
await takesIds.subscribe(broadcasting)
await takesIds.subscribe(broadcasting, { selector: (event) => event.id > 1 })
consumer({ subscribeTo: [to(parity, { partition: 'odd' })], handleEvents(_events: readonly number[]) {} })
consumer({ subscribeTo: [broadcasting], handleEvents(_events: readonly { id: number }[]) {} })
consumer({
  subscribeTo: [to(broadcasting, { selector: (event) => event.id > 1 })],
  handleEvents(_events: readonly { id: number }[]) {},
})

// Options of the consumer itself: what its handleSubscribe is annotated with.
const limiter = await startLink(
  consumer({
    handleSubscribe: (_role, options: { maxDemand: number; interval?: number }) =>
      options.interval === undefined ? 'automatic' : 'manual',
    handleEvents(_events: readonly number[]) {},
  }),
)
await limiter.subscribe(numbers)
await limiter.subscribe(numbers, { interval: 20 })
await limiter.subscribe(parity, { interval: 20, partition: 'odd' })
const strict = await startLink(
  consumer({
    handleSubscribe: (_role, options: { interval: number }) => (options.interval > 0 ? 'manual' : { stop: 'normal' }),
    handleEvents(_events: readonly number[]) {},
  }),
)
await strict.subscribe(numbers, { interval: 20 })

// A function over references needs no more than their types.
export const connect = async <Event>(taker: ConsumerRef<Event>, giver: ProducerRef<Event>): Promise<Subscription> =>
  taker.subscribe(giver, { maxDemand: 10 })
await connect(sum, numbers)
await connect<number>(either, numbers)
