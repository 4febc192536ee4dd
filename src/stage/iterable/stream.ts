/// <reference lib="esnext.disposable" preserve="true" />
import { ExitError } from '../../base/errors.ts'
import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { array, oneOf as oneOfType } from '../../base/option-type.ts'
import { quote } from '../../base/quote.ts'
import { Ring } from '../../base/ring.ts'
import { abortSignalType } from '../../process/call-options.ts'
import { Message } from '../../process/message.ts'
import type { AbortSignalLike } from '../../process/process-ref.ts'
import { isReference, ProcessReference, resolveReference } from '../../process/reference.ts'
import { defaultRuntime, type ProcessRuntime } from '../../process/runtime.ts'
import { Definition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import { runtimeOfName } from '../handles/named.ts'
import { sendAsk } from '../protocol.ts'
import { requestFromSource, type SubscribeRequest } from '../subscription/subscribe-request.ts'
import { ProducerWithOptions } from '../subscription/to.ts'
import type { DemandMode, ProducerRef, produces } from '../types/references.ts'
import type { Source } from '../types/subscription.ts'
import {
  type StreamBatch,
  StreamConsumer,
  type StreamDemand,
  type StreamFailure,
  type StreamListener,
} from './stream-consumer.ts'

/** How a stream begins. */
export interface StreamOptions {
  /** The mode that producers are set to once all are subscribed to. Default: `'forward'`. */
  readonly demand?: DemandMode
  /** The producers to set to it. Default: those that the stream is of. */
  readonly producers?: readonly ProducerRef<unknown>[]
  /** Ends the stream when it is aborted: the loop rejects with its reason, and nothing more is taken. */
  readonly signal?: AbortSignalLike
}

interface ValidStreamOptions {
  readonly demand: DemandMode
  readonly producers: readonly unknown[] | undefined
  readonly signal: AbortSignalLike | undefined
}

/** How a stream begins. */
export const streamOptions: OptionTable<ValidStreamOptions> = optionTable({
  demand: {
    type: oneOfType('forward', 'accumulate'),
    default: 'forward',
    text: 'The mode that producers are set to once all are subscribed to.',
  },
  producers: { type: array<unknown>(), absent: 'those of the stream', text: 'The producers to set to it.' },
  signal: { type: abortSignalType, text: 'Ends the stream when it is aborted.' },
})

/**
 * The events of one or several producers, for `for await`; leaving the loop cancels.
 *
 * It subscribes at the first `next()`, and asks for more only as events are taken, so a slow loop slows the producers.
 * It can be iterated over once.
 *
 * It is over when all its producers have ended with `'normal'` or `'shutdown'`; any other reason rejects with an
 * `ExitError`, after what came before. A producer's `cancel` can change that: with `'temporary'` its failure is borne
 * too, and with `'permanent'` the stream is over as soon as this one ends. The default is `'with-last'`, unlike in
 * GenStage, where the first end would cut the others off. A producer that was shut down because another process failed
 * counts as failed; the error then names where that began.
 *
 * @throws {TypeError | RangeError} If a source or an option is wrong.
 *
 * @example The first events of a producer without an end
 * ```ts
 * import assert from 'node:assert/strict'
 * import { producer, startLink, stream, to } from 'genstage'
 *
 * let next = 1
 * const numbers = await startLink(
 *   producer({ handleDemand: (demand) => Array.from({ length: demand }, () => next++) }),
 * )
 *
 * const seen: number[] = []
 * for await (const number of stream([to(numbers, { maxDemand: 1 })])) {
 *   seen.push(number)
 *   if (number === 3) break // Cancels the subscription.
 * }
 * assert.deepEqual(seen, [1, 2, 3])
 * await numbers.stop()
 * ```
 */
export function stream<const Sources extends readonly Source<unknown>[]>(
  sources: Sources,
  options?: StreamOptions,
): AsyncIterableIterator<Sources[number][typeof produces]> {
  const given: unknown = sources
  if (!Array.isArray(given)) throw new TypeError(`expected an array of producers to stream, got: ${quote(given)}`)
  const { demand, producers, signal } = streamOptions.read(options, 'the options of stream')
  const runtime = runtimeOf(given)
  const requests = given.map((source: unknown) => requestFromSource(runtime, source))
  const told = producers ?? requests.map(({ producer }) => producer)
  for (const producer of told) resolveReference(producer, runtime, 'a producer to set the demand of')
  return new StageStream(runtime, requests, { mode: demand, producers: told }, signal)
}

/** The runtime that the producers belong to; where there are only names, the one in which the first is looked up. */
function runtimeOf(sources: readonly unknown[]): ProcessRuntime {
  const producers = sources.map((source) => (source instanceof ProducerWithOptions ? source.producer : source))
  return producers.find(isReference)?.runtime ?? runtimeOfName(producers[0]) ?? defaultRuntime
}

/** Somebody who waits for the next event. */
interface Waiter {
  readonly resolve: (result: IteratorResult<unknown>) => void
  readonly reject: (error: unknown) => void
}

/** What stands where no more will come: the failure to tell, if it was one. */
interface StreamEnd {
  readonly failure: ExitError | undefined
}

/** The iterator: what has come and was not taken, or who waits for what has not come. */
class StageStream implements AsyncIterableIterator<never>, StreamListener {
  private readonly runtime: ProcessRuntime
  private readonly requests: readonly SubscribeRequest[]
  private readonly demand: StreamDemand
  /** The process that subscribes; undefined until the first `next()`. */
  private consumer: ProcessReference | undefined
  /** In the order in which it came. What came before an end is taken before it. */
  private readonly arrived = new Ring<StreamBatch | StreamEnd>()
  /** How many events of the first batch have been taken. */
  private taken = 0
  /** Those who called `next()` before there was anything; empty while `arrived` is not. */
  private readonly waiters = new Ring<Waiter>()
  private isOver = false
  private readonly signal: AbortSignalLike | undefined
  /** Set when the stream was aborted and no `next()` was pending that could be told. */
  private abortion: { readonly reason: unknown } | undefined

  constructor(
    runtime: ProcessRuntime,
    requests: readonly SubscribeRequest[],
    demand: StreamDemand,
    signal: AbortSignalLike | undefined,
  ) {
    this.runtime = runtime
    this.requests = requests
    this.demand = demand
    this.signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<never>> {
    if (this.consumer === undefined && !this.isOver) this.begin()
    const { abortion } = this
    if (abortion !== undefined) {
      this.abortion = undefined
      return Promise.reject(abortion.reason)
    }
    const event = this.take()
    if (event instanceof ExitError) return Promise.reject(event)
    if (event !== undefined) return this.give(event as IteratorResult<never>)
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve: resolve as Waiter['resolve'], reject })
    })
  }

  /** Gives the next event at once, or, where the loop has gone on for long enough, when the event loop has turned. */
  private give(event: IteratorResult<never>): Promise<IteratorResult<never>> {
    const { scheduler } = this.runtime
    if (!scheduler.useBudgetOutside()) return Promise.resolve(event)
    return new Promise((resolve) => {
      scheduler.nextSlice(() => resolve(event))
    })
  }

  return(): Promise<IteratorResult<never>> {
    // A producer whose last subscriber leaves may have a file to close, and only a subscription's end notifies it.
    if (this.consumer === undefined && !this.isOver && !this.signal?.aborted) {
      this.isOver = true
      this.begin()
    }
    this.close()
    this.serveWaiters()
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  private begin(): void {
    const { requests, demand, signal } = this
    if (signal?.aborted) {
      this.abort()
      return
    }
    signal?.addEventListener('abort', this.abort, { once: true })
    const definition = new Definition(
      'stream',
      (process) => new StreamConsumer(process, requests, demand, this),
      (process) => new ProcessReference(process),
    )
    const { reference, started } = launchProcess(definition, this.runtime)
    this.consumer = reference
    // What goes wrong at the start comes by `finish`, like every other end.
    started.catch(() => {})
  }

  private readonly abort = (): void => {
    if (this.isOver) return
    this.close()
    const reason: unknown = this.signal?.reason
    const waiter = this.waiters.shift()
    if (waiter === undefined) this.abortion = { reason }
    else waiter.reject(reason)
    this.serveWaiters()
  }

  /**
   * Takes the next event, or the end, if it has come. Where a batch is used up and the next one is wanted, more is asked
   * for.
   */
  private take(): IteratorResult<unknown> | ExitError | undefined {
    while (!this.isOver) {
      const first = this.arrived.at(0)
      if (first === undefined) return undefined
      if (!('events' in first)) {
        this.close()
        return first.failure ?? { done: true, value: undefined }
      }
      if (this.taken < first.events.length) return { done: false, value: first.events[this.taken++] }
      this.arrived.shift()
      this.taken = 0
      const { upstream, ask } = first
      if (ask === 0 || this.consumer === undefined) continue
      sendAsk(upstream.producer, upstream.tag, this.consumer, ask)
    }
    return { done: true, value: undefined }
  }

  private serveWaiters(): void {
    while (this.waiters.length > 0) {
      const event = this.take()
      if (event === undefined) return
      const waiter = this.waiters.shift()
      if (event instanceof ExitError) waiter?.reject(event)
      else waiter?.resolve(event)
    }
  }

  accept(batch: StreamBatch): boolean {
    if (this.isOver) return false
    this.arrived.push(batch)
    this.serveWaiters()
    return true
  }

  finish(failure: StreamFailure | undefined): void {
    if (this.isOver) return
    const error = failure && new ExitError('stream', failure.label, failure.reason, failure.details)
    this.arrived.push({ failure: error })
    this.serveWaiters()
  }

  get isLeft(): boolean {
    return this.isOver
  }

  count(): number {
    let untaken = -this.taken
    for (let index = 0; index < this.arrived.length; index++) {
      const entry = this.arrived.at(index)
      if (entry !== undefined && 'events' in entry) untaken += entry.events.length
    }
    return untaken
  }

  /** The stream is over, or was left: nothing more is taken, and the producers are told. */
  private close(): void {
    const untaken = this.count()
    this.isOver = true
    this.signal?.removeEventListener('abort', this.abort)
    this.taken = 0
    this.arrived.clear()
    this.consumer?.deliver(new Message('leave', '', undefined, untaken))
  }
}
