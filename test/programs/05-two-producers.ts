import { consumer, fromIterable, startLink } from 'genstage'

const numbers = await startLink(fromIterable([1, 2, 3]))
const words = await startLink(fromIterable(['a', 'b']))
const Both = () =>
  consumer({
    handleEvents(events: readonly (number | string)[]) {
      for (const event of events) console.log(typeof event === 'number' ? event.toFixed(1) : event.toUpperCase())
    },
  })
const both = await startLink(Both())
await both.subscribe(numbers, { cancel: 'transient' })
await both.subscribe(words, { cancel: 'transient' })

export { both, words }

await new Promise((r) => setTimeout(r, 20))
process.exit(0)
