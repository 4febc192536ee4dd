// W8: an endless source that is as fast as it can, of events of 1 KB, and a sink that takes a millisecond for each.
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Effect, Stream } from 'effect'
import { consumer, producer, producerConsumer, startLink } from 'genstage'
import { concatMap, Observable } from 'rxjs'
import { report } from './figure.ts'

/** How long it runs before its memory is looked at for the first time, and how long from there. */
const WARM_UP = 1_000
const WINDOW = 5_000
/** In MB. */
const MOST_GROWTH = 15
/** The events that two subscriptions with default demand may ask for. */
const MOST_IN_FLIGHT = 2_000

type Payload = readonly number[]

let made = 0
let handled = 0
/** The most there were at a time. */
let inFlight = 0

/** 1 KB. */
function make(): Payload {
  inFlight = Math.max(inFlight, made + 1 - handled)
  return new Array<number>(128).fill(made++)
}

async function handle(): Promise<void> {
  await sleep(1)
  handled++
}

function* endless(): Generator<Payload> {
  for (;;) yield make()
}

async function ofGenstage(): Promise<void> {
  const source = await startLink(producer({ handleDemand: (demand) => Array.from({ length: demand }, make) }))
  const middle = await startLink(
    producerConsumer({ subscribeTo: [source], handleEvents: (events: readonly Payload[]) => events }),
  )
  const Slow = () =>
    consumer({
      subscribeTo: [middle],
      async handleEvents(events: readonly Payload[]) {
        for (const _ of events) await handle()
      },
    })
  await startLink(Slow())
}

function ofNodeStreams(): void {
  const middle = new Transform({ objectMode: true, transform: (event, _encoding, done) => done(null, event) })
  const sink = new Writable({
    objectMode: true,
    async write(_event, _encoding, done) {
      await handle()
      done()
    },
  })
  void pipeline(Readable.from(endless()), middle, sink)
}

function ofWebStreams(): void {
  const source = new ReadableStream<Payload>({ pull: (controller) => controller.enqueue(make()) })
  void source.pipeThrough(new TransformStream()).pipeTo(new WritableStream({ write: handle }))
}

async function ofAsyncGenerators(): Promise<void> {
  const source = async function* (): AsyncGenerator<Payload> {
    yield* endless()
  }
  for await (const _ of source()) await handle()
}

function ofEffect(): void {
  const events = Stream.fromIterable(endless(), { chunkSize: 16 })
  void Effect.runPromise(Stream.runForEach(events, () => Effect.promise(handle)))
}

/** It cannot be slowed down: it is given a hundred times of what the sink takes. */
function ofRxjs(): void {
  const source = new Observable<Payload>((subscriber) => {
    setInterval(() => {
      for (let event = 0; event < 100; event++) subscriber.next(make())
    }, 1)
  })
  source.pipe(concatMap(handle)).subscribe()
}

const runs: Readonly<Record<string, () => unknown>> = {
  genstage: ofGenstage,
  'node:stream': ofNodeStreams,
  'async generators': ofAsyncGenerators,
  'Web Streams': ofWebStreams,
  Effect: ofEffect,
  'RxJS (no back-pressure)': ofRxjs,
}

const [name = ''] = process.argv.slice(2)
void runs[name]?.()
await sleep(WARM_UP)
const before = process.memoryUsage.rss()
await sleep(WINDOW)
const growth = (process.memoryUsage.rss() - before) / 1e6
if (handled === 0) throw new Error(`${name} handled nothing`)
if (name === 'genstage' && (growth > MOST_GROWTH || inFlight > MOST_IN_FLIGHT)) {
  throw new Error(
    `expected at most ${MOST_GROWTH} MB and ${MOST_IN_FLIGHT} in flight, got: ${growth} MB, ${inFlight} in flight`,
  )
}
report(
  { what: `${name}, growth of memory`, value: growth, unit: 'MB' },
  { what: `${name}, in flight`, value: inFlight, unit: 'events' },
  { what: `${name}, handled`, value: handled, unit: 'events' },
)
process.exit(0)
