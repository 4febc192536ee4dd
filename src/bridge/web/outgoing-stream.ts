import { Ring } from '../../base/collections/ring.ts'
import { makeReadableStream, type PlatformReadableStream, type ReadableController } from './streams.ts'

/** Options of an outgoing stream. */
interface OutgoingStreamOptions {
  /** How much may be buffered in the stream: events, or the unit of `size`. */
  readonly highWaterMark: number
  readonly size?: ((event: unknown) => number) | undefined
  /** Asks for more events, so that `count` are on their way. */
  readonly want: (count: number) => void
  /** The reader has cancelled the stream. */
  readonly cancel: (reason: unknown) => void
  /** `size` threw this error for an event: no more events are accepted. */
  readonly refuse?: (error: unknown) => void
  /** The stream has closed or failed, after its last event. */
  readonly over: () => void
}

/** The most events that are asked for at once if the room is unlimited. */
const MOST_WANTED = 1_000

/**
 * A `ReadableStream` of events, in which an error comes after the events before it.
 *
 * A stream discards its own queue when it fails. So unread events are queued here, and the stream itself, whose queue has
 * no room, takes an event when its reader asks for one.
 */
export class OutgoingStream<Chunk> {
  readonly stream: PlatformReadableStream<Chunk>
  private readonly options: OutgoingStreamOptions
  private controller!: ReadableController
  private readonly waiting = new Ring<{ readonly event: unknown; readonly size: number }>()
  /** The total size of the queued events. */
  private waitingSize = 0
  /** Whether the reader has asked for an event that has not come. Only while no event is queued. */
  private isRead = false
  /** How the stream ends once no event is queued. */
  private cause: { readonly error?: unknown } | undefined
  private isOver = false

  constructor(options: OutgoingStreamOptions) {
    this.options = options
    this.stream = makeReadableStream<Chunk>(
      {
        start: (controller) => {
          this.controller = controller
        },
        pull: () => this.pull(),
        cancel: (reason) => {
          this.discard()
          options.cancel(reason)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** Asks for as many events as there is room for. Call it once, when events can come. */
  fill(): void {
    if (this.isOver || this.cause !== undefined) return
    const { highWaterMark, size, want } = this.options
    const room = highWaterMark - this.waitingSize
    // The size of the next event is not known yet.
    const wanted = size === undefined ? Math.floor(Math.min(room, MOST_WANTED)) : Math.sign(room)
    want(Math.max(this.isRead ? 1 : 0, wanted))
  }

  accept(event: unknown): void {
    if (this.isOver || this.cause !== undefined) return
    if (this.isRead) {
      this.isRead = false
      this.controller.enqueue(event)
    } else {
      this.keep(event)
    }
    this.fill()
  }

  /** No more events will come. */
  end(): void {
    this.endWith({})
  }

  /** No more events will come: the stream fails after the queued ones. */
  fail(error: unknown): void {
    this.endWith({ error })
  }

  /** Fails at once, and discards the queued events. */
  abort(error: unknown): void {
    if (this.isOver) return
    this.discard()
    this.controller.error(error)
  }

  private pull(): void {
    const next = this.waiting.shift()
    if (next === undefined) {
      this.isRead = true
    } else {
      this.waitingSize = this.waiting.length === 0 ? 0 : this.waitingSize - next.size
      this.controller.enqueue(next.event)
      this.endIfRead()
    }
    this.fill()
  }

  private keep(event: unknown): void {
    const { size: sizeOf, refuse } = this.options
    let size = 1
    try {
      if (sizeOf !== undefined) size = expectSize(sizeOf(event))
    } catch (error) {
      this.fail(error)
      refuse?.(error)
      return
    }
    this.waiting.push({ event, size })
    this.waitingSize += size
  }

  private endWith(ending: { readonly error?: unknown }): void {
    this.cause ??= ending
    this.endIfRead()
  }

  private endIfRead(): void {
    const { cause } = this
    if (this.isOver || cause === undefined || this.waiting.length > 0) return
    this.isOver = true
    this.options.over()
    if ('error' in cause) this.controller.error(cause.error)
    else this.controller.close()
  }

  private discard(): void {
    this.isOver = true
    this.waiting.clear()
  }
}

function expectSize(size: unknown): number {
  if (typeof size === 'number' && size >= 0 && size < Number.POSITIVE_INFINITY) return size
  throw new RangeError(`expected size to return a finite number of at least 0, got: ${String(size)}`)
}
