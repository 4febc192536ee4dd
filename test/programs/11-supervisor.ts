import { consumer, named, type ProducerRef, producer, producerConsumer, startLink, supervisor } from 'genstage'

const numbers = named<ProducerRef<number>>('numbers')
const doubled = named<ProducerRef<number>>('doubled')

const A = (counter: number) =>
  producer({
    async handleDemand(demand) {
      await new Promise((r) => setTimeout(r, 3))
      if (counter > 20) throw new Error('boom')
      return Array.from({ length: demand }, () => counter++)
    },
  })
const B = (factor: number) =>
  producerConsumer({
    subscribeTo: [numbers],
    handleEvents: (events: readonly number[]) => events.map((n) => n * factor),
  })
const C = () =>
  consumer({
    subscribeTo: [doubled],
    handleEvents(events: readonly number[]) {
      console.log(events.length, events[0])
    },
  })

const tree = await startLink(
  supervisor({
    strategy: 'rest-for-one',
    children: [
      { start: () => A(0), name: numbers },
      { start: () => B(2), name: doubled },
      C,
      C,
      { start: C, restart: 'transient', id: 'third', shutdown: 1000 },
      () => supervisor({ strategy: 'one-for-one', children: [C, C] }),
    ],
  }),
)

export { tree }

await new Promise((r) => setTimeout(r, 20))
process.exit(0)
