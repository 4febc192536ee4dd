// How much memory the bridges take: 2 GiB through each of them, against a sink that is slow.
//
//     npm run bench:memory [-- NAME…]
//
// Each runs in a process of its own, whose peak of resident memory is compared with what it had before the first byte.
// Ends with exit code 1 if one of them took more than 100 MiB on top, or lost a byte uncounted. Where stages subscribe to
// chunks they do it with a `maxDemand` of 16, as the guide says; one line shows what the default of 1,000 costs.
import { spawnSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { consumer, type ProducerRef, producer, producerConsumer, type Source, startLink, to } from 'genstage'
import { decodeText, fromCallback, splitLines } from 'genstage/bridge'
import { fromEmitter, fromReadable, intoWritable, toDuplex, toReadable } from 'genstage/node'
import { fromEventTarget, fromReadableStream, intoWritableStream, toReadableStream, toTransform } from 'genstage/web'

const MEBIBYTE = 1024 * 1024
const CHUNK = 64 * 1024
const CHUNKS = (2 * 1024 * MEBIBYTE) / CHUNK
const LIMIT = 100 * MEBIBYTE
/** The sink rests after so many chunks, for a millisecond: some 1.5 GB a second at most. */
const CHUNKS_PER_REST = 32

/** A fresh chunk, of lines of 64 characters; fresh, so that one that is kept is one that counts. */
function makeChunk(): Buffer {
  return Buffer.from(template)
}

const template = Buffer.from(`${'x'.repeat(63)}\n`.repeat(CHUNK / 64))

/**
 * A thousand chunks, the default demand, are 63 MiB that somebody has asked for; they are held once. What comes on top is
 * garbage: V8 begins to collect the memory of buffers when it has grown by 64 MiB. So this one does not keep to the limit
 * of the others, and is here to show what `maxDemand: 16` is for.
 */
const MUCH_DEMAND = 'fromReadable, default demand'

let received = 0
/** Dropped by a source that pushes, and counted by it. */
let dropped = 0

/** What the sink does with a chunk. */
async function receive(bytes: number): Promise<void> {
  const before = Math.floor(received / CHUNK / CHUNKS_PER_REST)
  received += bytes
  if (Math.floor(received / CHUNK / CHUNKS_PER_REST) > before) await setTimeout(1)
}

const SlowConsumer = (source: Source<Uint8Array>) =>
  consumer({
    subscribeTo: [source],
    async handleEvents(events: readonly Uint8Array[]) {
      for (const event of events) await receive(event.byteLength)
    },
  })

/** A stage that has as many chunks at once as are asked for. */
const FastProducer = () =>
  producer(({ info }) => {
    let left = CHUNKS
    return {
      handleDemand(demand) {
        const count = Math.min(demand, left)
        left -= count
        if (left === 0) info('end')
        return Array.from({ length: count }, makeChunk)
      },
      handleInfo: () => ({ stop: 'normal' }),
    }
  })

const Same = () => producerConsumer({ handleEvents: (events: readonly Uint8Array[]) => events })

function fastReadable(): Readable {
  let left = CHUNKS
  return new Readable({
    read() {
      this.push(left-- > 0 ? makeChunk() : null)
    },
  })
}

function fastStream(): ReadableStream<Uint8Array> {
  let left = CHUNKS
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(makeChunk())
      else controller.close()
    },
  })
}

const slowWritable = (): Writable =>
  new Writable({
    async write(chunk: Uint8Array, _encoding, done) {
      await receive(chunk.byteLength)
      done()
    },
  })

const slowStream = (): WritableStream<Uint8Array> =>
  new WritableStream({ write: (chunk: Uint8Array) => receive(chunk.byteLength) })

async function consume(source: ProducerRef<Uint8Array>, maxDemand: number): Promise<void> {
  const sink = await startLink(SlowConsumer(to(source, { maxDemand })))
  await sink.exited
}

/** Pushes everything, in bursts of 1 MiB between which the event loop turns. */
async function push(emit: (chunk: Uint8Array) => void): Promise<void> {
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    emit(makeChunk())
    if (chunk % 16 === 0) await setImmediate()
  }
}

const pushed = {
  whenFull: 'drop-oldest',
  bufferSize: 64,
  formatDiscarded(count: number) {
    dropped += count * CHUNK
    return false
  },
} as const

const bridges: Readonly<Record<string, () => Promise<void>>> = {
  fromReadable: async () => consume(await startLink(fromReadable(fastReadable())), 16),
  [MUCH_DEMAND]: async () => consume(await startLink(fromReadable(fastReadable())), 1_000),
  fromReadableStream: async () => consume(await startLink(fromReadableStream(fastStream())), 16),
  async intoWritable() {
    const source = await startLink(FastProducer())
    const sink = await startLink(intoWritable(slowWritable(), { subscribeTo: [to(source, { maxDemand: 16 })] }))
    await sink.exited
  },
  async intoWritableStream() {
    const source = await startLink(FastProducer())
    const sink = await startLink(intoWritableStream(slowStream(), { subscribeTo: [to(source, { maxDemand: 16 })] }))
    await sink.exited
  },
  toReadable: async () => pipeline(toReadable(await startLink(FastProducer())), slowWritable()),
  'toReadable, in bytes': async () =>
    pipeline(toReadable(await startLink(FastProducer()), { objectMode: false }), slowWritable()),
  toReadableStream: async () => toReadableStream(await startLink(FastProducer())).pipeTo(slowStream()),
  toDuplex: () => pipeline(fastReadable(), toDuplex(Same()), slowWritable()),
  toTransform: () => fastStream().pipeThrough(toTransform(Same())).pipeTo(slowStream()),
  async fromCallback() {
    const source = fromCallback<Uint8Array>(({ emit, end }) => void push(emit).then(end), pushed)
    await consume(await startLink(source), 16)
  },
  async fromEmitter() {
    const emitter = new EventEmitter<{ chunk: [Uint8Array]; end: [] }>()
    const source = await startLink(fromEmitter(emitter, 'chunk', { ...pushed, endOn: ['end'] }))
    void push((chunk) => emitter.emit('chunk', chunk)).then(() => emitter.emit('end'))
    await consume(source, 16)
  },
  async fromEventTarget() {
    const target = new EventTarget()
    const toEvent = (event: { readonly data: Uint8Array }) => event.data
    const source = await startLink(fromEventTarget(target, 'message', { ...pushed, endOn: ['end'], toEvent }))
    const emit = (data: Uint8Array): unknown => target.dispatchEvent(new MessageEvent('message', { data }))
    void push(emit).then(() => target.dispatchEvent(new Event('end')))
    await consume(source, 16)
  },
  async 'decodeText and splitLines'() {
    const source = await startLink(fromReadable(fastReadable()))
    const text = await startLink(decodeText({ subscribeTo: [to(source, { maxDemand: 2 })] }))
    const lines = await startLink(splitLines({ subscribeTo: [to(text, { maxDemand: 2 })] }))
    const sink = await startLink(
      consumer({
        subscribeTo: [lines],
        handleEvents: (events: readonly string[]) =>
          receive(events.reduce((length, line) => length + line.length + 1, 0)),
      }),
    )
    await sink.exited
  },
}

/** Runs one bridge in this process, and prints what it took as JSON. */
async function measure(name: string): Promise<void> {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  const start = performance.now()
  await bridges[name]?.()
  const seconds = (performance.now() - start) / 1000
  // In kilobytes; where the process was bigger before it began, nothing was taken.
  const taken = Math.max(0, process.resourceUsage().maxRSS * 1024 - before)
  console.log(JSON.stringify({ taken, before, seconds, received, dropped }))
}

type Figures = Readonly<Record<'taken' | 'before' | 'seconds' | 'received' | 'dropped', number>>

/** Runs bridges one after the other, each in a process of its own. */
function compare(names: readonly string[]): void {
  const file = fileURLToPath(import.meta.url)
  const wide = Math.max(...names.map(({ length }) => length))
  console.log(`${'bridge'.padEnd(wide)}  at the start      on top   received    dropped   seconds`)
  for (const name of names) {
    const { stdout, status } = spawnSync(process.execPath, [...process.execArgv, file, '--measure', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (status !== 0) throw new Error(`${name} failed`)
    const figures = JSON.parse(stdout) as Figures
    const complaint = complaintOf(name, figures)
    if (complaint !== '') process.exitCode = 1
    const columns = [figures.before, figures.taken, figures.received, figures.dropped].map(inMebibytes)
    console.log(
      `${name.padEnd(wide)}  ${columns.map((column, index) => column.padStart(index < 2 ? 12 : 11)).join('')}` +
        `${figures.seconds.toFixed(1).padStart(10)}${complaint}`,
    )
  }
}

function complaintOf(name: string, { taken, received: got, dropped: lost }: Figures): string {
  const limit = name === MUCH_DEMAND ? LIMIT + 1_000 * CHUNK : LIMIT
  if (taken > limit) return `  more than ${inMebibytes(limit)}`
  return got + lost === CHUNKS * CHUNK ? '' : '  not all is accounted for'
}

function inMebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(0)} MiB`
}

const [first, ...rest] = process.argv.slice(2)
if (first === '--measure') {
  await measure(rest[0] ?? '')
} else {
  const names = first === undefined ? Object.keys(bridges) : [first, ...rest]
  const unknown = names.find((name) => bridges[name] === undefined)
  if (unknown !== undefined) throw new Error(`expected one of ${Object.keys(bridges).join('; ')}, got: ${unknown}`)
  compare(names)
}
