// Node's streams and emitters, for the runtimes that have them.
import { EventEmitter } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, gzipSync } from 'node:zlib'
import { consumer, fromIterable, producerConsumer, start, startLink, stream } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { fromEmitter, fromReadable, intoWritable, toDuplex, toReadable } from 'genstage/node'
import { expectEqual } from './expect-equal.ts'

const collecting = (into: unknown[]) =>
  new Writable({
    objectMode: true,
    highWaterMark: 2,
    write(chunk, _encoding, done) {
      into.push(chunk)
      setTimeout(done, 0)
    },
  })

async function checkReadable(): Promise<void> {
  let made = 0
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 4,
    read() {
      this.push(made < 100 ? made++ : null)
    },
  })
  const source = await startLink(fromReadable<number>(readable))
  const held = await startLink(
    consumer({
      handleSubscribe(_role, _options, from) {
        from.ask(3)
        return 'manual'
      },
      handleEvents(_events: readonly number[]) {},
    }),
  )
  await held.subscribe(source, { confirm: true, cancel: 'temporary' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expectEqual(made >= 3 && made <= 7, true, `fromReadable: reads no further than demand and mark, ${made}`)
  await source.stop()
  expectEqual(readable.destroyed, true, 'fromReadable: destroyed')
}

async function checkWritable(): Promise<void> {
  const written: unknown[] = []
  const source = await startLink(fromReadable<number>(Readable.from([1, 2, 3, 4, 5])))
  const sink = await startLink(intoWritable<number>(collecting(written), { subscribeTo: [source] }))
  expectEqual(await sink.exited, 'normal', 'intoWritable: the end')
  expectEqual(written, [1, 2, 3, 4, 5], 'intoWritable: all is written')
}

async function checkDuplex(): Promise<void> {
  const Doubling = producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })
  const doubled: unknown[] = []
  await pipeline(Readable.from([1, 2, 3]), toDuplex(Doubling), collecting(doubled))
  expectEqual(doubled, [2, 4, 6], 'toDuplex: in a pipeline')

  const failure = new Error('broken')
  const Broken = producerConsumer({
    handleEvents(_events: readonly number[]): number[] {
      throw failure
    },
  })
  const error: unknown = await pipeline(Readable.from([1]), toDuplex(Broken), collecting([])).catch(
    (reason: unknown) => reason,
  )
  expectEqual(error === failure, true, 'toDuplex: the failure is the same object')
}

async function checkEnds(): Promise<void> {
  const failure = new Error('broken')
  const broken = new Readable({ read() {} })
  const source = await start(fromReadable(broken))
  broken.destroy(failure)
  expectEqual((await source.exited) === failure, true, 'fromReadable: the error is the reason')
  const read: unknown[] = []
  for await (const event of toReadable(await startLink(fromIterable('abc')))) read.push(event)
  expectEqual(read, ['a', 'b', 'c'], 'toReadable: by for await')
}

async function checkEmitter(): Promise<void> {
  const emitter = new EventEmitter<{ price: [number]; end: [] }>()
  const prices = await startLink(fromEmitter(emitter, 'price', { whenFull: 'fail', endOn: ['end'] }))
  emitter.emit('price', 1)
  emitter.emit('price', 2)
  emitter.emit('end')
  const seen: number[] = []
  for await (const price of stream([prices])) seen.push(price)
  expectEqual(seen, [1, 2], 'fromEmitter')
}

/** A gzipped text by HTTP on loopback: sockets, zlib and text. */
async function checkSockets(): Promise<void> {
  const text = Array.from({ length: 20_000 }, (_, line) => `line ${line} €`).join('\n')
  const server = createServer((_request, response) => response.end(gzipSync(text)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, resolve).on('error', reject)
  })
  const bytes = await startLink(fromReadable(response.pipe(createGunzip())))
  const decoded = await startLink(decodeText({ subscribeTo: [bytes] }))
  const lines = await startLink(splitLines({ subscribeTo: [decoded] }))
  let count = 0
  let last = ''
  for await (const line of stream([lines])) {
    count++
    last = line
  }
  expectEqual([count, last], [20_000, 'line 19999 €'], 'sockets: every line of a gzipped response')
  await new Promise((resolve) => server.close(resolve))
}

await checkReadable()
await checkWritable()
await checkDuplex()
await checkEnds()
await checkEmitter()
await checkSockets()
console.log('ok')
