import type {
  Delivery,
  DemandResult,
  Dispatcher,
  DispatcherInfo,
  DispatchResult,
  Refusal,
  Subscriber,
} from '../../dispatcher/dispatcher.ts'
import { expectDispatched } from '../../stage/producing/dispatcher-results.ts'
import { readerOf, type TextId, textOf, valueOfPiece, withTextId } from './text-piece.ts'

/**
 * Wraps any dispatcher for a stage that emits pieces of several texts.
 *
 * The inner dispatcher gets plain strings, one text at a time, so everything it sends in that call belongs to that text.
 * Subscribers that keep texts apart are sent pieces with their text, the others plain strings.
 *
 * Pieces that a dispatcher queues, as `partitionDispatcher` does, lose their text: they are sent as plain strings.
 */
export class TextDispatcher implements Dispatcher<unknown, unknown> {
  private readonly inner: Dispatcher<unknown, unknown>
  /** Present only if the dispatcher has it: the stage then counts the open demand with it. */
  readonly openDemand?: () => number

  private constructor(inner: Dispatcher<unknown, unknown>) {
    this.inner = inner
    if (inner.openDemand !== undefined) this.openDemand = () => inner.openDemand?.() ?? 0
  }

  /** Returns the same wrapper for the same dispatcher: so a dispatcher that two stages share is still detected and refused. */
  static around(inner: Dispatcher<unknown, unknown>): TextDispatcher {
    let wrapper = wrappers.get(inner)
    if (wrapper === undefined) {
      wrapper = new TextDispatcher(inner)
      wrappers.set(inner, wrapper)
    }
    return wrapper
  }

  subscribe(subscriber: Subscriber, options: unknown): number | Refusal {
    return this.inner.subscribe(subscriber, options)
  }

  ask(subscriber: Subscriber, demand: number): number | DemandResult {
    return this.inner.ask(subscriber, demand)
  }

  cancel(subscriber: Subscriber): number | DemandResult {
    return this.inner.cancel(subscriber)
  }

  dispatch(events: readonly unknown[]): DispatchResult {
    const first = endOfText(events, 0)
    if (first === events.length) return this.dispatchText(textOf(events[0]), events)
    const deliveries: Delivery[] = []
    const returnedDemand: (readonly [Subscriber, number])[] = []
    let filtered = 0
    for (let start = 0, end = first; start < events.length; start = end, end = endOfText(events, start)) {
      const result = this.dispatchText(textOf(events[start]), events.slice(start, end))
      deliveries.push(...result.deliveries)
      if (result.returnedDemand !== undefined) returnedDemand.push(...result.returnedDemand)
      filtered += result.filtered ?? 0
      // No piece may overtake what is left over, because later pieces may be of the same text.
      if (result.leftover.length > 0) {
        return { deliveries, leftover: result.leftover.concat(events.slice(end)), returnedDemand, filtered }
      }
    }
    return { deliveries, leftover: [], returnedDemand, filtered }
  }

  private dispatchText(text: TextId, events: readonly unknown[]): DispatchResult {
    if (text === undefined) return expectDispatched(this.inner.dispatch(events))
    const result = expectDispatched(this.inner.dispatch(events.map(valueOfPiece)))
    const deliveries = result.deliveries.map((delivery): Delivery => {
      const [subscriber, values] = delivery
      return readerOf(subscriber) === undefined ? delivery : [subscriber, withTextId(text, values)]
    })
    return { ...result, deliveries, leftover: withTextId(text, result.leftover) }
  }

  queueInfo(message: unknown): boolean {
    return this.inner.queueInfo?.(message) ?? false
  }

  queuedCount(): number {
    return this.inner.queuedCount?.() ?? 0
  }

  inspect(): DispatcherInfo {
    return this.inner.inspect?.() ?? { kind: 'custom' }
  }
}

const wrappers = new WeakMap<object, TextDispatcher>()

/** The index at which the text of the event at `start` ends and another one begins. */
function endOfText(events: readonly unknown[], start: number): number {
  const text = textOf(events[start])
  let end = start + 1
  while (end < events.length && textOf(events[end]) === text) end++
  return end
}
