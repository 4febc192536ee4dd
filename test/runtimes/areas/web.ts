// Web Streams and event targets.
import { fromIterable, producerConsumer, start, startLink, stream } from 'genstage'
import { fromEventTarget, fromReadableStream, intoWritableStream, toReadableStream, toTransform } from 'genstage/web'
import { expectEqual } from './expect-equal.ts'

const Doubling = () =>
  producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })

let pulled = 0
const counting = (count: number) =>
  new ReadableStream<number>(
    {
      pull(controller) {
        if (pulled < count) controller.enqueue(pulled++)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )

const source = await startLink(fromReadableStream(counting(100)))
expectEqual(pulled, 0, 'fromReadableStream: nothing is pulled before demand')
const written: number[] = []
const sink = await startLink(
  intoWritableStream(
    new WritableStream<number>({
      async write(chunk) {
        await new Promise((resolve) => setTimeout(resolve, 0))
        written.push(chunk)
      },
    }),
    { subscribeTo: [source] },
  ),
)
expectEqual(await sink.exited, 'normal', 'intoWritableStream: the end')
expectEqual(
  written,
  Array.from({ length: 100 }, (_, index) => index),
  'intoWritableStream: all is written',
)

const reader = toReadableStream(await startLink(fromIterable([1, 2, 3]))).getReader()
const read: unknown[] = []
for (let next = await reader.read(); !next.done; next = await reader.read()) read.push(next.value)
expectEqual(read, [1, 2, 3], 'toReadableStream')

pulled = 0
const doubled: number[] = []
await counting(20)
  .pipeThrough(toTransform(Doubling()))
  .pipeTo(new WritableStream({ write: (chunk: number) => void doubled.push(chunk) }))
expectEqual(
  doubled,
  Array.from({ length: 20 }, (_, index) => index * 2),
  'toTransform',
)

const failure = new Error('broken')
const failing = await start(
  fromReadableStream(new ReadableStream<number>({ start: (controller) => controller.error(failure) })),
)
expectEqual((await failing.exited) === failure, true, 'fromReadableStream: the error is the reason')

let cancelledWith: unknown
const cancelled = await start(
  fromReadableStream(
    new ReadableStream<number>({
      cancel(reason) {
        cancelledWith = reason
      },
    }),
  ),
)
await cancelled.stop('shutdown')
expectEqual(cancelledWith, 'shutdown', 'fromReadableStream: cancelled with the reason')

const target = new EventTarget()
const messages = await startLink(
  fromEventTarget(target, 'message', { whenFull: 'fail', endOn: ['end'], toEvent: ({ type }: Event) => type }),
)
target.dispatchEvent(new Event('message'))
target.dispatchEvent(new Event('message'))
target.dispatchEvent(new Event('end'))
const types: string[] = []
for await (const type of stream([messages])) types.push(type)
expectEqual(types, ['message', 'message'], 'fromEventTarget')
console.log('ok')
