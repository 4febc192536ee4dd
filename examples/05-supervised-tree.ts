// The tree of GenStage's documentation: when a stage fails, it and those behind it start again and subscribe anew.
import { setTimeout as sleep } from 'node:timers/promises'
import { consumer, named, type ProducerRef, producer, producerConsumer, startLink, supervisor } from 'genstage'

interface Numbered {
  /** Which of the producers that there were in turn has made it. */
  readonly by: number
  readonly value: number
}

// A name finds its stage anew at each use, so it can be subscribed to whoever bears it.
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
// What the stages that end with it held is dropped, and is counted on stderr.
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
