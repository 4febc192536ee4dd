// How long it takes to start and to stop 10,000 stages.
import { consumer, producer, startLink } from 'genstage'
import { cpuTime } from '../cpu-time.ts'
import { report } from './figure.ts'

const STAGES = 10_000
const ROUNDS = 5

const Idle = () => consumer({ handleEvents(_events: readonly number[]) {} })
const figures: { readonly what: string; readonly value: number; readonly unit: string }[] = []

async function time(what: string, act: () => Promise<void>, isMeasured: boolean): Promise<void> {
  const cpu = cpuTime()
  const start = performance.now()
  await act()
  if (!isMeasured) return
  figures.push({ what, value: performance.now() - start, unit: 'ms' })
  figures.push({ what: `${what}, CPU time`, value: cpuTime() - cpu, unit: 'ms' })
}

for (let round = 1; round <= ROUNDS; round++) {
  const isMeasured = round === ROUNDS
  let stages: Awaited<ReturnType<typeof startIdle>>[] = []
  const startAll = async (): Promise<void> => {
    stages = await Promise.all(all(startIdle))
  }
  const stopAll = async (): Promise<void> => {
    await Promise.all(stages.map((each) => each.stop()))
  }
  await time('start, all at once', startAll, isMeasured)
  await time('stop, all at once', stopAll, isMeasured)

  stages = []
  const startInTurn = async (): Promise<void> => {
    for (let stage = 0; stage < STAGES; stage++) stages.push(await startIdle())
  }
  await time('start, one after another', startInTurn, isMeasured)
  await stopAll()

  const source = await startLink(producer<number>({ handleDemand: () => [] }))
  const Subscribed = () => consumer({ subscribeTo: [source], handleEvents(_events: readonly number[]) {} })
  let consumers: Promise<unknown>[] = []
  const subscribeAll = async (): Promise<void> => {
    const started = await Promise.all(all(() => startLink(Subscribed())))
    consumers = started.map(({ exited }) => exited)
  }
  const stopSource = async (): Promise<void> => {
    await source.stop()
    await Promise.all(consumers)
  }
  await time('start, subscribed to one producer', subscribeAll, isMeasured)
  await time('stop, as their producer stops', stopSource, isMeasured)
}

function startIdle() {
  return startLink(Idle())
}

function all<Value>(make: () => Value): Value[] {
  return Array.from({ length: STAGES }, () => make())
}

report(...figures)
process.exit(0)
