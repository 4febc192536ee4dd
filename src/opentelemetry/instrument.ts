import { type Context, context, type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api'
import { describeReason } from '../base/errors.ts'
import { type OptionTable, optionTable } from '../base/option-table.ts'
import { anything, callback, matching } from '../base/option-type.ts'
import { version } from '../base/version.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { attributesOf, errorAttributes } from './attributes.ts'
import { batchInstruments, countAlive, metricListeners } from './metrics.ts'
import { type OriginOf, spanOfBatch } from './spans.ts'

/** What is told to OpenTelemetry, and where. `Event` is what `contextOf` is handed. */
export interface InstrumentOptions<in Event = unknown> {
  /** Whose stages. Default: the program's own runtime. */
  readonly runtime?: Runtime
  /** Where metrics go. Default: the provider that is registered globally at this moment. */
  readonly meterProvider?: MeterProvider
  /** Where spans go. Default: the provider that is registered globally. */
  readonly tracerProvider?: TracerProvider
  /**
   * Reads from an event the context that it came into being in, if it carries one: the span of each batch is linked to
   * those of its events, to each once and to 128 at most. Default: no links.
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

/** What is told to OpenTelemetry, and where. */
export const instrumentOptions: OptionTable<ValidInstrumentOptions> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime whose stages to instrument.' },
  meterProvider: {
    type: matching('a meter provider', (value): value is MeterProvider => hasMethod(value, 'getMeter')),
    absent: 'the global one',
    text: 'Where metrics go.',
  },
  tracerProvider: {
    type: matching('a tracer provider', (value): value is TracerProvider => hasMethod(value, 'getTracer')),
    absent: 'the global one',
    text: 'Where spans go.',
  },
  contextOf: {
    type: callback<ContextOf>(),
    absent: 'no links',
    text: 'Reads from an event the context that it came into being in; the span of its batch is linked to that.',
  },
})

/**
 * Tells OpenTelemetry what stages do: metrics, and a span for each batch.
 *
 * Metrics are told apart by the kind and the name of a stage, so names should not be many. The span of a batch is made
 * when that has been handled, so it is no parent of what `handleEvents` does. It is a root; for a stage that was started
 * with `context: 'capture'`, a child of what was active there.
 *
 * Register the SDK first: what is asked of the global meter provider before that stays silent. A `contextOf` that
 * throws is reported to the logger, once, and costs that event its link.
 *
 * @returns Ends it; a second call does nothing.
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
      // With the span in it, the SDK can name a batch as the example of its duration.
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

/** One event that has no context where others do must not cost all metrics. */
function reportingOnce(runtime: ProcessRuntime, contextOf: ContextOf): OriginOf {
  let isReported = false
  return (event) => {
    try {
      const found = contextOf(event)
      return found && trace.getSpanContext(found)
    } catch (error) {
      if (!isReported) runtime.log('error', `contextOf of instrument failed: ${describeReason(error)}`, { error })
      isReported = true
      return undefined
    }
  }
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[name] === 'function'
}
