import type { EventEmitter } from 'node:events'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import {
  type EventSourceOptions,
  eventSourceRows,
  listen,
  type ValidEventSourceOptions,
} from '../source/event-source.ts'
import type { CountsDiscarded } from '../source/from-callback.ts'
import { definePushSource } from '../source/push-source.ts'
import { wrongStream } from '../wrong-stream.ts'

/** The options of a producer of an `EventEmitter`'s events. */
export const emitterOptions: OptionTable<ValidEventSourceOptions> = optionTable(eventSourceRows)

/** An `EventEmitter` of any events. */
// oxlint-disable-next-line typescript/no-explicit-any -- of all type arguments this alone fits every emitter
// biome-ignore lint/suspicious/noExplicitAny: of all type arguments this alone fits every emitter
export type AnyEmitter = EventEmitter<any>

/** The arguments of an emitter's listeners for one of its events, if the emitter's type specifies them. */
export type ArgumentsOf<Emitter, Name> =
  Emitter extends EventEmitter<infer Events> ? ArgumentsIn<Events, Name> : readonly unknown[]

type ArgumentsIn<Events, Name> = Name extends keyof Events
  ? Events[Name] extends readonly unknown[]
    ? Events[Name]
    : readonly unknown[]
  : readonly unknown[]

/**
 * A producer of the events that an `EventEmitter` emits under one name.
 *
 * An emitter cannot be slowed down. Events that it emits without demand are kept, up to `bufferSize`; `whenFull` decides
 * what happens then. The stage listens from its start to its exit. An `'error'` becomes the stage's exit reason, the same
 * object. The names in `endOn` end it normally, after the last event.
 *
 * The event is the first argument of a listener. It is typed if the emitter is (`EventEmitter<{ price: [number] }>`). If
 * the emitter is not typed, or if you need more arguments, annotate `toEvent: (price: number, at: Date) => ({ price, at })`.
 *
 * @throws {TypeError | RangeError} If `emitter` is not an `EventEmitter`, or an option is wrong; `whenFull` must be given.
 */
export function fromEmitter<
  Emitter extends AnyEmitter,
  const Name extends string | symbol,
  Args extends readonly unknown[] = ArgumentsOf<Emitter, Name>,
  Out = Args[0],
  Options = {},
>(
  emitter: Emitter,
  name: Name,
  options: EventSourceOptions<string | symbol, Args, Out, Options>,
): Stage<ProducerRef<Out> & OptionsTrait<Options> & CountsDiscarded> {
  const valid = emitterOptions.read(options, 'the options of fromEmitter')
  const given: Partial<AnyEmitter> | null | undefined = emitter
  if (typeof given?.on !== 'function' || typeof given.off !== 'function') {
    throw wrongStream('an EventEmitter', emitter, { addEventListener: 'fromEventTarget of genstage/web' })
  }
  const kind: unknown = name
  if (typeof kind !== 'string' && typeof kind !== 'symbol') {
    throw new TypeError(`expected the name of an event, a string or symbol, got: ${quote(kind)}`)
  }
  return definePushSource(
    (push) =>
      listen(push, name, valid, {
        add: (each, listener) => emitter.on(each, listener),
        remove: (each, listener) => emitter.off(each, listener),
        errorOf: (_failing, args) => args[0],
      }),
    valid,
  )
}
