import type { Key } from '../../base/key.ts'
import { duration } from '../../base/options/duration.ts'
import { nested } from '../../base/options/nested.ts'
import { mergeRows, type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { array, boolean, callback, either, integer, matching, oneOf } from '../../base/options/option-type.ts'
import { rateOptions } from '../../base/options/rate.ts'
import { retryOptions } from '../../base/options/retry.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import { dispatcherType } from '../../dispatcher/dispatcher-type.ts'
import type { Callback, CallbackTable } from '../callback/callback-table.ts'
import type { ValidEachOptions } from '../each/valid-each-options.ts'
import type { DemandMode } from '../types/references.ts'

/** The values that every kind of stage has. */
interface StageValues extends CallbackTable {
  readonly trapExit: boolean
}

interface EmittingValues {
  readonly dispatcher: Dispatcher<unknown, unknown> | undefined
  readonly bufferSize: number
  readonly bufferKeep: 'first' | 'last'
}

interface HandlingValues extends ValidEachOptions {
  readonly subscribeTo: readonly unknown[]
}

/** The callbacks and options of a producer, complete. */
interface ProducerValues extends StageValues, EmittingValues {
  readonly handleDemand: Callback
  readonly demand: DemandMode
}

/** The callbacks and options of a producer-consumer, complete. */
interface ProducerConsumerValues extends StageValues, EmittingValues, HandlingValues {
  readonly onProducerEnd: 'drain' | 'stop'
  readonly subscribeAt: 'start' | 'first-consumer'
}

/** The callbacks and options of a consumer, complete. */
interface ConsumerValues extends StageValues, HandlingValues {}

const table = matching('an object with a handler per kind of request', isHandlerTable)

const forAll = {
  handleCall: { type: table, text: 'The handlers of calls, one per kind.' },
  handleCast: { type: table, text: 'The handlers of casts, which have no reply, one per kind.' },
  handleInfo: { type: callback<Callback>(), text: 'Handles all other messages.' },
  terminate: { type: callback<Callback>(), text: 'Runs last, before the stage exits.' },
  inspect: { type: callback<Callback>(), text: "Returns what is shown as the stage's state." },
  trapExit: {
    type: boolean(),
    default: false,
    text: 'Whether exit signals of linked processes are passed to `handleInfo` instead of stopping the stage.',
  },
  handleSubscribe: { type: callback<Callback>(), text: 'Called when a subscription begins.' },
  handleCancel: { type: callback<Callback>(), text: 'Called when a subscription has ended.' },
  handleEnd: { type: callback<Callback>(), text: 'Called once before the stage exits, when no more events will come.' },
} as const

const forEmitting = {
  dispatcher: {
    type: dispatcherType,
    absent: '`demandDispatcher()`',
    text: 'Decides which subscriber receives which event.',
  },
  bufferKeep: {
    type: oneOf('first', 'last'),
    default: 'last',
    text: 'Which events are kept when the buffer is full: the first or the last that came.',
  },
  formatDiscarded: {
    type: callback<Callback>(),
    absent: 'always logged',
    text: 'Returns whether to log that events were discarded from a full buffer.',
  },
} as const

const forEach = {
  concurrency: { type: integer({ min: 1 }), default: 1, text: 'The most events that are handled at the same time.' },
  ordered: { type: boolean(), default: true, text: 'Whether results are emitted in the order of their events.' },
  orderBy: {
    type: callback<(event: unknown) => Key>(),
    absent: 'no order',
    text: 'Events of one key are handled one at a time, in order.',
  },
  rate: { type: nested('a rate', rateOptions), absent: 'no limit', text: 'How many attempts may begin in a time.' },
  timeout: {
    type: duration(),
    default: Number.POSITIVE_INFINITY,
    unit: 'ms',
    text: 'The longest that one attempt may take.',
  },
  retry: {
    type: nested('a retry policy', retryOptions),
    absent: 'one attempt',
    text: 'Whether and when an attempt that failed is repeated.',
  },
  onError: {
    type: either(oneOf('fail', 'skip'), callback<(error: unknown, event: unknown) => unknown>()),
    default: 'fail',
    text: 'What happens when the last attempt has failed.',
  },
} as const

const forHandling = {
  handleEvents: { type: callback<Callback>(), absent: 'there is `handleEvent`', text: 'Handles a batch of events.' },
  handleEvent: { type: callback<Callback>(), absent: 'there is `handleEvents`', text: 'An event has arrived.' },
  subscribeTo: { type: array<unknown>(), default: [], text: 'The producers to subscribe to when the stage starts.' },
} as const

const bufferText = 'The most events that are kept while no subscriber has demand for them.'

const producerRows = mergeRows(forAll, forEmitting, {
  handleDemand: { type: callback<Callback>(), required: true, text: 'Returns events for new demand.' },
  bufferSize: { type: integer({ min: 0, infinity: true }), default: 10_000, unit: 'events', text: bufferText },
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: "Whether the producer starts with acting on demand, or with holding it back until its mode is `'forward'`.",
  },
})

const producerConsumerRows = mergeRows(forAll, forEmitting, mergeRows(forHandling, forEach), {
  bufferSize: {
    type: integer({ min: 0, infinity: true }),
    default: Number.POSITIVE_INFINITY,
    unit: 'events',
    text: bufferText,
  },
  onProducerEnd: {
    type: oneOf('drain', 'stop'),
    default: 'drain',
    text: "Whether consumers first take the events that the stage holds when a producer's end stops it.",
  },
  subscribeAt: {
    type: oneOf('start', 'first-consumer'),
    default: 'start',
    text: 'When the stage subscribes to `subscribeTo`: when it starts, or when its first consumer has subscribed.',
  },
})

const consumerRows = mergeRows(forAll, forHandling, forEach)

/** The options that go with `handleEvent`. */
export const eachOptions: OptionTable<ValidEachOptions> = optionTable(forEach)
/** The callbacks and options of a producer. */
export const producerOptions: OptionTable<ProducerValues> = optionTable(producerRows)
/** The callbacks and options of a producer-consumer. */
export const producerConsumerOptions: OptionTable<ProducerConsumerValues> = optionTable(producerConsumerRows)
/** The callbacks and options of a consumer. */
export const consumerOptions: OptionTable<ConsumerValues> = optionTable(consumerRows)

function isHandlerTable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  // Fields of a class instance that are not handlers are its state.
  const isLiteral = [Object.prototype, null].includes(Object.getPrototypeOf(value))
  return !isLiteral || Object.values(value).every((handler) => typeof handler === 'function')
}
