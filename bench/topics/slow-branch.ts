// A broadcast one of whose branches is slow: how far its source runs ahead of it.
import { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Effect, Stream } from 'effect'
import { broadcastDispatcher, producer, startLink, to } from 'genstage'
import { report } from './figure.ts'
import { Sink } from './stages.ts'

/** How long it runs, in milliseconds. */
const WINDOW = 2_000
const BRANCHES = 4

const [name = '', demand = ''] = process.argv.slice(2)
let made = 0
let handled = 0
let ahead = 0

/** Makes the next event. */
function make(): number {
  made++
  if (made - handled > ahead) ahead = made - handled
  return made
}

/** What the slow branch does with each. */
async function handle(): Promise<void> {
  await sleep(1)
  handled++
}

/** Nobody may make more than a million events ahead: that is without bound. */
const MOST = 1_000_000

async function ofGenstage(maxDemand: number): Promise<void> {
  const Numbers = () =>
    producer({
      dispatcher: broadcastDispatcher<number>(),
      demand: 'accumulate',
      handleDemand: (count) => Array.from({ length: count }, make),
    })
  const source = await startLink(Numbers())
  const slow = async (events: readonly number[]): Promise<void> => {
    for (const _ of events) await handle()
  }
  await startLink(Sink(to(source, { maxDemand }), slow))
  // The others would take more at once: it is the slow one that is asked for how much it wants.
  for (let branch = 1; branch < BRANCHES; branch++) await startLink(Sink(source, () => {}))
  source.demand('forward')
}

function ofNodeStreams(): void {
  const source = new Readable({
    objectMode: true,
    read() {
      this.push(make())
    },
  })
  const slow = new Writable({
    objectMode: true,
    async write(_event, _encoding, done) {
      await handle()
      done()
    },
  })
  source.pipe(slow)
  for (let branch = 1; branch < BRANCHES; branch++) {
    source.pipe(new Writable({ objectMode: true, write: (_event, _encoding, done) => done() }))
  }
}

function ofWebStreams(): void {
  const source = new ReadableStream<number>({
    async pull(controller) {
      // It hands out a microtask after another; without a pause, timers would never be due.
      if (made % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (made < MOST) controller.enqueue(make())
    },
  })
  const [one, other] = source.tee()
  void one.pipeTo(new WritableStream({ write: handle }))
  void other.pipeTo(new WritableStream())
}

function ofEffect(): void {
  const slow = <Failure>(events: Stream.Stream<number, Failure>) =>
    Stream.runForEach(events, () => Effect.promise(handle))
  const program = Effect.gen(function* () {
    const numbers = Stream.fromIterable(numbersFor(MOST), { chunkSize: 16 })
    const branches = yield* Stream.broadcastN(numbers, { n: BRANCHES, capacity: 16 })
    const runs = branches.map((branch, index) => (index === 0 ? slow(branch) : Stream.runDrain(branch)))
    yield* Effect.all(runs, { concurrency: 'unbounded', discard: true })
  })
  void Effect.runPromise(Effect.scoped(program))
}

function* numbersFor(most: number): Generator<number> {
  while (made < most) yield make()
}

let what = name
if (name === 'genstage') {
  what = `genstage, maxDemand ${demand}`
  await ofGenstage(Number(demand))
} else if (name === 'node:stream') ofNodeStreams()
else if (name === 'Effect') ofEffect()
else ofWebStreams()
await sleep(WINDOW / 2)
const half = handled
await sleep(WINDOW / 2)
const isBounded = name !== 'genstage' || ahead <= Number(demand)
// Whoever holds back for good runs ahead by little, too.
if (handled === half) throw new Error(`${what}: came to a standstill after ${handled} events`)
if (!isBounded) throw new Error(`${what}: expected its source to run ahead by ${demand} at most, got: ${ahead}`)
report({ what, value: ahead, unit: 'events ahead', note: `${handled} handled` })
process.exit(0)
