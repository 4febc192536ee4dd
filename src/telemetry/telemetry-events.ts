/**
 * Every event that the library tells of, in one place: names, measurements (numbers), metadata (who and why).
 *
 * Measurements count events and milliseconds unless the table below says otherwise. `docs/reference/telemetry.md` is
 * written from this file.
 */

/** Which process it is about. */
export interface StageIdentity {
  /** Unlike any other in this program's life. */
  readonly id: string
  /** What it is, as `'producer'`. */
  readonly kind: string
  readonly name: string | undefined
}

/** What a listener is handed, by the name of the event. */
export interface TelemetryEvents {
  'stage.started': {
    readonly measurements: { readonly alive: number }
    readonly metadata: { readonly stage: StageIdentity; readonly parent: StageIdentity | undefined }
  }
  'stage.stopped': {
    readonly measurements: { readonly remaining: number; readonly alive: number }
    readonly metadata: {
      readonly stage: StageIdentity
      readonly reason: unknown
      readonly isFailure: boolean
      readonly wasStarted: boolean
      readonly remaining: Readonly<Record<string, number>>
    }
  }
  'subscription.started': {
    readonly measurements: { readonly subscribers: number }
    readonly metadata: {
      readonly producer: StageIdentity
      readonly consumer: StageIdentity
      readonly tag: string
      readonly options: Readonly<Record<string, unknown>>
    }
  }
  'subscription.cancelled': {
    readonly measurements: { readonly unmet: number; readonly subscribers: number }
    readonly metadata: {
      readonly producer: StageIdentity
      readonly consumer: StageIdentity
      readonly tag: string
      readonly cause: 'cancel' | 'down'
      readonly reason: unknown
    }
  }
  'subscription.refused': {
    readonly measurements: { readonly subscribers: number }
    readonly metadata: {
      readonly producer: StageIdentity
      readonly consumer: StageIdentity
      readonly tag: string
      readonly reason: unknown
    }
  }
  'demand.sent': {
    readonly measurements: { readonly demand: number }
    readonly metadata: { readonly consumer: StageIdentity; readonly producer: StageIdentity; readonly tag: string }
  }
  'demand.received': {
    readonly measurements: { readonly demand: number; readonly pending: number }
    readonly metadata: { readonly producer: StageIdentity; readonly consumer: StageIdentity; readonly tag: string }
  }
  'demand.handled': {
    readonly measurements: { readonly demand: number; readonly duration: number }
    readonly metadata: { readonly producer: StageIdentity; readonly error: unknown }
  }
  'batch.handled': {
    readonly measurements: { readonly size: number; readonly duration: number }
    readonly metadata: {
      readonly consumer: StageIdentity
      readonly tag: string
      readonly events: readonly unknown[]
      readonly error: unknown
    }
  }
  'events.discarded': {
    readonly measurements: { readonly count: number }
    readonly metadata: {
      readonly stage: StageIdentity
      readonly cause: 'buffer full' | 'subscriber cancelled' | 'unknown subscription'
    }
  }
  'process.restarted': {
    readonly measurements: { readonly restarts: number }
    readonly metadata: {
      readonly supervisor: StageIdentity
      readonly child: string
      readonly stage: StageIdentity
      readonly reason: unknown
    }
  }
  'failure.reported': {
    readonly measurements: { readonly remaining: number }
    readonly metadata: {
      readonly stage: StageIdentity
      readonly reason: unknown
      readonly callback: string | undefined
      readonly description: string
    }
  }
}

/** The name of an event. */
export type TelemetryName = keyof TelemetryEvents

/** The numbers that come with an event. */
export type Measurements<Name extends TelemetryName> = TelemetryEvents[Name]['measurements']

/** The rest that comes with an event. */
export type Metadata<Name extends TelemetryName> = TelemetryEvents[Name]['metadata']

/** What is said of an event in the reference. */
export interface TelemetryEventDoc<Name extends TelemetryName> {
  /** When it happens. */
  readonly text: string
  readonly measurements: { readonly [Key in keyof Measurements<Name>]: string }
  readonly metadata: { readonly [Key in keyof Metadata<Name>]: string }
}

/** The catalogue, in the order in which a reader meets it. */
export const telemetryEvents: { readonly [Name in TelemetryName]: TelemetryEventDoc<Name> } = {
  'stage.started': {
    text: 'A process is set up: a stage, a supervisor, a task.',
    measurements: { alive: 'processes in the runtime, this one included' },
    metadata: { stage: 'which', parent: 'the process that started it linked to itself' },
  },
  'stage.stopped': {
    text: 'A process has ended, cleanly, by a failure, or before it was set up.',
    measurements: { remaining: 'events that it still held', alive: 'processes left in the runtime' },
    metadata: {
      stage: 'which',
      reason: 'its exit reason',
      isFailure: 'whether that is a failure',
      wasStarted: 'whether it had been set up',
      remaining: 'events that it still held, by where: `buffer`, `handling`, `mailbox`, `children` and so on',
    },
  },
  'subscription.started': {
    text: 'A producer has accepted a subscription.',
    measurements: { subscribers: 'subscriptions that the producer has now' },
    metadata: {
      producer: 'who accepted',
      consumer: 'who subscribed',
      tag: 'the subscription',
      options: 'the options of the subscription, as the consumer gave them',
    },
  },
  'subscription.cancelled': {
    text: 'A subscription has ended, as its producer sees it; with the producer itself they end unsaid.',
    measurements: {
      unmet: 'demand that no event had met',
      subscribers: 'subscriptions that the producer has left',
    },
    metadata: {
      producer: 'whose subscription it was',
      consumer: 'who had subscribed',
      tag: 'the subscription',
      cause: "`'cancel'`, or `'down'` where the consumer has ended",
      reason: 'why',
    },
  },
  'subscription.refused': {
    text: 'A producer, or its dispatcher, has refused a subscription.',
    measurements: { subscribers: 'subscriptions that the producer has' },
    metadata: { producer: 'who refused', consumer: 'who was refused', tag: 'the subscription', reason: 'why' },
  },
  'demand.sent': {
    text: 'A consumer has asked for more.',
    measurements: { demand: 'events asked for' },
    metadata: { consumer: 'who asks', producer: 'who is asked', tag: 'the subscription' },
  },
  'demand.received': {
    text: 'A producer looks at what a consumer has asked for.',
    measurements: { demand: 'events asked for', pending: 'all that the consumer now waits for' },
    metadata: { producer: 'who is asked', consumer: 'who asks', tag: 'the subscription' },
  },
  'demand.handled': {
    text: "A producer's `handleDemand` has answered, or thrown; where it answered a promise, when that has settled.",
    measurements: { demand: 'events asked for', duration: 'ms from the call to the answer' },
    metadata: { producer: 'which', error: 'what it threw; undefined where it did not' },
  },
  'batch.handled': {
    text: '`handleEvents` has answered, or thrown; where it answered a promise, when that has settled.',
    measurements: { size: 'events in the batch', duration: 'ms from the call to the answer' },
    metadata: {
      consumer: 'which',
      tag: 'the subscription that the batch came by',
      events: 'the batch; not to be changed',
      error: 'what it threw; undefined where it did not',
    },
  },
  'events.discarded': {
    text: 'Events were dropped.',
    measurements: { count: 'events' },
    metadata: {
      stage: 'who dropped them',
      cause: "`'buffer full'`, `'subscriber cancelled'` from its partition, or `'unknown subscription'`",
    },
  },
  'process.restarted': {
    text: 'A supervisor has started a child again.',
    measurements: { restarts: 'restarts by this supervisor since its start' },
    metadata: {
      supervisor: 'who restarts',
      child: 'what it calls the child',
      stage: 'the new process',
      reason: 'why one had ended; the same for all that are restarted together',
    },
  },
  'failure.reported': {
    text: 'A process has failed: once per cause, where it began.',
    measurements: { remaining: 'events that the process still held' },
    metadata: {
      stage: 'which',
      reason: 'its exit reason',
      callback: 'the callback in which it failed, where one did',
      description: 'a sentence',
    },
  },
}
