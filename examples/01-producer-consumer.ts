// A counts, B multiplies, and C prints slowly. A is asked for more only as C handles its events.
import { setTimeout as sleep } from 'node:timers/promises'
import { consumer, producer, producerConsumer, startLink } from 'genstage'

const A = (limit: number) =>
  producer(({ info }) => {
    let counter = 0
    return {
      handleDemand(demand) {
        console.log(`A is asked for ${demand}`)
        const events: number[] = []
        while (events.length < demand && counter < limit) events.push(counter++)
        if (counter === limit) info('counted')
        return events
      },
      // It arrives after the last event has been sent, so none is lost.
      handleInfo: () => ({ stop: 'normal' }),
    }
  })

const B = (factor: number) =>
  producerConsumer({
    handleEvents: (events: readonly number[]) => events.map((event) => event * factor),
  })

const C = (sleepingTime: number) =>
  consumer({
    async handleEvents(events: readonly number[]) {
      console.log('C handles', events.join(' '))
      await sleep(sleepingTime)
    },
  })

const a = await startLink(A(12))
const b = await startLink(B(2))
const c = await startLink(C(20))

await c.subscribe(b, { maxDemand: 4 })
await b.subscribe(a, { maxDemand: 4 })
console.log('C ended:', await c.exited)

/* prints:
A is asked for 4
C handles 0 2
A is asked for 2
A is asked for 2
C handles 4 6
A is asked for 2
C handles 8 10
A is asked for 2
C handles 12 14
C handles 16 18
C handles 20 22
C ended: normal
*/
