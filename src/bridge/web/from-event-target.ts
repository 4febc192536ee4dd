import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { ErrorEventError } from '../errors.ts'
import {
  type EventSourceOptions,
  eventSourceRows,
  listen,
  type ValidEventSourceOptions,
} from '../source/event-source.ts'
import type { CountsDiscarded } from '../source/from-callback.ts'
import { definePushSource } from '../source/push-source.ts'
import { wrongStream } from '../wrong-stream.ts'

/** The options of a producer of an `EventTarget`'s events. */
export const eventTargetOptions: OptionTable<ValidEventSourceOptions> = optionTable(eventSourceRows)

/** The platform's `Event`, or the part of it that every event has. */
export type EventLike = typeof globalThis extends { Event: { prototype: infer Event extends object } }
  ? Event
  : { readonly type: string }

// Each platform has its own type for the argument of a listener.
// oxlint-disable-next-line typescript/no-explicit-any -- no other type fits all of them
// biome-ignore lint/suspicious/noExplicitAny: no other type fits all of them
type AnyListener = (event: any) => void

/** The part of an `EventTarget` that is used here. */
export interface EventTargetLike {
  addEventListener(type: string, listener: AnyListener): void
  removeEventListener(type: string, listener: AnyListener): void
}

/**
 * A producer of the events that an `EventTarget` dispatches under one type.
 *
 * A target cannot be slowed down. Events that it dispatches without demand are kept, up to `bufferSize`; `whenFull`
 * decides what happens then. The stage listens from its start to its exit. An `'error'` makes the stage fail: with the
 * event's `error`, the same object, or with an `ErrorEventError` if the event carries none. The types in `endOn` end it
 * normally, after the last event.
 *
 * The stage emits the event itself, as an `Event`. To emit a part of it, annotate
 * `toEvent: (event: MessageEvent) => event.data`.
 *
 * @throws {TypeError | RangeError} If `target` is not an `EventTarget`, or an option is wrong; `whenFull` must be given.
 */
export function fromEventTarget<Args extends readonly unknown[] = readonly [EventLike], Out = EventLike, Options = {}>(
  target: EventTargetLike,
  type: string,
  options: EventSourceOptions<string, Args, Out, Options>,
): Stage<ProducerRef<Out> & OptionsTrait<Options> & CountsDiscarded> {
  const valid = eventTargetOptions.read(options, 'the options of fromEventTarget')
  const given: Partial<EventTargetLike> | null | undefined = target
  if (typeof given?.addEventListener !== 'function') {
    throw wrongStream('an EventTarget', target, { on: 'fromEmitter of genstage/node' })
  }
  const kind: unknown = type
  if (typeof kind !== 'string') throw new TypeError(`expected the type of an event, a string, got: ${quote(kind)}`)
  return definePushSource(
    (push) =>
      listen(push, type, valid, {
        add: (each, listener) => target.addEventListener(each as string, listener),
        remove: (each, listener) => target.removeEventListener(each as string, listener),
        errorOf: (failing, [event]) => carriedError(event) ?? new ErrorEventError(String(failing), event),
      }),
    valid,
  )
}

function carriedError(event: unknown): unknown {
  return (event as { readonly error?: unknown } | null | undefined)?.error
}
