// Subscriptions that must not compile; refused.test.ts explains the comments.
import { consumer, consumerSupervisor, producer, producerConsumer, startLink, stream, to } from 'genstage'

const numbers = await startLink(producer({ handleDemand: (demand) => Array.from({ length: demand }, () => 1) }))
const words = await startLink(producer({ handleDemand: (demand) => Array.from({ length: demand }, () => 'a') }))
const both = await startLink(producer({ handleDemand: (demand): (string | number)[] => [demand, 'a'] }))
const sum = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
const doubled = await startLink(producerConsumer({ handleEvents: (events: readonly number[]) => events }))

// @ts-expect-error TS2345 at words: ProducerRef<string> and ProducerRef<number>
await sum.subscribe(words)
// @ts-expect-error TS2345 at both: ProducerRef<string | number> and ProducerRef<number>
await sum.subscribe(both)
// @ts-expect-error TS2345 at words: ProducerRef<string> and ProducerRef<number>
await doubled.subscribe(words, { maxDemand: 10 })
// @ts-expect-error TS2345 at words: ProducerRef<string> and ProducerRef<number>
await sum.resubscribe(await sum.subscribe(numbers), 'normal', words)

// The wrong way round.
// @ts-expect-error TS2339 at subscribe: subscribe and ProducerRef<number>
await numbers.subscribe(sum)
// @ts-expect-error TS2345|TS2739 at sum: ConsumerRef<number> and ProducerRef<number>
await sum.subscribe(sum)

// In a setup function.
// @ts-expect-error TS2322 at words: ProducerRef<string> and ProducerRef<number>
consumer({ subscribeTo: [words], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2322 at to(words: SourceWithOptions<string> and SourceWithOptions<number>
consumer({ subscribeTo: [to(words, { maxDemand: 10 })], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2322 at words: ProducerRef<string> and ProducerRef<number>
consumer({ subscribeTo: [numbers, words], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2345 at () =>: ProducerRef<string> and ProducerRef<number>
consumer(() => ({ subscribeTo: [words], handleEvents(_events: readonly number[]) {} }))
// @ts-expect-error TS2322 at words: ProducerRef<string> and ProducerRef<number>
producerConsumer({ subscribeTo: [words], handleEvents: (events: readonly number[]) => events })
// @ts-expect-error TS2322 at words: ProducerRef<string> and ProducerRef<number>
consumerSupervisor({ subscribeTo: [words], child: (event: number) => event })
// @ts-expect-error TS2322 at 'numbers': string and Source<number>
consumer({ subscribeTo: ['numbers'], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2322 at sum: ConsumerRef<number> and Source<number>
consumer({ subscribeTo: [sum], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2322|TS2740 at subscribeTo: ProducerRef<number> and Source<number>[]
consumer({ subscribeTo: numbers, handleEvents(_events: readonly number[]) {} })

// From inside.
consumer((stage) => {
  // @ts-expect-error TS2345 at sum: ConsumerRef<number> and Source<unknown>
  stage.subscribe(sum)
  return { handleEvents(_events: readonly number[]) {} }
})
producer((stage) => {
  // @ts-expect-error TS2339 at subscribe: subscribe and ProducerContext
  stage.subscribe(numbers)
  return { handleDemand: () => [] }
})

// What a stream gives.
for await (const event of stream([numbers])) {
  // @ts-expect-error TS2339 at length: number
  console.log(event.length)
}
// @ts-expect-error TS2322 at sum: ConsumerRef<number> and Source<unknown>
stream([sum])
