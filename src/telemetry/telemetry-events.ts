// All telemetry events of the library. What is documented of them is in telemetry-event-docs.ts.

/** Identifies a process in telemetry. */
export interface StageIdentity {
  /** Unique for the lifetime of the program. */
  readonly id: string
  /** The kind of process: `'producer'`, `'supervisor'`, `'task'` and so on. */
  readonly kind: string
  readonly name: string | undefined
}

/** The measurements and metadata that listeners receive, by the name of the event. */
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
  'attempt.failed': {
    readonly measurements: { readonly attempt: number }
    readonly metadata: { readonly consumer: StageIdentity; readonly event: unknown; readonly error: unknown }
  }
  'attempt.retried': {
    readonly measurements: { readonly attempt: number; readonly delay: number }
    readonly metadata: { readonly consumer: StageIdentity; readonly event: unknown }
  }
  'event.skipped': {
    readonly measurements: { readonly attempts: number }
    readonly metadata: { readonly consumer: StageIdentity; readonly event: unknown; readonly error: unknown }
  }
  'rate.limited': {
    readonly measurements: { readonly wait: number }
    readonly metadata: { readonly consumer: StageIdentity }
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

/** The name of a telemetry event. */
export type TelemetryName = keyof TelemetryEvents

/** The measurements of an event: numbers of events, or milliseconds. */
export type Measurements<Name extends TelemetryName> = TelemetryEvents[Name]['measurements']

/** The metadata of an event: which processes it is about, and why it happened. */
export type Metadata<Name extends TelemetryName> = TelemetryEvents[Name]['metadata']
