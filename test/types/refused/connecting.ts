// Connections that must not compile; refused.test.ts explains the comments.
import { connect, consumer, partitionDispatcher, producer, producerConsumer, startLink } from 'genstage'

const numbers = await startLink(producer({ handleDemand: (demand) => [demand] }))
const shown = await startLink(producerConsumer({ handleEvents: (events: readonly number[]) => events.map(String) }))
const print = await startLink(consumer({ handleEvents(_events: readonly string[]) {} }))
const sum = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
const dispatcher = partitionDispatcher({ partitions: ['odd', 'even'], hash: (event: number) => [event, 'odd'] })
const parted = await startLink(producer({ dispatcher, handleDemand: () => [1] }))

// @ts-expect-error TS2345|TS2769 at print: ConsumerRef<string> and ConsumerRef<number>
await connect(numbers, print)
// @ts-expect-error TS2345|TS2769 at connect|sum|shown: ConsumerRef<number>
await connect(numbers, shown, sum)
// @ts-expect-error TS2345|TS2769 at sum, numbers: ConsumerRef<number> and ProducerRef<unknown>
await connect(sum, numbers)
// @ts-expect-error TS2345|TS2769 at {}|connect: partition
await connect(parted, sum, {})
// @ts-expect-error TS2345|TS2769|TS2322 at partition|connect: "neither"
await connect(parted, sum, { partition: 'neither' })
// A literal that an async function returns is taken for a string.
consumer({
  // @ts-expect-error TS2322 at handleSubscribe|async: Promise<string>
  handleSubscribe: async (_role, _options, from) => {
    from.ask(1)
    return 'manual'
  },
  handleEvents(_events: readonly number[]) {},
})
