import { setTimeout as sleep } from 'node:timers/promises'
import {
  broadcastDispatcher,
  consumer,
  named,
  type ProducerRef,
  producer,
  producerConsumer,
  startLink,
  to,
} from 'genstage'

const connect = async (_url: string, _options: { signal: AbortSignal }) => ({
  take: async (n: number) => Array.from({ length: Math.min(n, 3) }, (_, i) => ({ id: i, name: `row ${i}` })),
  close() {},
})
type Row = { id: number; name: string }

const Rows = (url: string) =>
  producer(async ({ signal }) => {
    const db = await connect(url, { signal })
    if (url === '') return 'ignore'
    if (signal.aborted) return { stop: 'shutdown' }
    return {
      dispatcher: broadcastDispatcher<Row>(),
      bufferSize: 100,
      async handleDemand(demand) {
        await sleep(5, null, { signal })
        return db.take(demand)
      },
      terminate: () => db.close(),
    }
  })
const rows = named<ProducerRef<Row>>('rows')
const started = await startLink(Rows('pg://'), { name: rows })
const names = await startLink(
  producerConsumer({
    // by name, with options
    subscribeTo: [to(rows, { maxDemand: 10 })],
    handleEvents: (events: readonly Row[]) => events.map((row) => row.name),
  }),
)
await startLink(
  consumer({
    // by reference
    subscribeTo: [names],
    handleEvents(events: readonly string[]) {
      console.log(events)
    },
  }),
)
await startLink(
  consumer({
    subscribeTo: [to(started, { selector: (row) => row.id > 1 })],
    handleEvents(events: readonly Row[]) {
      console.log(events)
    },
  }),
)

export { names, Rows, started }

await sleep(15)
process.exit(0)
