// Options, names and dispatchers that must not compile; refused.test.ts explains the comments.
import {
  broadcastDispatcher,
  consumer,
  consumerSupervisor,
  createScope,
  fromIterable,
  named,
  type ProducerRef,
  partitionDispatcher,
  producer,
  startLink,
  supervisor,
  to,
} from 'genstage'

const Numbers = () => producer({ handleDemand: (demand) => [demand] })
const numbers = await startLink(Numbers())
const parity = await startLink(
  producer({
    dispatcher: partitionDispatcher({
      partitions: ['odd', 'even'],
      hash: (event: number) => [event, event % 2 ? 'odd' : 'even'],
    }),
    handleDemand: (demand) => [demand],
  }),
)
const broadcasting = await startLink(
  producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: (demand) => [demand] }),
)
const sum = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
const limiter = await startLink(
  consumer({
    handleSubscribe: (_role, options: { interval: number }) => (options.interval > 0 ? 'manual' : 'automatic'),
    handleEvents(_events: readonly number[]) {},
  }),
)

// A partition: which there is, and that there is one.
// @ts-expect-error TS2820 at partition: "odds" and "even" and "odd"
await sum.subscribe(parity, { partition: 'odds' })
// @ts-expect-error TS2322 at partition: number
await sum.subscribe(parity, { partition: 1 })
// @ts-expect-error TS2554 at subscribe: Expected 2 arguments, but got 1
await sum.subscribe(parity)
// @ts-expect-error TS2345 at { maxDemand: Property 'partition' is missing
await sum.subscribe(parity, { maxDemand: 10 })
// @ts-expect-error TS2322 at parity: partition
consumer({ subscribeTo: [parity], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2820 at partition: "odds" and "even" and "odd"
consumer({ subscribeTo: [to(parity, { partition: 'odds' })], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2345 at {}: Property 'partition' is missing
consumer({ subscribeTo: [to(parity, {})], handleEvents(_events: readonly number[]) {} })
// @ts-expect-error TS2353 at partition: 'partition' does not exist
await sum.subscribe(numbers, { partition: 'odd' })

// A hash: of the events, into the partitions.
partitionDispatcher({
  partitions: ['odd', 'even'],
  // @ts-expect-error TS2322 at hash|(event: "odds" and "odd"
  hash: (event: number) => [event, event % 2 ? 'odds' : 'even'],
})
producer({
  dispatcher: partitionDispatcher({ partitions: 2, hash: (event: string) => [event, event.length % 2] }),
  // @ts-expect-error TS2322 at demand]: number and string
  handleDemand: (demand) => [demand],
})

// A selector: of the events, and only where there is one.
// @ts-expect-error TS2322 at selector: (event: string) => boolean and (event: number) => boolean
await sum.subscribe(broadcasting, { selector: (event: string): boolean => event === '' })
// @ts-expect-error TS2339 at length: number
await sum.subscribe(broadcasting, { selector: (event) => event.length > 1 })
// @ts-expect-error TS2322 at selector: Promise<boolean> and boolean
await sum.subscribe(broadcasting, { selector: async (event) => event > 1 })
// @ts-expect-error TS2353 at selector: 'selector' does not exist
await sum.subscribe(numbers, { selector: () => true })
// @ts-expect-error TS2322 at selector: (event: string) => boolean and (event: number) => boolean
to(broadcasting, { selector: (event: string): boolean => event === '' })

// The consumer's own options.
// @ts-expect-error TS2554 at subscribe: Expected 2 arguments, but got 1
await limiter.subscribe(numbers)
// @ts-expect-error TS2322 at interval: string and number
await limiter.subscribe(numbers, { interval: '20' })

// Everyone's options.
// @ts-expect-error TS2561 at maxDemnd: 'maxDemnd' does not exist and 'maxDemand'
await sum.subscribe(numbers, { maxDemnd: 10 })
// @ts-expect-error TS2322 at cancel: "never" and "permanent"
await sum.subscribe(numbers, { cancel: 'never' })
// @ts-expect-error TS2353 at confirm: 'confirm' does not exist
to(numbers, { confirm: true })
// @ts-expect-error TS2322 at bufferKeep: "newest" and "first"
producer({ handleDemand: (demand) => [demand], bufferKeep: 'newest' })
// @ts-expect-error TS2353 at bufferSize: 'bufferSize' does not exist
consumer({ handleEvents(_events: readonly number[]) {}, bufferSize: 1 })
// @ts-expect-error TS2353|TS2561 at handelCancel: 'handelCancel' does not exist
producer({ handleDemand: (demand) => [demand], handelCancel() {} })
// @ts-expect-error TS2345 at {}: ProducerCallbacks
producer({})
// @ts-expect-error TS2322|TS2345 at { child: start and undefined
consumerSupervisor({ child: (event: number) => event, start: (_event: number) => Numbers() })

// A dispatcher of other events.
producer({
  dispatcher: broadcastDispatcher<string>(),
  // @ts-expect-error TS2322 at demand]: number and string
  handleDemand: (demand) => [demand],
})
// @ts-expect-error TS2345 at [1]: number and string
fromIterable([1], { dispatcher: broadcastDispatcher<string>() })

// Names.
const name = named<ProducerRef<string>>('words')
// @ts-expect-error TS2322 at name: ProducerRef<string> and ProducerRef<number>
await startLink(Numbers(), { name })
// @ts-expect-error TS2345 at name: ProducerRef<string> and ProducerRef<number>
await sum.subscribe(name)
// @ts-expect-error TS2345 at 'words': string and ProducerRef<number>
await sum.subscribe('words')

// Children of supervisors: functions that make stages, and of the events that come.
// @ts-expect-error TS2322|TS2375|TS2741 at numbers: ProducerRef<number> and start
supervisor({ strategy: 'one-for-one', children: [numbers] })
// @ts-expect-error TS2322|TS2820 at strategy: "one_for_one" and "one-for-one"
supervisor({ strategy: 'one_for_one', children: [] })
consumerSupervisor({
  // @ts-expect-error TS2322 at start: number and Stage<ProcessRef>
  start: (event: number) => event,
})
const fetcher = await startLink(consumerSupervisor({ child: (url: string) => url }))
// @ts-expect-error TS2345 at 1: number and string
await fetcher.startChild(1)
// @ts-expect-error TS2345 at numbers: ProducerRef<number> and ProducerRef<string>
await fetcher.subscribe(numbers)

// What the function of a scope returns.
const inScope = await createScope(async () => 'text')
// @ts-expect-error TS2339|TS2551 at toFixed: string
inScope.toFixed()
