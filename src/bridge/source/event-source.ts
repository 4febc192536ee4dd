import { callback, matching, type OptionType } from '../../base/options/option-type.ts'
import type { DefaultRow, OptionalRow } from '../option-rows.ts'
import { type Push, type PushOptions, pushRows, type ValidPushOptions } from './push-source.ts'

/** Options of a producer of an emitter's events. */
export interface EventSourceOptions<Name, Args extends readonly unknown[], Out, Options>
  extends PushOptions<Out, Options> {
  /** Makes an event from the arguments of a listener. Default: the first argument. */
  readonly toEvent?: (...args: Args) => Out
  /** The events by which the emitter signals that no more will come. Default: none. */
  readonly endOn?: readonly Name[]
  /** The events by which it signals that it has failed. Default: `['error']`. */
  readonly failOn?: readonly Name[]
}

/** Options of an emitter's source, complete. */
export interface ValidEventSourceOptions extends ValidPushOptions {
  readonly toEvent: ((...args: unknown[]) => unknown) | undefined
  readonly endOn: readonly (string | symbol)[]
  readonly failOn: readonly (string | symbol)[]
}

const eventNames: OptionType<readonly (string | symbol)[]> = matching(
  'an array of names of events, strings or symbols',
  (value): value is readonly (string | symbol)[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string' || typeof name === 'symbol'),
)

/** The rows of an emitter's source. */
export const eventSourceRows: typeof pushRows & {
  readonly toEvent: OptionalRow<(...args: unknown[]) => unknown>
  readonly endOn: DefaultRow<readonly (string | symbol)[]>
  readonly failOn: DefaultRow<readonly (string | symbol)[]>
} = {
  ...pushRows,
  toEvent: {
    type: callback<(...args: unknown[]) => unknown>(),
    absent: 'the first argument',
    text: 'Makes an event from the arguments of a listener.',
  },
  endOn: {
    type: eventNames,
    default: [],
    text: 'The events by which the emitter signals that no more will come.',
  },
  failOn: {
    type: eventNames,
    default: ['error'],
    text: 'The events by which the emitter signals that it has failed.',
  },
}

/** A listener of an emitter. */
type EventHandler = (...args: unknown[]) => void

/** Adds the listeners of a source, with `add`; returns a function that removes them. */
export function listen(
  push: Push<unknown>,
  name: string | symbol,
  { toEvent, endOn, failOn }: ValidEventSourceOptions,
  emitter: {
    readonly add: (name: string | symbol, listener: EventHandler) => void
    readonly remove: (name: string | symbol, listener: EventHandler) => void
    readonly errorOf: (name: string | symbol, args: readonly unknown[]) => unknown
  },
): () => void {
  const listeners = new Map<string | symbol, EventHandler>()
  for (const failing of failOn) listeners.set(failing, (...args) => push.fail(emitter.errorOf(failing, args)))
  for (const cause of endOn) listeners.set(cause, () => push.end())
  // Last, because an event that is emitted as data does not count as an end.
  listeners.set(name, (...args) => {
    let event: unknown
    try {
      event = toEvent === undefined ? args[0] : toEvent(...args)
    } catch (error) {
      push.fail(error)
      return
    }
    push.emit(event)
  })
  for (const [each, listener] of listeners) emitter.add(each, listener)
  return () => {
    for (const [each, listener] of listeners) emitter.remove(each, listener)
  }
}
