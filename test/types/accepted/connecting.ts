// Connections and ends that must compile. Compiled by `npm run types`, never run.
import {
  broadcastDispatcher,
  connect,
  consumer,
  type DrainResult,
  partitionDispatcher,
  producer,
  producerConsumer,
  type SubscriberHandle,
  type Subscription,
  startLink,
  stream,
} from 'genstage'
import { exactly } from '../equal.ts'

const numbers = await startLink(producer({ handleDemand: (demand) => [demand] }))
const shown = await startLink(producerConsumer({ handleEvents: (events: readonly number[]) => events.map(String) }))
const print = await startLink(consumer({ handleEvents(_events: readonly string[]) {} }))
const sum = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
const anything = await startLink(consumer({ handleEvents(_events: readonly unknown[]) {} }))

exactly<readonly Subscription[]>()(await connect(numbers, sum))
await connect(numbers, [sum, sum], { maxDemand: 10 })
await connect([numbers, numbers], anything)
await connect(numbers, shown, print)
await connect(numbers, [shown, shown], print, { maxDemand: 1, cancel: 'with-last' })
await connect(numbers, shown, [print, anything], (index) => ({ metadata: index }))

const dispatcher = partitionDispatcher({ partitions: ['odd', 'even'], hash: (event: number) => [event, 'odd'] })
const parted = await startLink(producer({ dispatcher, handleDemand: () => [1] }))
await connect(parted, [sum, sum], (index) => ({ partition: index === 0 ? 'odd' : 'even' }))
await connect(parted, sum, { partition: 'odd', maxDemand: 2 })
const shared = await startLink(producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: () => [1] }))
await connect(shared, sum, { selector: (event) => event > 1 })

exactly<DrainResult>()(await sum.drain({ deadline: 100 }))
exactly<Promise<void>>()(sum.done)

// An async function has to mark its literal as one.
consumer({
  handleSubscribe: async (_role, _options, from) => {
    from.ask(1)
    return 'manual' as const
  },
  handleEvents(_events: readonly number[]) {},
})

// The end of the input, and a producer that ends a subscription.
producerConsumer({
  handleEvents: (events: readonly number[]) => events.map(String),
  handleEnd: (cause) => (cause === 'end' ? ['end'] : []),
  subscribeAt: 'first-consumer',
})
consumer({ handleEvents(_events: readonly number[]) {}, async handleEnd() {} })
producer({
  handleDemand: () => [1],
  handleSubscribe(_role, _options, from) {
    exactly<SubscriberHandle>()(from)
    from.cancel('enough')
  },
  handleEnd: () => [2],
})
for await (const event of stream([numbers], { signal: AbortSignal.timeout(10) })) exactly<number>()(event)
