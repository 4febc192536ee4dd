// A consumer that asks by hand and so controls the rate: at most 10 events every 50 ms, however fast the producer is.
import { consumer, fromIterable, type Subscription, startLink } from 'genstage'

interface Pace {
  readonly maxDemand: number
  /** In milliseconds. */
  readonly interval: number
}

const RateLimiter = () =>
  consumer(({ sendAfter }) => {
    const pending = new Map<Subscription, number>()

    const askAndSchedule = (from: Subscription, { interval }: Pace) => {
      const count = pending.get(from)
      if (count === undefined) return
      console.log(`asks for ${count}`)
      from.ask(count)
      pending.set(from, 0)
      sendAfter(() => askAndSchedule(from, { maxDemand: 0, interval }), interval)
    }

    return {
      handleSubscribe(_role, options: Pace, from) {
        pending.set(from, options.maxDemand)
        askAndSchedule(from, options)
        return 'manual'
      },
      handleEvents(events: readonly number[], from) {
        pending.set(from, (pending.get(from) ?? 0) + events.length)
        console.log(events.join(' '))
      },
      handleCancel(_reason, from) {
        pending.delete(from)
      },
      handleInfo(message: () => void) {
        message()
      },
    }
  })

const numbers = await startLink(fromIterable(Array.from({ length: 25 }, (_, index) => index)))
const limiter = await startLink(RateLimiter())
await limiter.subscribe(numbers, { maxDemand: 10, interval: 50 })
await limiter.exited

/* prints:
asks for 10
0 1 2 3 4 5 6 7 8 9
asks for 10
10 11 12 13 14 15 16 17 18 19
asks for 10
20 21 22 23 24
*/
