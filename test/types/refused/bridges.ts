// Bridges to streams and emitters that must not compile; refused.test.ts explains the comments.
import { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { consumer, producer, producerConsumer, startLink } from 'genstage'
import { decodeText, fromCallback, splitLines } from 'genstage/bridge'
import { fromEmitter, fromReadable, intoWritable, toDuplex, toReadable } from 'genstage/node'
import { fromReadableStream, intoWritableStream, toReadableStream, toTransform } from 'genstage/web'

declare const readable: Readable
declare const writable: Writable
declare const webNumbers: ReadableStream<number>
declare const webStrings: WritableStream<string>

const numbers = await startLink(producer({ handleDemand: (demand) => [demand] }))
const bytes = await startLink(fromReadable(readable))
const lines = await startLink(splitLines())
const sink = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
const Lengths = () =>
  producerConsumer({ handleEvents: (events: readonly string[]) => events.map(({ length }) => length) })
const prices = new EventEmitter<{ price: [number] }>()

// Text is made of bytes, and lines of text.
// @ts-expect-error TS2345 at bytes: ProducerRef<Buffer and ProducerRef<string>
await lines.subscribe(bytes)
// @ts-expect-error TS2322 at numbers: ProducerRef<number> and Uint8Array
decodeText({ subscribeTo: [numbers] })

// A source that cannot be slowed down requires an option for when it is too fast.
// @ts-expect-error TS2345|TS2741 at {}: whenFull
fromEmitter(prices, 'price', {})
// @ts-expect-error TS2322 at whenFull: "drop" and "drop-oldest"
fromEmitter(prices, 'price', { whenFull: 'drop' })
// @ts-expect-error TS2345 at 'a': string and number
fromCallback<number>(({ emit }) => emit('a'), { whenFull: 'fail' })

// Into streams.
// @ts-expect-error TS2345 at numbers: ProducerRef<number> and ProducerRef<string | Uint8Array
await (await startLink(intoWritable(writable))).subscribe(numbers)
// @ts-expect-error TS2322 at numbers: ProducerRef<number> and ProducerRef<string>
intoWritableStream(webStrings, { subscribeTo: [numbers] })
// @ts-expect-error TS2379|TS2740 at readable: Readable and Writable
intoWritable(readable)
// @ts-expect-error TS2379|TS2740 at writable: Writable and Readable
fromReadable(writable)
// @ts-expect-error TS2345|TS2739 at webStrings: WritableStream<string> and getReader
fromReadableStream(webStrings)

// Out of stages.
// @ts-expect-error TS2345 at sink: ConsumerRef<number> and Source<unknown>
toReadable(sink)
// @ts-expect-error TS2345 at sink: ConsumerRef<number> and Source<unknown>
toReadableStream(sink)
// @ts-expect-error TS2345 at consumer(: ConsumerRef<number> and ProducerConsumerRef
toDuplex(consumer({ handleEvents(_events: readonly number[]) {} }))
// @ts-expect-error TS2345 at toTransform(Lengths()): number and string
webNumbers.pipeThrough(toTransform(Lengths()))
