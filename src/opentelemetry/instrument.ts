import { type Context, context, type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api'
import { describeReason } from '../base/errors.ts'
import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { anything, callback, matching } from '../base/options/option-type.ts'
import { version } from '../base/version.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { attributesOf, errorAttributes } from './attributes.ts'
import { batchInstruments, countAlive, metricListeners } from './metrics.ts'
import { type OriginOf, spanOfBatch } from './spans.ts'

/** The options of {@link instrument}. `Event` is the type of events that `contextOf` receives. */
export interface InstrumentOptions<in Event = unknown> {
  /** The runtime whose stages are instrumented. Default: the program's own. */
  readonly runtime?: Runtime
  /** The provider of metrics. Default: the one that is registered globally when `instrument` is called. */
  readonly meterProvider?: MeterProvider
  /** The provider of spans. Default: the one that is registered globally. */
  readonly tracerProvider?: TracerProvider
  /**
   * Returns the context in which an event was created, if the event carries one. The span of each batch is linked to the
   * spans of its events: to each of them once, and to at most 128. Default: no links.
   */
  readonly contextOf?: (event: Event) => Context | undefined
}

type ContextOf = (event: unknown) => Context | undefined

interface ValidInstrumentOptions {
  readonly runtime: unknown
  readonly meterProvider: MeterProvider | undefined
  readonly tracerProvider: TracerProvider | undefined
  readonly contextOf: ContextOf | undefined
}

/** The options of {@link instrument}. */
export const instrumentOptions: OptionTable<ValidInstrumentOptions> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime whose stages are instrumented.' },
  meterProvider: {
    type: matching('a meter provider', (value): value is MeterProvider => hasMethod(value, 'getMeter')),
    absent: 'the global one',
    text: 'The provider of metrics.',
  },
  tracerProvider: {
    type: matching('a tracer provider', (value): value is TracerProvider => hasMethod(value, 'getTracer')),
    absent: 'the global one',
    text: 'The provider of spans.',
  },
  contextOf: {
    type: callback<ContextOf>(),
    absent: 'no links',
    text: 'Returns the context in which an event was created; the span of its batch is linked to it.',
  },
})

/**
 * Instruments stages for OpenTelemetry: exports metrics, and a span for each batch.
 *
 * Metrics have the kind and the name of a stage as attributes, so a program should have few different names. The span of
 * a batch is created after the batch was handled, so it is not the parent of spans that `handleEvents` creates. It is a
 * root span; or, for a stage that was started with `context: 'capture'`, a child of the span that was active there.
 *
 * Register the SDK first: instruments of the global meter provider that were created before it record nothing. A
 * `contextOf` that throws is reported to the logger once, and the event gets no link.
 *
 * @returns Stops the instrumentation; a second call does nothing.
 * @throws {TypeError} If an option is unknown or wrong.
 */
export function instrument<Event = unknown>(options?: InstrumentOptions<Event>): () => void {
  const { runtime: given, contextOf, ...providers } = instrumentOptions.read(options, 'the options of instrument')
  const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
  const meter = (providers.meterProvider ?? metrics.getMeterProvider()).getMeter('genstage', version)
  const tracer = (providers.tracerProvider ?? trace.getTracerProvider()).getTracer('genstage', version)
  const { handled, size, duration } = batchInstruments(meter)
  const originOf = contextOf && reportingOnce(runtime, contextOf)
  const detach = runtime.telemetry.attach({
    ...metricListeners(meter),
    'batch.handled': (numbers, metadata) => {
      const span = spanOfBatch(tracer, numbers, metadata, originOf)
      const attributes = { ...attributesOf(metadata.consumer), ...errorAttributes(metadata.error) }
      // With the span as context, the SDK can attach the batch as an exemplar of its duration.
      const within = trace.setSpan(context.active(), span)
      handled.add(numbers.size, attributesOf(metadata.consumer))
      size.record(numbers.size, attributesOf(metadata.consumer), within)
      duration.record(numbers.duration / 1_000, attributes, within)
    },
  })
  const stopCounting = countAlive(meter, runtime)
  return () => {
    detach()
    stopCounting()
  }
}

/** An event without a context must not stop the metrics of all others. */
function reportingOnce(runtime: ProcessRuntime, contextOf: ContextOf): OriginOf {
  let isReported = false
  return (event) => {
    try {
      const origin = contextOf(event)
      return origin && trace.getSpanContext(origin)
    } catch (error) {
      if (!isReported) runtime.log('error', `contextOf of instrument threw: ${describeReason(error)}`, { error })
      isReported = true
      return undefined
    }
  }
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[name] === 'function'
}
