import { mergeRows, type OptionTable, optionTable } from '../../base/option-table.ts'
import { array, boolean, callback, integer, matching, oneOf } from '../../base/option-type.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import { dispatcherType } from '../../dispatcher/dispatcher-type.ts'
import type { Callback, CallbackTable } from '../callback/callback-table.ts'
import type { DemandMode } from '../types/references.ts'

/** What every stage is made of. */
interface StageValues extends CallbackTable {
  readonly trapExit: boolean
}

interface EmittingValues {
  readonly dispatcher: Dispatcher<unknown, unknown> | undefined
  readonly bufferSize: number
  readonly bufferKeep: 'first' | 'last'
}

interface HandlingValues {
  readonly handleEvents: Callback
  readonly subscribeTo: readonly unknown[]
}

/** What a producer is made of. */
interface ProducerValues extends StageValues, EmittingValues {
  readonly handleDemand: Callback
  readonly demand: DemandMode
}

/** What a producer-consumer is made of. */
interface ProducerConsumerValues extends StageValues, EmittingValues, HandlingValues {
  readonly handleEvents: Callback
  readonly onProducerEnd: 'drain' | 'stop'
  readonly subscribeAt: 'start' | 'first-consumer'
}

/** What a consumer is made of. */
interface ConsumerValues extends StageValues, HandlingValues {
  readonly handleEvents: Callback
}

const table = matching('an object with a handler per kind of request', isHandlerTable)

const forAll = {
  handleCall: { type: table, text: 'A handler per kind of request that is answered.' },
  handleCast: { type: table, text: 'A handler per kind of request that is not.' },
  handleInfo: { type: callback<Callback>(), text: 'Handles all other messages.' },
  terminate: { type: callback<Callback>(), text: 'Runs last.' },
  inspect: { type: callback<Callback>(), text: "Answers what is shown as the stage's state." },
  trapExit: {
    type: boolean(),
    default: false,
    text: 'Whether exit signals of linked processes go to `handleInfo` instead of ending the stage.',
  },
  handleSubscribe: { type: callback<Callback>(), text: 'A subscription begins.' },
  handleCancel: { type: callback<Callback>(), text: 'A subscription has ended.' },
  handleEnd: { type: callback<Callback>(), text: 'The input has ended, or the stage is being drained.' },
} as const

const forEmitting = {
  dispatcher: {
    type: dispatcherType,
    absent: '`demandDispatcher()`',
    text: 'Decides which subscriber gets which event.',
  },
  bufferKeep: {
    type: oneOf('first', 'last'),
    default: 'last',
    text: 'Which events are kept when the buffer is full: those that came first, or last.',
  },
  formatDiscarded: {
    type: callback<Callback>(),
    absent: 'always logged',
    text: 'Whether it is logged that so many events were dropped from a full buffer.',
  },
} as const

const forHandling = {
  handleEvents: { type: callback<Callback>(), required: true, text: 'A batch of events has arrived.' },
  subscribeTo: { type: array<unknown>(), default: [], text: 'Producers to subscribe to once set up.' },
} as const

const bufferText = 'How many events are kept that nobody has asked for.'

const producerRows = mergeRows(forAll, forEmitting, {
  handleDemand: { type: callback<Callback>(), required: true, text: 'Consumers have asked for so many more events.' },
  bufferSize: { type: integer({ min: 0, infinity: true }), default: 10_000, unit: 'events', text: bufferText },
  demand: {
    type: oneOf('forward', 'accumulate'),
    default: 'forward',
    text: "Whether demand is passed on from the start, or held back until the stage is told to `'forward'`.",
  },
})

const producerConsumerRows = mergeRows(forAll, forEmitting, forHandling, {
  bufferSize: {
    type: integer({ min: 0, infinity: true }),
    default: Number.POSITIVE_INFINITY,
    unit: 'events',
    text: bufferText,
  },
  onProducerEnd: {
    type: oneOf('drain', 'stop'),
    default: 'drain',
    text: "Whether consumers first take what the stage holds when a producer's end stops it.",
  },
  subscribeAt: {
    type: oneOf('start', 'first-consumer'),
    default: 'start',
    text: 'When the stage subscribes to `subscribeTo`: once it is set up, or once its first consumer has subscribed.',
  },
})

const consumerRows = mergeRows(forAll, forHandling)

/** The callbacks and options of a producer. */
export const producerOptions: OptionTable<ProducerValues> = optionTable(producerRows)
/** The callbacks and options of a producer-consumer. */
export const producerConsumerOptions: OptionTable<ProducerConsumerValues> = optionTable(producerConsumerRows)
/** The callbacks and options of a consumer. */
export const consumerOptions: OptionTable<ConsumerValues> = optionTable(consumerRows)

function isHandlerTable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  // What is no handler in an instance of a class is its state.
  const isLiteral = [Object.prototype, null].includes(Object.getPrototypeOf(value))
  return !isLiteral || Object.values(value).every((handler) => typeof handler === 'function')
}
