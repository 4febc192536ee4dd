// Supervisors: a failed stage starts again and subscribes again; a child for each event.
import {
  consumer,
  consumerSupervisor,
  fromIterable,
  named,
  type ProducerRef,
  producer,
  startLink,
  supervisor,
} from 'genstage'
import { expectEqual } from './expect-equal.ts'

const numbers = named<ProducerRef<number>>('numbers')
let starts = 0
const batches: number[] = []
const A = () => {
  starts++
  return producer({ handleDemand: (demand) => Array<number>(demand).fill(starts) })
}
const C = () =>
  consumer({
    subscribeTo: [numbers],
    async handleEvents(events: readonly number[]) {
      batches.push(events[0] ?? 0)
      await new Promise((resolve) => setTimeout(resolve, 1))
    },
  })
const tree = await startLink(
  supervisor({ strategy: 'rest-for-one', children: [{ start: A, name: numbers }, { start: C }] }),
)
const until = async (wanted: number) => {
  while (batches.at(-1) !== wanted) await new Promise((resolve) => setTimeout(resolve, 2))
}
await until(1)
numbers.exit('kill')
await until(2)
expectEqual(starts, 2, 'supervisor: starts')
await tree.stop()
expectEqual(await tree.exited, 'normal', 'supervisor: the end')

const done: string[] = []
let running = 0
let most = 0
const workers = await startLink(
  consumerSupervisor({
    async child(job: string) {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      done.push(job)
    },
  }),
)
await workers.subscribe(await startLink(fromIterable('abcdef')), { maxDemand: 2, minDemand: 1, cancel: 'temporary' })
while (done.length < 6) await new Promise((resolve) => setTimeout(resolve, 5))
expectEqual([...done].sort().join(''), 'abcdef', 'consumer supervisor: a child for each')
expectEqual(most, 2, 'consumer supervisor: children at once')
await workers.stop()
console.log('ok')
