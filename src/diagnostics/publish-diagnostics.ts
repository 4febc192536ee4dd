import { channel } from 'node:diagnostics_channel'
import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { anything } from '../base/options/option-type.ts'
import { defaultRuntime, expectRuntime, type Runtime } from '../process/runtime.ts'
import type { TelemetryListener } from '../telemetry/telemetry.ts'
import { telemetryEvents } from '../telemetry/telemetry-event-docs.ts'
import type { Measurements, Metadata, TelemetryName } from '../telemetry/telemetry-events.ts'

/** The message that is published on the channel of an event. */
export interface DiagnosticsMessage<Name extends TelemetryName = TelemetryName> {
  readonly measurements: Measurements<Name>
  readonly metadata: Metadata<Name>
}

/** The options of {@link publishDiagnostics}. */
export const diagnosticsOptions: OptionTable<{ readonly runtime: unknown }> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime whose telemetry is published.' },
})

/** Returns the name of the channel that an event is published on: `'genstage:batch.handled'`. */
export function diagnosticsChannelOf(name: TelemetryName): string {
  return `genstage:${name}`
}

/**
 * Publishes all telemetry of a runtime on Node's `diagnostics_channel`.
 *
 * Each event has its own channel and is published as a {@link DiagnosticsMessage}, if the channel has subscribers. A
 * subscriber needs no reference to the runtime or to this package. Node raises an error that a subscriber throws as an
 * uncaught exception.
 *
 * @param options `runtime`: the runtime whose telemetry is published. Default: the program's own.
 * @returns Stops publishing; a second call does nothing.
 */
export function publishDiagnostics(options?: { readonly runtime?: Runtime }): () => void {
  const { runtime } = diagnosticsOptions.read(options, 'the options of publishDiagnostics')
  const { telemetry } = runtime === undefined ? defaultRuntime : expectRuntime(runtime)
  const listeners = Object.fromEntries(
    (Object.keys(telemetryEvents) as TelemetryName[]).map((name) => [name, publisherOf(name)]),
  )
  return telemetry.attach(listeners)
}

function publisherOf<Name extends TelemetryName>(name: Name): TelemetryListener<Name> {
  const published = channel(diagnosticsChannelOf(name))
  return (measurements, metadata) => {
    if (published.hasSubscribers) published.publish({ measurements, metadata } satisfies DiagnosticsMessage<Name>)
  }
}
