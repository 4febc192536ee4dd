// Programs that have nothing left to do while stages wait, as the argument specifies: some by mistake, some on purpose.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  consumer,
  fromIterable,
  partitionDispatcher,
  producer,
  producerConsumer,
  startLink,
  stream,
  supervisor,
  task,
} from 'genstage'

const Numbers = () => {
  let next = 0
  return producer({ handleDemand: (demand) => Array.from({ length: demand }, () => next++) })
}
const Finite = () => fromIterable([1, 2, 3])
const Printer = () => consumer({ handleEvents(_events: readonly number[]) {} })
const Double = () => producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })
const Silent = () => producer({ handleDemand: (): number[] => [] })
const Queue = () => producer({ handleDemand: (): number[] => [], handleCast: { push: (event: number) => [event] } })
const never = new Promise<never>(() => {})
const [mode = '', variant] = process.argv.slice(2)

/** What a beginner forgets. */
const mistakes: Record<string, () => Promise<unknown>> = {
  async 'forgotten subscribe'() {
    await startLink(Finite(), { name: 'numbers' })
    const printer = await startLink(Printer(), { name: 'printer' })
    return printer.exited
  },
  async 'forgotten subscribe in the middle'() {
    await startLink(Finite(), { name: 'numbers' })
    const double = await startLink(Double(), { name: 'double' })
    for await (const event of stream([double])) console.log(event)
  },
  async 'forgotten subscribe at the end'() {
    const numbers = await startLink(Numbers(), { name: 'numbers' })
    const double = await startLink(Double(), { name: 'double' })
    await double.subscribe(numbers)
    return double.exited
  },
  async 'partition without a subscriber'() {
    const hash = (event: number): [number, 'even' | 'odd'] => [event, event % 2 === 0 ? 'even' : 'odd']
    const dispatcher = partitionDispatcher({ partitions: ['even', 'odd'], hash })
    const numbers = await startLink(fromIterable(Array(100).keys(), { dispatcher }), { name: 'numbers' })
    const printer = await startLink(Printer(), { name: 'printer' })
    await printer.subscribe(numbers, { partition: 'even', maxDemand: 10 })
    return printer.exited
  },
  async 'accumulate without forward'() {
    const numbers = await startLink(fromIterable([1, 2, 3], { demand: 'accumulate' }), { name: 'numbers' })
    const printer = await startLink(Printer(), { name: 'printer' })
    await printer.subscribe(numbers)
    return printer.exited
  },
  async 'manual without ask'() {
    const queue = await startLink(Queue(), { name: 'queue' })
    const Manual = () =>
      consumer({ handleSubscribe: () => 'manual' as const, handleEvents(_events: readonly number[]) {} })
    const printer = await startLink(Manual(), { name: 'printer' })
    await printer.subscribe(queue)
    queue.cast('push', 1)
    return printer.exited
  },
  async 'callback that never settles'() {
    const numbers = await startLink(Finite(), { name: 'numbers' })
    const Stuck = () => consumer({ handleEvents: (_events: readonly number[]) => never })
    const printer = await startLink(Stuck(), { name: 'printer' })
    await printer.subscribe(numbers)
    return printer.exited
  },
  async 'handleEvent that never settles'() {
    const numbers = await startLink(Finite(), { name: 'numbers' })
    const Stuck = () => consumer({ concurrency: 2, handleEvent: (_event: number) => never })
    const printer = await startLink(Stuck(), { name: 'printer' })
    await printer.subscribe(numbers)
    return printer.exited
  },
  async 'call without a reply'() {
    const Mute = () =>
      producer({ handleDemand: (): number[] => [], handleCall: { size: (_of: string, _from) => undefined } })
    const mute = await startLink(Mute(), { name: 'mute' })
    return mute.call('size', 'all', { timeout: Number.POSITIVE_INFINITY })
  },
  async 'setup that never settles'() {
    return startLink(
      producer(async () => never),
      { name: 'numbers' },
    )
  },
  async 'events that are never taken'() {
    const queue = await startLink(Queue(), { name: 'queue' })
    queue.cast('push', 1)
    queue.cast('push', 2)
    return queue.exited
  },
}

/** A wait that is no mistake by itself: only that the program awaits it is. */
const waits: Record<string, () => Promise<unknown>> = {
  async 'source that emits nothing'() {
    const numbers = await startLink(Silent(), { name: 'numbers' })
    const double = await startLink(Double(), { name: 'double' })
    const looping = (async () => {
      for await (const event of stream([double])) console.log(event)
    })()
    await double.subscribe(numbers)
    return looping
  },
  async 'iterable that never yields'() {
    const numbers = await startLink(
      fromIterable({ [Symbol.asyncIterator]: () => ({ next: () => never }) } as AsyncIterable<number>),
      { name: 'numbers' },
    )
    const printer = await startLink(Printer(), { name: 'printer' })
    await printer.subscribe(numbers, { cancel: 'temporary' })
    return printer.exited
  },
  async 'consumer that outlives its source'() {
    const numbers = await startLink(Finite(), { name: 'numbers' })
    const printer = await startLink(Printer(), { name: 'printer' })
    await printer.subscribe(numbers, { cancel: 'temporary' })
    return printer.exited
  },
  async 'consumer alone'() {
    const printer = await startLink(Printer(), { name: 'printer' })
    return printer.exited
  },
  async 'task that waits'() {
    const tree = await startLink(
      supervisor({ strategy: 'one-for-one', children: [{ start: () => task(() => never), name: 'worker' }] }),
    )
    return tree.exited
  },
  async 'manual that asks for no more'() {
    const queue = await startLink(Queue(), { name: 'queue' })
    const Manual = () =>
      consumer({
        handleSubscribe(_role, _options, from) {
          from.ask(1)
          return 'manual' as const
        },
        handleEvents(_events: readonly number[]) {},
      })
    const printer = await startLink(Manual(), { name: 'printer' })
    await printer.subscribe(queue)
    for (const event of [1, 2, 3]) queue.cast('push', event)
    return printer.exited
  },
  async 'loop that was left'() {
    const numbers = await startLink(Numbers(), { name: 'numbers' })
    const double = await startLink(Double(), { name: 'double' })
    const looping = (async () => {
      for await (const event of stream([double])) if (event > 100) break
    })()
    await double.subscribe(numbers)
    await looping
    return double.exited
  },
  async 'events in a callback whose timer does not keep the program alive'() {
    const poller = await startLink(
      task(() => sleep(60_000, undefined, { ref: false })),
      { name: 'poller' },
    )
    return poller.exited
  },
}

/** Ends that are reported elsewhere. */
const clean: Record<string, () => Promise<unknown>> = {
  async 'all have ended'() {
    const numbers = await startLink(Finite())
    const printer = await startLink(Printer())
    await printer.subscribe(numbers)
    return printer.exited
  },
  async 'the program exits by itself'() {
    await startLink(Finite())
    await startLink(Printer())
    setTimeout(() => process.exit(0), 10)
    return never
  },
  async 'the program goes on, and then exits by itself'() {
    await startLink(Finite())
    await startLink(Printer())
    process.once('beforeExit', () => setTimeout(() => process.exit(0), 20))
  },
}

const run = { ...mistakes, ...waits, ...clean }[mode]
if (run === undefined) throw new RangeError(`no program '${mode}'`)
const running = run()
if (variant === 'awaited') await running
