import { fileURLToPath } from 'node:url'
import type { OptionTable } from '../src/base/options/option-table.ts'
import { rateOptions } from '../src/base/options/rate.ts'
import { retryOptions } from '../src/base/options/retry.ts'
import { emitterOptions } from '../src/bridge/node/from-emitter.ts'
import { toReadableOptions } from '../src/bridge/node/to-readable.ts'
import { callbackOptions } from '../src/bridge/source/from-callback.ts'
import { sourceOptions } from '../src/bridge/source/source-options.ts'
import { duplexOptions } from '../src/bridge/stream/duplex-options.ts'
import { sinkOptions } from '../src/bridge/stream/sink.ts'
import { decodeOptions } from '../src/bridge/text/decode-text.ts'
import { lineOptions } from '../src/bridge/text/split-lines.ts'
import { eventTargetOptions } from '../src/bridge/web/from-event-target.ts'
import { toReadableStreamOptions } from '../src/bridge/web/to-readable-stream.ts'
import { diagnosticsOptions } from '../src/diagnostics/publish-diagnostics.ts'
import { demandDispatcherOptions } from '../src/dispatcher/demand-dispatcher.ts'
import { partitionDispatcherOptions } from '../src/dispatcher/partition-dispatcher-options.ts'
import { diagnoseOptions, healthOptions, observerOptions } from '../src/observe/doctor/diagnose-options.ts'
import { observeOptions } from '../src/observe/server/observe.ts'
import { snapshotOptions } from '../src/observe/snapshot/take-snapshot.ts'
import { mermaidOptions } from '../src/observe/snapshot/to-mermaid.ts'
import { instrumentOptions } from '../src/opentelemetry/instrument.ts'
import { callOptions, drainOptions, stopOptions } from '../src/process/call-options.ts'
import { inRuntimeOptions, runtimeOptions } from '../src/process/start/runtime-options.ts'
import { startOptions } from '../src/process/start/start-options.ts'
import { runOptions } from '../src/program/run-until-signal.ts'
import { consumerSupervisorOptions } from '../src/stage/consumer-supervisor/consumer-supervisor.ts'
import {
  consumerOptions,
  eachOptions,
  producerConsumerOptions,
  producerOptions,
} from '../src/stage/definition/stage-options.ts'
import { fromIterableOptions } from '../src/stage/iterable/from-iterable.ts'
import { streamOptions } from '../src/stage/iterable/stream.ts'
import { subscribeOptions } from '../src/stage/subscription/subscribe-options.ts'
import { childOptions } from '../src/supervisor/child-spec.ts'
import { supervisorOptions } from '../src/supervisor/supervisor-options.ts'
import { telemetryEvents } from '../src/telemetry/telemetry-event-docs.ts'
import { checkPages, writePages } from './reference/page-files.ts'

interface Section {
  readonly title: string
  /** Where these options are given. */
  readonly text: string
  /** By the name it is exported under. */
  readonly tables: Readonly<Record<string, OptionTable<unknown>>>
}

const sections: readonly Section[] = [
  {
    title: 'A producer',
    text: 'The callbacks and options of `producer`. A misspelt key of an object literal is refused when the stage starts; other fields of a class instance are its state.',
    tables: { producerOptions },
  },
  {
    title: 'A producer-consumer',
    text: 'The callbacks and options of `producerConsumer`.',
    tables: { producerConsumerOptions },
  },
  { title: 'A consumer', text: 'The callbacks and options of `consumer`.', tables: { consumerOptions } },
  {
    title: 'Events one by one',
    text: 'The options that go with `handleEvent` of a producer-consumer or consumer, and their own options, `retry` and `rate`.',
    tables: { eachOptions, retryOptions, rateOptions },
  },
  {
    title: 'Subscribing',
    text:
      'The options of `subscribe` and `resubscribe`, and of `to`. Other keys go to the dispatcher of the producer and to ' +
      "both sides' `handleSubscribe`, unless one looks like a misspelling of these. `broadcastDispatcher` takes " +
      '`selector`, a function that returns whether this subscriber gets an event; `partitionDispatcher` requires ' +
      '`partition`, the name of a partition.',
    tables: { subscribeOptions },
  },
  {
    title: 'Starting',
    text: "The options of `startLink` and `start`, of a scope's `startLink` and a stage's.",
    tables: { startOptions },
  },
  {
    title: 'Calling',
    text: 'The options of `call`, which follow the request, and of `info`, `demand` and `estimateBufferedCount`.',
    tables: { callOptions },
  },
  { title: 'Draining', text: 'The options of `drain`.', tables: { drainOptions } },
  { title: 'Stopping', text: 'The options of `stop`, which follow the reason.', tables: { stopOptions } },
  {
    title: 'The demand dispatcher',
    text: 'The options of `demandDispatcher`, the default of every stage that emits.',
    tables: { demandDispatcherOptions },
  },
  {
    title: 'The partition dispatcher',
    text: 'The options of `partitionDispatcher`.',
    tables: { partitionDispatcherOptions },
  },
  { title: 'Iterables in', text: 'The options of `fromIterable`.', tables: { fromIterableOptions } },
  { title: 'Streams out', text: 'The options of `stream`.', tables: { streamOptions } },
  {
    title: 'A consumer supervisor',
    text: 'The options of `consumerSupervisor`.',
    tables: { consumerSupervisorOptions },
  },
  { title: 'A supervisor', text: 'The options of `supervisor`.', tables: { supervisorOptions } },
  {
    title: 'A child of a supervisor',
    text: 'The items of the `children` of `supervisor`; a function alone is short for `{ start }`.',
    tables: { childOptions },
  },
  {
    title: 'Running a program',
    text: 'The options of `runUntilSignal`, from `genstage/program`.',
    tables: { runOptions },
  },
  {
    title: 'Sources that can wait',
    text: 'The options of `fromReadable` and `fromReadableStream`.',
    tables: { sourceOptions },
  },
  {
    title: 'Sources that push',
    text: 'The options of `fromEmitter`, `fromEventTarget` and `fromCallback`.',
    tables: { emitterOptions, eventTargetOptions, callbackOptions },
  },
  {
    title: 'Sinks',
    text: 'The options of `intoWritable` and `intoWritableStream`.',
    tables: { sinkOptions },
  },
  {
    title: 'Out into streams',
    text: 'The options of `toReadable` and `toReadableStream`.',
    tables: { toReadableOptions, toReadableStreamOptions },
  },
  {
    title: 'A stage between streams',
    text: 'The options of `toDuplex` and `toTransform`.',
    tables: { duplexOptions },
  },
  { title: 'Text', text: 'The options of `decodeText` and `splitLines`.', tables: { decodeOptions, lineOptions } },
  {
    title: 'Diagnostics',
    text: 'The options of `publishDiagnostics`, from `genstage/diagnostics`.',
    tables: { diagnosticsOptions },
  },
  {
    title: 'OpenTelemetry',
    text: 'The options of `instrument`, from `genstage/opentelemetry`.',
    tables: { instrumentOptions },
  },
  { title: 'A snapshot', text: 'The options of `snapshot`, from `genstage/snapshot`.', tables: { snapshotOptions } },
  {
    title: 'A chart',
    text: 'The options of `toMermaid`, which follow the snapshot.',
    tables: { mermaidOptions },
  },
  {
    title: 'The doctor',
    text: 'The options of `diagnose`, from `genstage/snapshot`: the thresholds at which something counts as wrong.',
    tables: { diagnoseOptions },
  },
  { title: 'The live page', text: 'The options of `observe`, from `genstage/observe`.', tables: { observeOptions } },
  { title: 'An observer', text: 'The options of `observer`, from `genstage/snapshot`.', tables: { observerOptions } },
  { title: 'A health check', text: 'The options of `healthy`, from `genstage/snapshot`.', tables: { healthOptions } },
  { title: 'A runtime', text: 'The options of `createRuntime`.', tables: { runtimeOptions } },
  { title: 'In a runtime', text: 'The options of `createScope` and `named`.', tables: { inRuntimeOptions } },
]

/** The names of the option tables that the page shows. */
export const tablesShown: readonly string[] = sections.flatMap(({ tables }) => Object.keys(tables))

/** The path of the page, from the root of the project. */
export const referencePath = 'docs/reference/options.md'

/** The path of the page on telemetry, from the root of the project. */
export const telemetryPath = 'docs/reference/telemetry.md'

/** The page on options, out of the tables that check them. */
export function referencePage(): string {
  const parts = sections.map(
    ({ title, text, tables }) =>
      `## ${title}\n\n${text}\n\n${Object.values(tables)
        .map((table) => table.toMarkdown())
        .join('\n\n')}\n`,
  )
  return [introduction, ...parts].join('\n')
}

/** The page on telemetry, generated from `telemetryEvents`. */
export function telemetryPage(): string {
  const parts = Object.entries(telemetryEvents).map(([name, { text, measurements, metadata }]) => {
    const rows = [
      ...Object.entries(measurements).map(([key, what]) => `| measurement | \`${key}\` | ${what} |`),
      ...Object.entries(metadata).map(([key, what]) => `| metadata | \`${key}\` | ${what} |`),
    ]
    return [`## \`${name}\`\n\n${text}\n`, '| | | |\n| --- | --- | --- |', ...rows, ''].join('\n')
  })
  return [telemetryIntroduction, ...parts].join('\n')
}

const telemetryIntroduction = `# Telemetry

<!-- Written by \`npm run docs\` out of src/telemetry/telemetry-events.ts: change that, not this page. -->

The stages of a runtime emit these events to the listeners of \`attachTelemetry\`. Each event has measurements, which are numbers of events unless stated otherwise, and metadata. Processes are described as \`{ id, kind, name }\`. After a call of \`publishDiagnostics\` of \`genstage/diagnostics\` the same events are published on Node's \`diagnostics_channel\`: on the channel \`genstage:\` followed by the name of the event, as \`{ measurements, metadata }\`.
`

const introduction = `# Options

<!-- Written by \`npm run docs\` out of the tables that check the options: change those, not this page. -->

The tables on this page also check the options. An unknown key is refused, and the error suggests the closest one. A value of the wrong type is a \`TypeError\`, and a number out of range is a \`RangeError\`. A value of \`undefined\` counts as not given, and only own enumerable keys count. \`NaN\`, fractions, numbers over 2⁵³ − 1 and numeric strings are not integers. For no limit, use \`Infinity\`.
`

const isRun = process.argv[1] === fileURLToPath(import.meta.url)
if (isRun) {
  const { apiPages } = await import('./reference/pages.ts')
  const pages = new Map([[referencePath, referencePage()], [telemetryPath, telemetryPage()], ...apiPages()])
  if (process.argv.includes('--check')) checkPages(pages)
  else writePages(pages)
}
