import { setTimeout as sleep } from 'node:timers/promises'
import { createRuntime, start } from 'genstage'
import { Tally } from './tally.ts'
import { STAGES, tree } from './tree.ts'

// A supervised pipeline at full speed, in real time, whose stages are killed at random; see README.md.

/** The most the heap may have grown by, in bytes: what the engine itself takes for code it has come to know. */
const MOST_GROWTH = 6 * 2 ** 20
/** How long it runs before its memory is looked at for the first time, in milliseconds. */
const WARM_UP = 2_000
/** A stage is killed after up to this many milliseconds, again and again. */
const LONGEST_PAUSE = 20

const collectGarbage = (globalThis as { readonly gc?: () => void }).gc

function readSeconds(given: string | undefined): number {
  const seconds = Number(given ?? 20)
  if (Number.isFinite(seconds) && seconds > 0) return seconds
  console.error(`expected a number of seconds above 0, got: ${given}`)
  process.exit(2)
}

interface Memory {
  readonly heap: number
  readonly resident: number
}

/** What is in use when all that can be collected was. */
async function memory(): Promise<Memory> {
  for (let round = 0; round < 3; round++) {
    collectGarbage?.()
    await sleep(10)
  }
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, resident: rss }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`
const inGroups = (count: number): string => Math.round(count).toLocaleString('en-US')

/** Kills one stage after the other until the time is over. Returns how many. */
async function killUntil(end: number, tally: Tally): Promise<number> {
  let kills = 0
  while (performance.now() < end) {
    await sleep(Math.random() * LONGEST_PAUSE)
    const { running } = tally
    const victim = running[Math.floor(Math.random() * running.length)]
    if (victim === undefined) continue
    victim.exit('kill')
    kills++
  }
  return kills
}

/** Whether events continue to arrive everywhere, after the last kill. */
async function goesOn(tally: Tally): Promise<boolean> {
  await sleep(500)
  const before = tally.totals.delivered
  await sleep(500)
  return tally.running.length === STAGES && tally.totals.delivered > before
}

async function main(): Promise<number> {
  const seconds = readSeconds(process.argv[2])
  const tally = new Tally()
  const { totals, problems } = tally
  const runtime = createRuntime({ logger: tally.logger })
  const root = await start(tree(tally), { runtime })
  const began = performance.now()
  let kills = await killUntil(began + Math.min(WARM_UP, seconds * 200), tally)
  const before = await memory()
  kills += await killUntil(began + seconds * 1_000, tally)
  const after = await memory()
  const elapsed = (performance.now() - began) / 1_000
  if (!(await goesOn(tally))) problems.push('the pipeline does not continue after the last kill')
  await root.stop()

  const { emitted, handled, delivered, held, undelivered, discarded, lost, starts, ends } = totals
  const growth = after.heap - before.heap
  console.log(`ran         ${elapsed.toFixed(0)} s`)
  console.log(`emitted     ${inGroups(emitted)} events (${inGroups(emitted / elapsed)} per second)`)
  console.log(`handled     ${inGroups(handled)}, of these ${inGroups(delivered)} by the sinks at the end`)
  console.log(`held        ${inGroups(held)} by stages when they ended, and reported`)
  console.log(`undelivered ${inGroups(undelivered)} sent to stages that had ended`)
  console.log(`discarded   ${inGroups(discarded)}, and reported`)
  console.log(`lost        ${inGroups(lost)} beyond these`)
  console.log(`kills       ${inGroups(kills)}`)
  console.log(`restarts    ${inGroups(starts - STAGES)} of ${STAGES} stages; ${inGroups(ends)} ended`)
  console.log(`heap        ${megabytes(before.heap)} at the start, ${megabytes(after.heap)} at the end`)
  console.log(`resident    ${megabytes(before.resident)} at the start, ${megabytes(after.resident)} at the end`)
  if (starts !== ends) problems.push(`${starts} stages were started, and ${ends} have ended`)
  if (growth > MOST_GROWTH) problems.push(`the heap grew by ${megabytes(growth)}, more than ${megabytes(MOST_GROWTH)}`)
  if (collectGarbage === undefined) problems.push('memory can only be judged with --expose-gc')
  if (problems.length === 0) {
    console.log('every event is accounted for')
    return 0
  }
  console.error(`\n${problems.length} problems, the first of them:`)
  for (const problem of problems.slice(0, 20)) console.error(`- ${problem}`)
  return 1
}

process.exitCode = await main()
