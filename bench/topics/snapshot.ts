// What a snapshot of 1,000 stages costs, in 250 pipelines of four.
import { setTimeout as sleep } from 'node:timers/promises'
import { producer, startLink } from 'genstage'
import { diagnose, snapshot } from 'genstage/snapshot'
import { cpuTime } from '../cpu-time.ts'
import { report } from './figure.ts'
import { Same, Sink } from './stages.ts'

const PIPELINES = 250
const ROUNDS = 100

for (let pipeline = 0; pipeline < PIPELINES; pipeline++) {
  const source = await startLink(producer<number>({ handleDemand: () => [] }))
  await startLink(Sink(await startLink(Same(await startLink(Same(source)))), () => {}))
}
await sleep(50)

function time(act: () => void): number {
  for (let round = 0; round < ROUNDS; round++) act()
  const start = cpuTime()
  for (let round = 0; round < ROUNDS; round++) act()
  return (cpuTime() - start) / ROUNDS
}

const { stages, subscriptions } = snapshot()
if (stages.length !== 4 * PIPELINES || subscriptions.length !== 3 * PIPELINES) throw new Error('expected all stages')
const taken = snapshot()
report(
  { what: 'snapshot', value: time(() => void snapshot()), unit: 'ms' },
  { what: 'diagnose', value: time(() => void diagnose([taken])), unit: 'ms' },
  { what: 'as JSON', value: JSON.stringify(taken).length / 1024, unit: 'KiB' },
)
process.exit(0)
