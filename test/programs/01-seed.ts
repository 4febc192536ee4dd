import { setTimeout as sleep } from 'node:timers/promises'
import { consumer, producer, producerConsumer, startLink } from 'genstage'

const A = (counter: number) =>
  producer({
    handleDemand(demand) {
      const first = counter
      counter += demand
      return Array.from({ length: demand }, (_, i) => first + i)
    },
  })

const B = (factor: number) =>
  producerConsumer({
    handleEvents: (events: readonly number[]) => events.map((event) => event * factor),
  })

const C = (sleepingTime: number) =>
  consumer({
    async handleEvents(events: readonly number[]) {
      console.log(events.length, events[0])
      await sleep(sleepingTime)
    },
  })

const a = await startLink(A(0)) // starting from zero
const b = await startLink(B(2)) // multiply by 2
const c = await startLink(C(20)) // sleep for a while

await c.subscribe(b)
await b.subscribe(a)

// four in parallel on one b
for (let i = 0; i < 3; i++) await (await startLink(C(20))).subscribe(b)

export { A, a, B, b, C, c }

await sleep(60)
process.exit(0)
