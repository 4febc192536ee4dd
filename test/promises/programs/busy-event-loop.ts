// An endless source at full speed, of one of three kinds, beside an interval of 10 ms and an HTTP server. Runs until
// its standard input is closed, and then prints how often the interval ran.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { consumer, producer, startLink, stream } from 'genstage'

const kind = process.argv[2]

let next = 0
let handled = 0
const count = (demand: number): number[] => Array.from({ length: demand }, () => next++)
const source = await startLink(
  producer({ handleDemand: kind === 'async' ? async (demand: number) => count(demand) : count }),
)

if (kind === 'stream') {
  const read = async (): Promise<void> => {
    for await (const _event of stream([source])) handled++
  }
  void read()
} else {
  const add = (events: readonly number[]): void => {
    handled += events.length
  }
  const sink = consumer({ handleEvents: kind === 'async' ? async (events: readonly number[]) => add(events) : add })
  await (await startLink(sink)).subscribe(source)
}

const server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.1')
await once(server, 'listening')
const began = performance.now()
const before = process.cpuUsage()
let ticks = 0
setInterval(() => ticks++, 10)
console.log((server.address() as AddressInfo).port)

process.stdin.resume()
await once(process.stdin, 'end')
const seconds = (performance.now() - began) / 1_000
// It computes all the time, so what it was given less of than one processor went to other programs.
const { user, system } = process.cpuUsage(before)
const share = Math.min((user + system) / 1e6 / seconds, 1)
console.log(JSON.stringify({ ticksPerSecond: ticks / seconds, eventsPerSecond: handled / seconds, share }))
process.exit(0)
