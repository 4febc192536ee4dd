import { consumer, producer, type Subscription, startLink } from 'genstage'

const RateLimiter = () =>
  consumer((stage) => {
    const producers = new Map<Subscription, { pending: number; interval: number }>()

    const askAndSchedule = (from: Subscription) => {
      const state = producers.get(from)
      if (!state) return
      from.ask(state.pending)
      state.pending = 0
      stage.sendAfter({ ask: from }, state.interval)
    }

    return {
      handleSubscribe(_role, options: { maxDemand: number; interval?: number }, from) {
        producers.set(from, { pending: options.maxDemand, interval: options.interval ?? 5000 })
        askAndSchedule(from)
        return 'manual'
      },
      handleCancel(_reason, from) {
        producers.delete(from)
      },
      handleEvents(events: readonly number[], from) {
        producers.get(from)!.pending += events.length
        console.log(events)
      },
      handleInfo(message: { ask: Subscription }) {
        askAndSchedule(message.ask)
      },
    }
  })

const A = (counter: number) => producer({ handleDemand: (demand) => Array.from({ length: demand }, () => counter++) })
const a = await startLink(A(0))
const limiter = await startLink(RateLimiter())
await limiter.subscribe(a, { maxDemand: 10, interval: 20 }) // ten every 20 ms

export { limiter, RateLimiter }

await new Promise((r) => setTimeout(r, 50))
process.exit(0)
