// The tree of GenStage's documentation: when a stage fails, it and the stages downstream restart and subscribe again.
import { setTimeout as sleep } from 'node:timers/promises'
import { consumer, named, type ProducerRef, producer, producerConsumer, startLink, supervisor } from 'genstage'

interface Numbered {
  /** The number of the producer that created it: 1 for the first, 2 after a restart. */
  readonly by: number
  readonly value: number
}

// A name is looked up at each use, so consumers subscribe to the stage that currently has it.
const numbers = named<ProducerRef<Numbered>>('numbers')
const doubled = named<ProducerRef<Numbered>>('doubled')

const A = (by: number) => {
  let value = 0
  return producer({ handleDemand: (demand) => Array.from({ length: demand }, () => ({ by, value: value++ })) })
}

const B = (factor: number) =>
  producerConsumer({
    subscribeTo: [numbers],
    handleEvents: (events: readonly Numbered[]) => events.map(({ by, value }) => ({ by, value: value * factor })),
  })

const handled = new Set<string>()
const C = (id: number) =>
  consumer({
    subscribeTo: [doubled],
    async handleEvents(events: readonly Numbered[]) {
      for (const { by } of events) handled.add(`consumer ${id} has events of producer ${by}`)
      await sleep(1)
    },
  })
const Consumers = () => supervisor({ strategy: 'one-for-one', children: [1, 2, 3, 4].map((id) => () => C(id)) })

let producers = 0
const children = [{ start: () => A(++producers), name: numbers }, { start: () => B(2), name: doubled }, Consumers]
const tree = await startLink(supervisor({ strategy: 'rest-for-one', children }))

while (handled.size < 4) await sleep(5)
console.log('the producer is killed')
// The events held by the stages that end with it are dropped, and counted on stderr.
numbers.exit('kill')
while (handled.size < 8) await sleep(5)
console.log([...handled].sort().join('\n'))
await tree.drain()

/* prints:
the producer is killed
consumer 1 has events of producer 1
consumer 1 has events of producer 2
consumer 2 has events of producer 1
consumer 2 has events of producer 2
consumer 3 has events of producer 1
consumer 3 has events of producer 2
consumer 4 has events of producer 1
consumer 4 has events of producer 2
*/
