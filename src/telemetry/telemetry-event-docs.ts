import type { Measurements, Metadata, TelemetryName } from './telemetry-events.ts'

/** The documentation of an event. */
export interface TelemetryEventDoc<Name extends TelemetryName> {
  /** What has happened when listeners are called. */
  readonly text: string
  readonly measurements: { readonly [Key in keyof Measurements<Name>]: string }
  readonly metadata: { readonly [Key in keyof Metadata<Name>]: string }
}

/** The documentation of all telemetry events, in the order of a process's life. */
export const telemetryEvents: { readonly [Name in TelemetryName]: TelemetryEventDoc<Name> } = {
  'stage.started': {
    text: 'A process has started: a stage, a supervisor or a task.',
    measurements: { alive: 'processes in the runtime, including this one' },
    metadata: { stage: 'the process', parent: 'the process that started it with a link; undefined if none did' },
  },
  'stage.stopped': {
    text: 'A process has exited: cleanly, by a failure, or before its start was complete.',
    measurements: { remaining: 'events that it still held', alive: 'remaining processes in the runtime' },
    metadata: {
      stage: 'the process',
      reason: 'its exit reason',
      isFailure: 'whether the reason is a failure',
      wasStarted: 'whether its start was complete',
      remaining: 'events that it still held, by place: `buffer`, `handling`, `mailbox`, `children` and so on',
    },
  },
  'subscription.started': {
    text: 'A producer has accepted a subscription.',
    measurements: { subscribers: 'subscriptions of the producer, including this one' },
    metadata: {
      producer: 'the producer that accepted it',
      consumer: 'the consumer that subscribed',
      tag: 'the tag of the subscription',
      options: 'the options that the consumer passed',
    },
  },
  'subscription.cancelled': {
    text: 'A producer has removed a subscription, because it was cancelled or because the consumer has exited. Not emitted when the producer itself exits.',
    measurements: {
      unmet: 'the open demand of the subscription',
      subscribers: 'remaining subscriptions of the producer',
    },
    metadata: {
      producer: 'the producer of the subscription',
      consumer: 'the consumer of the subscription',
      tag: 'the tag of the subscription',
      cause: "`'cancel'`, or `'down'` if the consumer has exited",
      reason: 'the reason of the cancellation or of the exit',
    },
  },
  'subscription.refused': {
    text: 'A producer, or its dispatcher, has refused a subscription.',
    measurements: { subscribers: 'subscriptions of the producer' },
    metadata: {
      producer: 'the producer that refused',
      consumer: 'the consumer that was refused',
      tag: 'the tag of the subscription',
      reason: 'why it was refused',
    },
  },
  'demand.sent': {
    text: 'A consumer has asked a producer for events.',
    measurements: { demand: 'events that the consumer asked for' },
    metadata: {
      consumer: 'the consumer that asked',
      producer: 'the producer that receives the demand',
      tag: 'the tag of the subscription',
    },
  },
  'demand.received': {
    text: 'A producer has received the demand of a consumer.',
    measurements: {
      demand: 'events that the consumer asked for',
      pending: 'the open demand of the subscription, including this',
    },
    metadata: {
      producer: 'the producer that received the demand',
      consumer: 'the consumer that asked',
      tag: 'the tag of the subscription',
    },
  },
  'demand.handled': {
    text: '`handleDemand` of a producer has returned or thrown. If it returned a promise, the promise has settled.',
    measurements: {
      demand: 'the demand that was passed to it',
      duration: 'milliseconds from the call to the result',
    },
    metadata: { producer: 'the producer', error: 'the error that it threw; undefined if it threw none' },
  },
  'batch.handled': {
    text: '`handleEvents` of a consumer has returned or thrown. If it returned a promise, the promise has settled.',
    measurements: { size: 'events in the batch', duration: 'milliseconds from the call to the result' },
    metadata: {
      consumer: 'the consumer',
      tag: 'the tag of the subscription that delivered the batch',
      events: 'the batch, which must not be changed',
      error: 'the error that it threw; undefined if it threw none',
    },
  },
  'events.discarded': {
    text: 'A stage has dropped events.',
    measurements: { count: 'dropped events' },
    metadata: {
      stage: 'the stage',
      cause:
        "`'buffer full'`, `'subscriber cancelled'` for events in the queue of its partition, or `'unknown subscription'` for events from a producer that the stage is not subscribed to",
    },
  },
  'attempt.failed': {
    text: 'An attempt of `handleEvent` has failed: it threw, its promise rejected, or it took longer than `timeout`.',
    measurements: { attempt: 'which attempt, from 1' },
    metadata: { consumer: 'the stage', event: 'the event', error: 'why it failed' },
  },
  'attempt.retried': {
    text: 'An event will be attempted again, because its last attempt failed.',
    measurements: { attempt: 'the next attempt, from 2', delay: 'ms until then' },
    metadata: { consumer: 'the stage', event: 'the event' },
  },
  'event.skipped': {
    text: 'The last attempt of an event has failed, and the stage continues without it, because `onError` allows that.',
    measurements: { attempts: 'attempts in total' },
    metadata: { consumer: 'the stage', event: 'the event', error: 'why the last attempt failed' },
  },
  'rate.limited': {
    text: 'An event has to wait, because more attempts would exceed the `rate` of its stage.',
    measurements: { wait: 'ms until its bucket has a token' },
    metadata: { consumer: 'the stage' },
  },
  'process.restarted': {
    text: 'A supervisor has restarted a child.',
    measurements: { restarts: 'restarts by this supervisor since its start' },
    metadata: {
      supervisor: 'the supervisor',
      child: 'the id of the child in its supervisor',
      stage: 'the new process',
      reason: 'the exit reason of the child that ended; the same for all children that are restarted with it',
    },
  },
  'failure.reported': {
    text: 'A process has failed. Emitted once for each failure: not for linked processes that exit with it.',
    measurements: { remaining: 'events that the process still held' },
    metadata: {
      stage: 'the process',
      reason: 'its exit reason',
      callback: 'the name of the callback that failed; undefined if the failure was in none',
      description: 'the failure in one sentence',
    },
  },
}
