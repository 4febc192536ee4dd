// The Web Streams that the tests of the bridges are played with.

/** A stream that counts, and knows how far it was read and how it ended. */
export interface CountingStream extends ReadableStream<number> {
  pulled: number
  /** What it was cancelled with. */
  cancelledWith: { readonly reason: unknown } | undefined
  /** Ends it, with an error. */
  fail(error: unknown): void
}

/** Counts from 0 up to, and without, `end`; each number is there after a microtask. */
export function countingStream(end: number, highWaterMark = 0): CountingStream {
  let next = 0
  let controller!: ReadableStreamDefaultController<number>
  const stream = new ReadableStream<number>(
    {
      start(made) {
        controller = made
      },
      async pull() {
        await Promise.resolve()
        if (next < end) controller.enqueue(next++)
        if (next === end) controller.close()
        stream.pulled = next
      },
      cancel(reason) {
        stream.cancelledWith = { reason }
      },
    },
    { highWaterMark },
  ) as CountingStream
  return Object.assign(stream, {
    pulled: 0,
    cancelledWith: undefined,
    fail: (error: unknown) => controller.error(error),
  })
}

/** A sink that knows what it got and how it ended. */
export interface KeepingStream extends WritableStream<unknown> {
  readonly written: unknown[]
  isClosed: boolean
  abortedWith: { readonly reason: unknown } | undefined
  fail(error: unknown): void
}

/** Keeps what is written to it, each chunk once `wait` has settled. */
export function keepingStream(wait: () => unknown = () => undefined, highWaterMark = 2): KeepingStream {
  const written: unknown[] = []
  let controller!: WritableStreamDefaultController
  const stream = new WritableStream<unknown>(
    {
      start(made) {
        controller = made
      },
      async write(chunk) {
        await wait()
        written.push(chunk)
      },
      close() {
        stream.isClosed = true
      },
      abort(reason) {
        stream.abortedWith = { reason }
      },
    },
    { highWaterMark },
  ) as KeepingStream
  return Object.assign(stream, {
    written,
    isClosed: false,
    abortedWith: undefined,
    fail: (error: unknown) => controller.error(error),
  })
}
