// Measures one implementation at one workload, in this process, and prints what came of it as a line of JSON; or proves
// it right, where no time is taken.
//
//     node measure.js WORKLOAD FILE EXPORT SECONDS
//     node measure.js WORKLOAD FILE EXPORT prove
import { cpuTime } from './cpu-time.ts'
import { proveOrder } from './work.ts'
import { expectedOf, type Runs, type Workload } from './workloads.ts'

const [workload, file, name, seconds] = process.argv.slice(2) as [Workload, string, string, string]

/** For so long the runs before the measured ones go on, so that all that is run is compiled; in milliseconds of CPU. */
const WARM_UP = 400
/** More events in one run would leave the range in which sums are exact. */
const MOST_EVENTS = 40_000_000
const ASYNC_EVENTS = 20_000
/** As many as take no time, and end within a batch. */
const EVENTS_OF_PROOF = 20_123

const module = (await import(`./peers/${file}.js`)) as Readonly<Record<string, Runs>>
const run = module[name]?.[workload]
if (run === undefined) throw new Error(`there is no ${workload} in ${name} of ${file}`)

async function runOnce(count: number): Promise<void> {
  const { count: got, sum, isOrdered } = await (run as NonNullable<typeof run>)(count)
  const expected = expectedOf(workload, count)
  if (got !== expected.count || sum !== expected.sum || isOrdered !== expected.isOrdered) {
    throw new Error(
      `${file} ${workload}: expected ${JSON.stringify(expected)}, got ${JSON.stringify({ got, sum, isOrdered })}`,
    )
  }
}

/** Runs more and more events, until everything is warm and a run takes a good part of the window. */
async function warmUp(window: number): Promise<number> {
  const begin = cpuTime()
  let count = workload === 'W6' ? ASYNC_EVENTS : 2_000
  for (;;) {
    const before = cpuTime()
    await runOnce(count)
    const taken = Math.max(0.1, cpuTime() - before)
    const isWarm = cpuTime() - begin >= WARM_UP
    if (workload === 'W6') {
      if (isWarm) return count
      continue
    }
    const fitting = Math.min(MOST_EVENTS, Math.ceil((count * window) / 2 / taken))
    if (isWarm && taken > window / 8) return fitting
    if (isWarm && count === MOST_EVENTS) return count
    count = Math.min(count * 6, Math.max(count, fitting))
  }
}

if (seconds === 'prove') {
  proveOrder()
  await runOnce(EVENTS_OF_PROOF)
  process.exit(0)
}
const window = Number(seconds) * 1000
const count = await warmUp(window)
let runs = 0
const start = performance.now()
const before = cpuTime()
let taken = 0
while (taken < window) {
  await runOnce(count)
  runs++
  taken = cpuTime() - before
}
const wall = performance.now() - start
const rate = (count * runs) / taken / 1000
console.log(JSON.stringify({ rate, count, runs, cpu: taken, wall }))
process.exit(0)
