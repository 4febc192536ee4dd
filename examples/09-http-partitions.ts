// The body of an HTTP response, through four workers, into another HTTP response. A slow client slows down the source.
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createScope, partitionDispatcher, producerConsumer, stream, to } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { fromReadable } from 'genstage/node'

const serve = async (respond: (response: ServerResponse) => Promise<void>) => {
  const server = createServer((_request, response) => void respond(response).catch((error) => response.destroy(error)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const fetched = async (url: string): Promise<IncomingMessage> => (await once(get(url, { agent: false }), 'response'))[0]

/** 32 MiB of lines with four different keys. */
let made = 0
function* body() {
  while (made < 512) yield `${made++ % 4} ${'x'.repeat(1_021)}\n`.repeat(64)
}
const source = await serve((response) => pipeline(Readable.from(body()), response))

const Worker = () =>
  producerConsumer({ handleEvents: (lines: readonly string[]) => lines.map((line) => `${line.toUpperCase()}\n`) })

const proxy = await serve(async (response) => {
  await using scope = createScope()
  scope.done.catch((failure) => response.destroy(failure))
  const dispatcher = partitionDispatcher({ partitions: 4, hash: (line: string) => [line, Number(line[0])] })
  const bytes = await scope.startLink(fromReadable(await fetched(source)))
  const text = await scope.startLink(decodeText())
  const lines = await scope.startLink(splitLines({ dispatcher }))
  const workers = await Promise.all([0, 1, 2, 3].map(() => scope.startLink(Worker())))
  for (const [partition, worker] of workers.entries()) await worker.subscribe(lines, { partition, maxDemand: 100 })
  await lines.subscribe(text, { maxDemand: 2 })
  await text.subscribe(bytes, { maxDemand: 2 })
  // The stream ends when all workers have ended.
  await pipeline(stream(workers.map((worker) => to(worker, { maxDemand: 100 }))), response)
})

const reply = await fetched(proxy)
let before = -1
for (; made > before; await sleep(100)) before = made
console.log('the client reads nothing, and the source waits:', made < 512)
const counts = [0, 0, 0, 0]
for await (const line of createInterface({ input: reply })) counts[Number(line[0])]! += 1
console.log('lines of each key:', ...counts)

/* prints:
the client reads nothing, and the source waits: true
lines of each key: 8192 8192 8192 8192
*/
