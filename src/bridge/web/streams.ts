// The part of the platform's streams that is used here. This library is compiled without their types, and users may have
// them from the DOM, from Node, or not at all.

// These declarations merge with the platform's types and add nothing to them. Without types of the platform they are
// empty, and not used.
declare global {
  // biome-ignore lint/suspicious/noExplicitAny: an interface is merged only with one whose parameters are the same
  interface ReadableStream<R = any> {}
  // biome-ignore lint/suspicious/noExplicitAny: an interface is merged only with one whose parameters are the same
  interface WritableStream<W = any> {}
}

/** A reader of a `ReadableStream`. */
export interface StreamReader<out Chunk> {
  /** Settles when the stream has ended, or rejects with its error. */
  readonly closed: Promise<unknown>
  read(): Promise<{ readonly done: boolean; readonly value?: Chunk }>
  cancel(reason?: unknown): Promise<void>
  releaseLock(): void
}

/** A `ReadableStream`, the platform's or another one. */
export interface ReadableStreamLike<out Chunk> {
  readonly locked: boolean
  getReader(): StreamReader<Chunk>
  cancel(reason?: unknown): Promise<void>
}

/** A writer of a `WritableStream`. */
export interface StreamWriter<in Chunk> {
  /** Settles when the stream has closed, or rejects with its error. */
  readonly closed: Promise<unknown>
  /** Settles once there is room. */
  readonly ready: Promise<unknown>
  /** How much room there is: at most 0 if the stream is full, `null` if it has failed. */
  readonly desiredSize: number | null
  write(chunk?: Chunk): Promise<void>
  close(): Promise<void>
  abort(reason?: unknown): Promise<void>
  releaseLock(): void
}

/** A `WritableStream`, the platform's or another one. */
export interface WritableStreamLike<in Chunk> {
  readonly locked: boolean
  getWriter(): StreamWriter<Chunk>
  abort(reason?: unknown): Promise<void>
}

/** The platform's `ReadableStream` of these chunks, or the part of it that is used here. */
export type PlatformReadableStream<Chunk> = typeof globalThis extends { ReadableStream: unknown }
  ? ReadableStream<Chunk>
  : ReadableStreamLike<Chunk>

/** The platform's `WritableStream` of these chunks, or the part of it that is used here. */
export type PlatformWritableStream<Chunk> = typeof globalThis extends { WritableStream: unknown }
  ? WritableStream<Chunk>
  : WritableStreamLike<Chunk>

/** The type of a `ReadableStream`'s chunks. The platform's stream has several kinds of reader; one of them has this type. */
export type ChunkOf<Stream> = Stream extends { getReader(): infer Reader } ? ChunkReadBy<Reader> : never

type ChunkReadBy<Reader> = Reader extends { read(): Promise<infer Result> } ? ChunkIn<Result> : never

type ChunkIn<Result> = Result extends { readonly done: true }
  ? never
  : Result extends { readonly value?: infer Chunk }
    ? Chunk
    : never

/** The first argument of the constructor of a `ReadableStream`. */
interface UnderlyingSource {
  readonly start: (controller: ReadableController) => void
  readonly pull: () => void
  readonly cancel: (reason: unknown) => void
}

/** Adds chunks to a `ReadableStream`. */
export interface ReadableController {
  readonly desiredSize: number | null
  enqueue(chunk: unknown): void
  close(): void
  error(reason: unknown): void
}

/** The first argument of the constructor of a `WritableStream`. */
interface UnderlyingSink {
  readonly start: (controller: WritableController) => void
  readonly write: (chunk: unknown) => Promise<void>
  readonly close: () => Promise<void>
  readonly abort: (reason: unknown) => void
}

/** Ends a `WritableStream` from inside its sink. */
export interface WritableController {
  /** Aborted as soon as the stream is, even while a write is pending; missing on older platforms. */
  readonly signal?: { readonly reason: unknown; addEventListener(type: 'abort', listener: () => void): void }
  error(reason: unknown): void
}

/** How a stream measures its queue. */
interface QueuingStrategy {
  readonly highWaterMark: number
  readonly size?: (chunk: unknown) => number
}

interface StreamsPlatform {
  readonly ReadableStream: new (source: UnderlyingSource, strategy: QueuingStrategy) => ReadableStreamLike<never>
  readonly WritableStream: new (sink: UnderlyingSink, strategy: QueuingStrategy) => WritableStreamLike<unknown>
}

const platform = globalThis as unknown as StreamsPlatform

/** Makes one of the platform's streams. */
export function makeReadableStream<Chunk>(
  source: UnderlyingSource,
  strategy: QueuingStrategy,
): PlatformReadableStream<Chunk> {
  return new platform.ReadableStream(source, strategy) as unknown as PlatformReadableStream<Chunk>
}

/** Makes one of the platform's streams. */
export function makeWritableStream<Chunk>(
  sink: UnderlyingSink,
  strategy: QueuingStrategy,
): PlatformWritableStream<Chunk> {
  return new platform.WritableStream(sink, strategy) as unknown as PlatformWritableStream<Chunk>
}
