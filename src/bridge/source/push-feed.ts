import { BadReturnError, describeReason } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { LogLevel } from '../../base/logger.ts'
import { callback as functionType, integer, oneOf } from '../../base/option-type.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { ProducerStage } from '../../stage/kinds/producer-stage.ts'
import { Buffer } from '../../stage/producing/buffer.ts'
import { OverflowError } from '../errors.ts'
import type { DefaultRow, OptionalRow, RequiredRow } from '../option-rows.ts'
import { defineSource, type Feed, type FeedPort } from './feed.ts'
import { type FeedOptions, feedRows, type ValidFeedOptions } from './source-options.ts'

/** How a producer works whose source pushes its events and cannot be slowed. */
export interface PushOptions<Out, Options> extends FeedOptions<Out, Options> {
  /**
   * What happens to events that come while nobody asks and the buffer is full. There is no default: whoever connects
   * such a source has to know.
   *
   * `'drop-oldest'`: the one that has waited longest goes. `'drop-newest'`: the one that comes is not taken. Drops are
   * counted (`call('discarded')`) and logged. `'fail'`: the stage fails with an `OverflowError`.
   */
  readonly whenFull: 'drop-oldest' | 'drop-newest' | 'fail'
  /** How many events to keep that nobody has asked for: an integer of at least 0. Default: 10,000. */
  readonly bufferSize?: number
  /** Whether to log that `count` events were dropped. Default: always logged. Answers at once, and once per drop. */
  readonly formatDiscarded?: (count: number) => boolean
}

/** Options of a source that pushes, complete. */
export interface ValidPushOptions extends ValidFeedOptions {
  readonly whenFull: 'drop-oldest' | 'drop-newest' | 'fail'
  readonly bufferSize: number
  readonly formatDiscarded: ((count: number) => boolean) | undefined
}

/** The rows that every source has which pushes. */
export const pushRows: typeof feedRows & {
  readonly whenFull: RequiredRow<'drop-oldest' | 'drop-newest' | 'fail'>
  readonly bufferSize: DefaultRow<number>
  readonly formatDiscarded: OptionalRow<(count: number) => boolean>
} = {
  whenFull: {
    type: oneOf('drop-oldest', 'drop-newest', 'fail'),
    required: true,
    text: 'What happens when an event comes that nobody asks for, and the buffer is full.',
  },
  bufferSize: {
    type: integer({ min: 0 }),
    default: 10_000,
    unit: 'events',
    text: 'How many events are kept that nobody has asked for.',
  },
  formatDiscarded: {
    type: functionType<(count: number) => boolean>(),
    absent: 'always logged',
    text: 'Whether it is logged that so many events were dropped.',
  },
  ...feedRows,
}

/** What a source that pushes is handed to push by. All of it may be called from anywhere, and taken out. */
export interface Push<in Out> {
  /** Emits an event. Returns at once; once the stage has ended, or `end` or `fail` was called, it does nothing. */
  readonly emit: (event: Out) => void
  /** No more events will come: the stage ends normally after the last one. */
  readonly end: () => void
  /** The source has failed: the stage does too, with this error as its exit reason. */
  readonly fail: (error: unknown) => void
}

/** Takes away what connecting has set up: listeners, a connection. What it answers is waited for by nobody. */
export type Disconnect = () => unknown

/** Connects a source: has it call `push`, and answers how to disconnect it. May be async; the start then waits. */
export type Connect<out Out> = (push: Push<Out>) => void | Disconnect | Promise<void | Disconnect>

/** Makes the producer of what a source pushes. */
export function definePushSource<Ref extends ProcessRef>(
  connect: (push: Push<unknown>) => unknown,
  options: ValidPushOptions,
): Stage<Ref> {
  const { whenFull, bufferSize } = options
  let feed: PushFeed | undefined
  const open = (port: FeedPort): Feed => {
    feed = new PushFeed(port, options)
    feed.connect(connect)
    return feed
  }
  return defineSource<Ref>(open, options, {
    bufferSize,
    bufferKeep: whenFull === 'drop-oldest' ? 'last' : 'first',
    formatDiscarded: (count) => feed?.countDiscarded(count) ?? true,
    handleCall: { discarded: () => ({ reply: feed?.discarded ?? 0 }) },
  })
}

/**
 * Events that were pushed and not fetched yet.
 *
 * They are fetched in the stage's next turn, and then wait in its own buffer. But a source can push any number of events
 * before that turn comes, so no more are kept here than the stage would keep: what is `due` meets demand, and what
 * comes on top goes into a buffer of the same size and policy. In demand mode `'accumulate'`, in which a stage holds
 * without a bound what it emits, that is where it stays.
 */
class PushFeed implements Feed {
  opened: Promise<unknown> | undefined
  /** How many events were dropped, here and by the stage, since the start. */
  discarded = 0
  private readonly port: FeedPort
  private readonly options: ValidPushOptions
  private due: unknown[] = []
  private readonly rest: Buffer<unknown>
  /** Dropped here, and not reported yet. */
  private unreported = 0
  private disconnect: Disconnect | undefined
  /** Set once nothing more is taken. */
  private isOver = false

  constructor(port: FeedPort, options: ValidPushOptions) {
    this.port = port
    this.options = options
    this.rest = new Buffer(options.bufferSize, options.whenFull === 'drop-oldest' ? 'last' : 'first')
  }

  connect(connect: (push: Push<unknown>) => unknown): void {
    const result = connect({
      emit: (event) => this.emit(event),
      end: () => this.finish(() => this.port.end()),
      fail: (error) => this.finish(() => this.port.fail(error)),
    })
    if (isThenable(result)) this.opened = Promise.resolve(result).then((disconnect) => this.connected(disconnect))
    else this.connected(result)
  }

  private connected(disconnect: unknown): void {
    if (disconnect === undefined) return
    if (typeof disconnect !== 'function') {
      throw new BadReturnError('connect', 'a function that disconnects, or nothing', disconnect)
    }
    this.disconnect = disconnect as Disconnect
    // It may have ended while it was connecting, or have been stopped.
    if (this.isOver) this.letGo()
  }

  private emit(event: unknown): void {
    if (this.isOver) return
    if (this.due.length < this.port.wanted) {
      this.due.push(event)
    } else {
      const { discarded } = this.rest.store([event])
      if (discarded > 0) this.overflow(discarded)
    }
    this.port.wake()
  }

  private overflow(count: number): void {
    if (this.options.whenFull === 'fail') {
      this.finish(() => this.port.fail(new OverflowError(this.options.bufferSize)))
    } else {
      this.discarded += count
      this.unreported += count
    }
  }

  get holdsBack(): boolean {
    return this.rest.eventCount > 0
  }

  /** Fetches all there is: what nobody has asked for waits in the stage, unless that has no bound now. */
  take(): unknown[] {
    if (this.unreported > 0) {
      const count = this.unreported
      this.unreported = 0
      this.report(count)
    }
    const events = this.due
    this.due = []
    if (this.holdsBack && this.isAccumulating()) return events
    const rest = this.rest.take(this.rest.eventCount)?.events
    if (rest === undefined) return events
    return events.length === 0 ? rest : events.concat(rest)
  }

  private isAccumulating(): boolean {
    const behaviour = (this.port.stage.self as unknown as ProcessReference).process?.behaviour
    return behaviour instanceof ProducerStage && behaviour.demandMode === 'accumulate'
  }

  /** The stage has dropped events; answers whether that is to be logged. */
  countDiscarded(count: number): boolean {
    const { whenFull, bufferSize, formatDiscarded } = this.options
    if (whenFull === 'fail') throw new OverflowError(bufferSize)
    this.discarded += count
    return formatDiscarded?.(count) ?? true
  }

  /** Reports drops as the stage reports its own. */
  private report(count: number): void {
    const result: unknown = this.options.formatDiscarded?.(count) ?? true
    if (typeof result !== 'boolean') throw new BadReturnError('formatDiscarded', 'a boolean', result)
    if (result) this.log('warn', `has discarded ${count} events from its buffer`, { discarded: count })
  }

  close(): void {
    this.finish(() => {})
    const dropped = this.due.length + this.rest.eventCount
    if (dropped === 0) return
    this.discarded += dropped
    this.due = []
    this.rest.take(dropped)
    this.log('warn', `ended and dropped ${dropped} events that it had not fetched from its source`, { dropped })
  }

  private finish(tell: () => void): void {
    if (this.isOver) return
    this.isOver = true
    tell()
    this.letGo()
  }

  private letGo(): void {
    const { disconnect } = this
    this.disconnect = undefined
    const complain = (error: unknown): void =>
      this.log('error', `could not disconnect its source: ${describeReason(error)}`, {})
    try {
      const result = disconnect?.()
      if (isThenable(result)) result.then(undefined, complain)
    } catch (error) {
      complain(error)
    }
  }

  private log(level: LogLevel, what: string, facts: Readonly<Record<string, unknown>>): void {
    const { runtime, label, id } = this.port.stage.self as unknown as ProcessReference
    runtime.log(level, `${label} ${what}`, { process: id, ...facts })
  }
}
