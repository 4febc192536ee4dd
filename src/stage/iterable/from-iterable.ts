import { BadReturnError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { oneOf } from '../../base/option-type.ts'
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

/** How a producer of an iterable's items works. */
export interface FromIterableOptions<Out, Options> {
  /** Decides which subscriber gets which item. Default: `demandDispatcher()`. */
  readonly dispatcher?: Dispatcher<Out, Options>
  /** Whether demand is passed on from the start, or held back until told to. Default: `'forward'`. */
  readonly demand?: DemandMode
  /** What happens when the last subscriber has cancelled: go on waiting for others, or stop. Default: `'continue'`. */
  readonly onCancel?: 'continue' | 'stop'
}

interface ValidIterableOptions {
  readonly dispatcher: Dispatcher<unknown, unknown> | undefined
  readonly demand: DemandMode
  readonly onCancel: 'continue' | 'stop'
}

/** How a producer of an iterable's items works. */
export const fromIterableOptions: OptionTable<ValidIterableOptions> = optionTable({
  dispatcher: {
    type: dispatcherType,
    absent: '`demandDispatcher()`',
    text: 'Decides which subscriber gets which item.',
  },
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: 'Whether demand is passed on from the start, or held back until told to.',
  },
  onCancel: {
    type: oneOf('continue', 'stop'),
    default: 'continue',
    text: 'What happens when the last subscriber has cancelled.',
  },
})

/**
 * A producer of an iterable's items; it ends normally when they do.
 *
 * Items are taken only on demand. A synchronous iterable is taken from until the demand is met. Of an asynchronous one
 * no more than one `next()` is pending at a time, and never inside a callback, so that the stage can be subscribed to,
 * cancelled and stopped while it waits; what has come goes out at once. When the stage ends before the items do, the
 * iterator's `return()` is called, without waiting for a `next()` that is pending.
 *
 * What the iterator throws is the stage's exit reason.
 *
 * @throws {TypeError} If `items` cannot be iterated over, or an option is wrong.
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

/** Where items come from. */
interface IterableSource {
  /** Takes up to `demand` items; those that do not come at once come by `take`. */
  take(demand: number): unknown[] | Stop<unknown>
  /** What a message of the source's to its stage brings. */
  receive(message: unknown): unknown[] | Stop<unknown>
  /** Lets go of the iterator, if it has not ended by itself. */
  close(): void
}

/** What a source sends to its own stage; a class, so that nobody else can send it. */
class SourceMessage {
  readonly settle: () => unknown[] | Stop<unknown>

  constructor(settle: () => unknown[] | Stop<unknown>) {
    this.settle = settle
  }
}

/** Says that all items before it have gone out. */
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

/** What both kinds of source share. */
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
    // Anything else was sent by somebody who took this for another stage; a source has nothing to say to it.
    return message instanceof SourceMessage ? message.settle() : []
  }

  close(): void {
    if (this.isOver) return
    this.isOver = true
    try {
      const returned = this.iterator.return?.()
      // Nobody is left who could be told that it failed.
      if (isThenable(returned)) returned.then(undefined, () => {})
    } catch {
      // The same.
    }
  }

  /** The items are at an end; the stage stops once the last of them is out of the buffer. */
  protected finish(): void {
    this.isOver = true
    this.stage.info(ended)
  }
}

/** Items that are there whenever they are asked for. */
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

/** Items that come when they come. */
class WaitingSource extends IteratorSource<AsyncIterator<unknown>> {
  /** Demand that no item has met. */
  private wanted = 0
  /** Set while a `next()` is pending, or what it gave is still on its way out. */
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
    const tell = (settle: () => unknown[] | Stop<unknown>): void => self.send(new SourceMessage(settle))
    let next: Promise<IteratorResult<unknown>>
    try {
      next = Promise.resolve(this.iterator.next())
    } catch (error) {
      next = Promise.reject(error)
    }
    next.then(
      (result) => tell(() => this.deliver(result)),
      (error: unknown) => tell(() => this.fail(error)),
    )
  }

  private deliver(result: IteratorResult<unknown>): unknown[] {
    if (typeof result !== 'object' || result === null) throw new BadReturnError('next', 'an iterator result', result)
    if (result.done) {
      this.finish()
      return []
    }
    this.wanted--
    // The item goes out first, and those who handle it have their turn: nobody knows what `next()` does before it answers.
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
