// One child per event, three at a time. A slow child does not block the others.
import { setTimeout as sleep } from 'node:timers/promises'
import { consumerSupervisor, fromIterable, startLink } from 'genstage'

interface Job {
  readonly name: string
  /** In milliseconds. */
  readonly takes: number
}

const jobs: readonly Job[] = [
  { name: 'a', takes: 1_000 },
  { name: 'b', takes: 50 },
  { name: 'c', takes: 200 },
  { name: 'd', takes: 100 },
  { name: 'e', takes: 300 },
]

let running = 0
let most = 0

const Worker = () =>
  consumerSupervisor({
    async child({ name, takes }: Job, { signal }) {
      running++
      most = Math.max(most, running)
      console.log(`${name} begins`)
      await sleep(takes, undefined, { signal })
      running--
      console.log(`${name} is done`)
    },
  })

const source = await startLink(fromIterable(jobs))
const worker = await startLink(Worker())
// When the source has ended, the supervisor waits for the children that are still running.
await worker.subscribe(source, { maxDemand: 3, minDemand: 2 })
await worker.done
console.log(`at most ${most} at once`)

/* prints:
a begins
b begins
c begins
b is done
c is done
d begins
e begins
d is done
e is done
a is done
at most 3 at once
*/
