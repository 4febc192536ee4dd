import { BadReturnError, describeReason } from '../../base/errors.ts'
import { eventCount } from '../../base/event-count.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { LogLevel } from '../../base/logger.ts'
import { callback as functionType, integer, oneOf } from '../../base/options/option-type.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { ProducerStage } from '../../stage/kinds/producer-stage.ts'
import { Buffer } from '../../stage/producing/buffer.ts'
import { OverflowError } from '../errors.ts'
import type { DefaultRow, OptionalRow, RequiredRow } from '../option-rows.ts'
import { defineSource, type ExternalSource, type SourcePort } from './external-source.ts'
import { type ExternalSourceOptions, externalSourceRows, type ValidExternalSourceOptions } from './source-options.ts'

/** Options of a producer whose source pushes its events and cannot be slowed down. */
export interface PushOptions<Out, Options> extends ExternalSourceOptions<Out, Options> {
  /**
   * What happens to events that come without demand while the buffer is full. There is no default, because the right
   * choice depends on the source.
   *
   * `'drop-oldest'`: the oldest event in the buffer is dropped. `'drop-newest'`: the new event is dropped. Drops are
   * counted (`call('discarded')`) and logged. `'fail'`: the stage fails with an `OverflowError`.
   */
  readonly whenFull: 'drop-oldest' | 'drop-newest' | 'fail'
  /** The most events to keep without demand: an integer of at least 0. Default: 10,000. */
  readonly bufferSize?: number
  /** Returns whether to log that `count` events were dropped; not async. Default: always logged. */
  readonly formatDiscarded?: (count: number) => boolean
}

/** Options of a source that pushes, complete. */
export interface ValidPushOptions extends ValidExternalSourceOptions {
  readonly whenFull: 'drop-oldest' | 'drop-newest' | 'fail'
  readonly bufferSize: number
  readonly formatDiscarded: ((count: number) => boolean) | undefined
}

/** The options of every source that pushes its events. */
export const pushRows: typeof externalSourceRows & {
  readonly whenFull: RequiredRow<'drop-oldest' | 'drop-newest' | 'fail'>
  readonly bufferSize: DefaultRow<number>
  readonly formatDiscarded: OptionalRow<(count: number) => boolean>
} = {
  whenFull: {
    type: oneOf('drop-oldest', 'drop-newest', 'fail'),
    required: true,
    text: 'What happens to an event that comes without demand while the buffer is full.',
  },
  bufferSize: {
    type: integer({ min: 0 }),
    default: 10_000,
    unit: 'events',
    text: 'The most events to keep without demand.',
  },
  formatDiscarded: {
    type: functionType<(count: number) => boolean>(),
    absent: 'always logged',
    text: 'Returns whether to log that so many events were dropped.',
  },
  ...externalSourceRows,
}

/** The functions by which a source pushes its events. They may be called from anywhere, and need no `this`. */
export interface Push<in Out> {
  /** Emits an event. Returns at once; once the stage has ended, or `end` or `fail` was called, it does nothing. */
  readonly emit: (event: Out) => void
  /** No more events will come: the stage ends normally after the last one. */
  readonly end: () => void
  /** The source has failed: the stage does too, with this error as its exit reason. */
  readonly fail: (error: unknown) => void
}

/** Undoes what connecting has set up: listeners, a connection. A promise that it returns is not awaited. */
export type Disconnect = () => unknown

/**
 * Connects a source, so that it calls the functions of `push`, and returns a function that disconnects it. May be async;
 * then the start waits for it.
 */
export type Connect<out Out> = (push: Push<Out>) => void | Disconnect | Promise<void | Disconnect>

/** Makes the producer of the events that a source pushes. */
export function definePushSource<Ref extends ProcessRef>(
  connect: (push: Push<unknown>) => unknown,
  options: ValidPushOptions,
): Stage<Ref> {
  const { whenFull, bufferSize } = options
  let source: PushSource | undefined
  const open = (port: SourcePort): ExternalSource => {
    source = new PushSource(port, options)
    source.connect(connect)
    return source
  }
  return defineSource<Ref>(open, options, {
    bufferSize,
    bufferKeep: whenFull === 'drop-oldest' ? 'last' : 'first',
    formatDiscarded: (count) => source?.countDiscarded(count) ?? true,
    handleCall: { discarded: () => ({ reply: source?.discarded ?? 0 }) },
  })
}

/**
 * Holds events that were pushed and not fetched yet.
 *
 * The stage fetches them in its next turn, and then keeps them in its own buffer. But a source can push any number of
 * events before that turn, so this class keeps no more than the stage would keep: the events in `due` meet demand, and
 * all others go into a buffer of the same size and policy. In demand mode `'accumulate'`, in which a stage holds its
 * emitted events without a limit, they stay in that buffer.
 */
class PushSource implements ExternalSource {
  opened: Promise<unknown> | undefined
  /** How many events were dropped, here and by the stage, since the start. */
  discarded = 0
  private readonly port: SourcePort
  private readonly options: ValidPushOptions
  private due: unknown[] = []
  private readonly buffer: Buffer<unknown>
  /** How many events were dropped here and not reported yet. */
  private unreported = 0
  private disconnect: Disconnect | undefined
  /** Set once no more events are accepted. */
  private isOver = false

  constructor(port: SourcePort, options: ValidPushOptions) {
    this.port = port
    this.options = options
    this.buffer = new Buffer(options.bufferSize, options.whenFull === 'drop-oldest' ? 'last' : 'first')
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
    // It may have ended while it was connecting, or the stage may have been stopped.
    if (this.isOver) this.release()
  }

  private emit(event: unknown): void {
    if (this.isOver) return
    if (this.due.length < this.port.wanted) {
      this.due.push(event)
    } else {
      const { discarded } = this.buffer.store([event])
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

  get hasMore(): boolean {
    return this.buffer.eventCount > 0
  }

  /** Returns all events: those without demand are buffered in the stage, unless its buffer has no limit now. */
  take(): unknown[] {
    if (this.unreported > 0) {
      const count = this.unreported
      this.unreported = 0
      this.report(count)
    }
    const events = this.due
    this.due = []
    if (this.hasMore && this.isAccumulating()) return events
    const buffered = this.buffer.take(this.buffer.eventCount)?.events
    if (buffered === undefined) return events
    return events.length === 0 ? buffered : events.concat(buffered)
  }

  private isAccumulating(): boolean {
    const behaviour = (this.port.stage.self as unknown as ProcessReference).process?.behaviour
    return behaviour instanceof ProducerStage && behaviour.demandMode === 'accumulate'
  }

  /** The stage has dropped events; returns whether to log that. */
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
    if (result) this.log('warn', `discarded ${eventCount(count)}: buffer full`, { discarded: count })
  }

  close(): void {
    this.finish(() => {})
    const dropped = this.due.length + this.buffer.eventCount
    if (dropped === 0) return
    this.discarded += dropped
    this.due = []
    this.buffer.take(dropped)
    this.log('warn', `exited and dropped ${eventCount(dropped)} that it had not fetched from its source`, { dropped })
  }

  private finish(notify: () => void): void {
    if (this.isOver) return
    this.isOver = true
    notify()
    this.release()
  }

  private release(): void {
    const { disconnect } = this
    this.disconnect = undefined
    const logFailure = (error: unknown): void =>
      this.log('error', `failed to disconnect its source: ${describeReason(error)}`, {})
    try {
      const result = disconnect?.()
      if (isThenable(result)) result.then(undefined, logFailure)
    } catch (error) {
      logFailure(error)
    }
  }

  private log(level: LogLevel, what: string, facts: Readonly<Record<string, unknown>>): void {
    const { runtime, label, id } = this.port.stage.self as unknown as ProcessReference
    runtime.log(level, `${label} ${what}`, { process: id, ...facts })
  }
}
