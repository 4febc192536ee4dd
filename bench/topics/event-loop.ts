// How late a timer of a millisecond is, while five stages have always something to do; and beside it while they rest.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Source, startLink } from 'genstage'
import { report } from './figure.ts'
import { Histogram } from './histogram.ts'
import { Endless, Same, Sink } from './stages.ts'

/** How long the loop is watched, and how long not before that, in milliseconds. */
const WINDOW = 4_000
const WARM_UP = 1_000
const INTERVAL = 1

async function lateness(): Promise<Histogram> {
  const late = new Histogram()
  const end = performance.now() + WINDOW
  while (performance.now() < end) {
    const due = performance.now() + INTERVAL
    await sleep(INTERVAL)
    late.add(Math.max(0, performance.now() - due))
  }
  return late
}

const resting = await lateness()
let last: Source<number> = await startLink(Endless())
for (let stage = 0; stage < 3; stage++) last = await startLink(Same(last))
let count = 0
await startLink(
  Sink(last, (events) => {
    count += events.length
  }),
)
await sleep(WARM_UP)
const start = performance.now()
const before = count
const saturated = await lateness()
const rate = (count - before) / (performance.now() - start)
report(
  { what: 'p99, at rest', value: resting.quantile(0.99), unit: 'ms' },
  { what: 'p50, saturated', value: saturated.quantile(0.5), unit: 'ms' },
  { what: 'p99, saturated', value: saturated.quantile(0.99), unit: 'ms' },
  { what: 'p99.9, saturated', value: saturated.quantile(0.999), unit: 'ms' },
  { what: 'events meanwhile', value: rate / 1000, unit: 'M/s' },
)
process.exit(0)
