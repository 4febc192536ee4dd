// Bridges to streams and emitters: what must compile, and, at marked lines, what must not. Compiled by
// `npm run types`, never run.
import { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import {
  broadcastDispatcher,
  type ConsumerRef,
  consumer,
  type ProducerConsumerRef,
  type ProducerRef,
  partitionDispatcher,
  producer,
  producerConsumer,
  startLink,
  to,
} from 'genstage'
import { type CountsDiscarded, decodeText, fromCallback, splitLines } from 'genstage/bridge'
import { fromEmitter, fromReadable, intoWritable, toDuplex, toReadable } from 'genstage/node'
import { fromEventTarget, fromReadableStream, intoWritableStream, toReadableStream, toTransform } from 'genstage/web'
import { exactly } from '../equal.ts'

interface Row {
  readonly id: number
}

declare const readable: Readable
declare const writable: Writable
declare const webBytes: ReadableStream<Uint8Array>
declare const webRows: ReadableStream<Row>
declare const webStrings: WritableStream<string>
declare const webAnything: WritableStream<unknown>

const numbers = await startLink(producer({ handleDemand: (demand) => [demand] }))
const words = await startLink(producer({ handleDemand: (demand) => [String(demand)] }))
const Lengths = () =>
  producerConsumer({ handleEvents: (events: readonly string[]) => events.map(({ length }) => length) })

// Sources from Node.
const bytes = await startLink(fromReadable(readable))
exactly<ProducerRef<Buffer>>()(bytes)
const rows = await startLink(fromReadable<Row>(readable, { onCancel: 'continue', demand: 'accumulate' }))
exactly<ProducerRef<Row>>()(rows)
const text = await startLink(decodeText({ subscribeTo: [bytes] }))
exactly<ProducerConsumerRef<Uint8Array, string>>()(text)
const lines = await startLink(splitLines({ maxLength: 80, subscribeTo: [to(text, { maxDemand: 16 })] }))
exactly<ProducerConsumerRef<string, string>>()(lines)
await lines.subscribe(words)
await text.subscribe(bytes)
// @ts-expect-error: bytes are no text
await lines.subscribe(bytes)
// @ts-expect-error: rows are no bytes
decodeText({ subscribeTo: [rows] })
const parted = await startLink(
  splitLines({ dispatcher: partitionDispatcher({ partitions: ['a', 'b'], hash: (line: string) => [line, 'a'] }) }),
)
await (await startLink(consumer({ handleEvents(_lines: readonly string[]) {} }))).subscribe(parted, { partition: 'b' })

// Emitters.
const typed = new EventEmitter<{ price: [price: number, at: Date]; close: [] }>()
const prices = await startLink(fromEmitter(typed, 'price', { whenFull: 'drop-oldest' }))
exactly<ProducerRef<number> & CountsDiscarded>()(prices)
exactly<Promise<number>>()(prices.call('discarded'))
const untyped = await startLink(fromEmitter(new EventEmitter(), 'price', { whenFull: 'fail', endOn: ['close'] }))
exactly<ProducerRef<unknown> & CountsDiscarded>()(untyped)
const made = await startLink(
  fromEmitter(typed, 'price', { whenFull: 'fail', toEvent: (price: number, at: Date) => ({ price, at }) }),
)
exactly<ProducerRef<{ price: number; at: Date }> & CountsDiscarded>()(made)
const child = await startLink(
  fromEmitter(process, 'message', { whenFull: 'fail', toEvent: (message: Row) => message.id }),
)
exactly<ProducerRef<number> & CountsDiscarded>()(child)
// @ts-expect-error: the policy must be named
fromEmitter(typed, 'price', {})
// @ts-expect-error: and be one of those there are
fromEmitter(typed, 'price', { whenFull: 'drop' })

// Callbacks.
const pushed = await startLink(
  fromCallback<Row, { selector?: (row: Row) => boolean }>(
    ({ emit, end }) => {
      emit({ id: 1 })
      return end
    },
    { whenFull: 'drop-newest', bufferSize: 10, dispatcher: broadcastDispatcher<Row>() },
  ),
)
const rowSink = await startLink(consumer({ handleEvents(_rows: readonly Row[]) {} }))
await rowSink.subscribe(pushed, { selector: ({ id }) => id > 1 })
// @ts-expect-error: an event that is no row
fromCallback<Row>(({ emit }) => emit('a'), { whenFull: 'fail' })

// Event targets.
const target = new EventTarget()
const events = await startLink(fromEventTarget(target, 'tick', { whenFull: 'fail' }))
exactly<ProducerRef<Event> & CountsDiscarded>()(events)
const details = await startLink(
  fromEventTarget(target, 'tick', { whenFull: 'fail', toEvent: (event: Event & { detail: Row }) => event.detail }),
)
exactly<ProducerRef<Row> & CountsDiscarded>()(details)

// Web Streams.
exactly<ProducerRef<Uint8Array>>()(await startLink(fromReadableStream(webBytes)))
exactly<ProducerRef<Row>>()(await startLink(fromReadableStream(webRows, { onCancel: 'stop' })))
exactly<ReadableStream<number>>()(toReadableStream(numbers, { size: (event) => event }))
exactly<ReadableStream<string>>()(toReadableStream(to(lines, { cancel: 'temporary' })))
exactly<ReadableStream<number>>()(toReadableStream(words).pipeThrough(toTransform(Lengths())))
void toReadableStream(words).pipeTo(webStrings)
// @ts-expect-error: numbers are no strings
void toReadableStream(numbers).pipeTo(webStrings)
// @ts-expect-error: neither are rows
webRows.pipeThrough(toTransform(Lengths()))
// @ts-expect-error: a consumer emits nothing to be read
toReadableStream(rowSink)

// Into streams.
exactly<ConsumerRef<string>>()(await startLink(intoWritableStream(webStrings, { subscribeTo: [words] })))
exactly<ConsumerRef<unknown>>()(await startLink(intoWritableStream(webAnything, { subscribeTo: [numbers, words] })))
// @ts-expect-error: numbers are no strings
intoWritableStream(webStrings, { subscribeTo: [numbers] })
const file = await startLink(intoWritable(writable, { subscribeTo: [bytes, words] }))
exactly<ConsumerRef<string | Uint8Array>>()(file)
// @ts-expect-error: without object mode a stream takes text and bytes
await file.subscribe(numbers)
const objects = await startLink(intoWritable<Row>(writable))
await objects.subscribe(rows)
// @ts-expect-error: bytes are no rows
await objects.subscribe(bytes)

// Out of stages.
exactly<Readable>()(toReadable(to(parted, { partition: 'a' }), { objectMode: false }))
// @ts-expect-error: this producer demands a partition
toReadable(parted)
toDuplex(Lengths(), { highWaterMark: 4 }).pipe(writable)
// @ts-expect-error: a consumer is nothing in the middle
toDuplex(consumer({ handleEvents(_rows: readonly Row[]) {} }))
