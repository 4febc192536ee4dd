// A runtime whose time and order a test decides.
import { producerConsumer, start } from 'genstage'
import { consumerProbe, producerProbe, shuffled, testRuntime } from 'genstage/testing'
import { expectEqual } from './expect-equal.ts'

const Doubling = () =>
  producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })

const runtime = testRuntime()
const source = producerProbe<number>(runtime)
const sink = consumerProbe<number>(runtime)
const doubling = await start(Doubling(), { runtime })
await sink.subscribe(doubling)
await doubling.subscribe(source.ref, { maxDemand: 4, minDemand: 2 })
await source.expectDemand(4)
sink.ask(2)
source.emit([1, 2])
await sink.expectEvents([2, 4])
let rested = false
void runtime.sleep(60_000).then(() => {
  rested = true
})
await runtime.advance(60_000)
expectEqual(rested, true, 'testRuntime: its clock')

let runs = 0
await shuffled(10, async (each) => {
  const probe = consumerProbe<number>(each)
  await probe.subscribe(await start(Doubling(), { runtime: each }))
  await probe.expectNothing()
  runs++
})
expectEqual(runs, 10, 'shuffled: every run')
console.log('ok')
