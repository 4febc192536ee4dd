/// <reference lib="esnext.disposable" preserve="true" />

import { Ring } from '../../base/collections/ring.ts'
import { ExitError } from '../../base/errors.ts'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { array, oneOf } from '../../base/options/option-type.ts'
import { quote } from '../../base/quote.ts'
import { abortSignalType } from '../../process/call-options.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import { Message } from '../../process/message.ts'
import { isReference, ProcessReference, resolveReference } from '../../process/reference.ts'
import { defaultRuntime, type ProcessRuntime } from '../../process/runtime.ts'
import { Definition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import { runtimeOfName } from '../handles/named.ts'
import { sendAsk } from '../protocol.ts'
import { requestFromSource, type SubscribeRequest } from '../subscription/subscribe-request.ts'
import { ProducerWithOptions } from '../subscription/to.ts'
import type { DemandMode, ProducerRef, produces } from '../types/references.ts'
import type { Source } from '../types/source.ts'
import {
  type StreamBatch,
  StreamConsumer,
  type StreamDemand,
  type StreamFailure,
  type StreamListener,
} from './stream-consumer.ts'

/** The options of `stream`. */
export interface StreamOptions {
  /** The demand mode that producers are set to when the stream has subscribed to all. Default: `'forward'`. */
  readonly demand?: DemandMode
  /** The producers whose demand mode is set. Default: the sources of the stream. */
  readonly producers?: readonly ProducerRef<unknown>[]
  /** Closes the stream when it is aborted: the loop rejects with its reason, and no more events are taken. */
  readonly signal?: AbortSignalLike
}

interface ValidStreamOptions {
  readonly demand: DemandMode
  readonly producers: readonly unknown[] | undefined
  readonly signal: AbortSignalLike | undefined
}

/** The options of `stream`, checked and complete. */
export const streamOptions: OptionTable<ValidStreamOptions> = optionTable({
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: 'The demand mode that producers are set to when the stream has subscribed to all.',
  },
  producers: {
    type: array<unknown>(),
    absent: 'the sources of the stream',
    text: 'The producers whose demand mode is set.',
  },
  signal: { type: abortSignalType, text: 'Closes the stream when it is aborted.' },
})

/**
 * Returns an async iterator over the events of one or several producers.
 *
 * It subscribes at the first `next()`, usually that of a `for await` loop, and cancels its subscriptions when the loop
 * is left. It asks for more only as events are taken, so a slow loop slows the producers down. It can be iterated once.
 *
 * It ends when all producers have exited cleanly. When a producer fails, the loop rejects with an `ExitError`, after
 * the events that came before the failure. The option `cancel` of a subscription changes that: with `'temporary'` a
 * failure of this producer counts as a clean end, and with `'permanent'` the stream ends when this producer exits. The
 * default is `'with-last'`; in GenStage the first producer that exits ends the stream. A producer that was shut down
 * because another process failed counts as failed, and the error names that process.
 *
 * Follows `GenStage.stream/2`.
 *
 * @throws {TypeError | RangeError} If a source or an option is wrong.
 *
 * @example The first events of a producer that never ends
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
  const demanded = producers ?? requests.map(({ producer }) => producer)
  for (const producer of demanded) resolveReference(producer, runtime, 'a producer to set the demand of')
  return new StageStream(runtime, requests, { mode: demand, producers: demanded }, signal)
}

/** The runtime of the producers. If all are names, it is the one in which the first is looked up. */
function runtimeOf(sources: readonly unknown[]): ProcessRuntime {
  const producers = sources.map((source) => (source instanceof ProducerWithOptions ? source.producer : source))
  return producers.find(isReference)?.runtime ?? runtimeOfName(producers[0]) ?? defaultRuntime
}

/** A `next()` that waits for an event. */
interface Waiter {
  readonly resolve: (result: IteratorResult<unknown>) => void
  readonly reject: (error: unknown) => void
}

/** The end of the events, with the failure if there was one. */
interface StreamEnd {
  readonly failure: ExitError | undefined
}

/** The iterator: it holds either batches that have not been taken, or calls of `next()` that wait for one. */
class StageStream implements AsyncIterableIterator<never>, StreamListener {
  private readonly runtime: ProcessRuntime
  private readonly requests: readonly SubscribeRequest[]
  private readonly demand: StreamDemand
  /** The process that subscribes; undefined until the first `next()`. */
  private consumer: ProcessReference | undefined
  /** What has arrived, in order: batches, and then the end. */
  private readonly arrived = new Ring<StreamBatch | StreamEnd>()
  /** How many events of the first batch have been taken. */
  private taken = 0
  /** Calls of `next()` that wait for an event; empty while `arrived` is not. */
  private readonly waiters = new Ring<Waiter>()
  /** Whether no more events are taken: the stream has ended or was closed. */
  isClosed = false
  private readonly signal: AbortSignalLike | undefined
  /** Set when the stream was aborted while no `next()` was pending; the next call rejects with it. */
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
    if (this.consumer === undefined && !this.isClosed) this.begin()
    const { abortion } = this
    if (abortion !== undefined) {
      this.abortion = undefined
      return Promise.reject(abortion.reason)
    }
    const event = this.take()
    if (event instanceof ExitError) return Promise.reject(event)
    if (event !== undefined) return this.resolveWith(event as IteratorResult<never>)
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve: resolve as Waiter['resolve'], reject })
    })
  }

  /** Resolves with an event immediately, or in the next slice of the scheduler if this loop has used up its budget. */
  private resolveWith(event: IteratorResult<never>): Promise<IteratorResult<never>> {
    const { scheduler } = this.runtime
    if (!scheduler.useBudgetOutside()) return Promise.resolve(event)
    return new Promise((resolve) => {
      scheduler.nextSlice(() => resolve(event))
    })
  }

  return(): Promise<IteratorResult<never>> {
    // A producer may close a file when its last subscriber cancels, so it has to be subscribed to in any case.
    if (this.consumer === undefined && !this.isClosed && !this.signal?.aborted) {
      this.isClosed = true
      this.begin()
    }
    this.close()
    this.resolveWaiters()
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
    // A failure of the start is reported by `finish`, like every other end.
    started.catch(() => {})
  }

  private readonly abort = (): void => {
    if (this.isClosed) return
    this.close()
    const reason: unknown = this.signal?.reason
    const waiter = this.waiters.shift()
    if (waiter === undefined) this.abortion = { reason }
    else waiter.reject(reason)
    this.resolveWaiters()
  }

  /** Takes the next event or the end, if one has arrived. Asks for more when a batch has been taken completely. */
  private take(): IteratorResult<unknown> | ExitError | undefined {
    while (!this.isClosed) {
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

  private resolveWaiters(): void {
    while (this.waiters.length > 0) {
      const event = this.take()
      if (event === undefined) return
      const waiter = this.waiters.shift()
      if (event instanceof ExitError) waiter?.reject(event)
      else waiter?.resolve(event)
    }
  }

  accept(batch: StreamBatch): boolean {
    if (this.isClosed) return false
    this.arrived.push(batch)
    this.resolveWaiters()
    return true
  }

  finish(failure: StreamFailure | undefined): void {
    if (this.isClosed) return
    const error = failure && new ExitError('stream', failure.label, failure.reason, failure.details)
    this.arrived.push({ failure: error })
    this.resolveWaiters()
  }

  count(): number {
    let untaken = -this.taken
    for (let index = 0; index < this.arrived.length; index++) {
      const entry = this.arrived.at(index)
      if (entry !== undefined && 'events' in entry) untaken += entry.events.length
    }
    return untaken
  }

  /** Closes the stream, at its end or before: no more events are taken, and its subscriptions are cancelled. */
  private close(): void {
    const untaken = this.count()
    this.isClosed = true
    this.signal?.removeEventListener('abort', this.abort)
    this.taken = 0
    this.arrived.clear()
    this.consumer?.deliver(new Message('close', '', undefined, untaken))
  }
}
