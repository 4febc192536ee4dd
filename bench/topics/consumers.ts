// What an event costs that is handed to one of many consumers of one producer; of a broadcast, what each delivery costs.
import {
  broadcastDispatcher,
  consumer,
  type Dispatcher,
  demandDispatcher,
  partitionDispatcher,
  producer,
  startLink,
  to,
} from 'genstage'
import { cpuTime } from '../cpu-time.ts'
import { report } from './figure.ts'

/** Small, so that ten thousand consumers do not all have their first batch for the whole of the window. */
const MAX_DEMAND = 10
const WARM_UP = 500
const WINDOW = 1_000

const [name = '', size = ''] = process.argv.slice(2)
const consumers = Number(size)

/** What a subscription may be told; who does not know an option lets it pass. */
interface Options {
  readonly partition: number
  readonly selector?: (event: number) => boolean
}

function dispatcherNamed(kind: string): Dispatcher<number, Options> {
  if (kind === 'broadcast') return broadcastDispatcher<number>()
  if (kind === 'demand') return demandDispatcher()
  const hash = (event: number) => [event, event % consumers] as const
  return partitionDispatcher({ partitions: consumers, hash })
}

let delivered = 0
let target = 0
let reached = (): void => {}

const source = await startLink(
  producer(() => {
    let next = 0
    return {
      dispatcher: dispatcherNamed(name),
      demand: 'accumulate',
      handleDemand: (demand) => Array.from({ length: demand }, () => next++),
    }
  }),
)
const Count = (partition: number) =>
  consumer({
    subscribeTo: [to(source, { maxDemand: MAX_DEMAND, partition })],
    handleEvents(events: readonly number[]) {
      delivered += events.length
      if (delivered >= target) reached()
    },
  })
await Promise.all(Array.from({ length: consumers }, (_, index) => startLink(Count(index))))
source.demand('forward')

/** Waits until so many more have been delivered. */
function deliver(count: number): Promise<void> {
  target = delivered + count
  return new Promise((resolve) => {
    reached = resolve
  })
}

async function deliverFor(milliseconds: number): Promise<number> {
  const start = cpuTime()
  const before = delivered
  while (cpuTime() - start < milliseconds) await deliver(100_000)
  return ((cpuTime() - start) / (delivered - before)) * 1e6
}

await deliverFor(WARM_UP)
const cost = await deliverFor(WINDOW)
report({ what: `${name}, ${consumers.toLocaleString('en')} consumers`, value: cost, unit: 'ns per delivery' })
process.exit(0)
