export type { EventSourceOptions } from '../source/event-source.ts'
export type { SourceOptions } from '../source/source-options.ts'
export type { DuplexOptions } from '../stream/duplex-options.ts'
export type { SinkOptions } from '../stream/sink.ts'
export { type EventLike, type EventTargetLike, fromEventTarget } from './from-event-target.ts'
export { fromReadableStream } from './from-readable-stream.ts'
export { intoWritableStream } from './into-writable-stream.ts'
export type {
  ChunkOf,
  PlatformReadableStream,
  PlatformWritableStream,
  ReadableStreamLike,
  WritableStreamLike,
} from './streams.ts'
export { type ToReadableStreamOptions, toReadableStream } from './to-readable-stream.ts'
export { type Transform, toTransform } from './to-transform.ts'
