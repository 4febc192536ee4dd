import { BadReturnError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { oneOf } from '../../base/options/option-type.ts'
import { quote } from '../../base/quote.ts'
import type { Dispatcher, Subscriber } from '../../dispatcher/dispatcher.ts'
import { dispatcherType } from '../../dispatcher/dispatcher-type.ts'
import { thrownReason } from '../../process/exit/exit-cause.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { defineStage, producerKind } from '../definition/define-stage.ts'
import { wasAdmitted } from '../producing/producer-subscription.ts'
import type { ProducerCallbacks } from '../types/callbacks.ts'
import type { ProducerContext } from '../types/context.ts'
import type { OptionsTrait } from '../types/inferred-reference.ts'
import type { DemandMode, ProducerRef } from '../types/references.ts'
import type { Stop } from '../types/results.ts'

/** The options of `fromIterable`. */
export interface FromIterableOptions<Out, Options> {
  /** Decides which subscriber receives which item. Default: `demandDispatcher()`. */
  readonly dispatcher?: Dispatcher<Out, Options>
  /**
   * Whether the producer starts with acting on demand (`'forward'`) or with holding it back (`'accumulate'`).
   * Default: `'forward'`.
   */
  readonly demand?: DemandMode
  /**
   * What the producer does when its last subscription has ended: `'continue'` to wait for other subscribers, or
   * `'stop'`. Default: `'continue'`.
   */
  readonly onCancel?: 'continue' | 'stop'
}

interface ValidIterableOptions {
  readonly dispatcher: Dispatcher<unknown, unknown> | undefined
  readonly demand: DemandMode
  readonly onCancel: 'continue' | 'stop'
}

/** The options of `fromIterable`, checked and complete. */
export const fromIterableOptions: OptionTable<ValidIterableOptions> = optionTable({
  dispatcher: {
    type: dispatcherType,
    absent: '`demandDispatcher()`',
    text: 'Decides which subscriber receives which item.',
  },
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: 'Whether the producer starts with acting on demand, or with holding it back.',
  },
  onCancel: {
    type: oneOf('continue', 'stop'),
    default: 'continue',
    text: 'What the producer does when its last subscription has ended: wait for other subscribers, or stop.',
  },
})

/**
 * Creates a producer that emits the items of an iterable or async iterable, and then exits with `'normal'`.
 *
 * Items are read only on demand. A synchronous iterable is read until the demand is met. An async iterable has at most
 * one `next()` pending, outside of callbacks: while it waits, the stage accepts subscriptions, cancellations and
 * `stop`. Each item is emitted as soon as it arrives. If the stage exits before the iterable ends, it calls `return()`
 * of the iterator, without waiting for a `next()` that is pending.
 *
 * An error that the iterator throws becomes the exit reason of the stage. Follows `GenStage.from_enumerable/2`.
 *
 * @throws {TypeError} If `items` is not iterable, or an option is wrong.
 *
 * @example The items of an async generator
 * ```ts
 * import assert from 'node:assert/strict'
 * import { fromIterable, startLink, stream } from 'genstage'
 *
 * async function* pages() {
 *   yield ['a', 'b']
 *   yield ['c']
 * }
 *
 * const seen: string[] = []
 * for await (const page of stream([await startLink(fromIterable(pages()))])) seen.push(...page)
 * assert.deepEqual(seen, ['a', 'b', 'c'])
 * ```
 */
export function fromIterable<Out, Options = {}>(
  items: Iterable<Out> | AsyncIterable<Out>,
  options?: FromIterableOptions<Out, Options>,
): Stage<ProducerRef<Out> & OptionsTrait<Options>> {
  const valid = fromIterableOptions.read(options, 'the options of fromIterable')
  const makeSource = sourceOf(items)
  return defineStage(producerKind, (stage: ProducerContext) => {
    const source = makeSource(stage)
    stage.signal.addEventListener('abort', () => source.close(), { once: true })
    return callbacksFor(source, valid)
  })
}

/** The items of an iterable, as a producer reads them. */
interface IterableSource {
  /** Reads up to `demand` items. Those that are not available yet arrive later, by `receive`. */
  take(demand: number): unknown[] | Stop<unknown>
  /** Handles a message that the stage received; a message of the source holds items, or the end. */
  receive(message: unknown): unknown[] | Stop<unknown>
  /** Closes the iterator, if it has not ended by itself. */
  close(): void
}

/** A message of a source to its own stage; a class, so that no other code can send one. */
class SourceMessage {
  readonly settle: () => unknown[] | Stop<unknown>

  constructor(settle: () => unknown[] | Stop<unknown>) {
    this.settle = settle
  }
}

/** The message that follows the last item. */
const ended = /* @__PURE__ */ new SourceMessage(() => ({ stop: 'normal' }))

function sourceOf(items: unknown): (stage: ProducerContext) => IterableSource {
  const methods = items as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined
  const makeAsync = methods?.[Symbol.asyncIterator]
  if (typeof makeAsync === 'function') return (stage) => new WaitingSource(makeAsync.call(methods), stage)
  const makeSync = methods?.[Symbol.iterator]
  if (typeof makeSync === 'function') return (stage) => new ReadySource(makeSync.call(methods), stage)
  throw new TypeError(`expected an iterable or async iterable, got: ${quote(items)}`)
}

function callbacksFor(source: IterableSource, { dispatcher, demand, onCancel }: ValidIterableOptions): object {
  const subscribers = new Set<Subscriber>()
  const callbacks: ProducerCallbacks<unknown, unknown> = {
    demand,
    handleDemand: (wanted) => source.take(wanted),
    handleSubscribe(_role, _options, from) {
      subscribers.add(from)
    },
    handleCancel(_reason, from) {
      subscribers.delete(from)
      return onCancel === 'stop' && subscribers.size === 0 && wasAdmitted(from) ? { stop: 'normal' } : []
    },
    handleInfo: (message: unknown) => source.receive(message),
  }
  return dispatcher === undefined ? callbacks : { ...callbacks, dispatcher }
}

/** What synchronous and async iterables have in common. */
abstract class IteratorSource<Items extends { return?(): unknown }> implements IterableSource {
  protected readonly iterator: Items
  protected readonly stage: ProducerContext
  protected isOver = false

  constructor(iterator: Items, stage: ProducerContext) {
    this.iterator = iterator
    this.stage = stage
  }

  abstract take(demand: number): unknown[] | Stop<unknown>

  receive(message: unknown): unknown[] | Stop<unknown> {
    // Any other message was sent by mistake, and is ignored.
    return message instanceof SourceMessage ? message.settle() : []
  }

  close(): void {
    if (this.isOver) return
    this.isOver = true
    try {
      const returned = this.iterator.return?.()
      // The stage has exited, so there is no place to report a failure to.
      if (isThenable(returned)) returned.then(undefined, () => {})
    } catch {
      // Ignored for the same reason.
    }
  }

  /** The items have ended; the stage stops when the last of them has left the buffer. */
  protected finish(): void {
    this.isOver = true
    this.stage.info(ended)
  }
}

/** The items of a synchronous iterable. */
class ReadySource extends IteratorSource<Iterator<unknown>> {
  take(demand: number): unknown[] | Stop<unknown> {
    const items: unknown[] = []
    try {
      while (items.length < demand && !this.isOver) {
        const next = this.iterator.next()
        if (next.done) this.finish()
        else items.push(next.value)
      }
    } catch (error) {
      this.isOver = true
      return { events: items, stop: thrownReason(error) }
    }
    return items
  }
}

/** The items of an async iterable. */
class WaitingSource extends IteratorSource<AsyncIterator<unknown>> {
  /** Demand that no item has met yet. */
  private wanted = 0
  /** Whether a `next()` is pending, or its item is being emitted. */
  private isWaiting = false

  take(demand: number): unknown[] {
    this.wanted += demand
    this.pull()
    return []
  }

  private pull(): void {
    if (this.isWaiting || this.isOver || this.wanted === 0) return
    this.isWaiting = true
    const { self } = this.stage
    const sendSettled = (settle: () => unknown[] | Stop<unknown>): void => self.send(new SourceMessage(settle))
    let next: Promise<IteratorResult<unknown>>
    try {
      next = Promise.resolve(this.iterator.next())
    } catch (error) {
      next = Promise.reject(error)
    }
    next.then(
      (result) => sendSettled(() => this.deliver(result)),
      (error: unknown) => sendSettled(() => this.fail(error)),
    )
  }

  private deliver(result: IteratorResult<unknown>): unknown[] {
    if (typeof result !== 'object' || result === null) throw new BadReturnError('next', 'an iterator result', result)
    if (result.done) {
      this.finish()
      return []
    }
    this.wanted--
    // The item is emitted first, and its consumers have a turn: `next()` may block for long before it returns.
    void Promise.resolve().then(() => {
      this.isWaiting = false
      this.pull()
    })
    return [result.value]
  }

  private fail(error: unknown): Stop<unknown> {
    this.isOver = true
    return { stop: thrownReason(error) }
  }
}
