// What a stage takes that rests, in memory.
import { consumer, producer, startLink } from 'genstage'
import { report } from './figure.ts'

const STAGES = 10_000

async function perStage(what: string, startAll: () => Promise<unknown>, stages: number) {
  const kept: unknown[] = [await rest()]
  const before = process.memoryUsage().heapUsed
  kept.push(await startAll())
  await rest()
  const taken = process.memoryUsage().heapUsed - before
  // Kept until here, as a program keeps the references it needs.
  return { figure: { what, value: taken / stages, unit: 'bytes' }, kept }
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
}

const Idle = () => consumer({ handleEvents(_events: readonly number[]) {} })
const Source = () => producer<number>({ handleDemand: () => [] })
const many = <Value>(make: () => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: STAGES }, () => make()))

// What is made on first use is not the stages'.
await perStage(
  '',
  async () => {
    const source = await startLink(Source())
    await startLink(consumer({ subscribeTo: [source], handleEvents(_events: readonly number[]) {} }))
  },
  1,
)
const alone = await perStage('consumer, subscribed to nothing', () => many(() => startLink(Idle())), STAGES)
const sources = await perStage('producer', () => many(() => startLink(Source())), STAGES)
const source = await startLink(Source())
const subscribed = await perStage(
  'consumer, with its subscription to one producer',
  () => many(() => startLink(consumer({ subscribeTo: [source], handleEvents(_events: readonly number[]) {} }))),
  STAGES,
)
report(alone.figure, sources.figure, subscribed.figure)
process.exit(0)
