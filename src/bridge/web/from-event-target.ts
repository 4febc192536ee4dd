import { type OptionTable, optionTable } from '../../base/option-table.ts'
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
import { definePushSource } from '../source/push-feed.ts'
import { wrongStream } from '../wrong-stream.ts'

/** How a producer of what an `EventTarget` dispatches works. */
export const eventTargetOptions: OptionTable<ValidEventSourceOptions> = optionTable(eventSourceRows)

/** The platform's `Event`, or the part of it that every event has. */
export type EventLike = typeof globalThis extends { Event: { prototype: infer Event extends object } }
  ? Event
  : { readonly type: string }

// Each platform has a type of its own for what a listener gets.
// oxlint-disable-next-line typescript/no-explicit-any -- no other type is fit for all of them
// biome-ignore lint/suspicious/noExplicitAny: no other type is fit for all of them
type AnyListener = (event: any) => void

/** An `EventTarget`, by the part of it that is used here. */
export interface EventTargetLike {
  addEventListener(type: string, listener: AnyListener): void
  removeEventListener(type: string, listener: AnyListener): void
}

/**
 * A producer of the events that an `EventTarget` dispatches under one type, as far as it keeps up.
 *
 * A target cannot be slowed. What it dispatches while nobody asks is kept, up to `bufferSize` events; what happens then is
 * what `whenFull` says. It is listened to from the start of the stage to its end. An `'error'` ends the stage: with the
 * event's `error`, the same object, or with an `ErrorEventError` where it carries none. The types in `endOn` end it
 * normally, after the last event.
 *
 * What is emitted is the event itself, as an `Event`; say by `toEvent: (event: MessageEvent) => event.data` what you need
 * of it.
 *
 * @throws {TypeError | RangeError} If `target` is none, or an option is wrong; `whenFull` must be given.
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
