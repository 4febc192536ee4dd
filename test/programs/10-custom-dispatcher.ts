import { consumer, type Dispatcher, producer, type Subscriber, startLink } from 'genstage'

/** Everything goes to the subscriber with the greatest weight that has asked. */
class WeightedDispatcher<Event> implements Dispatcher<Event, { weight: number }> {
  #subscribers = new Map<Subscriber, { weight: number; demand: number }>()
  subscribe(subscriber: Subscriber, options: { weight: number }) {
    if (options.weight < 0) return { refuse: `expected weight to be 0 or more, got: ${options.weight}` }
    this.#subscribers.set(subscriber, { weight: options.weight, demand: 0 })
    return 0
  }
  ask(subscriber: Subscriber, demand: number) {
    this.#subscribers.get(subscriber)!.demand += demand
    return demand
  }
  cancel(subscriber: Subscriber) {
    this.#subscribers.delete(subscriber)
    return 0
  }
  dispatch(events: readonly Event[]) {
    const deliveries: [Subscriber, readonly Event[]][] = []
    let rest = events
    for (const [subscriber, state] of [...this.#subscribers].sort(([, x], [, y]) => y.weight - x.weight)) {
      const taken = rest.slice(0, state.demand)
      state.demand -= taken.length
      rest = rest.slice(taken.length)
      if (taken.length > 0) deliveries.push([subscriber, taken])
    }
    return { deliveries, leftover: rest }
  }
}
const Numbers = () => {
  let n = 0
  return producer({
    dispatcher: new WeightedDispatcher<number>(),
    handleDemand: (demand) => Array.from({ length: demand }, () => n++),
  })
}
const numbers = await startLink(Numbers())
const c = await startLink(
  consumer({
    async handleEvents(events: readonly number[]) {
      console.log(events.length)
      await new Promise((r) => setTimeout(r, 10))
    },
  }),
)
await c.subscribe(numbers, { weight: 3, maxDemand: 10 })

export { numbers }

await new Promise((r) => setTimeout(r, 25))
process.exit(0)
